"""Cases whose answer is known, put among the others: of recordings of a folder, or of the voices that came along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from certification import disguise
from certification.knowncases import Pair
from ivr.dialects import dialects
from ops import pairs as lists
from ops import shipped
from ops.commands.desk import as_json, by, region_of, runtime

MOST = 500


@click.command()
@click.option("--region", "place", required=True, help="among the cases of this region, by code or name")
@click.option("--pairs", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="1|0 ENROLLED CALL a line")
@click.option("--audio", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="where they lie")
@click.option("--most", type=click.IntRange(1, MOST), default=10, show_default=True, help="put in so many")
@by()
@as_json
def seed(place: str, pairs: Path | None, folder: Path | None, most: int, by: str, as_json: bool) -> None:
    """Put cases whose answer is known among the others, to see how well they are judged. 放入已知答案的案件。

    --pairs: recordings of people who agreed to it, or made by machine. A line is `1 a1.wav+a2.wav+a3.wav b1.wav+b2.wav`
    for one speaker, `0 …` for two; the dialect may follow (mandarin, kunming, …). `words b1.wav 数字 饭店 中国` says
    what is said in a recording: without that, whoever listens sees no words, as in no real call. A real call has two
    recordings of three words each, an enrolment three of four. Without --pairs, the two voices that came along: a
    trial, for whoever judges them knows them soon.

    Nobody is told, nothing follows, and they are in no number of real cases. Who was right is on the console, under
    operators.
    """
    rt = runtime()
    region = region_of(rt.regions, place)
    made = _own(pairs, folder or pairs.parent) if pairs else shipped.pairs(rt.random)
    seeded = []
    with rt.sessions.begin() as session:
        for pair in islice(made, most):
            seeded.append(disguise.seed(session, rt, region, pair, by=by).id)
    click.echo(f"已放入 seeded: {len(seeded)} · {region.name} {region.code}")
    if as_json:
        click.echo(json.dumps({"region": region.code, "seeded": seeded}))


def _own(pairs: Path, folder: Path) -> Iterator[Pair]:
    """The pairs of a list, in its order. Raises ListUnreadable, LineUnusable, ListEmpty."""
    found = lists.read(pairs.name, pairs.read_bytes(), dialects=dialects(), most=lists.MOST_OF_A_FILE)
    return found.everything(lambda name: folder / name)
