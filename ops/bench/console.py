"""The console's pages in a city of two million with 20,000 open cases: the queue, and looking for somebody.

Whole pages, through the web process without a network: session, rights, queries, what is opened, what is written down,
the page's text. `python -m ops.bench.console` measures on the PostgreSQL server at TEST_POSTGRES_URL, whose user may
create databases.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import click
import pyotp
from flask.testing import FlaskClient
from sqlalchemy import select, text

from certification import seals, staff
from certification.cases import CaseKind
from certification.identity import check_character
from certification.keys import KeyRing
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Case, Person, open_sessions
from ops.app import create_app
from ops.bench import city, parts, results

CASES = 20_000
ROUNDS = 100
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = ("秀英", "桂英", "秀兰", "玉兰", "桂兰", "秀珍", "凤英", "玉珍", "建国", "志明", "德华", "国强", "文华")
_RARE = "安邦昌成春德恩芳福高光国海和洪华惠吉家建江杰金静军康兰丽良林玲龙美敏明宁平强清庆荣瑞山淑涛文武霞贤"
_SECRET = "not a secret: a bench"  # noqa: S105
_HERE = "http://127.0.0.1"
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_KINDS = (CaseKind.VOICE_DOUBT, CaseKind.CALL_BACK, CaseKind.TO_CALL, CaseKind.UNREACHED, CaseKind.LIMIT_REACHED)


def names() -> Iterator[str]:
    """Names as a city has them, without end: one in eight is of the commonest, most are rare."""
    chance = Random(7)  # noqa: S311 - the same city each time
    while True:
        given = chance.choice(_GIVEN) if chance.random() < 0.12 else "".join(chance.choices(_RARE, k=2))
        yield chance.choices(_SURNAMES, weights=range(len(_SURNAMES), 0, -1))[0] + given


def numbers() -> Iterator[str]:
    """Identity numbers of nobody, each once."""
    for at in range(10_000_000):
        born = f"{1930 + at % 36}{1 + at // 36 % 12:02d}{1 + at // 432 % 28:02d}"
        front = f"{530102 + at // (36 * 12 * 28 * 999):06d}{born}{1 + at // (36 * 12 * 28) % 999:03d}"
        yield front + check_character(front)


def people(keys: KeyRing) -> Callable[[str], tuple[bytes, str, bytes, str]]:
    """What of somebody is sealed, by their identifier: name, its index, number, its index."""
    named, numbered = names(), numbers()

    def made(identifier: str) -> tuple[bytes, str, bytes, str]:
        name, number = next(named), next(numbered)
        return (
            keys.seal(name.encode(), seals.name(identifier)),
            keys.index(seals.plain(name), seals.NAME),
            keys.seal(number.encode(), seals.number(identifier)),
            keys.index(number, seals.NUMBER),
        )

    return made


def measured(rt: Runtime) -> dict[str, object]:
    """Median and 95th percentile of each page, in milliseconds, and bytes of its text."""
    client = _signed_in(rt)
    found = dict[str, object]()
    for name, ask in _asked(rt, client).items():
        took, size = list[float](), 0
        for _ in range(ROUNDS):
            began = time.perf_counter()
            size = ask()
            took.append((time.perf_counter() - began) * 1000)
        took.sort()
        found[name] = {"median_ms": round(took[ROUNDS // 2], 1), "p95_ms": round(took[ROUNDS * 95 // 100], 1)}
        found[name] |= {"bytes": size}  # type: ignore[operator]
    return found


def _asked(rt: Runtime, client: FlaskClient) -> dict[str, Callable[[], int]]:
    with rt.sessions() as session:
        somebody = session.scalars(select(Person).order_by(Person.id).offset(1000).limit(1)).one()
        number = rt.keys.open(somebody.number_sealed, seals.number(somebody.id)).decode()
        name = rt.keys.open(somebody.name_sealed, seals.name(somebody.id)).decode()
        case = session.scalars(select(Case.id).where(Case.kind == _KINDS[1].value).limit(1)).one()
    page = client.get("/console/people", base_url=_HERE)
    token = _TOKEN.search(page.get_data(as_text=True))
    assert token is not None

    def get(path: str) -> Callable[[], int]:
        def ask() -> int:
            answer = client.get(path, base_url=_HERE)
            assert answer.status_code == 200, answer.status
            return len(answer.data)

        return ask

    def look(wanted: str) -> Callable[[], int]:
        def ask() -> int:
            form = {"csrf_token": token.group(1), "wanted": wanted}
            answer = client.post("/console/people", data=form, base_url=_HERE, follow_redirects=True)
            assert answer.status_code == 200, answer.status
            return len(answer.data)

        return ask

    return {
        "queue": get("/console/cases"),
        "queue of one kind": get(f"/console/cases?kind={_KINDS[0].value}"),
        "queue, whether it changed": get("/console/cases/events"),
        "person by number": look(number),
        "person by name": look(name),
        "person by the commonest name": look("王秀英"),
        "nobody of this name": look("欧阳无人"),
        "one case": get(f"/console/cases/{case}"),
        "the roll": get("/console/roll"),
        "the roll, those nearly due": get("/console/roll?stand=due&days=30"),
        "the roll, a rare need": get("/console/roll?need=hard_of_hearing"),
    }


def _signed_in(rt: Runtime) -> FlaskClient:
    with rt.sessions.begin() as session:
        facts: dict[str, Any] = {"role": Role.SUPERVISOR, "password": _SECRET, "region": None, "agent": None}
        code = pyotp.parse_uri(staff.add(session, rt, name="bench", **facts, by="bench"))
    assert isinstance(code, pyotp.TOTP)
    app = create_app(rt)
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False  # nobody looks for so many people in a minute
    client = app.test_client()
    page = client.get("/console/sign-in", base_url=_HERE).get_data(as_text=True)
    token = _TOKEN.search(page)
    assert token is not None
    form = {"csrf_token": token.group(1), "name": "bench", "password": _SECRET, "code": code.at(rt.now())}
    assert client.post("/console/sign-in", data=form, base_url=_HERE).status_code == 302
    return client


def _open_cases(rt: Runtime) -> None:
    """CASES of five kinds, a tenth of them of people who go before others."""
    with rt.sessions.begin() as session:
        chosen = list(session.scalars(select(Person.id).order_by(Person.id).limit(CASES * 50)))[::50]
    now = rt.now()
    city.fill(
        rt,
        "cases(id, cause, kind, person_id, detail, state, opened_at, rank)",
        (
            (f"{at:032x}", f"bench:{at}", _KINDS[at % 5].value, one, "{}", "open", now.isoformat(), _rank(at))
            for at, one in enumerate(chosen)
        ),
    )
    with rt.sessions.begin() as session:
        session.execute(text("ANALYZE cases"))


def _rank(at: int) -> str:
    return f"1{int(at % 10 != 0)}2026-12-{1 + at % 28:02d}"


@click.command()
@click.option("--people", "so_many", default=city.PEOPLE, show_default=True)
@click.option("--save", is_flag=True, help="keep the result in docs/bench, with date and commit")
def bench(so_many: int, save: bool) -> None:
    """Measure, and print one JSON object."""
    server = os.environ.get("TEST_POSTGRES_URL")
    if not server:
        raise click.ClickException("请设置 TEST_POSTGRES_URL。Set TEST_POSTGRES_URL: this is measured on PostgreSQL.")
    with parts.database() as rt, parts.postgresql(server) as url:
        settings = replace(rt.settings, redis_url="memory://")  # tries to sign in are counted here
        own = replace(rt, settings=settings, sessions=open_sessions(url))
        there = city.build(own, so_many, people(rt.keys))
        _open_cases(there)
        pages = measured(there)
        there.sessions.kw["bind"].dispose()
    found: dict[str, object] = {"people": so_many, "cases": CASES, "rounds": ROUNDS, "pages": pages}
    found |= {"machine": results.machine(), "load": round(os.getloadavg()[1], 1)}
    click.echo(json.dumps(results.keep(found, "console-") if save else found, ensure_ascii=False))


if __name__ == "__main__":
    bench()
