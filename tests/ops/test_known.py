"""Audio that was heard before, and a voice that fits somebody at home better: a human listens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from certification import consent, helpers, journal, people, seals
from certification.helpers import Relation
from certification.journal import Verified
from certification.runtime import Runtime
from certification.store import Case, Person, Phone, VoiceFingerprint, VoiceTemplate
from ops import jobs, twins
from ops.demo.callers import SHIPPED, Caller
from ops.voices import Bench
from tests.certification.numbers import resident_number
from tests.conversations.speakers import Speaker
from tests.ops.voices import ENROLMENT, SAME, WORDS, Desk, says
from voiceprint import audio
from voiceprint.scoring import enrol


def later() -> list[bytes]:
    """Words of SAME, from takes that no other constant uses."""
    caller = Caller(SHIPPED / "caller")
    turns = [caller.repeats(WORDS[first : first + 3]) for first in (0, 3, 0, 3, 0, 3)]
    return [audio.encode_mulaw(turn) for turn in turns[-2:]]


LATER = later()


def suspicions(desk: Desk, asked: str) -> tuple[str, ...]:
    return tuple(desk.assessment(asked).detail["suspicions"])


def test_an_accepted_call_played_again_goes_to_a_human_and_is_written_down(enrolled: Desk, rt: Runtime) -> None:
    first, second = enrolled.ask(SAME), enrolled.ask(SAME)
    jobs.assess(first)
    jobs.assess(second)
    assert [enrolled.outcome(one) for one in (first, second)] == ["certified", "human"]
    assert enrolled.assessment(second).detail["suspicions"]["replay"]["of"] == [first]
    assert (enrolled.evidence(), enrolled.failures(), enrolled.cases()) == (1, 1, ["voice_doubt"])
    with rt.sessions() as session:
        assert isinstance(journal.verify(session), Verified)


def test_where_replays_are_only_noted_they_are_written_down(enrolled: Desk, bench: Bench, rt: Runtime) -> None:
    noting = replace(rt, settings=replace(rt.settings, only_noted=("replay", "repeats")))
    jobs.use(replace(bench, rt=noting))
    first, second = enrolled.ask(SAME), enrolled.ask(SAME)
    jobs.assess(first)
    jobs.assess(second)
    assert enrolled.outcome(second) == "certified"
    assert suspicions(enrolled, second) == ("replay",)


def test_words_cut_out_of_an_accepted_call_are_known_in_another_order(enrolled: Desk) -> None:
    first = enrolled.ask(SAME)
    jobs.assess(first)
    stitched = enrolled.ask([SAME[1], SAME[0]])
    jobs.assess(stitched)
    assert enrolled.outcome(stitched) == "human"
    assert suspicions(enrolled, stitched) == ("replay",)


def test_the_same_words_said_anew_are_no_replay(desk: Desk, bench: Bench, rt: Runtime, shared: Path) -> None:
    """By a person: a synthetic voice says a word alike each time, and is found."""
    speaker = Speaker(shared, "s26")
    template = enrol(bench.comparer.encoder, [audio.telephone(speaker.enrols(WORDS[:4])) for _ in range(3)])
    with rt.sessions.begin() as session:
        person = session.get_one(Person, desk.wu.id)
        consent.record(session, rt, person, text="同意", how="desk", by="clerk")
        bench.keep(session, person, template, "files", rt.now())
    for _ in range(3):
        asked = desk.ask([audio.encode_mulaw(speaker.repeats(WORDS[first : first + 3])) for first in (0, 3)])
        jobs.assess(asked)
        assert (desk.outcome(asked), suspicions(desk, asked)) in {("certified", ()), ("recorded", ())}


def test_an_assessment_done_twice_is_remembered_once_and_no_replay_of_itself(enrolled: Desk, rt: Runtime) -> None:
    asked = enrolled.ask(SAME)
    for _ in range(3):
        jobs.assess(asked)
    assert enrolled.outcome(asked) == "certified"
    with rt.sessions() as session:
        assert len(session.scalars(select(VoiceFingerprint)).all()) == 1


def test_one_take_said_twice_in_a_call_goes_to_a_human(enrolled: Desk) -> None:
    asked = enrolled.ask([SAME[0], SAME[0]])
    jobs.assess(asked)
    assert enrolled.outcome(asked) == "human"
    assert suspicions(enrolled, asked) == ("repeats",)


def test_an_enrolment_by_telephone_is_remembered(desk: Desk, bench: Bench, rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        consent.record(session, rt, session.get_one(Person, desk.wu.id), text="同意", how="phone", by="line")
    made, played = desk.ask(ENROLMENT, "enrol"), desk.ask(ENROLMENT[:2])
    jobs.assess(made)
    jobs.assess(played)
    assert [desk.outcome(one) for one in (made, played)] == ["enrolled", "human"]


@pytest.mark.parametrize("sealed", [b"altered", None], ids=["seal broken", "no fingerprint inside"])
def test_a_fingerprint_that_cannot_be_read_stops_nobody(enrolled: Desk, rt: Runtime, sealed: bytes | None) -> None:
    first = enrolled.ask(SAME)
    jobs.assess(first)
    with rt.sessions.begin() as session:
        [row] = session.scalars(select(VoiceFingerprint))
        altered = sealed or rt.keys.seal(b"?", seals.fingerprint(row.id, row.person_id))
        session.execute(update(VoiceFingerprint).values(sealed=altered))
    second = enrolled.ask(SAME)  # not known any more
    jobs.assess(second)
    assert enrolled.outcome(second) == "certified"


@pytest.fixture
def sister(enrolled: Desk, bench: Bench, rt: Runtime) -> Person:
    """Mr Wu's sister at the same telephone: what he is about to say fits her better, being what she was enrolled by."""
    template = enrol(bench.comparer.encoder, [audio.decode_mulaw(b"".join(LATER))])
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1948, 1, 1)
        sister = people.add(session, rt, id_number=number, name="吴姐", region="kunming", phone="13888000001")
        consent.record(session, rt, sister, text="同意", how="desk", by="clerk")
        bench.keep(session, sister, template, "files")
    return sister


def test_whoever_fits_somebody_at_home_better_goes_to_a_human(sister: Person, enrolled: Desk) -> None:
    asked = enrolled.ask(LATER)
    jobs.assess(asked)
    assert enrolled.outcome(asked) == "human"
    detail = enrolled.assessment(asked).detail
    assert detail["llr"] >= detail["threshold"], "the voice alone would have done"
    assert detail["suspicions"] == {"household": {"person": sister.id}}


@pytest.mark.parametrize("how", ["helps", "is helped", "is helped by a relative", "ended"])
def test_who_helps_or_is_helped_is_compared_as_at_home(sister: Person, enrolled: Desk, rt: Runtime, how: str) -> None:
    with rt.sessions.begin() as session:
        mine, hers = session.get_one(Person, enrolled.wu.id), session.get_one(Person, sister.id)
        [phone] = session.scalars(select(Phone).where(Phone.person_id == sister.id))
        session.delete(phone)
        elsewhere = {"id_number": people.number_of(rt.keys, hers).text, "name": "吴姐", "region": "kunming"}
        people.add(session, rt, **elsewhere, phone="13888000009")
        if how == "is helped by a relative":
            [own] = session.scalars(select(Phone).where(Phone.person_id == enrolled.wu.id))
            own.holder = "relative"
        helped, number = (mine, "13888000009") if how in {"helps", "ended"} else (hers, "13888000001")
        relation = Relation.RELATIVE
        declared = helpers.declare(session, rt, helped, name="吴", phone=number, relation=relation, by="clerk")
        if how == "ended":
            helpers.end(session, rt, helped, declared, "clerk")
    asked = enrolled.ask(LATER)
    jobs.assess(asked)
    expected = "human" if how in {"helps", "is helped"} else "certified"
    assert enrolled.outcome(asked) == expected, "no more than at the same telephone"


def test_who_took_their_consent_back_is_not_compared(sister: Person, enrolled: Desk, rt: Runtime) -> None:
    Desk(rt, sister).disagrees()
    asked = enrolled.ask(LATER)
    jobs.assess(asked)
    assert enrolled.outcome(asked) == "certified"


def test_a_template_of_the_household_that_cannot_be_read_stops_nobody(
    sister: Person, enrolled: Desk, rt: Runtime
) -> None:
    with rt.sessions.begin() as session:
        theirs = update(VoiceTemplate).where(VoiceTemplate.person_id == sister.id)
        session.execute(theirs.values(sealed=b"altered"))
    asked = enrolled.ask(LATER)
    jobs.assess(asked)
    assert enrolled.outcome(asked) == "certified"


def test_a_voice_enrolled_under_another_name_is_a_case_and_no_refusal(
    enrolled: Desk, bench: Bench, rt: Runtime
) -> None:
    with rt.sessions.begin() as session:
        number = resident_number("530102", 1948, 1, 1)
        again = people.add(session, rt, id_number=number, name="吴二", region="kunming", phone="13888000009")
        consent.record(session, rt, again, text="同意", how="desk", by="clerk")
    other = Desk(rt, again)
    made = other.ask([says("caller", 4, first) for first in (1, 5, 9)], "enrol")
    for _ in range(2):
        jobs.assess(made)
    assert other.outcome(made) == "enrolled"
    assert other.cases() == ["enrolled_twice"]
    with rt.sessions() as session:
        [case] = session.scalars(select(Case).where(Case.person_id == again.id))
    assert case.detail["other"] == enrolled.wu.id
    assert case.detail["llr"] >= case.detail["threshold"]


def test_another_voice_is_nobodys_twin_and_elsewhere_nobody_is_compared(
    enrolled: Desk, bench: Bench, rt: Runtime
) -> None:
    impostor = enrol(bench.comparer.encoder, [audio.decode_mulaw(says("impostor", 4, first)) for first in (0, 4, 8)])
    same = enrol(bench.comparer.encoder, [audio.decode_mulaw(turn) for turn in ENROLMENT])
    with rt.sessions.begin() as session:
        number = resident_number("440103", 1948, 1, 1)
        here = people.add(session, rt, id_number=number, name="何", region="kunming", phone="13888000008")
        assert twins.seek(session, bench, here, impostor) == ()
        assert [twin.person for twin in twins.seek(session, bench, here, same)] == [enrolled.wu.id]
        here.region = "default"
        assert twins.seek(session, bench, here, same) == ()
