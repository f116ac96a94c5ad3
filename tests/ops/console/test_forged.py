"""A form that another site or session sends in somebody's name: refused on every route, and nothing is done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from certification import agents, appointments, certifying, helpers, people
from certification.agents import AgentKind
from certification.evidence import Kind, Strength
from certification.helpers import Relation
from certification.runtime import Runtime
from certification.staff import Role
from certification.store import Agent, Base, Person, Suspension
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.ops.console.browser import HERE, PASSWORD, Browser, hire
from tests.ops.console.test_every_page import things
from tests.ops.console.test_matrix import MATRIX, STRANGERS, rules

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SAFE = {"GET", "HEAD", "OPTIONS"}
OURS, REFUSED = "/console", "页面过期了"
SIGNED = {"password": PASSWORD, "code": "000000"}
PERSON, LISTED = "/people/<person_id>", "/suspensions/<list_id>"
FORMS: dict[str, dict[str, str]] = {
    "/sign-in": {"name": "某clerk", **SIGNED},
    "/sign-in/code": {"code": "000000"},
    "/sign-out": {},
    "/language/<code>": {},
    "/password": {**SIGNED, "new": "another long one", "again": "another long one"},
    "/cases/<case_id>/take": {},
    "/cases/<case_id>/give-back": {},
    "/cases/<case_id>/decide": {"verdict": "unsure"},
    "/cases/<case_id>/take-back": {"sure": "yes", "why": "误点"},
    "/people": {"wanted": "何女士"},
    "/people/new": {"name": "钱女士", "id_number": resident_number("320102", 1944, 5, 15), "region": "nanjing"},
    f"{PERSON}/number": {},
    f"{PERSON}/certify": {"seen": "yes"},
    f"{PERSON}/signs/<evidence_id>/withdraw": {"sure": "yes", "why": "认错了人"},
    f"{PERSON}/signs/<evidence_id>/put-back": {"sure": "yes", "why": "没有认错"},
    f"{PERSON}/pin": {"pin": "482913", "again": "482913"},
    f"{PERSON}/word": {"word": "西瓜"},
    f"{PERSON}/needs": {"need": "alone"},
    f"{PERSON}/code": {},
    f"{PERSON}/record": {"name": "钱女士"},
    f"{PERSON}/helpers": {"name": "李女士", "phone": "13888000077", "relation": ""},
    f"{PERSON}/helpers/<helper_id>/end": {},
    f"{PERSON}/enrol/consent": {"answer": "yes", "heard": "yes"},
    f"{PERSON}/enrol/phone": {},
    f"{PERSON}/enrol/microphone": {},
    f"{PERSON}/enrol/samples/<int:n>": {},
    f"{PERSON}/forms": {"kind": "own"},
    f"{PERSON}/letters": {"document": "household_booklet", "dated": "2026-03-01"},
    f"{PERSON}/visits": {},
    f"{PERSON}/appointment": {"office": "<office>", "at": "<at>"},
    "/papers/find": {"number": "1"},
    "/papers/<paper_id>/post": {},
    "/papers/<paper_id>/receive": {},
    "/papers/<paper_id>/accept": {"sure": "yes", "signed_on": "2026-03-09"},
    "/papers/<paper_id>/return": {"reason": "没有签名"},
    "/visits/<visit_id>/assign": {"visitor": "某visitor", "on": "2026-03-11", "address": "翠湖北路 1 号"},
    "/visits/<visit_id>/again": {"visitor": "某visitor", "on": "2026-03-11", "address": "翠湖北路 1 号"},
    "/visits/<visit_id>/drop": {"sure": "yes"},
    "/rounds/<visit_id>": {"outcome": "absent", "sure": "yes"},
    "/appointments/<appointment_id>/cancel": {},
    "/appointments/<appointment_id>/keep": {"seen": "yes"},
    "/appointments/<appointment_id>/miss": {},
    "/appointments/<appointment_id>/restore": {},
    "/mine/find": {"number": resident_number("530102", 1950, 5, 15)},
    "/mine/certify": {"person": "<person_id>", "seen": "yes"},
    "/mine/<person_id>/signs/<evidence_id>/withdraw": {"sure": "yes", "why": "认错了人"},
    "/staff": {"name": "新来的", "role": "clerk", "region": "", "agent": ""},
    "/staff/close": {"name": "某visitor"},
    "/staff/reopen": {"name": "某visitor", "sure": "yes"},
    "/staff/provider": {"name": "某clerk", "sub": "somebody"},
    "/prompts/<dialect>/<name>": {},
    "/prompts/<dialect>/<name>/<int:number>/cut": {"starts": "0.1", "ends": "0.5"},
    "/prompts/<dialect>/<name>/<int:number>/publish": {},
    "/prompts/<dialect>/<name>/withdraw": {},
    f"{LISTED}/sign": {**SIGNED, "digest": "0" * 64},
    f"{LISTED}/release": {"sure": "yes"},
    "/suspensions/restore": {"once": "3" * 32, "region": "kunming", "month": "2026-05"},
    f"{LISTED}/people/<listed_person>/off": {"why": "住院"},
    f"{LISTED}/people/<listed_person>/back": {"why": "住院"},
    "/suspensions/entries/<entry_id>/lift": {**SIGNED, "why": "已认证"},
    "/suspensions/entries/<entry_id>/suspend-again": {**SIGNED, "why": "误点"},
    f"{LISTED}/file": {},
    "/runs/<run_id>/release": {"sure": "yes"},
    "/runs/<run_id>/undo": {"sure": "yes", "why": "数据有误"},
    "/campaigns/<campaign_id>/<deed>": {"sure": "yes"},
    "/errands/proposal": {"once": "0" * 32, "region": "kunming", "month": "2026-06", "sure": "yes"},
    "/errands/comparison": {"once": "1" * 32, "region": "kunming", "sure": "yes"},
    "/errands/known-cases": {"once": "2" * 32, "region": "kunming", "number": "2", "sure": "yes"},
    "/errands/known-recordings": {"once": "3" * 32, "region": "kunming", "sure": "yes"},
    "/journal/check": {},
    "/reports/make": {"page": "reports"},
}
"""What would do each deed, of things that are there; what stands in < > is of `town`."""


def test_every_route_that_changes_something_has_a_form_here(app: Flask) -> None:
    known = {path.replace("<listed_person>", "<person_id>") for path in FORMS}
    assert {rule.rule.removeprefix(OURS) for method, rule in rules(app) if method not in SAFE} == known


def town(rt: Runtime, clock: Clock, folder: Path) -> tuple[dict[str, str], Agent]:
    """What stands for each part of an address, each of something that is there; and an agent with people."""
    known, resident = things(rt, clock, folder)
    with rt.sessions.begin() as session:
        one = session.get_one(Person, resident.id)
        helper = helpers.declare(
            session, rt, one, name="王", phone="13888000078", relation=next(iter(Relation)), by="x"
        )
        number = resident_number("320102", 1952, 5, 15)
        other = people.add(session, rt, id_number=number, name="孙女士", region="nanjing")
        at, then = appointments.free(session, rt, rt.regions["nanjing"])[:2]
        booked = appointments.book(session, rt, other, at.office, at.at, "x")
        agent = agents.add(session, rt, name="机床厂", kind=AgentKind.EMPLOYER, region="nanjing", by="x")
        agents.assign(session, rt, agent, one, "x")
        certifying.current_period(session, rt, one)
        seen: dict[str, Any] = {"kind": Kind.DESK, "strength": Strength.OFFICIAL, "source": "desk", "ref": "seen"}
        sign = certifying.record(session, rt, one, **seen, observed_at=rt.now(), actor="x").evidence
        entry = session.scalars(select(Suspension).where(Suspension.list_id == known["list_id"])).first()
        assert entry is not None
        more = {"helper_id": helper.id, "appointment_id": booked.id, "entry_id": entry.id, "deed": "stop"}
        more |= {"evidence_id": sign.id}
        more |= {"listed_person": entry.person_id, "office": then.office, "at": f"{then.at:%Y-%m-%dT%H:%M}"}
    return known | more | {"code": "en", "n": "1", "number": "1"}, agent


def filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"<(?:int:)?([a-z_]+)>", lambda part: known[part[1]], text)


def everything(rt: Runtime) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with rt.sessions() as session:
        tables = Base.metadata.sorted_tables
        return {one.name: sorted(map(tuple, session.execute(select(one)).all()), key=repr) for one in tables}


def sends(browser: Browser, path: str, form: dict[str, str], token: str | None, **headers: str) -> TestResponse:
    """Send a form as some page would, which may be another site's."""
    data = form if token is None else {**form, "csrf_token": token}
    answer = browser.client.post(f"{OURS}{path}", data=data, base_url=HERE, headers=headers)
    answer.close()
    return answer


def token_of(browser: Browser, path: str = "/console/") -> str:
    browser.open(path)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.page)
    assert found is not None
    return found[1]


def forgeries(own: str, others: str) -> dict[str, tuple[str | None, dict[str, str]]]:
    """Each way of sending a form that its sender was not given: the token, and the headers."""
    here = {"Referer": f"{HERE}/console/"}
    return {
        "no token": (None, here),
        "an empty token": ("", here),
        "a token made up": ("forged", here),
        "another session's token": (others, here),
        "another session's token, in the header": (None, {**here, "X-CSRFToken": others}),
        "another site": (own, {"Referer": "https://evil.example/console/", "Origin": "https://evil.example"}),
        "a site whose name begins alike": (own, {"Referer": f"{HERE}.evil.example/console/"}),
        "another port": (own, {"Referer": f"{HERE}:8443/console/"}),
        "no word of where from": (own, {"Origin": "https://evil.example"}),
    }


def who_may(path: str) -> list[Role | None]:
    """Each role that may use a route; None: whoever is not signed in."""
    roles = MATRIX["POST", f"{OURS}{path.replace('<listed_person>', '<person_id>')}"]
    return [None] if roles == STRANGERS else [one for one in Role if one in roles]


@dataclass(slots=True)
class Seated:
    """A browser in which somebody of a role, or nobody, is signed in; the token of its page."""

    browser: Browser
    token: str


def team(app: Flask, rt: Runtime, agent: Agent, more: str = "") -> dict[Role | None, Seated]:
    """Somebody of each role, and nobody, each before a browser."""
    found = dict[Role | None, Seated]()
    for role in (None, *Role):
        browser = Browser(app, rt, f"192.0.{len(more)}.{len(found)}")
        if role is not None:
            account = hire(rt, f"某{role.value}{more}", role, agent=agent if role is Role.AGENT else None)
            assert browser.signs_in(account).status_code == 302
        found[role] = Seated(browser, token_of(browser, "/console/sign-in" if role is None else "/console/"))
    return found


def test_no_form_is_taken_from_another_site_or_session(app: Flask, rt: Runtime, clock: Clock, tmp_path: Path) -> None:
    known, agent = town(rt, clock, tmp_path)
    mine, others = team(app, rt, agent), team(app, rt, agent, "二")
    before, wrong = everything(rt), list[str]()
    for path, form in FORMS.items():
        there, given = filled(path, known), {name: filled(value, known) for name, value in form.items()}
        for role in who_may(path):
            for how, (token, headers) in forgeries(mine[role].token, others[role].token).items():
                answer = sends(mine[role].browser, there, given, token, **headers)
                if answer.status_code != 400 or REFUSED not in answer.get_data(as_text=True):
                    wrong.append(f"{role} {path} with {how}: {answer.status_code}")
        now = everything(rt)
        if now != before:
            wrong.append(f"{path} did something")
        before = now
    assert wrong == []


def test_the_same_forms_are_taken_from_their_own_page(app: Flask, rt: Runtime, clock: Clock, tmp_path: Path) -> None:
    known, agent = town(rt, clock, tmp_path)
    mine, done = team(app, rt, agent), set[str]()
    before = everything(rt)
    for path, form in sorted(FORMS.items(), key=lambda one: one[0] in ("/staff/close", "/staff/reopen", "/sign-out")):
        one, given = mine[who_may(path)[0]], {name: filled(value, known) for name, value in form.items()}
        answer = sends(one.browser, filled(path, known), given, one.token, Referer=f"{HERE}/console/")
        assert REFUSED not in answer.get_data(as_text=True), path
        now = everything(rt)
        if now != before:
            done.add(path)
        before = now
    assert len(done) > len(FORMS) / 2, "most forms of this table really do something"
