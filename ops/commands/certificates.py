"""Commands of certificates: whether a number certifies, and the page to be printed for its holder."""

from __future__ import annotations

import json
from pathlib import Path

import click

from certification import certificates, certifying, journal
from certification.certificates import Certificate
from certification.evidence import Kind
from certification.store import only_read
from ops import pages, writing
from ops.commands.desk import as_json, by, find, runtime

UNKNOWN = "没有这个编号，请核对 no certificate has this number: please check it"


@click.group("certificate")
def certificate_() -> None:
    """Certificates of certification. 认证证明。"""


@certificate_.command()
@click.argument("number")
@as_json
def check(number: str, as_json: bool) -> None:
    """Say what a certificate's number stands for, and nothing of the person. 核对证明编号。

    Exit status 1 where there is none.
    """
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        found = certificates.check(session, rt, number)
    if found is None:
        click.echo(UNKNOWN, err=True)
    else:
        place = rt.regions[found.region].name
        click.echo(f"{found.number} · {found.on} · {place} · {' '.join(found.way)}")
        click.echo(_standing(found))
    if as_json:
        click.echo(json.dumps(_facts(found), ensure_ascii=False))
    if found is None:
        raise SystemExit(1)


@certificate_.command("print")
@click.argument("person_id", metavar="ID")
@click.option("--out", required=True, help="an HTML file, made anew; - for standard output")
@by("desk")
def print_(person_id: str, out: str, by: str) -> None:
    """Write the certificate of a person's latest certified period as a page to print. 打印认证证明。"""
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        person = find(session, rt, person_id)
        printed = certificates.issue(session, rt, person)
    number, day = printed.certificate.number, certifying.day_of(rt.now())
    page = pages.certificate(printed, rt.regions[printed.certificate.region], day)

    def journalled() -> None:
        with rt.sessions.begin() as session:
            subject = f"person:{person.id}"
            journal.write(session, rt.now(), by, "certificate printed", subject, certificate=number)

    if out == "-":
        journalled()
        click.echo(page)
        return
    with writing.draft(Path(out), page.encode()) as written:
        journalled()  # before the page is there: none without its entry
        writing.put(written, Path(out))
    click.echo(f"{out} · {number}")


def _standing(found: Certificate) -> str:
    if found.erased and found.withdrawn:
        return "已撤回，此人的信息已删除 withdrawn; the person's data were erased"
    if found.erased:
        return "曾经出具；此人的信息已删除 it was issued; the person's data were erased"
    if found.withdrawn and found.kind != Kind.RECORD:
        return "已撤回：登记有误 withdrawn: it was entered by mistake"
    if found.withdrawn:
        return "已撤回：所依据的比对已撤销 withdrawn: the comparison that it rests on was undone"
    if not found.certifies:
        return "有记录，但不足以完成认证 on record, and does not certify by itself"
    if found.stands:
        return f"有效，至 {found.until} stands, until {found.until}"
    return f"曾经有效，{found.until} 止，现在不再有效 it certified until {found.until}, and no longer stands"


def _facts(found: Certificate | None) -> dict[str, object]:
    if found is None:
        return {"found": False}
    return {
        "found": True,
        "number": found.number,
        "on": found.on.isoformat(),
        "region": found.region,
        "kind": found.kind,
        "certifies": found.certifies,
        "until": found.until and found.until.isoformat(),
        "stands": found.stands,
        "withdrawn": found.withdrawn,
        "erased": found.erased,
    }
