"""The tables, and later(): a job put in the queue only after the commit that it rests on."""

from certification.store.base import Base, new_id
from certification.store.calls import Assessment, Call, Recording, SpokenTurn
from certification.store.evidence import Attempt, Case, Evidence, JournalEntry, JournalHead, Period
from certification.store.people import Consent, EnrolmentCode, LinePreference, Person, Phone, Pin, VoiceTemplate
from certification.store.sessions import later, open_sessions

__all__ = [
    "Assessment",
    "Attempt",
    "Base",
    "Call",
    "Case",
    "Consent",
    "EnrolmentCode",
    "Evidence",
    "JournalEntry",
    "JournalHead",
    "LinePreference",
    "Period",
    "Person",
    "Phone",
    "Pin",
    "Recording",
    "SpokenTurn",
    "VoiceTemplate",
    "later",
    "new_id",
    "open_sessions",
]
