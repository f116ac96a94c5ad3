"""Lists: pages by key forwards and backwards, filters from the address, and nothing that cannot be chosen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask, render_template_string
from flask_login import login_user
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from certification.errors import TooManyRows
from certification.runtime import Runtime
from certification.staff import Proven, Role
from certification.store import Paper, PaymentList, Person, new_id
from ops.app import create_app
from ops.console import listing
from ops.console.listing import Field
from ops.console.setup import Signed
from tests.certification.suspending import MAY

BY = (PaymentList.month, PaymentList.id)
LISTS = select(PaymentList.id, PaymentList.month, PaymentList.region)
STATE = Field("state", "x", {"open": "y"})
FIELDS = (STATE, Field("month", "x", kind="month"), Field("on", "x", kind="date"), Field("name", "x", kind="text"))


@contextmanager
def asked(query: str, *fields: Field) -> Iterator[listing.Asked]:
    with Flask("here").test_request_context(f"/list?{query}"):
        yield listing.read(*fields)


def lists(rt: Runtime, number: int) -> list[str]:
    """So many lists, several of a month; their identifiers, the latest month first."""
    rows = [
        PaymentList(
            id=new_id(),
            kind="suspension",
            region="kunming",
            month=date(2026, 1 + one // 3, 1),
            part=one,
            proposed_by="x",
            proposed_at=rt.now(),
        )
        for one in range(number)
    ]
    with rt.sessions.begin() as session:
        session.add_all(rows)
    return [one.id for one in sorted(rows, key=lambda one: (one.month, one.id), reverse=True)]


@pytest.mark.parametrize("down", [True, False], ids=["down", "up"])
def test_pages_forwards_and_back_hold_everything_once(rt: Runtime, down: bool) -> None:
    ids = lists(rt, 8)
    ids = ids if down else ids[::-1]
    with rt.sessions() as session:

        def page(query: dict[str, str]) -> listing.Page:
            with Flask("here").test_request_context("/list", query_string=query):
                return listing.page(session, LISTS, BY, listing.read(), size=3, down=down)

        first = page({})
        second = page({"after": str(first.after)})
        third = page({"after": str(second.after)})
        assert [[row.id for row in one.rows] for one in (first, second, third)] == [ids[:3], ids[3:6], ids[6:]]
        assert first.before is None and third.after is None and second.before and third.before
        back = page({"before": third.before})
        assert [row.id for row in back.rows] == ids[3:6] and back.after and back.before
        begin = page({"before": back.before})
        assert [row.id for row in begin.rows] == ids[:3] and begin.before is None
        assert [row.id for row in listing.everything(session, LISTS, BY, down=down)] == ids


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_file_is_cut(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    lists(rt, 3)
    with rt.sessions() as session:
        monkeypatch.setattr(listing, "MOST", 3)
        assert len(list(listing.everything(session, LISTS, BY))) == 3
        monkeypatch.setattr(listing, "MOST", 2)
        with pytest.raises(TooManyRows):
            list(listing.everything(session, LISTS, BY))


BY_MOMENT = (Paper.since, Paper.id)
PAPERS = select(Paper.id, Paper.since)


def test_pages_in_the_order_of_moments_go_on_behind_the_last(rt: Runtime, wu: Person) -> None:
    facts = {"person_id": wu.id, "kind": "own", "state": "issued", "documents": []}
    rows = [Paper(id=new_id(), number=str(n), since=rt.now() + timedelta(hours=n), **facts) for n in range(4)]
    ids = [one.id for one in rows]
    with rt.sessions.begin() as session:
        session.add_all(rows)
    with rt.sessions() as session, asked("") as one:
        first = listing.page(session, PAPERS, BY_MOMENT, one, size=2)
        second = listing.page(session, PAPERS, BY_MOMENT, listing.Asked(one.fields, {}, after=first.after), size=2)
        back = listing.page(session, PAPERS, BY_MOMENT, listing.Asked(one.fields, {}, before=second.before), size=2)
    assert [[row.id for row in some.rows] for some in (first, second, back)] == [ids[:2], ids[2:], ids[:2]]


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-12:00", "2026-01-01T00:00:00", "x"]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_moment_that_is_none_is_no_such_page(rt: Runtime, moment: str) -> None:
    with rt.sessions() as session, asked("") as one, pytest.raises(NotFound):
        listing.page(session, PAPERS, BY_MOMENT, listing.Asked(one.fields, {}, after=f'["{moment}","x"]'))


KEYS = ["x", "[" * 3000, '["2026-01-01","\\u0000"]', '["2026-01-01","\\ud800"]']


@pytest.mark.parametrize("key", [*KEYS, "[]", '["2026-01-01"]', '["x","y"]', '["2026-01-01",3]', "{}", "[null,null]"])
def test_a_key_that_is_none_is_no_such_page(rt: Runtime, key: str) -> None:
    with rt.sessions() as session, asked("") as one, pytest.raises(NotFound):
        listing.page(session, LISTS, BY, listing.Asked(one.fields, {}, after=key))


def test_what_an_address_asks_for() -> None:
    with asked("state=open&month=2026-05&on=2026-04-30&name= x &other=1", *FIELDS) as one:
        assert one.values == {"state": "open", "month": "2026-05", "on": "2026-04-30", "name": "x"}
        assert (one.month, one.day("on"), one["state"]) == (MAY, date(2026, 4, 30), "open")
    with asked("state=&month=", *FIELDS) as one:
        assert one.values == {} and one.month is None and one.day("on") is None and one["state"] is None


@pytest.mark.parametrize(
    "query",
    [
        "state=shut",
        "month=2026-13",
        "month=0000-01",
        "month=0001-01",
        "on=9999-12-31",
        "month=5",
        "on=2026-02-30",
        "on=x",
        f"name={'x' * 61}",
    ],
)
def test_what_cannot_be_chosen_is_no_such_page(query: str) -> None:
    with pytest.raises(NotFound), asked(query, *FIELDS):
        pass


@given(st.text(max_size=60))
def test_whatever_stands_in_an_address_is_a_filter_or_no_such_page(value: str) -> None:
    for one in FIELDS:
        with Flask("here").test_request_context("/list", query_string={one.name: value}):
            try:
                found = listing.read(one)
            except NotFound:
                continue
            assert found[one.name] in (value.strip(), None)
            assert one.name != "month" or found.month is None or found.month.day == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_is_of_a_region_chooses_none(rt: Runtime) -> None:
    app = create_app(rt)
    for region, fields, chosen in (("kunming", 0, "kunming"), (None, 1, "qingdao")):
        with app.test_request_context("/console/?region=qingdao"):
            login_user(Signed(Proven("x", "某", Role.AUDITOR, region), "x"))
            found = listing.region_field(rt)
            assert len(found) == fields
            assert listing.read(*found).region == chosen


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_form_the_pages_and_the_files_keep_what_was_asked(rt: Runtime) -> None:
    app = create_app(rt)
    app.add_url_rule("/<list_id>", endpoint="one", view_func=lambda list_id: list_id)
    app.add_url_rule("/<list_id>.<kind>", endpoint="one_file", view_func=lambda list_id, kind: list_id + kind)
    source = (
        '{% import "listing.html" as listing with context %}{{ listing.filters(asked) }}'
        '{{ listing.pager(page, asked) }}{{ listing.exports("one_file", asked.values, list_id="a") }}'
    )
    with app.test_request_context("/a?state=open&name=%22%3E%3Cscript%3E"):
        found = listing.read(*FIELDS)
        said = render_template_string(source, asked=found, page=listing.Page([], None, '["2026-05-01","b"]'))
    assert '<option value="open" selected>y</option>' in said
    assert "<script>" not in said and 'value="&#34;&gt;&lt;script&gt;"' in said
    assert "state=open" in said and "/a.xlsx?" in said and "after=" in said and "before=" not in said


@pytest.mark.parametrize("down", [False, True])
def test_what_is_rare_is_looked_for_in_steps_and_found_both_ways(rt: Runtime, down: bool) -> None:
    ids = lists(rt, 10)
    rare = LISTS.where(PaymentList.id.in_([ids[1], ids[8]]))
    walk, found, queries = select(*BY), list[list[str]](), list[dict[str, str]]()

    def page(query: dict[str, str]) -> listing.Page:
        with asked(urlencode(query)), rt.sessions() as session:
            return listing.page(session, rare, BY, listing.read(), size=3, down=down, walk=walk, step=3)

    query: dict[str, str] = {}
    while len(queries) < 9:
        queries.append(query)
        now = page(query)
        found.append([row.id for row in now.rows])
        if now.after is None:
            break
        query = {"after": now.after}
    assert len(found) == 4 and {one for some in found for one in some} == {ids[1], ids[8]}
    assert [] in found, "a step without any is a page of its own"
