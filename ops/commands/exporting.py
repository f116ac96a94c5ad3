"""The command that gives a person everything that is kept about them, in a file that they can read."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import click

from certification import dossier, journal, people, reasons
from certification.dossier import Dossier
from certification.regions import SHANGHAI
from certification.sections import FORMAT, SECTIONS
from certification.store import only_read
from ops import writing
from ops.commands.desk import PersonUnknown, as_json, by, find, impersonal, runtime

DATA, README = "data.json", "README.txt"
_OPENING = """{name}：我们保存的关于您的全部信息
Everything that we keep about you

导出时间 made at: {at}
经办人 by: {by}

本压缩包里有：
In this archive are:

- README.txt：本说明 this page
- data.json：下列各部分的内容（UTF-8 文本，可用记事本打开） the rows of the parts below (text in UTF-8)
- recordings/：还保留着的电话录音 recordings of your calls that are still kept: {recordings}
- photos/：上门照片 photographs of visits: {photos}

data.json 的各部分和条数：
The parts of data.json, and how many rows are in each:

"""
_CLOSING = """
没有放进来的 What is not in it:

- 密码、声纹的数据和查找用的索引：它们不能告诉您什么，被别人拿到却可能冒充您。
  Secrets, the numbers of voiceprints and indexes for finding: they tell nothing to you, and could be used against you.
- 别人的信息：凡涉及他人之处写作“{somebody}”。
  What is about other people: where somebody else is concerned it says only so.
{unreadable}
如有错误，请到社保窗口更正；也可以要求删除。法律要求保留的（回执、电话时间、日志）在删除后不再带有您的姓名。
If anything is wrong, have it put right at the desk; you may also have it erased. What the law keeps (receipts, the
times of calls, the journal) stays without your name.
"""


@click.command()
@click.argument("person_id", metavar="ID")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="a ZIP file, made anew")
@by()
@click.option("--reason", required=True, callback=impersonal, help="why, for the journal; write no name")
@as_json
def export(person_id: str, out: Path, by: str, reason: str, as_json: bool) -> None:
    """Write everything that is kept about a person into a ZIP file for them. 导出某人的全部信息。

    Rows as JSON, recordings as WAV, a page that explains it. It is not sealed: hand it over, and keep no copy.
    """
    rt = runtime()
    with rt.sessions() as session:
        only_read(session)
        found = dossier.of(session, rt, find(session, rt, person_id))
    content = packed(found, rt.now(), by)
    digest = sha256(content).hexdigest()
    with writing.draft(out, content) as written:
        with rt.sessions.begin() as session:
            person = people.hold(session, found.person)
            if person is None:  # erased meanwhile: nothing of them may come out any more
                raise PersonUnknown(person_id)
            why = reasons.about(rt.keys, person, reason)
            facts = {"sha256": digest, "reason": why, "unreadable": len(found.unreadable)}
            journal.write(session, rt.now(), by, "data exported", f"person:{found.person}", **facts)
        writing.put(written, out)  # after the commit: no file without its entry
    for one in found.unreadable:
        click.echo(f"无法打开，未导出 cannot be opened, and is not in it: {one}", err=True)
    click.echo(f"{out} · SHA-256 {digest}")
    if as_json:
        rows = {name: len(rows) for name, rows in found.rows.items()}
        more = {"recordings": len(found.audio), "unreadable": list(found.unreadable)}
        click.echo(json.dumps({"file": str(out), "sha256": digest, "id": found.person, "rows": rows, **more}))


def packed(found: Dossier, at: datetime, by: str) -> bytes:
    """A dossier as the bytes of a ZIP file."""
    from voiceprint import audio

    files = {name: audio.wav(audio.decode_mulaw(sound)) for name, sound in found.audio.items()} | found.photos
    data = {"format": FORMAT, "made_at": at.isoformat(), "by": by, **found.rows}
    texts = {README: explained(found, at, by), DATA: json.dumps(data, ensure_ascii=False, indent=1)}
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in ({name: text.encode() for name, text in texts.items()} | files).items():
            entry = ZipInfo(name, at.astimezone(SHANGHAI).timetuple()[:6])
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, writing.MODE << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def explained(found: Dossier, at: datetime, by: str) -> str:
    """The page that says what each part is."""
    rows: dict[str, list[dict[str, Any]]] = found.rows
    opening = _OPENING.format(
        name=rows["people"][0]["name"] or "–",
        at=f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        by=by,
        recordings=len(found.audio),
        photos=len(found.photos),
    )
    parts = [(one.name, one.zh, one.en) for one in SECTIONS]
    parts.append(("standing", "今天的认证状态", "where you stand today"))
    lines = [f"- {name}（{len(rows[name])}）{zh} {en}\n" for name, zh, en in parts]
    unreadable = ""
    if found.unreadable:
        unreadable = f"- 无法解密的 {len(found.unreadable)} 项 values that cannot be opened: {len(found.unreadable)}\n"
    return opening + "".join(lines) + _CLOSING.format(somebody=dossier.SOMEBODY_ELSE, unreadable=unreadable)
