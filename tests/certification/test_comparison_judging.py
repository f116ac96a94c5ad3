"""What a comparison says of somebody is what the rules of evidence say, in whatever engine it is computed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import URL

from certification.comparison import engines, expression
from certification.comparison.engines import EngineUnreachable
from certification.comparison.gathering import Gathering
from certification.comparison.rolls import SCHEMA
from certification.comparison.rules import REGISTER, Outcome, Rules, Source
from certification.comparison.signals import File
from certification.evidence import Closed, Lesser, Rule, Sign, Strength, decide
from certification.keys import KeyRing
from certification.periods import Span, add_months
from tests.certification.comparing import Signal, number, signals

ON = date(2026, 3, 10)
NONE_SEEN = timedelta(days=400)
SOURCES = (
    Source(REGISTER, Strength.OFFICIAL, ON - timedelta(days=31)),
    Source("medical", Strength.LIVE, ON - timedelta(days=60)),
    Source("bank_card", Strength.POSSESSION, ON - timedelta(days=45)),
    Source("transit", Strength.POSSESSION, ON - timedelta(days=20)),
)
LIVE = Rules(ON, SOURCES, ("cremation", "death"), Rule(Strength.LIVE))
BACKED = replace(LIVE, rule=Rule(Strength.LIVE, Lesser(Strength.POSSESSION, Strength.LIVE, 12)))
REGISTERED = replace(LIVE, rule=Rule(Strength.OFFICIAL), register_only=True)
RULES = {"live": LIVE, "backed": BACKED, "register": REGISTERED}


@dataclass(frozen=True)
class Somebody:
    """A person with their present period, what is on record of them, and the signals about them."""

    order: int
    span: Span
    closed: bool
    backed_on: date | None
    dead_on: date | None
    alive_on_record: date | None
    signals: tuple[tuple[str, date, str], ...]

    @property
    def row(self) -> tuple[Any, ...]:
        """As rolls.write() would write them down, the number not yet an index."""
        known = (self.closed, self.backed_on, self.dead_on, self.alive_on_record)
        return (f"{self.order:032x}", number(self.order), f"period{self.order}", self.span.opens, self.span.due, *known)


def somebody(random: Random, order: int) -> Somebody:
    """Anybody at all."""

    def day(most: int) -> date:
        return ON - timedelta(days=random.randrange(most))

    opens = day(90)
    found = []
    for _ in range(random.choice((0, 1, 1, 2, 3, 5))):
        source = random.choice([*(one.name for one in SOURCES), "civil_registry"])
        event = random.choice(("seen", "seen", "seen", "paid", "death", "cremation"))
        found.append((source, ON + timedelta(days=random.randrange(-80, 4)), event))
    return Somebody(
        order,
        Span(opens, ON + timedelta(days=random.randrange(40))),
        random.random() < 0.2,
        day(500) if random.random() < 0.5 else None,
        day(60) if random.random() < 0.1 else None,
        day(60) if random.random() < 0.1 else None,
        tuple(found),
    )


def expected(one: Somebody, rules: Rules) -> str:
    """The outcome by the rules as they are written, one thing after another."""
    strengths = {source.name: source for source in rules.sources}
    dead = {day for _, day, event in one.signals if event in rules.dead and day <= rules.on}
    life = [
        (strengths[source], day)
        for source, day, event in one.signals
        if event not in rules.dead and source in strengths and day <= rules.on
    ]
    stands = sorted(day for day in dead if one.alive_on_record is None or day > one.alive_on_record)
    died = one.dead_on or (next(iter(stands)) if stands and stands[0] == min(dead) else stands[-1] if stands else None)
    if died is not None:
        return Outcome.CONTRADICTION if any(day > died for _, day in life) else Outcome.DEATH
    said = {
        source for source, day, event in one.signals if day <= rules.on and (source in strengths or event in rules.dead)
    }
    if rules.register_only and REGISTER not in said:
        return Outcome.ELSEWHERE
    latest = {source: max(day for other, day in life if other == source) for source, _ in life}
    signs = [
        Sign("record", source.strength, day, source.name) for source, day in latest.items() if day >= source.earliest
    ]
    backing = rules.rule.lesser is not None and one.backed_on is not None
    on_record = [Sign("voice", Strength.LIVE, one.backed_on or ON, "on record")] if backing else []
    if any(sign.on in one.span and _suffices(sign, [*signs, *on_record], rules.rule) for sign in signs):
        return Outcome.CERTIFIED
    return Outcome.ALREADY if one.closed else Outcome.UNRESOLVED


def _suffices(sign: Sign, known: list[Sign], rule: Rule) -> bool:
    return isinstance(decide(Span(sign.on, sign.on), known, rule), Closed)


@pytest.fixture(scope="module")
def crowd() -> list[Somebody]:
    """Two thousand people of every kind, and those whose backing is on the edge."""
    random = Random(20261127)
    return [*(somebody(random, order) for order in range(1, 2001)), *on_the_edge(2001)]


def on_the_edge(order: int) -> Iterator[Somebody]:
    """A weak sign, and what backs it: on the same day, a day after, twelve months before, and a day more."""
    seen, day = ON - timedelta(days=10), timedelta(days=1)
    card, medical = ("bank_card", seen, "seen"), ("medical", ON - timedelta(days=30), "seen")
    backings = (seen, seen + day, add_months(seen, -12), add_months(seen, -12) - day)
    for number_, (backed_on, beside) in enumerate([*((one, ()) for one in backings), (seen + day, (medical,))]):
        period = Span(ON - timedelta(days=20), ON + timedelta(days=40))
        yield Somebody(order + number_, period, False, backed_on, None, None, (card, *beside))


def test_backing_counts_from_the_same_day_to_twelve_months_before() -> None:
    assert [expected(one, BACKED) for one in on_the_edge(1)] == [
        "certified",
        "unresolved",
        "certified",
        "unresolved",
        "certified",
    ]


def judged(crowd: list[Somebody], rules: Rules, engine: str, folder: Path) -> dict[str, dict[str, Any]]:
    """What an engine says of them, by person."""
    rows: list[Signal] = [
        (number(one.order), source, day.isoformat(), event) for one in crowd for source, day, event in one.signals
    ]
    Random(1).shuffle(rows)
    keys = KeyRing.from_text(KeyRing.generate_text())
    people = [(one.row[0], keys.index(one.row[1], "people.number"), *one.row[2:]) for one in crowd]
    gathering = Gathering([File.of(signals(folder / "signals.csv", rows))], rules, keys, folder)
    gathering.gather()
    pq.write_table(pa.table([list(column) for column in zip(*people, strict=True)], schema=SCHEMA), folder / "roll")
    gathering.lay_out(folder / "roll")
    engines.judge(gathering, "people", rules, engine)
    engines.write(gathering, "people", folder / "out.arrow")
    with pa.ipc.open_file(folder / "out.arrow") as file:
        said = file.read_all().to_pylist()
    gathering.con.disconnect()
    assert [row["person_id"] for row in said] == [one.row[0] for one in crowd]
    return {row["person_id"]: row for row in said}


@pytest.mark.parametrize("name", sorted(RULES))
def test_it_says_what_the_rules_of_evidence_say(name: str, crowd: list[Somebody], tmp_path: Path) -> None:
    rules = RULES[name]
    said = judged(crowd, rules, engines.DUCKDB, tmp_path)
    wrong = [
        (one, said[one.row[0]], expected(one, rules))
        for one in crowd
        if said[one.row[0]]["outcome"] != expected(one, rules)
    ]
    assert not wrong, wrong[0]
    assert {row["outcome"] for row in said.values()} >= {"certified", "already", "unresolved", "death", "contradiction"}
    for one in crowd:
        row = said[one.row[0]]
        if row["stronger"] is not None:
            assert row["stronger_strength"] > row["strength"], "or what backs others for a year would be lost"
        if row["outcome"] == Outcome.CERTIFIED:
            assert row["seen_on"] in one.span
            assert row["strength"] == next(source.strength for source in SOURCES if source.name == row["source"])


@pytest.fixture
def postgres_engine(postgres: URL) -> str:
    """The PostgreSQL of the tests, as a URL that Ibis knows."""
    host = postgres.query.get("host")
    if host is None:
        return postgres.set(drivername="postgres").render_as_string(hide_password=False)
    return f"postgres://{postgres.username}@/{postgres.database}?host={host}"


@pytest.mark.parametrize("name", sorted(RULES))
def test_postgresql_says_the_same(name: str, crowd: list[Somebody], postgres_engine: str, tmp_path: Path) -> None:
    assert judged(crowd, RULES[name], postgres_engine, tmp_path) == judged(crowd, RULES[name], "duckdb", tmp_path)


@pytest.fixture(scope="module")
def spark() -> Iterator[str]:
    """Spark in local mode."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if not (os.environ.get("JAVA_HOME") or any(Path("/usr/lib/jvm").glob("*"))):
        pytest.skip("Spark needs Java, which is not here")
    yield "pyspark://"


@pytest.mark.filterwarnings("ignore")  # Spark has its own about pandas, Arrow and sockets
@pytest.mark.parametrize("name", sorted(RULES))
def test_spark_says_the_same(name: str, crowd: list[Somebody], spark: str, tmp_path: Path) -> None:
    assert judged(crowd, RULES[name], spark, tmp_path) == judged(crowd, RULES[name], "duckdb", tmp_path)


@pytest.mark.parametrize("engine", ["nonsense", "postgres://nobody@127.0.0.1:1/none"])
def test_an_engine_that_is_not_there_is_named(engine: str, crowd: list[Somebody], tmp_path: Path) -> None:
    with pytest.raises(EngineUnreachable, match="COMPARISON_ENGINE"):
        judged(crowd[:3], LIVE, engine, tmp_path)


def test_the_months_are_those_of_the_rules() -> None:
    assert BACKED.rule.lesser is not None
    assert add_months(ON, -BACKED.rule.lesser.months) == date(2025, 3, 10)
    assert set(expression.PEOPLE) - {"roll_row"} < set(SCHEMA.names)
