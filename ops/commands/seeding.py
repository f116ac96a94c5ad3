"""Cases whose answer is known, put among the others: of recordings of a folder, or of the voices that came along."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from certification import knowncases
from certification.errors import Problem
from certification.knowncases import Clip, Pair
from ops import shipped
from ops.commands.desk import as_json, by, region_of, runtime
from voiceprint import audio

MOST = 500


class PairsUnusable(Problem):
    """A line of the list says no pair."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"录音对列表有误：{why}。每行写“1|0 登记录音 来电录音”，1 是同一人，0 是不同的人，几段用 + 相连。",
            f"The list of pairs is wrong: {why}. A line is `1|0 ENROLLED CALL`, 1 for one speaker; join files by `+`.",
        )


@click.command()
@click.option("--region", "place", required=True, help="among the cases of this region, by code or name")
@click.option("--pairs", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="1|0 ENROLLED CALL a line")
@click.option("--audio", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="where they lie")
@click.option("--most", type=click.IntRange(1, MOST), default=10, show_default=True, help="put in so many")
@by()
@as_json
def seed(place: str, pairs: Path | None, folder: Path | None, most: int, by: str, as_json: bool) -> None:
    """Put cases whose answer is known among the others, to see how well they are judged. 放入已知答案的案件。

    --pairs: recordings of people who agreed to it, or made by machine; without it, the voices that came along. Nobody
    is told, nothing follows, and they are in no number of real cases. Who was right is on the console, under operators.
    """
    rt = runtime()
    region = region_of(rt.regions, place)
    made = _read(pairs, folder or pairs.parent) if pairs else shipped.pairs(rt.random)
    seeded = []
    with rt.sessions.begin() as session:
        for _, pair in zip(range(most), made, strict=False):
            seeded.append(knowncases.seed(session, rt, region, pair, by=by).id)
    click.echo(f"已放入 seeded: {len(seeded)} · {region.name} {region.code}")
    if as_json:
        click.echo(json.dumps({"region": region.code, "seeded": seeded}))


def _read(pairs: Path, folder: Path) -> Iterator[Pair]:
    """The pairs of a list, in its order. Raises PairsUnusable, AudioUnreadable, AudioEmpty."""
    from voiceprint.evaluation import parse  # with the encoder's libraries, which no other command needs

    trials, problems = parse(pairs.read_text("utf-8").splitlines())
    if problems:
        raise PairsUnusable(str(problems[0]))
    if not trials:
        raise PairsUnusable("– 0")
    for trial in trials:
        enrolled = [_clip([folder / name]) for name in trial.enrolment]
        yield Pair(trial.genuine, enrolled, [_clip([folder / name for name in trial.test])])


def _clip(paths: list[Path]) -> Clip:
    """What is in these files one after another, as it sounds on the telephone."""
    samples = np.concatenate([audio.read(path) for path in paths])
    return Clip("+".join(path.name for path in paths), audio.encode_mulaw(audio.telephone(samples)))
