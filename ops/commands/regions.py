"""Commands of whoever writes the rules: the regions shown, a folder checked, and whom a changed folder would touch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click

from certification import changes, reconsidering
from certification.certifying import day_of
from certification.changes import Effect
from certification.regions import BASE, Region, RegionFileInvalid, Regions, holidays_missing
from certification.settings import SettingInvalid, found
from certification.store import only_read
from ivr.calls import unspoken
from ops import writing
from ops.commands.desk import as_json, by, clock, region_of, runtime

CALLED = {
    "code": "代码",
    "name": "名称",
    "interval": "认证周期",
    "routes": "认证途径",
    "holidays": "放假",
    "dialects": "方言",
    "recording_days": "录音保留天数",
    "operator": "人工电话",
    "helpline": "心理援助热线",
    "evidence": "证据要求",
    "reminders": "提醒",
    "ladder": "逐级联系",
    "household": "一号多人",
    "suspension": "暂停发放",
    "voice": "声音认证",
    "comparison": "数据比对",
    "offices": "办事窗口",
    "paper": "纸质表",
    "post": "邮寄材料",
    "how": "如何认证（语音）",
    "how_sms": "如何认证（短信）",
}
TOLD = {
    "people": ("名册人数", "people on the roll"),
    "due": ("本期截止日变动", "present periods with another last day"),
    "next_due": ("待办期截止日变动", "awaited periods with another last day"),
    "newly": ("将算已认证", "would newly count as certified"),
    "no_longer": ("将不再算已认证", "would no longer count as certified"),
    "unreadable": ("身份证号无法解密，未计入", "could not be read, and are not counted"),
}
folder = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Change:
    """What a folder changes in one region: the rules before and after, and each key whose value differs."""

    code: str
    old: Region
    new: Region
    keys: dict[str, tuple[object, object]]


@click.group()
def regions() -> None:
    """The rules of the regions. 地区规则。"""


@regions.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the regions, as the settings say. 列出地区。"""
    known = _in_use()
    for region in known:
        said = (
            f"{region.code}\t{region.name}\t{region.interval}\t{region.operator.number}\t{'、'.join(region.dialects)}"
        )
        click.echo(said + ("\t默认 default" if region is known.default else ""))
    if as_json:
        facts = [{"code": one.code, "name": one.name, "interval": one.interval} for one in known]
        click.echo(json.dumps({"regions": facts, "default": known.default.code}, ensure_ascii=False))


@regions.command()
@click.argument("code")
@as_json
def show(code: str, as_json: bool) -> None:
    """Show every rule of one region, by its code or its name. 显示一个地区的全部规则。"""
    known = _in_use()
    region = region_of(known, code)
    heading = ""
    for key, value in flat(region).items():
        table = key.partition(".")[0]
        if table != heading:
            click.echo(f"# {CALLED[table]} {table}")
            heading = table
        click.echo(f"{key} = {_written(value)}")
    if as_json:
        click.echo(json.dumps(region.model_dump(mode="json"), ensure_ascii=False))


@regions.command()
@click.argument("path", metavar="[FOLDER]", type=folder, required=False)
@as_json
def check(path: Path | None, as_json: bool) -> None:
    """Check a folder of region files, or those in use; exit status 1 when anything is wrong. 检查规则。

    Holidays that are not known yet are said, and are nothing wrong.
    """
    wrong: tuple[str, ...] = ()
    known: list[Region] = []
    try:
        known = list(_read(path) if path else _in_use())
    except RegionFileInvalid as error:
        wrong = tuple(map(str, error.wrong))
        facts = [{"file": str(one.path), "key": one.key, "zh": one.zh, "en": one.en} for one in error.wrong]
    for line in wrong:
        click.echo(line, err=True)
    if not wrong:
        click.echo(f"{len(known)} 个地区，没有错误 {len(known)} regions, nothing wrong")
    missing = _missing(known)
    if as_json:
        found = {"regions": len(known), "wrong": facts if wrong else [], "holidays_missing": missing}
        click.echo(json.dumps(found, ensure_ascii=False))
    if wrong:
        raise SystemExit(1)


def _missing(known: list[Region]) -> dict[str, int]:
    """Say whose holidays of a year that is near are not written; the year, by code."""
    today = day_of(clock()())
    found = {one.code: year for one in known if (year := holidays_missing(one, today)) is not None}
    for year in sorted(set(found.values())):
        codes = ", ".join(code for code, its in found.items() if its == year)
        click.echo(
            f"缺少 {year} 年的放假安排，放假的日子会当作上班：{codes}。请按国务院办公厅的通知写进 holidays。"
            f" The holidays of {year} are missing, and will be taken for working days: {codes}."
            " Write them into holidays as the State Council has set them.",
            err=True,
        )
    return found


@regions.command()
@click.argument("path", metavar="FOLDER", type=folder)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="CSV of whose periods it would touch")
@as_json
def diff(path: Path, out: Path | None, as_json: bool) -> None:
    """Say what FOLDER as STILLHERE_REGIONS would change, and for whom. Changes nothing. 比较规则改动和受影响的人。"""
    rt = runtime()
    new = _read(path, rt.settings.default_region)
    with rt.sessions() as session:
        only_read(session)
        on_roll = changes.on_the_roll(session)
        told, rows = {}, [("region", "person", "touched")]
        for change in _changes(rt.regions, new, on_roll):
            effect = Effect(people=on_roll.get(change.code, 0))
            if effect.people and changes.touches_periods(change.old, change.new):
                with click.progressbar(length=effect.people, label=change.code, hidden=as_json, file=sys.stderr) as bar:
                    touched = partial(_note, rows, change.code)
                    effect = changes.effect(session, rt, change.code, change.old, change.new, bar.update, touched)
            told[change.code] = {"changes": change.keys, **asdict(effect)}
            _say(change, effect)
    if out is not None:
        writing.table(out, rows)
        click.echo(f"受影响的人 whose periods it would touch: {out}")
    if not told:
        click.echo("规则没有改动 The rules are the same.")
    if as_json:
        click.echo(json.dumps({"regions": told}, ensure_ascii=False))


@regions.command()
@click.argument("place", metavar="[REGION]", required=False)
@by()
@as_json
def reconsider(place: str | None, by: str, as_json: bool) -> None:
    """Close the periods for which what is on record suffices by the rules of today, where they ask for less. 重新核定。

    REGION: its code or its name; without it, everybody's. For after a change of the rules: `diff` says how many it
    would be. Nothing that is closed is opened by it. Stopped in
    between, it goes on when it is called again.
    """
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        on_roll = changes.on_the_roll(session)
    told = {}
    for code in sorted(on_roll) if place is None else [region_of(rt.regions, place).code]:
        found = reconsidering.close(rt, code, by)
        told[code] = asdict(found)
        click.echo(
            f"{rt.regions[code].name} {code}: 未认证的本期 open periods {found.looked_at} · 现已认证 now certified"
            f" {found.closed}" + (f" · 打不开 unreadable {found.unreadable}" if found.unreadable else "")
        )
    if as_json:
        click.echo(json.dumps({"regions": told}))


def _note(rows: list[tuple[str, str, str]], code: str, person: str, how: list[str]) -> None:
    rows.append((code, person, " ".join(how)))


def _say(change: Change, effect: Effect) -> None:
    click.echo(f"{change.new.name} {change.code}")
    for key, (old, new) in change.keys.items():
        click.echo(f"  {CALLED[key.partition('.')[0]]} {key}: {_written(old)} → {_written(new)}")
    counts = asdict(effect)
    for name, (zh, en) in TOLD.items():
        if counts[name] or name == "people":
            click.echo(f"  {zh}：{counts[name]} 人 {en}: {counts[name]}")
    if effect.newly:
        again = f"stillhere regions reconsider {change.code}"
        click.echo(f"  启用后，用 {again} 给他们办结 Once it is in use, `{again}` certifies them.")
    if effect.no_longer:
        click.echo(
            "  已认证的人不应因改规则而变成未认证：请先查明原因，再启用。"
            " Nobody certified should lose it by a change of rules: find out why before you take it.",
            err=True,
        )


def _changes(old: Regions, new: Regions, on_roll: dict[str, int]) -> Iterator[Change]:
    """Each code whose rules would be others, be it by its own file or by that of the default."""
    codes = {region.code for region in (*old, *new)} | set(on_roll)
    for code in sorted(codes):
        before, after = flat(old[code]), flat(new[code])
        keys = {
            key: (before.get(key), after.get(key))
            for key in (*before, *(key for key in after if key not in before))
            if before.get(key) != after.get(key)
        }
        if keys:
            yield Change(code, old[code], new[code], keys)


def flat(region: Region) -> dict[str, object]:
    """A region's values by dotted key, as its file writes them; a key that is absent has none."""
    return dict(_leaves("", region.model_dump(mode="json", exclude_none=True)))


def _leaves(prefix: str, table: dict[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value


def _written(value: object) -> str:
    return "（无 none）" if value is None else json.dumps(value, ensure_ascii=False)


def _in_use() -> Regions:
    """The regions that the settings name. Needs no secret."""
    place = found("STILLHERE_REGIONS")
    if place and not Path(place).is_dir():
        raise SettingInvalid("STILLHERE_REGIONS", f"目录 {place} 不存在", f"there is no folder {place}")
    return _read(Path(place) if place else None, found("DEFAULT_REGION") or BASE)


def _read(path: Path | None, default: str = BASE) -> Regions:
    known = Regions.load(path, default)
    if wrong := list(unspoken(known)):
        raise RegionFileInvalid(*wrong)
    return known
