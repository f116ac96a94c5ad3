"""The tables, and later(): a job put in the queue only after the commit that it rests on."""

from certification.store.base import Base, new_id
from certification.store.calls import Assessment, Call, Recording, SpokenTurn
from certification.store.canary import Canary
from certification.store.comparing import ComparisonResult, ComparisonRun
from certification.store.errands import Errand
from certification.store.evidence import (
    Attempt,
    Case,
    Evidence,
    JournalCheck,
    JournalEntry,
    JournalHead,
    KeptEvidence,
    Opening,
    Period,
)
from certification.store.judging import Judgement, KnownCase
from certification.store.payments import PaymentList, Signature, Suspension
from certification.store.people import (
    Consent,
    EnrolmentCode,
    Guesses,
    Helper,
    LinePreference,
    Person,
    Phone,
    Pin,
    VoiceFingerprint,
    VoiceTemplate,
)
from certification.store.prompts import PromptVersion, PublishedPrompt
from certification.store.reaching import Climb, Contact, Need, Outage, ServiceSeen
from certification.store.reports import Report, ReportCount
from certification.store.routes import Agent, AgentPerson, Appointment, Paper, Visit
from certification.store.sessions import (
    forget_deleted,
    give_way,
    insert_into,
    insert_once,
    later,
    only_read,
    open_engine,
    open_sessions,
    waiting,
)
from certification.store.staff import ProviderAccount, SignIn, SignInTry, Staff
from certification.store.texting import Campaign, Carrier, Message, NumberStanding, ReplyCode, SafeWord, Text
from certification.store.undoing import TakenBack

__all__ = [
    "Agent",
    "AgentPerson",
    "Appointment",
    "Assessment",
    "Attempt",
    "Base",
    "Call",
    "Campaign",
    "Canary",
    "Carrier",
    "Case",
    "Climb",
    "ComparisonResult",
    "ComparisonRun",
    "Consent",
    "Contact",
    "EnrolmentCode",
    "Errand",
    "Evidence",
    "Guesses",
    "Helper",
    "JournalCheck",
    "JournalEntry",
    "JournalHead",
    "Judgement",
    "KeptEvidence",
    "KnownCase",
    "LinePreference",
    "Message",
    "Need",
    "NumberStanding",
    "Opening",
    "Outage",
    "Paper",
    "PaymentList",
    "Period",
    "Person",
    "Phone",
    "Pin",
    "PromptVersion",
    "ProviderAccount",
    "PublishedPrompt",
    "Recording",
    "ReplyCode",
    "Report",
    "ReportCount",
    "SafeWord",
    "ServiceSeen",
    "SignIn",
    "SignInTry",
    "Signature",
    "SpokenTurn",
    "Staff",
    "Suspension",
    "TakenBack",
    "Text",
    "Visit",
    "VoiceFingerprint",
    "VoiceTemplate",
    "forget_deleted",
    "give_way",
    "insert_into",
    "insert_once",
    "later",
    "new_id",
    "only_read",
    "open_engine",
    "open_sessions",
    "waiting",
]
