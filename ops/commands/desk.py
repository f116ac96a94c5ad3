"""Commands of the desk, until it has its pages: the roll, enrolment, PINs and codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from certification import cases, certifying, codes, confirmation, consent, pins, reasons, roll
from certification.identity import ResidentNumber
from certification.people import RegionUnknown, find_by_number
from certification.regions import Region, Regions
from certification.runtime import Runtime, utc_now
from certification.store import Person, new_id, only_read
from ops import compose

as_json = click.option("--json", "as_json", is_flag=True, help="print one JSON object as the last line")
SHOWN = ("编号", "地区", "本期已认证", "本期截止", "下次截止", "回执号")
CALL_NOW = (
    "请本人现在用自己的电话打热线，按 8（没有先问号码时），再按这个号码 "
    "Let the person call the line now from their own phone, press 8 unless asked at once, and key this code: {code}"
)
DIFFER = (
    "几段录音不像同一个人，已记录待查。请让本人独自重录三段，或用 code issue 通过电话登记。 "
    "The recordings do not seem to be of one voice, and a case says so. "
    "Record three again with this person alone, or enrol by telephone (`code issue`)."
)
TOO_FEW = "至少需要三段不同的录音。 At least three different recordings are needed."


def runtime() -> Runtime:
    """The service as the environment says, with the clock of the command, and connected no longer than that runs."""
    rt = compose.runtime(now=clock())
    click.get_current_context().call_on_close(rt.sessions.kw["bind"].dispose)
    return rt


def clock() -> Callable[[], datetime]:
    """The clock that was handed to the command as its `obj`, else that of the machine."""
    now: Callable[[], datetime] | None = click.get_current_context().obj
    return now or utc_now


def told(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    """What is to be kept as said or done by somebody says something."""
    if value is None or not value.strip():
        raise click.BadParameter("不能为空。 It must not be empty.")
    return value.strip()


def impersonal(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A reason that the journal keeps: it says something, and holds no number."""
    return None if value is None else reasons.impersonal(told(context, parameter, value))


def by(default: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The option that names who did it, for the journal."""
    return click.option(
        "--by", default=default, required=default is None, show_default=True, callback=told, help="the clerk"
    )


class PersonUnknown(click.ClickException):
    """Nobody on the roll has this identity number or identifier."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"名册中没有 {given[:6]}…：请核对号码，或先用 people import 导入。"
            f" Nobody on the roll is {given[:6]}…: check the number, or import them first (`people import`)."
        )


def find(session: Session, rt: Runtime, given: str) -> Person:
    """Find a person by our identifier or by their resident identity number. Raises PersonUnknown."""
    person = session.get(Person, given)
    if person is None and len(given) != 32:
        person = find_by_number(session, rt.keys, ResidentNumber.parse(given))
    if person is None:
        raise PersonUnknown(given)
    return person


def region_of(regions: Regions, place: str) -> Region:
    """The region of this code or name. Raises RegionUnknown."""
    region = regions.find(place)
    if region is None:
        raise RegionUnknown(place, regions)
    return region


@click.group()
def people() -> None:
    """The roll. 名册。"""


@people.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def import_(file: Path, as_json: bool) -> None:
    """Add people from a CSV file; a bad row is named and the rest goes on. 从 CSV 导入。

    Header: id_number,name,region,phone,dialect,relative_phone, or 身份证号,姓名,地区,电话,方言,亲属电话.
    """
    rt = runtime()
    report = roll.import_csv(rt.sessions, rt, file)
    for line, reason in report.rejected:
        click.echo(f"第 {line} 行 line {line}: {reason}", err=True)
    counts = {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": len(report.rejected),
    }
    chinese = ("新增", "更新", "未变", "拒绝")
    click.echo(" · ".join(f"{zh} {en} {n}" for zh, (en, n) in zip(chinese, counts.items(), strict=True)))
    if as_json:
        click.echo(json.dumps(counts))
    if report.rejected:
        raise SystemExit(1)


@people.command()
@click.argument("person_id", metavar="ID")
@as_json
def show(person_id: str, as_json: bool) -> None:
    """Say where a person stands; ID is an identity number or our identifier. 查询。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        person = find(session, rt, person_id)
        status = certifying.status(session, rt, person)
    facts = {
        "id": person.id,
        "region": person.region,
        "certified": status.closed,
        "due": status.due.isoformat(),
        "next_due": status.next_due.isoformat(),
        "receipt": status.receipt,
    }
    shown = {
        **facts,
        "region": f"{rt.regions[person.region].name} {person.region}",
        "certified": "是 yes" if status.closed else "否 no",
        "receipt": status.receipt or "–",
    }
    for zh, (name, value) in zip(SHOWN, shown.items(), strict=True):
        click.echo(f"{zh} {name}: {value}")
    if as_json:
        click.echo(json.dumps(facts))


@click.command()
@click.argument("person_id", metavar="ID")
@click.option("--audio", "first", required=True, type=click.Path(path_type=Path), help="recordings, one utterance each")
@click.argument("more", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--consent",
    "text",
    required=True,
    callback=told,
    help="the words that the person agreed to: they should say what the line says (README)",
)
@by("desk")
@as_json
def enrol(person_id: str, first: Path, more: tuple[Path, ...], text: str, by: str, as_json: bool) -> None:
    """Enrol a voice from at least three different recordings. 用至少三段不同的录音登记声音。"""
    from ops import twins
    from ops.voices import Agreement, Bench
    from voiceprint import audio, quality
    from voiceprint.quality import plain

    rt = runtime()
    with rt.sessions.begin() as session:
        find(session, rt, person_id)  # before anything slow
    utterances = [audio.telephone(audio.read(path)) for path in (first, *more)]  # as calls will be heard
    if len({utterance.tobytes() for utterance in utterances}) < max(3, len(utterances)):
        raise click.ClickException(TOO_FEW)
    bench = Bench.prepare(rt)
    weighed, code = bench.weigh_enrolment(utterances), None
    with rt.sessions.begin() as session:
        person = find(session, rt, person_id)
        if weighed.template is not None:
            consent.record(session, rt, person, text=text, how="desk", by=by)
            kept = bench.keep(session, person, weighed.template, "files")
            code = codes.issue(session, rt, person, by, confirms=kept)
            found = twins.seek(session, bench, person, weighed.template)
            twins.report(session, rt, person, kept.id, found, by)
        elif weighed.agreement is Agreement.DIFFER:
            cases.open_case(
                session,
                rt,
                kind=cases.CaseKind.ENROLMENT_DIFFERS,
                cause=f"enrolment_differs:files:{new_id()}",
                person=person,
                detail={"agreement": weighed.lowest},
                actor=by,
            )
    if as_json:
        facts = {"outcome": weighed.agreement.value, "reasons": list(map(str, weighed.reasons)), "code": code}
        click.echo(json.dumps(facts))
    if weighed.agreement is not Agreement.ENROLLED:
        said = (
            "\n".join(
                f"{path.name}: {' '.join(plain(reason))}"
                for path, utterance in zip((first, *more), utterances, strict=True)
                for reason in quality.reasons(quality.measure(utterance), quality.Use.ENROLMENT)
            )
            or DIFFER
        )
        raise click.ClickException(f"没有登记 not enrolled:\n{said}")
    if not as_json:
        click.echo(f"已登记 enrolled, {len(utterances)} 段 utterances")
        click.echo(CALL_NOW.format(code=code))


@click.group()
def pin() -> None:
    """PINs. 六位密码。"""


@pin.command("set")
@click.argument("person_id", metavar="ID")
@by()
@click.option(
    "--pin",
    "digits",
    prompt="六位密码，由本人选 six digits, chosen by the person",
    hide_input=True,
    confirmation_prompt="再输一次 once more",
    help="six digits; asked for when left out",
)
@as_json
def set_(person_id: str, by: str, digits: str, as_json: bool) -> None:
    """Set a person's six-digit PIN. 设置密码。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        pins.set_pin(session, rt, find(session, rt, person_id), digits, by)
    click.echo(json.dumps({"set": True}) if as_json else "密码已设置 PIN set")


@click.group()
def code() -> None:
    """One-time codes, keyed on the person's own phone. 一次性登记码。"""


@code.command()
@click.argument("person_id", metavar="ID")
@by()
@click.option(
    "--confirm", "confirms", is_flag=True, help="for the voice enrolled from files, to be confirmed by a call"
)
@as_json
def issue(person_id: str, by: str, confirms: bool, as_json: bool) -> None:
    """Give a code: the person calls the line from their phone, presses 8, keys it and enrols. 发登记码。"""
    rt = runtime()
    with rt.sessions.begin() as session:
        person = find(session, rt, person_id)
        waits = confirmation.awaited(session, person) if confirms else None
        if confirms and waits is None:
            raise confirmation.NothingToConfirm
        given = codes.issue(session, rt, person, by, confirms=waits)
    click.echo(json.dumps({"code": given}) if as_json else given)
