"""Commands of reports: everybody counted anew, for the pages of the console."""

from __future__ import annotations

import json
import sys

import click

from certification.reports import making
from certification.store import Report
from ops.commands.desk import as_json, by, runtime


@click.group("reports")
def reports_() -> None:
    """Reports of how people fare. 报表。"""


@reports_.command()
@click.option("--months", type=click.IntRange(1, 60), default=making.MONTHS, show_default=True, help="with the present")
@by("cli")
@as_json
def make(months: int, by: str, as_json: bool) -> None:
    """Count everybody anew, or go on with a count that was begun; killed, it goes on where it was. 重新统计。"""
    rt, so_far = runtime(), 0
    with click.progressbar(length=0, label="统计 Counting", hidden=as_json, file=sys.stderr) as bar:

        def more(report: Report) -> None:
            nonlocal so_far
            bar.length = max(report.expected, report.people)
            bar.update(report.people - so_far)
            so_far = report.people

        report = making.make(rt, by, months, more)
    months_said = f"{report.first:%Y-%m} – {report.last:%Y-%m}"
    click.echo(f"已统计 {report.people} 人（{months_said}） {report.people} people counted ({months_said})")
    if report.unreadable:
        click.echo(
            f"{report.unreadable} 人的身份证号无法解密，年龄和性别记为“不详”：请检查密钥环。"
            f" The identity numbers of {report.unreadable} could not be opened: look at the key ring.",
            err=True,
        )
    if as_json:
        facts = {"report": report.id, "people": report.people, "unreadable": report.unreadable}
        click.echo(json.dumps(facts | {"first": f"{report.first:%Y-%m}", "last": f"{report.last:%Y-%m}"}))
