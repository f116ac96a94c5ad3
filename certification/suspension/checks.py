"""Whether somebody may be suspended: a history in, what blocks it out. Pure; there is no other way to a suspension."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

LEAST_CHANNELS = 2
"""On fewer channels nobody counts as having been tried, whatever a region says."""
SIGNATURES = 2
LEAST_AGAIN = timedelta(days=30)
"""For so long after a sign of life was taken back nobody is suspended, whatever a region says."""

_DAY = timedelta(days=1)


class Block(StrEnum):
    """A reason why somebody is not suspended."""

    CERTIFIED = "certified"
    NOT_OVER = "not_over"
    ASKED_AGAIN = "asked_again"
    SWITCHED_OFF = "switched_off"
    OUTAGE = "outage"
    TOO_FEW_CHANNELS = "too_few_channels"
    OPEN_CASE = "open_case"
    DEATH_REPORTED = "death_reported"
    ONLY_A_SCORE = "only_a_score"
    SUSPENDED_BEFORE = "suspended_before"
    MOVED = "moved"
    TAKEN_OFF = "taken_off"
    UNSIGNED = "unsigned"

    @property
    def zh(self) -> str:
        """The reason as a sentence in Chinese."""
        return _SENTENCES[self][0]

    @property
    def en(self) -> str:
        """The reason as a sentence in English."""
        return _SENTENCES[self][1]


_SENTENCES = {
    Block.CERTIFIED: ("本期或其后已认证。", "The person is certified, for this period or a later one."),
    Block.NOT_OVER: (
        "认证期（连同系统中断顺延的天数）还没有结束。",
        "The period, with the days that outages add to it, is not over.",
    ),
    Block.ASKED_AGAIN: (
        "此人的认证记录因登记有误撤回不久，要先给本人足够的时间重新办理。",
        "A sign of life of theirs was taken back as a mistake lately: they have the usual time to certify again.",
    ),
    Block.SWITCHED_OFF: ("本地区已停止一切暂停发放。", "The region has switched all suspensions off."),
    Block.OUTAGE: ("系统正在中断，此时不暂停任何人。", "The service is out, and suspends nobody meanwhile."),
    Block.TOO_FEW_CHANNELS: (
        "本期内没有用足够多的不同方式真正联系过本人（排队未发出的不算）。",
        "The person was not really tried on enough channels in this period; what was only queued does not count.",
    ),
    Block.OPEN_CASE: (
        "此人还有未办结的事项（待处理、待审材料、未完成的上门、已约的时间），请先办结。",
        "Something of this person's is still with us, a case, papers, a visit or an appointment: it comes first.",
    ),
    Block.DEATH_REPORTED: (
        "有人报告此人去世：由人工核实，不走暂停发放。",
        "The person's death was reported: that is for a human, and no matter of suspension.",
    ),
    Block.ONLY_A_SCORE: (
        "此人打过电话，只是声音没有通过：须由人工看过，不能据此暂停。",
        "The person called, and only a voice score failed: a human must look at it, and a score suspends nobody.",
    ),
    Block.SUSPENDED_BEFORE: ("此人已暂停发放。", "The person is suspended already."),
    Block.MOVED: ("此人已转到别的地区。", "The person belongs to another region now."),
    Block.TAKEN_OFF: ("主管已把此人从名单上移出。", "A supervisor took the person off this list."),
    Block.UNSIGNED: (
        "名单没有两位不同主管的有效签名。",
        "The list does not bear the signatures of two different supervisors.",
    ),
}


@dataclass(frozen=True, slots=True)
class History:
    """All that counts for or against suspending one person for one period.

    `channels`: those on which they were really tried since the period opened, with the outcome on record. `outage`: how
    long the service was out since then. `open_cases`: with papers, visits, appointments and voices not seen to yet.
    `score_unseen`: their voice failed in this period, and no human has looked at it since. `moved`: to another region.
    `asked_again`: the day on which a sign of life of theirs was taken back as a mistake; `again`: how long they have
    from then on.
    `taken_off`: of this list, by a supervisor. `signatures`: the supervisors whose signature under the list holds.
    """

    today: date
    due: date
    certified: bool
    enabled: bool
    least_channels: int
    channels: frozenset[str]
    outage: timedelta
    outage_running: bool
    open_cases: int
    score_unseen: bool
    death_reported: bool
    suspended: bool
    moved: bool
    taken_off: bool = False
    signatures: frozenset[str] = frozenset()
    asked_again: date | None = None
    again: timedelta = LEAST_AGAIN

    @property
    def over_after(self) -> date:
        """The last day of the period, with a day for each day, begun or whole, of outage."""
        return self.due - (-self.outage // _DAY) * _DAY

    @property
    def time_again(self) -> bool:
        """Whether they still have time since a sign of life was taken back, with a day for each day of outage."""
        if self.asked_again is None:
            return False
        return self.today <= self.asked_again + max(self.again, LEAST_AGAIN) - (-self.outage // _DAY) * _DAY


def blocks(history: History) -> tuple[Block, ...]:
    """Everything that keeps this person from being suspended, each once; empty: they may be suspended."""
    holds = {
        Block.CERTIFIED: history.certified,
        Block.NOT_OVER: history.today <= history.over_after,
        Block.ASKED_AGAIN: history.time_again,
        Block.SWITCHED_OFF: not history.enabled,
        Block.OUTAGE: history.outage_running,
        Block.TOO_FEW_CHANNELS: len(history.channels) < max(history.least_channels, LEAST_CHANNELS),
        Block.OPEN_CASE: history.open_cases > 0,
        Block.DEATH_REPORTED: history.death_reported,
        Block.ONLY_A_SCORE: history.score_unseen,
        Block.SUSPENDED_BEFORE: history.suspended,
        Block.MOVED: history.moved,
        Block.TAKEN_OFF: history.taken_off,
        Block.UNSIGNED: len(history.signatures) < SIGNATURES,
    }
    return tuple(block for block, held in holds.items() if held)


def before_signing(history: History) -> tuple[Block, ...]:
    """What blocks a proposal, which nobody has signed yet."""
    return tuple(block for block in blocks(history) if block is not Block.UNSIGNED)
