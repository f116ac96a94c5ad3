"""Where something is sealed: every such column, and the context that binds it to its row, its owner and its purpose."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from certification.store import (
    Assessment,
    Base,
    Call,
    Helper,
    Message,
    Person,
    Phone,
    Pin,
    Recording,
    SafeWord,
    Staff,
    Suspension,
    Text,
    Visit,
    VoiceFingerprint,
    VoiceTemplate,
)

NUMBER, PHONE, CALLING = "people.number", "phones.number", "calls.from"  # the purposes of the blind indexes
NAME = "people.name"
HELPER = "helpers.number"
TEXTING, SAME = "texts.from", "messages.same"
CODE, DRAW = "reply_codes.code", "reply_codes.draw"
_BETWEEN = re.compile(r"[\s.,'·•・‧∙・﹒-]")  # what is written between the parts of a name, or is not


def plain(name: str) -> str:
    """A name as it is indexed: in one form of its characters, without what stands between its parts."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", name)).casefold()


def name(person_id: str) -> str:
    """The context of a person's name."""
    return f"people.name:{person_id}"


def number(person_id: str) -> str:
    """The context of a person's identity number."""
    return f"people.number:{person_id}"


def phone(phone_id: str) -> str:
    """The context of a telephone number on the roll."""
    return f"phones.number:{phone_id}"


def helper_name(helper_id: str, person_id: str) -> str:
    """The context of the name of somebody who helps this person."""
    return f"helpers.name:{helper_id} person:{person_id}"


def helper_number(helper_id: str, person_id: str) -> str:
    """The context of the telephone number of somebody who helps this person."""
    return f"helpers.number:{helper_id} person:{person_id}"


def caller(call_id: str) -> str:
    """The context of the number that a call came from."""
    return f"calls.from:{call_id}"


def pepper(person_id: str) -> str:
    """The context of the secret that is hashed together with a person's PIN."""
    return f"pins.pepper:{person_id}"


def template(template_id: str, person_id: str) -> str:
    """The context of a voice template: of this person, to compare their voice with, and for nothing else."""
    return f"voice_templates:{template_id} person:{person_id} voiceprint"


def fingerprint(fingerprint_id: str, person_id: str) -> str:
    """The context of an audio fingerprint: of this person's call, to know a recording of it again."""
    return f"voice_fingerprints:{fingerprint_id} person:{person_id} replay"


def unmatched(assessment_id: str, person_id: str) -> str:
    """The context of a voice that was not this person's: to know it again where it speaks for others."""
    return f"assessments.voice:{assessment_id} person:{person_id} unmatched"


def recording(recording_id: str, call_id: str) -> str:
    """The context of a recording: of this call, to be weighed or listened to."""
    return f"recordings:{recording_id} call:{call_id} challenge"


def address(visit_id: str, person_id: str) -> str:
    """The context of where a visitor goes to see this person."""
    return f"visits.address:{visit_id} person:{person_id}"


def report(visit_id: str, person_id: str) -> str:
    """The context of what a visitor wrote of this person."""
    return f"visits.report:{visit_id} person:{person_id}"


def photo(visit_id: str, person_id: str) -> str:
    """The context of a photograph that a visitor took of this person."""
    return f"visits.photo:{visit_id} person:{person_id}"


def payee(suspension_id: str, person_id: str) -> str:
    """The context of the number and name under which a suspension of this person was released."""
    return f"suspensions.payee:{suspension_id} person:{person_id}"


def totp(staff_id: str) -> str:
    """The context of the secret of somebody's one-time codes."""
    return f"staff.totp:{staff_id}"


def recipient(message_id: str) -> str:
    """The context of the number that a message goes to, where that is on no roll."""
    return f"messages.to:{message_id}"


def writer(text_id: str) -> str:
    """The context of the number that a text came from."""
    return f"texts.from:{text_id}"


def body(text_id: str) -> str:
    """The context of what somebody wrote."""
    return f"texts.body:{text_id}"


def safe_word(person_id: str) -> str:
    """The context of the word by which the person knows our messages."""
    return f"safe_words:{person_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """A sealed column: its context is made of the row's columns `bound`.

    `index`: the column of the blind index over the same value, and its purpose; `indexed`: the form in which the value
    is indexed. `former`: what a row's context began with, up to its identifier, before 2026-11-27; read by `stillhere
    db upgrade` alone, once (certification.rotation).
    """

    table: type[Base]
    column: str
    context: Callable[..., str]
    bound: tuple[str, ...] = ("id",)
    index: tuple[str, str] | None = None
    former: str | None = None
    indexed: Callable[[str], str] = str

    @property
    def name(self) -> str:
        """The table and the column."""
        return f"{self.table.__tablename__}.{self.column}"

    def of(self, row: Any) -> str:
        """The context of this column in a row."""
        return self.context(*(getattr(row, column) for column in self.bound))

    def formerly(self, row: Any) -> str:
        """The context of this column in a row before 2026-11-27."""
        return f"{self.former}:{row.id}"


PLACES = (
    Place(Person, "name_sealed", name, index=("name_index", NAME), indexed=plain),
    Place(Person, "number_sealed", number, index=("number_index", NUMBER)),
    Place(Phone, "number_sealed", phone, index=("number_index", PHONE)),
    Place(Helper, "name_sealed", helper_name, bound=("id", "person_id")),
    Place(Helper, "number_sealed", helper_number, bound=("id", "person_id"), index=("number_index", HELPER)),
    Place(Pin, "pepper_sealed", pepper, bound=("person_id",)),
    Place(Call, "from_sealed", caller, index=("from_index", CALLING)),
    Place(Recording, "sealed", recording, bound=("id", "call_id"), former="recordings"),
    Place(VoiceTemplate, "sealed", template, bound=("id", "person_id"), former="voice_templates"),
    Place(Assessment, "voice_sealed", unmatched, bound=("id", "person_id")),
    Place(Visit, "address_sealed", address, bound=("id", "person_id")),
    Place(Visit, "report_sealed", report, bound=("id", "person_id")),
    Place(Visit, "photo_sealed", photo, bound=("id", "person_id")),
    Place(Suspension, "payee_sealed", payee, bound=("id", "person_id")),
    Place(Staff, "totp_sealed", totp),
    Place(Message, "to_sealed", recipient),
    Place(Text, "from_sealed", writer, index=("from_index", TEXTING)),
    Place(Text, "body_sealed", body),
    Place(SafeWord, "word_sealed", safe_word, bound=("person_id",)),
    Place(VoiceFingerprint, "sealed", fingerprint, bound=("id", "person_id"), former="voice_fingerprints"),
)
"""Every sealed column but the canary's, which is renewed last."""
