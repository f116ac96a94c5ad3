"""Commands of questions for a human, until they have their page: those that wait, and one decided."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from certification import bereavement, cases, knowncases, review, secondlooks, staff, takingback
from certification.cases import CaseKind, CaseUnknown, DecidedAlready
from certification.certifying import day_of
from certification.errors import Problem
from certification.reasons import ReasonMissing
from certification.regions import SHANGHAI
from certification.review import Verdict
from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import Case, Person, only_read
from certification.takingback import NothingToTakeBack, TooLateToTakeBack, Way
from ops import dossiers
from ops.commands.desk import as_json, by, impersonal, region_of, runtime, told

ZH = {
    CaseKind.VOICE_DOUBT: "声音有疑问",
    CaseKind.CALL_BACK: "答应回电",
    CaseKind.PROMISED_RESULT: "答应告知结果",
    CaseKind.LIMIT_REACHED: "声音多次未通过",
    CaseKind.NO_TEMPLATE: "没有登记声音和密码",
    CaseKind.NO_PIN: "没有密码",
    CaseKind.ENROLMENT_DIFFERS: "登记的几段声音不一致",
    CaseKind.CONFIRMATION_DIFFERS: "确认来电的声音不符",
    CaseKind.UNCONFIRMED: "声音登记尚未确认",
    CaseKind.ENROLLED_TWICE: "与别人登记的声音相像",
    CaseKind.ENROLMENT_UNFINISHED: "声音登记没有完成",
    CaseKind.NOT_UNDERSTOOD: "没有听懂",
    CaseKind.NEEDS_MORE: "本期还需要更强的证明",
    CaseKind.TO_CALL: "短信联系不上，请打电话提醒",
    CaseKind.UNREACHED: "短信和来电都没有结果，请人工联系",
    CaseKind.SHARED_LINE: "一部电话替多人办理",
    CaseKind.SHARED_VOICE: "一个声音替多人说话",
    CaseKind.DEATH_REPORTED: "有人报告去世，查清后用 deaths answer",
    CaseKind.CONTRADICTION: "记录矛盾，查清后用 deaths answer",
    CaseKind.UNREADABLE: "记录打不开，请管理员检查密钥",
    CaseKind.URGENT: "来信说不想活了，请马上打电话",
    CaseKind.SUSPECTED_FRAUD: "疑似冒充，请主管处理",
    CaseKind.INVITED: "已请来窗口，没来请打电话问问",
    CaseKind.SECOND_LOOK: "第二人再听一遍",
    CaseKind.DISAGREED: "两人意见不同，请主管处理",
    CaseKind.DROPPED: "电话中断",
}
"""What each kind asks of a human."""
SUSPICIONS_ZH = {
    "replay": "像是以前来电的录音",
    "repeats": "同一段录音放了两遍",
    "synthetic": "像是合成的声音",
    "household": "更像同住的另一个人",
    "several_voices": "像是另有人代说",
}
"""Why a voice that would do was held back: no ear hears a recording of the person for what it is."""
WHOSE = {
    "writer": "来信号码",
    "caller": "来电号码",
    "self": "本人",
    "relative": "亲属",
    "neighbour": "邻居",
    "carer": "护工",
    "helper": "帮手",
}


class AnswerIt(Problem):
    """Whether somebody died is answered in words that everything else goes by."""

    def __init__(self, person: str) -> None:
        super().__init__(
            f"去世的事请用 stillhere deaths answer {person} --verdict alive 或 dead 答复。",
            f"Answer whether somebody died: `stillhere deaths answer {person} --verdict alive` (or dead).",
        )


@click.group("cases")
def cases_() -> None:
    """Questions for a human. 待人工处理的事项。"""


@cases_.command("list")
@click.option("--region", "place", help="of people of this region, by code or name, and of whoever is on no roll")
@click.option("--kind", type=click.Choice([kind.value for kind in CaseKind]), help="of this kind alone")
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="show so many")
@as_json
def list_(place: str | None, kind: str | None, most: int, as_json: bool) -> None:
    """List what waits for a human: of people who go before others first, then the oldest. 列出。"""
    rt = runtime()
    region = region_of(rt.regions, place).code if place else None
    with rt.sessions() as session:
        only_read(session)
        found = cases.waiting(session, region=region, kind=CaseKind(kind) if kind else None, most=most)
    rows: list[dict[str, Any]] = [
        {
            "id": one.id,
            "kind": one.kind,
            "opened": day_of(one.opened_at).isoformat(),
            "person": one.person_id,
            "first": cases.goes_first(one),
            "suspicions": sorted(one.detail.get("suspicions", {})),
        }
        for one in found
    ]
    for row in rows:
        urgent = " · 优先 first" if row["first"] else ""
        asks = f"{ZH[CaseKind(row['kind'])]} {row['kind']}"
        doubts = "".join(f" · {SUSPICIONS_ZH[one]} {one}" for one in row["suspicions"])
        click.echo(f"{row['id']} · {row['opened']} · {asks} · person {row['person'] or '–'}{urgent}{doubts}")
    if not rows:
        click.echo("没有待办事项 nothing waits")
    if as_json:
        click.echo(json.dumps({"cases": rows}))


@cases_.command()
@click.argument("case_id", metavar="CASE")
@by()
@as_json
def show(case_id: str, by: str, as_json: bool) -> None:
    """Show whom a case is about, where they are reached and what they wrote; the journal says who looked. 查看。

    CASE: its identifier, or the beginning of it.
    What is shown is for whoever sees to the case alone. PINs and codes are hidden.
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        case = cases.find(session, case_id)
        found = dossiers.of(session, rt, case, by)
        about = {"id": case.id, "kind": case.kind, "opened": _minute(case.opened_at)}
        facts = {**about, "person": case.person_id, "verdict": case.verdict, "detail": case.detail}
    click.echo(f"{ZH[CaseKind(str(facts['kind']))]} {facts['kind']} · {facts['opened']}")
    click.echo(f"姓名 name: {found.name or '–'} · 编号 person: {facts['person'] or '–'} · 方言 {found.dialect or '–'}")
    for one in found.telephones:
        click.echo(f"{WHOSE.get(one.whose, one.whose)} {one.whose}: {one.number or '打不开 does not open'}")
    texts = [(_minute(one.at), one.body, one.read) for one in found.texts]
    for at, body, read in texts:
        click.echo(f"{at} 来信 wrote: {body if body is not None else '打不开 does not open'} ({read})")
    if facts["verdict"]:
        click.echo(f"已办结 decided: {facts['verdict']}")
    if as_json:
        more = {
            "name": found.name,
            "dialect": found.dialect,
            "telephones": [{"number": one.number, "whose": one.whose} for one in found.telephones],
            "texts": [{"at": at, "body": body, "read": read} for at, body, read in texts],
        }
        click.echo(json.dumps({**facts, **more}))


@cases_.command()
@click.argument("case_id", metavar="CASE")
@click.option(
    "--verdict", required=True, callback=told, help="what was found out, in a few words without a name; or see above"
)
@by()
@as_json
def decide(case_id: str, verdict: str, by: str, as_json: bool) -> None:
    """Write down what came of a question, once. 办结。

    CASE: its identifier, or the beginning of it.
    Of the voice of a call (voice_doubt, unconfirmed, limit_reached, no_template) the verdict is `confirmed`: it was the
    person, there and then, and the call certifies; or `unsure`: this call does not show it, and nothing is counted. So
    it is of a second_look, from which nothing follows for the person; whoever had the first does not have it.
    Where `list` names a suspicion, call back first. They are told by text. Of anything else it certifies nobody and
    refuses nobody.
    """
    rt = runtime()
    with rt.sessions.begin() as session:
        case = cases.find(session, case_id)
        if case.person_id is not None and case.kind in bereavement.QUESTIONS:
            raise AnswerIt(case.person_id)
        of_a_voice = review.of_a_voice(session, case)
        recorded = review.decide(session, rt, case.id, _of_a_voice(verdict), by) if of_a_voice else None
        if not of_a_voice and not cases.decide(session, rt, case, verdict=verdict[:200], by=by):
            raise DecidedAlready(case)
    click.echo(f"已办结 decided {case.id}: {verdict}")
    if recorded is not None:
        click.echo(f"回执号 receipt {recorded.evidence.receipt}")
        if not recorded.closed:
            click.echo("已记录；本期还需要更强的证明 on record; this period asks for stronger evidence")
    if as_json:
        receipt = None if recorded is None else recorded.evidence.receipt
        certified = recorded is not None and recorded.closed
        click.echo(json.dumps({"decided": case.id, "verdict": verdict, "certified": certified, "receipt": receipt}))


@cases_.command("take-back")
@click.argument("case_id", metavar="CASE")
@click.option("--reason", callback=impersonal, help="why, for the journal: after half an hour it is needed")
@by()
@as_json
def take_back(case_id: str, reason: str | None, by: str, as_json: bool) -> None:
    """Take the verdict on a case back: it waits again, and what followed from the verdict is undone. 撤回结论。

    CASE: its identifier, or the beginning of it.
    Within half an hour whoever decided it does; later another supervisor, with a reason, who is asked for their
    password and one-time code; and nobody once a second human judged it. A sign of life that it put on record counts no
    more, and whoever was told of the verdict hears of that.
    """
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        case = cases.find(session, case_id)
        found, soon = case.id, takingback.way(session, rt, case, by, supervisor=True) is Way.SOON
    if not soon and reason is None:
        raise ReasonMissing
    by = by if soon else _proven(rt, found, by)
    with rt.sessions.begin() as session:
        case = cases.find(session, found)
        if takingback.take_back(session, rt, case, by=by, supervisor=not soon, why=reason or "") is None:
            raise NothingToTakeBack
    click.echo(f"已撤回结论，这件事重新等待处理 the verdict is taken back, and the case waits again: {found}")
    if as_json:
        click.echo(json.dumps({"taken_back": found}))


def _proven(rt: Runtime, case_id: str, by: str) -> str:
    """The name, as their account has it, of a supervisor who proves who they are and may see the case.

    Raises NotProven, AccountLocked, TooLateToTakeBack, CaseUnknown.
    """
    password = click.prompt(f"{by} 的密码 password", hide_input=True)
    code = click.prompt("动态码 one-time code", hide_input=True)
    with rt.sessions.begin() as session:
        proven = staff.prove(session, rt, by, password, code)
    if not isinstance(proven, Proven):  # raised after the commit, which keeps what the journal says of it
        raise proven
    if proven.role is not Role.SUPERVISOR:
        raise TooLateToTakeBack
    with rt.sessions() as session:
        if not _theirs(session, session.get_one(Case, case_id), proven):
            raise CaseUnknown(case_id, several=False)
    return proven.name


def _theirs(session: Session, case: Case, who: Proven) -> bool:
    """Whether somebody may see a case: of their region, and no second look at what they judged first."""
    person = None if case.person_id is None else session.get(Person, case.person_id)
    regions = {one.region for one in (person, knowncases.of(session, case.id)) if one is not None}
    return not secondlooks.not_for(case, who.name) and (who.region is None or regions <= {who.region})


def _minute(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _of_a_voice(verdict: str) -> Verdict:
    if verdict not in [*Verdict]:
        raise click.BadParameter(
            "声音案件的结论只能是 confirmed（是本人）或 unsure（这次来电不能确定）。\n"
            "Of a voice, the verdict is confirmed (it was the person) or unsure (this call does not show it)."
        )
    return Verdict(verdict)
