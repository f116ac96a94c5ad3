"""What may be wrong with a paper, as sentences for a clerk that say what to do; and the states that it goes through."""

from __future__ import annotations

from datetime import date

from certification.errors import Problem
from certification.store import Paper


class PaperUnknown(Problem):
    """The office has issued no form of this number."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"没有编号为 {number[:20]} 的表：表由社保机构统一编号发出，请核对编号。",
            f"No form has the number {number[:20]}: only the office issues them; please check the number.",
        )


class PaperOfAnother(Problem):
    """The form was issued to somebody else."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"表 {number} 是发给别人的，不能用于此人，请核对姓名和编号。",
            f"The form {number} was issued to somebody else; please check name and number.",
        )


VOID = "void"
STATES = {
    "issued": "已发",
    "posted": "已寄出",
    "received": "已收到",
    "accepted": "已通过",
    "returned": "已退回",
    VOID: "已作废",
}
_BEFORE: dict[tuple[str, ...], tuple[str, str]] = {
    ("received",): (
        "请先登记收到（papers receive）；已通过的不用再办",
        "note it as received first (`papers receive`); one that is accepted is done with",
    ),
    ("issued",): ("寄出只登记一次", "its posting is noted once"),
}


class PaperElsewhere(Problem):
    """The paper is not where this step begins."""

    def __init__(self, paper: Paper, needed: tuple[str, ...]) -> None:
        zh, en = _BEFORE.get(needed, ("不用再登记收到", "it need not be received again"))
        super().__init__(
            f"表 {paper.number} 现在的状态是“{STATES[paper.state]}”，"
            f"这一步要求“{'”或“'.join(STATES[one] for one in needed)}”：{zh}。",
            f"The paper {paper.number} is {paper.state}; this step needs one that is {' or '.join(needed)}: {en}.",
        )


class PaperOut(Problem):
    """The person has a form already that is still to be decided: a second number would be one too many."""

    def __init__(self, paper: Paper) -> None:
        if paper.state == "received":
            zh, en = "请先通过或退回这一张", "accept or return that one first"
        else:
            zh = "请用这一张；确已丢失的，用 papers issue --again 原因 另发，原编号随即作废"
            en = "use that one; if it was lost, `papers issue --again WHY` gives another and makes the old number void"
        super().__init__(
            f"此人已有一张编号为 {paper.number} 的表，状态是“{STATES[paper.state]}”：{zh}。",
            f"The form {paper.number} is out for this person already ({paper.state}): {en}.",
        )


class PaperVoid(Problem):
    """The form was replaced by another, and its number counts no more."""

    def __init__(self, paper: Paper, instead: str | None) -> None:
        zh = (
            f"请本人改用编号为 {instead} 的表，或用别的办法认证"
            if instead
            else "请用 papers issue 另发，或用别的办法认证"
        )
        en = f"use the form {instead}" if instead else "issue another (`papers issue`)"
        super().__init__(
            f"表 {paper.number} 已作废，不能收取：{zh}。",
            f"The form {paper.number} is void and cannot be taken: {en}, or certify by another route.",
        )


class PaperUnchecked(Problem):
    """What was accepted is evidence, and a supervisor's to take back: who accepts it looked first, and says so."""

    def __init__(self) -> None:
        super().__init__(
            "通过后只有主管才能撤回：请先核对材料，再勾选确认；什么都没有改动。",
            "Once accepted, only a supervisor takes it back: look the paper over first, and tick that you did; nothing"
            " was changed.",
        )


class DateImpossible(Problem):
    """The date on a paper shows no sign of life that counts."""

    def __init__(self, on: date, earliest: date, latest: date) -> None:
        super().__init__(
            f"材料日期 {on} 不符合要求，应在 {earliest} 至 {latest} 之间；请退回并说明原因。",
            f"The date {on} does not count: it must lie between {earliest} and {latest}; please return it and say why.",
        )


class StampMissing(Problem):
    """An assistance form needs the stamp of the place that helped."""

    def __init__(self) -> None:
        super().__init__(
            "异地协助认证表须有协助地盖章，请填写盖章单位；没有盖章的请退回。",
            "An assistance form needs the stamp of the place that helped: name it, or return the form.",
        )


class DayMissing(Problem):
    """The day on which a form was signed is not said."""

    def __init__(self) -> None:
        super().__init__("请填写表上签名的日期。", "Say on what day the form was signed.")


class NothingDated(Problem):
    """A letter needs at least one document that shows when the person was alive."""

    def __init__(self, months: int) -> None:
        super().__init__(
            f"户口簿只说明身份，还需要一份 {months} 个月以内的就医或出行记录；请退回并说明。",
            f"A booklet says who they are; add a medical or travel record of the last {months} months.",
        )
