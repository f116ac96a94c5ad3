"""Cases, limits, consent, enrolment codes and voice templates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from certification import cases, certifying, codes, consent, guesses, limits, people, seals, templates
from certification.cases import CaseKind
from certification.runtime import Runtime
from certification.store import Attempt, Case, Consent, Guesses, JournalEntry, Person, VoiceTemplate, new_id
from tests.certification.conftest import Clock
from tests.certification.numbers import resident_number
from tests.certification.sealed import ringed
from tests.certification.together import at_once

PHONE, OTHER = "+8613888000001", "+8613888000002"


def journalled(session: Session, action: str) -> int:
    session.commit()
    return session.scalars(select(func.count()).where(JournalEntry.action == action)).one()


def test_one_cause_opens_one_case(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        first = cases.open_case(
            session, rt, kind=CaseKind.VOICE_DOUBT, cause="assessment 1", person=wu, detail={"llr": -1.5}
        )
        again = cases.open_case(session, rt, kind=CaseKind.VOICE_DOUBT, cause="assessment 1", person=wu)
        other = cases.open_case(session, rt, kind=CaseKind.CALL_BACK, cause="call 1")
        assert first.id == again.id != other.id
        assert (first.person_id, first.state, first.detail) == (wu.id, "open", {"llr": -1.5})
        assert other.person_id is None
        assert journalled(session, "case opened") == 2
        assert session.scalar(select(func.count()).select_from(Case)) == 2


def allowed(session: Session, rt: Runtime, person: Person) -> bool:
    return limits.voice_allowed(session, rt, person, certifying.current_period(session, rt, person))


def test_three_failures_in_a_day_are_the_limit(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions() as session:
        for number in range(3):
            assert allowed(session, rt, wu)
            limits.failed(session, rt, wu, reason="voice_doubt", ref=f"assessment {number}")
            limits.failed(session, rt, wu, reason="voice_doubt", ref=f"assessment {number}")
            clock.forward(hours=1)
        assert not allowed(session, rt, wu)
        clock.forward(hours=20, minutes=59)
        assert not allowed(session, rt, wu)
        clock.forward(minutes=2)
        assert allowed(session, rt, wu)
        assert session.scalar(select(func.count()).select_from(Attempt)) == 3


def test_five_failures_in_a_period_are_the_limit(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions() as session:
        for number in range(5):
            assert allowed(session, rt, wu)
            limits.failed(session, rt, wu, reason="wrong_words", ref=f"call {number}")
            clock.forward(days=2)
        assert not allowed(session, rt, wu)
        clock.forward(days=20)  # into April: the next quarter
        assert allowed(session, rt, wu)


def test_failures_of_others_and_by_other_methods_do_not_count(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        li = people.add(session, rt, id_number=resident_number("530102", 1952, 8, 1), name="李女士", region="kunming")
        for number in range(5):
            limits.failed(session, rt, li, reason="voice_doubt", ref=f"assessment {number}")
            limits.failed(session, rt, wu, method="face", reason="voice_doubt", ref=f"assessment {number}")
        assert allowed(session, rt, wu)
        assert not allowed(session, rt, li)


def test_consent_is_kept_in_its_words_and_can_be_taken_back(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        assert not consent.given(session, wu)
        consent.record(session, rt, wu, text="我同意登记声音。", how="phone", by="line")
        assert consent.given(session, wu)
        assert not consent.given(session, wu, "reminders")
        consent.withdraw(session, rt, wu, by="clerk")
        consent.withdraw(session, rt, wu, by="clerk")
        assert not consent.given(session, wu)
        assert session.scalars(select(Consent.text)).all() == ["我同意登记声音。"]
        assert journalled(session, "consent withdrawn") == 1


def test_a_code_is_good_until_it_is_used_up(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions() as session:
        assert not codes.open_for_number(session, rt, PHONE)
        code = codes.issue(session, rt, wu, "clerk")
        assert len(code) == 8
        assert code.isdigit()
        assert codes.open_for_number(session, rt, PHONE)
        assert not codes.open_for_number(session, rt, OTHER)
        assert codes.find(session, rt, code, PHONE) is not None
        found = codes.find(session, rt, code, PHONE)
        assert found is not None
        assert found.person_id == wu.id
        clock.forward(minutes=30)
        assert codes.use_up(session, rt, found.id), "it ran out while the words were said"
        assert not codes.use_up(session, rt, found.id)
        clock.forward(minutes=-10)
        assert codes.find(session, rt, code, PHONE) is None
        assert not codes.open_for_number(session, rt, PHONE)
        codes.give_back(session, rt, found.id)
        assert codes.find(session, rt, code, PHONE) is not None


def test_a_code_ends_after_half_an_hour_and_with_the_next_one(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions() as session:
        older, newer = codes.issue(session, rt, wu, "clerk"), codes.issue(session, rt, wu, "clerk")
        assert codes.find(session, rt, older) is None
        clock.forward(minutes=30)
        assert codes.find(session, rt, newer) is None
        assert not codes.open_for_number(session, rt, PHONE)


def test_a_code_that_was_keyed_ends_with_the_next_one(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        keyed = codes.find(session, rt, codes.issue(session, rt, wu, "clerk"), PHONE)
        assert keyed is not None
        newer = codes.issue(session, rt, wu, "clerk")
        assert not codes.use_up(session, rt, keyed.id)
        found = codes.find(session, rt, newer, PHONE)
        assert found is not None
        assert codes.use_up(session, rt, found.id)
        codes.issue(session, rt, wu, "clerk")
        codes.give_back(session, rt, found.id)
        assert codes.find(session, rt, newer, PHONE) is None


def test_after_five_wrong_codes_from_a_number_none_is_looked_at_for_an_hour(
    rt: Runtime, wu: Person, clock: Clock
) -> None:
    with rt.sessions() as session:
        code = codes.issue(session, rt, wu, "clerk")
        wrong = f"{(int(code) + 1) % 10**8:08d}"
        for _ in range(5):
            assert guesses.left(session, rt, guesses.CODE, OTHER)
            assert codes.find(session, rt, wrong, OTHER) is None
        assert not guesses.left(session, rt, guesses.CODE, OTHER)
        for _ in range(2):
            assert codes.find(session, rt, code, OTHER) is None
        assert codes.find(session, rt, wrong, None) is None
        assert guesses.left(session, rt, guesses.CODE, None)
        assert guesses.left(session, rt, guesses.NUMBER, OTHER)
        assert codes.find(session, rt, code, PHONE) is not None
        clock.forward(hours=1)
        for _ in range(5):
            assert guesses.left(session, rt, guesses.CODE, OTHER)
            assert codes.find(session, rt, wrong, OTHER) is None
        assert not guesses.left(session, rt, guesses.CODE, OTHER)
        assert journalled(session, "guesses ended") == 2


def test_a_right_guess_counts_nothing_and_takes_back_no_wrong_one(rt: Runtime) -> None:
    with rt.sessions() as session:
        for _ in range(4):
            assert guesses.guess(session, rt, guesses.CODE, PHONE, lambda: None) is None
        for _ in range(9):
            assert guesses.guess(session, rt, guesses.CODE, PHONE, lambda: "found") == "found"
        assert guesses.left(session, rt, guesses.CODE, PHONE)
        assert guesses.guess(session, rt, guesses.CODE, PHONE, lambda: None) is None
        assert not guesses.left(session, rt, guesses.CODE, PHONE)


def test_a_new_key_gives_nobody_new_guesses(rt: Runtime) -> None:
    with rt.sessions() as session:
        for _ in range(3):
            assert guesses.guess(session, rt, guesses.CODE, PHONE, lambda: None) is None
        renewed = ringed(rt, "2027")
        for _ in range(2):
            assert guesses.left(session, renewed, guesses.CODE, PHONE)
            assert guesses.guess(session, renewed, guesses.CODE, PHONE, lambda: None) is None
        assert not guesses.left(session, renewed, guesses.CODE, PHONE)
        assert guesses.guess(session, renewed, guesses.CODE, PHONE, lambda: "found") is None
        assert journalled(session, "guesses ended") == 1


def test_guesses_that_no_longer_count_are_forgotten(rt: Runtime, clock: Clock) -> None:
    with rt.sessions() as session:
        guesses.guess(session, rt, guesses.CODE, PHONE, lambda: None)
        clock.forward(minutes=59)
        guesses.guess(session, rt, guesses.CODE, OTHER, lambda: None)
        assert guesses.forget(session, rt) == 0
        clock.forward(minutes=1)
        assert guesses.forget(session, rt) == 1
        assert session.scalar(select(func.count()).select_from(Guesses)) == 1


def test_guesses_at_the_same_time_are_all_counted(rt: Runtime) -> None:
    looked: list[bool] = []

    def key() -> None:
        with rt.sessions.begin() as session:
            guesses.guess(session, rt, guesses.CODE, OTHER, lambda: looked.append(True))

    at_once(8, key)
    assert len(looked) == guesses.CODE.most


def test_a_code_used_up_by_two_calls_at_the_same_time_is_used_once(rt: Runtime, wu: Person) -> None:
    with rt.sessions.begin() as session:
        found = codes.find(session, rt, codes.issue(session, rt, wu, "clerk"), PHONE)
        assert found is not None

    def use_up() -> bool:
        with rt.sessions.begin() as session:
            return codes.use_up(session, rt, found.id)

    assert sorted(at_once(2, use_up)) == [False, True]


def keep(session: Session, rt: Runtime, person: Person) -> VoiceTemplate:
    template_id = new_id()
    sealed = rt.keys.seal(b"a template", seals.template(template_id, person.id))
    return templates.keep(
        session, rt, person, template_id=template_id, encoder="e", sealed=sealed, utterances=3, source="files"
    )


def test_the_newest_template_is_in_use(rt: Runtime, wu: Person, clock: Clock) -> None:
    with rt.sessions() as session:
        assert templates.current(session, wu) is None
        older = keep(session, rt, wu)
        clock.forward(days=1)
        newer = keep(session, rt, wu)
        current = templates.current(session, wu)
        assert current is newer
        assert rt.keys.open(current.sealed, seals.template(current.id, wu.id)) == b"a template"
        session.refresh(older)
        assert older.retired_at == rt.now() == newer.created_at
        assert older.created_at == rt.now() - timedelta(days=1)


def test_the_database_itself_holds_to_one_template_in_use(rt: Runtime, wu: Person) -> None:
    with rt.sessions() as session:
        keep(session, rt, wu)
        row = {
            "person_id": wu.id,
            "encoder": "e",
            "sealed": b"",
            "utterances": 1,
            "source": "x",
            "created_at": rt.now(),
        }
        session.add(VoiceTemplate(**row))
        with pytest.raises(IntegrityError):
            session.flush()
