"""What an export of somebody's data is made of: a section a table, what each is called, and what stays out of it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from certification.store import (
    AgentPerson,
    Appointment,
    Assessment,
    Attempt,
    Base,
    Call,
    Case,
    Climb,
    ComparisonResult,
    Consent,
    Contact,
    EnrolmentCode,
    Evidence,
    Guesses,
    Helper,
    JournalEntry,
    Judgement,
    LinePreference,
    Message,
    Need,
    NumberStanding,
    Paper,
    Period,
    Person,
    Phone,
    Pin,
    Recording,
    ReplyCode,
    SafeWord,
    SpokenTurn,
    Suspension,
    TakenBack,
    Text,
    Visit,
    VoiceFingerprint,
    VoiceTemplate,
)

FORMAT = "stillhere export 1"
"""The first line of an export; the number grows when a key that is there changes its meaning or goes."""


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of a table that are about one person, and what they are, in Chinese and in English."""

    table: type[Base]
    zh: str
    en: str

    @property
    def name(self) -> str:
        """The key in the export: the table's name."""
        return str(self.table.__tablename__)


SECTIONS = (
    Section(Person, "您的姓名、身份证号、地区和方言", "your name, identity number, region and dialect"),
    Section(Phone, "名册上的电话", "telephones on the roll"),
    Section(Helper, "登记的亲属和帮手", "relatives and helpers who were declared"),
    Section(Need, "您说明过的情况（如不便说话）", "what you declared of yourself, such as that you cannot speak"),
    Section(Consent, "您同意过什么，以及撤回", "what you agreed to, and took back"),
    Section(LinePreference, "您的电话上次选的方言", "the dialect last chosen from your telephone"),
    Section(Pin, "六位密码的设置时间（密码本身谁也看不到）", "when your PIN was set; nobody can read the PIN itself"),
    Section(EnrolmentCode, "窗口发的登记码", "codes that the desk gave you"),
    Section(Guesses, "从您的电话输错的次数", "wrong guesses from your telephone in the last hour"),
    Section(Period, "每期的起止和完成情况", "your periods, and when each was certified"),
    Section(Evidence, "每次认证的凭据和回执号", "each sign of life, with its receipt number"),
    Section(Attempt, "没有成功的认证", "tries at certifying that did not succeed"),
    Section(Call, "您打来的电话", "your calls"),
    Section(SpokenTurn, "电话里请您说的话和听到的内容", "what you were asked to say in calls, and what was heard"),
    Section(Recording, "还保留着的录音（WAV 文件）", "recordings that are still kept, as WAV files"),
    Section(Assessment, "声音比对的结果", "how your voice was weighed"),
    Section(
        VoiceTemplate, "声纹：何时用什么做的（不含声纹数据）", "voiceprints: made when and by what; not their numbers"
    ),
    Section(VoiceFingerprint, "录音指纹的生成时间", "when a fingerprint of a recording was made"),
    Section(Case, "需要人工处理的事项", "questions about you for a human"),
    Section(Judgement, "工作人员听后的结论和原因", "what staff found of your voice, and why"),
    Section(TakenBack, "撤回的登记和结论，以及原因", "what was taken back as a mistake, by whom, and why"),
    Section(ComparisonResult, "与其他机构记录比对的结果", "what comparisons with records of others said of you"),
    Section(Contact, "我们联系您的记录", "how we tried to reach you, and what came of it"),
    Section(Message, "我们发给您的短信", "messages that we sent you"),
    Section(Text, "您发来的短信", "what you wrote to us"),
    Section(NumberStanding, "您的电话是否退订、能否收到短信", "whether your telephone takes our messages"),
    Section(SafeWord, "您选的暗号", "the word by which you know our messages"),
    Section(ReplyCode, "短信里的一次性回复码", "one-time codes in our messages"),
    Section(Climb, "逐级联系的进度", "how you were followed up"),
    Section(Visit, "上门服务、报告和照片", "visits at your home, with report and photograph"),
    Section(Appointment, "预约", "appointments"),
    Section(Paper, "纸质表和邮寄材料", "forms and letters"),
    Section(AgentPerson, "可以为您认证的单位", "employers and agencies that may certify you"),
    Section(Suspension, "暂停和恢复发放的记录", "suspensions of payment, and restorations"),
    Section(JournalEntry, "日志：谁在何时做了什么", "the journal: who did what, and when"),
)
"""Every table with something about a person, in the order in which an export shows them."""

NOBODYS = frozenset(
    {
        "agents",
        "campaigns",
        "canary",
        "carriers",
        "comparison_runs",
        "errands",
        "journal_checks",
        "journal_head",
        "kept_evidence",
        "known_cases",
        "openings",
        "outages",
        "payment_lists",
        "prompt_versions",
        "published_prompts",
        "provider_accounts",
        "report_counts",
        "reports",
        "service_seen",
        "sign_in_tries",
        "sign_ins",
        "signatures",
        "staff",
    }
)
"""Tables with nothing about anybody whose eligibility is certified."""

LEFT_OUT = frozenset(
    {
        "assessments.voice_sealed",
        "calls.twiml",  # the carrier's markup
        "pins.hash",
        "pins.pepper_sealed",
        "spoken_turns.token_hash",
        "voice_fingerprints.sealed",
        "voice_templates.sealed",
    }
)
"""Secrets, and numbers by which a voice could be imitated or found elsewhere; blind indexes stay out as well."""

FILES = MappingProxyType({"recordings.sealed": "recordings", "visits.photo_sealed": "photos"})
"""What is put beside the rows as a file, and in which folder."""


def key_of(table: str, column: str) -> str | None:
    """What a column is called in an export; None for one that stays out."""
    if column.endswith("_index") or f"{table}.{column}" in LEFT_OUT:
        return None
    return "file" if column == "sealed" else column.removesuffix("_sealed")
