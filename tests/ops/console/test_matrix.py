"""Every page and every role: whoever may use it gets in, all others are refused; an unlisted page is closed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from certification import agents
from certification.agents import AgentKind
from certification.runtime import Runtime
from certification.staff import Role
from ops.app import create_app
from ops.console import access
from tests.certification.conftest import Clock
from tests.certification.suspending import journalled
from tests.ops.console.browser import Account, Browser, hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EVERYBODY = frozenset(Role)
CASES = {Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR}
DECIDE = {Role.OPERATOR, Role.SUPERVISOR}
PEOPLE = {Role.CLERK, Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR}
CLERK = {Role.CLERK}
STUDIO = {Role.SUPERVISOR, Role.ADMINISTRATOR}
TEND = {Role.CLERK, Role.SUPERVISOR}
EXPORTS = {Role.SUPERVISOR, Role.AUDITOR}
REPORTS = {Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR}
SUPERVISOR = {Role.SUPERVISOR}
PAYMENTS = {Role.SUPERVISOR, Role.AUDITOR}
WORK = {Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR}
STRANGERS = "whoever is not signed in, too"
MATRIX: dict[tuple[str, str], frozenset[Role] | set[Role] | str] = {
    ("GET", "/console/"): EVERYBODY,
    ("GET", "/console/sign-in"): STRANGERS,
    ("POST", "/console/sign-in"): STRANGERS,
    ("POST", "/console/sign-out"): EVERYBODY,
    ("POST", "/console/language/<code>"): STRANGERS,
    ("GET", "/console/cases"): CASES,
    ("GET", "/console/cases.<kind>"): CASES,
    ("GET", "/console/cases/events"): CASES,
    ("GET", "/console/cases/<case_id>"): CASES,
    ("GET", "/console/cases/<case_id>/recordings/<recording_id>.wav"): CASES,
    ("GET", "/console/cases/<case_id>/recordings/<recording_id>.png"): CASES,
    ("POST", "/console/cases/<case_id>/take"): DECIDE,
    ("POST", "/console/cases/<case_id>/give-back"): DECIDE,
    ("POST", "/console/cases/<case_id>/decide"): DECIDE,
    ("POST", "/console/cases/<case_id>/take-back"): DECIDE,
    ("GET", "/console/people"): PEOPLE,
    ("POST", "/console/people"): PEOPLE,
    ("GET", "/console/people/<person_id>"): PEOPLE,
    ("POST", "/console/people/<person_id>/number"): PEOPLE,
    ("POST", "/console/people/<person_id>/certify"): CLERK,
    ("POST", "/console/people/<person_id>/signs/<evidence_id>/withdraw"): {Role.CLERK, Role.SUPERVISOR},
    ("POST", "/console/people/<person_id>/signs/<evidence_id>/put-back"): SUPERVISOR,
    ("POST", "/console/people/<person_id>/pin"): CLERK,
    ("POST", "/console/people/<person_id>/word"): CLERK,
    ("POST", "/console/people/<person_id>/needs"): CLERK,
    ("POST", "/console/people/<person_id>/code"): CLERK,
    ("POST", "/console/people/<person_id>/helpers"): CLERK,
    ("POST", "/console/people/<person_id>/helpers/<helper_id>/end"): CLERK,
    ("GET", "/console/people/<person_id>/enrol"): CLERK,
    ("GET", "/console/people/<person_id>/enrol/events"): CLERK,
    ("GET", "/console/people/<person_id>/enrol/agreement.svg"): CLERK,
    ("GET", "/console/people/<person_id>/enrol/microphone"): CLERK,
    ("POST", "/console/people/<person_id>/enrol/consent"): CLERK,
    ("POST", "/console/people/<person_id>/enrol/phone"): CLERK,
    ("POST", "/console/people/<person_id>/enrol/microphone"): CLERK,
    ("POST", "/console/people/<person_id>/enrol/samples/<int:n>"): CLERK,
    ("GET", "/console/roll"): PEOPLE,
    ("GET", "/console/roll.<kind>"): EXPORTS,
    ("GET", "/console/people/<person_id>/ways"): PEOPLE,
    ("POST", "/console/people/<person_id>/forms"): CLERK,
    ("POST", "/console/people/<person_id>/letters"): CLERK,
    ("POST", "/console/people/<person_id>/visits"): TEND,
    ("POST", "/console/people/<person_id>/appointment"): TEND,
    ("GET", "/console/papers"): PEOPLE,
    ("GET", "/console/papers.<kind>"): EXPORTS,
    ("POST", "/console/papers/find"): PEOPLE,
    ("GET", "/console/papers/<paper_id>"): PEOPLE,
    ("POST", "/console/papers/<paper_id>/post"): CLERK,
    ("POST", "/console/papers/<paper_id>/receive"): CLERK,
    ("POST", "/console/papers/<paper_id>/accept"): CLERK,
    ("POST", "/console/papers/<paper_id>/return"): CLERK,
    ("GET", "/console/visits"): PEOPLE,
    ("GET", "/console/visits.<kind>"): EXPORTS,
    ("GET", "/console/visits/<visit_id>"): PEOPLE,
    ("GET", "/console/visits/<visit_id>/photo"): PEOPLE,
    ("POST", "/console/visits/<visit_id>/assign"): TEND,
    ("POST", "/console/visits/<visit_id>/again"): TEND,
    ("POST", "/console/visits/<visit_id>/drop"): TEND,
    ("GET", "/console/rounds"): {Role.VISITOR},
    ("GET", "/console/rounds/<visit_id>"): {Role.VISITOR},
    ("POST", "/console/rounds/<visit_id>"): {Role.VISITOR},
    ("GET", "/console/appointments"): PEOPLE,
    ("GET", "/console/appointments.<kind>"): EXPORTS,
    ("GET", "/console/appointments/invited.<kind>"): EXPORTS,
    ("POST", "/console/appointments/<appointment_id>/cancel"): TEND,
    ("POST", "/console/appointments/<appointment_id>/keep"): CLERK,
    ("POST", "/console/appointments/<appointment_id>/miss"): TEND,
    ("POST", "/console/appointments/<appointment_id>/restore"): TEND,
    ("GET", "/console/mine"): {Role.AGENT},
    ("GET", "/console/mine.<kind>"): {Role.AGENT},
    ("POST", "/console/mine/find"): {Role.AGENT},
    ("POST", "/console/mine/certify"): {Role.AGENT},
    ("POST", "/console/mine/<person_id>/signs/<evidence_id>/withdraw"): {Role.AGENT},
    ("GET", "/console/people/new"): CLERK,
    ("POST", "/console/people/new"): CLERK,
    ("GET", "/console/people/<person_id>/record"): CLERK,
    ("POST", "/console/people/<person_id>/record"): CLERK,
    ("GET", "/console/staff.<kind>"): {Role.ADMINISTRATOR},
    ("GET", "/console/people/<person_id>/card"): CLERK | {Role.AUDITOR},
    ("GET", "/console/agents"): {Role.SUPERVISOR, Role.AUDITOR},
    ("GET", "/console/agents.<kind>"): {Role.SUPERVISOR, Role.AUDITOR},
    ("GET", "/console/agents/<agent_id>.<kind>"): {Role.SUPERVISOR, Role.AUDITOR},
    ("GET", "/console/agents/<agent_id>"): {Role.SUPERVISOR, Role.AUDITOR},
    ("GET", "/console/staff"): {Role.ADMINISTRATOR, Role.AUDITOR},
    ("POST", "/console/staff"): {Role.ADMINISTRATOR},
    ("POST", "/console/staff/close"): {Role.ADMINISTRATOR},
    ("POST", "/console/staff/reopen"): {Role.ADMINISTRATOR},
    ("GET", "/console/prompts"): STUDIO | {Role.AUDITOR},
    ("GET", "/console/prompts.<kind>"): STUDIO | {Role.AUDITOR},
    ("GET", "/console/prompts/<dialect>/<name>"): STUDIO | {Role.AUDITOR},
    ("POST", "/console/prompts/<dialect>/<name>"): STUDIO,
    ("GET", "/console/prompts/<dialect>/<name>/<int:number>.wav"): STUDIO | {Role.AUDITOR},
    ("GET", "/console/prompts/<dialect>/<name>/<int:number>.svg"): STUDIO | {Role.AUDITOR},
    ("POST", "/console/prompts/<dialect>/<name>/<int:number>/cut"): STUDIO,
    ("POST", "/console/prompts/<dialect>/<name>/<int:number>/publish"): STUDIO,
    ("POST", "/console/prompts/<dialect>/<name>/withdraw"): STUDIO,
    ("GET", "/console/suspensions"): PAYMENTS,
    ("GET", "/console/suspensions.<kind>"): PAYMENTS,
    ("GET", "/console/suspensions/<list_id>"): PAYMENTS,
    ("GET", "/console/suspensions/<list_id>/events"): PAYMENTS,
    ("GET", "/console/suspensions/<list_id>/people.<kind>"): PAYMENTS,
    ("POST", "/console/suspensions/<list_id>/sign"): SUPERVISOR,
    ("POST", "/console/suspensions/<list_id>/release"): SUPERVISOR,
    ("POST", "/console/suspensions/restore"): SUPERVISOR,
    ("POST", "/console/suspensions/<list_id>/people/<person_id>/off"): SUPERVISOR,
    ("POST", "/console/suspensions/<list_id>/people/<person_id>/back"): SUPERVISOR,
    ("POST", "/console/suspensions/entries/<entry_id>/lift"): SUPERVISOR,
    ("POST", "/console/suspensions/entries/<entry_id>/suspend-again"): SUPERVISOR,
    ("POST", "/console/suspensions/<list_id>/file"): SUPERVISOR,
    ("GET", "/console/runs"): WORK,
    ("GET", "/console/runs.<kind>"): WORK,
    ("GET", "/console/runs/<run_id>"): WORK,
    ("GET", "/console/runs/<run_id>/events"): WORK,
    ("GET", "/console/runs/<run_id>/results.<kind>"): PAYMENTS,
    ("GET", "/console/runs/<run_id>/rejected.<kind>"): PAYMENTS,
    ("POST", "/console/runs/<run_id>/release"): SUPERVISOR,
    ("POST", "/console/runs/<run_id>/undo"): SUPERVISOR,
    ("GET", "/console/errands"): WORK,
    ("GET", "/console/errands.<kind>"): WORK,
    ("GET", "/console/errands/<errand_id>"): WORK,
    ("GET", "/console/errands/<errand_id>/events"): WORK,
    ("POST", "/console/errands/proposal"): STUDIO,
    ("POST", "/console/errands/comparison"): STUDIO,
    ("POST", "/console/errands/known-cases"): STUDIO,
    ("POST", "/console/errands/known-recordings"): STUDIO,
    ("GET", "/console/campaigns"): WORK,
    ("GET", "/console/campaigns.<kind>"): WORK,
    ("GET", "/console/campaigns/<campaign_id>"): WORK,
    ("GET", "/console/campaigns/<campaign_id>/events"): WORK,
    ("GET", "/console/campaigns/<campaign_id>/counts.<kind>"): WORK,
    ("POST", "/console/campaigns/<campaign_id>/<deed>"): SUPERVISOR,
    ("GET", "/console/password"): EVERYBODY,
    ("POST", "/console/password"): EVERYBODY,
    ("GET", "/console/sign-in/provider"): STRANGERS,
    ("GET", "/console/sign-in/back"): STRANGERS,
    ("GET", "/console/sign-in/code"): STRANGERS,
    ("POST", "/console/sign-in/code"): STRANGERS,
    ("POST", "/console/staff/provider"): {Role.ADMINISTRATOR},
    ("GET", "/console/journal"): {Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR},
    ("GET", "/console/journal/file.<kind>"): {Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR},
    ("GET", "/console/journal/check"): {Role.AUDITOR, Role.ADMINISTRATOR},
    ("GET", "/console/journal/checks.<kind>"): {Role.AUDITOR, Role.ADMINISTRATOR},
    ("POST", "/console/journal/check"): {Role.AUDITOR, Role.ADMINISTRATOR},
    ("GET", "/console/journal/check/<check_id>/events"): {Role.AUDITOR, Role.ADMINISTRATOR},
    ("GET", "/console/journal/listened"): {Role.AUDITOR, Role.SUPERVISOR},
    ("GET", "/console/journal/listened.<kind>"): {Role.AUDITOR, Role.SUPERVISOR},
    ("GET", "/console/reports"): REPORTS,
    ("GET", "/console/reports/picture.svg"): REPORTS,
    ("GET", "/console/reports/table.<kind>"): REPORTS,
    ("GET", "/console/reports/equity"): REPORTS,
    ("GET", "/console/reports/equity/picture.svg"): REPORTS,
    ("GET", "/console/reports/equity/table.<kind>"): REPORTS,
    ("GET", "/console/reports/events"): REPORTS,
    ("POST", "/console/reports/make"): {Role.SUPERVISOR, Role.ADMINISTRATOR},
    ("GET", "/console/operators"): CASES,
    ("GET", "/console/operators/picture.svg"): CASES,
    ("GET", "/console/operators.<kind>"): CASES,
    ("GET", "/console/operators/<staff_id>"): CASES,
    ("GET", "/console/operators/<staff_id>/picture.svg"): CASES,
    ("GET", "/console/operators/<staff_id>/table.<kind>"): CASES,
    ("GET", "/console/operators/<staff_id>/known.<kind>"): {Role.SUPERVISOR, Role.AUDITOR},
    ("GET", "/console/static/<path:filename>"): STRANGERS,
}
"""Who may use what: written down here a second time, so that nobody opens a page by mistake."""


def rules(app: Flask) -> Iterator[tuple[str, Rule]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/console"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, rule


def filled(path: str) -> str:
    """An address of a page, of things that are not there."""
    known = path.replace("<path:filename>", "console.css").replace("<code>", "zh").replace("<kind>", "csv")
    return re.sub("<[a-z_]+>", "0" * 32, re.sub("<int:[a-z_]+>", "0", known))


def test_every_page_is_listed(app: Flask) -> None:
    assert {(method, rule.rule) for method, rule in rules(app)} == set(MATRIX)


def signed_in(app: Flask, rt: Runtime, role: Role) -> Browser:
    with rt.sessions.begin() as session:
        factory = {"name": "机床厂", "kind": AgentKind.EMPLOYER, "region": "kunming", "by": "cli"}
        agent = agents.add(session, rt, **factory) if role is Role.AGENT else None  # type: ignore[arg-type]
    browser = Browser(app, rt)
    account: Account = hire(rt, f"某{role.value}", role, agent=agent)
    assert browser.signs_in(account).status_code == 302
    browser.open("/console/")
    return browser


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_in_where_it_may_and_nowhere_else(app: Flask, rt: Runtime, role: Role) -> None:
    browser, refused = signed_in(app, rt, role), 0
    for (method, path), roles in MATRIX.items():
        if path.endswith("sign-out"):
            continue
        url = filled(path)
        page = browser.page
        answer = browser.open(url) if method == "GET" else browser.send(url)
        browser.page = page
        may = roles == STRANGERS or role in roles
        assert (answer.status_code != 403) == may, (method, path)
        refused += not may
    assert len(journalled(rt, "page refused")) == refused


def test_whoever_is_not_signed_in_gets_nowhere(app: Flask, rt: Runtime) -> None:
    browser = Browser(app, rt)
    browser.open("/console/sign-in")
    for (method, path), roles in MATRIX.items():
        url = filled(path)
        page = browser.page
        answer = browser.open(url) if method == "GET" else browser.send(url)
        browser.page = page
        sent_away = answer.status_code == 302 and answer.location.startswith("/console/sign-in")
        assert sent_away == (roles != STRANGERS), (method, path)


def test_a_page_that_does_not_say_who_may_use_it_is_closed(rt: Runtime, clock: Clock) -> None:
    app = create_app(rt)
    app.add_url_rule("/console/new", endpoint="console.new", view_func=lambda: "secret")
    browser = signed_in(app, rt, Role.ADMINISTRATOR)
    assert browser.open("/console/new").status_code == 403
    app.view_functions["console.new"] = access.for_(access.EVERYBODY)(lambda: "secret")
    assert browser.open("/console/new").status_code == 200
