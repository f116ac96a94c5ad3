"""The sweep: what fell between a commit and the queue, calls whose end nobody reported, and recordings out of date."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from redis.exceptions import RedisError
from rq.exceptions import DeserializationError
from rq.job import Job
from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from certification import consent, doors, erasure, guesses, journal, opening, outages, retention, signins
from certification.comparison import folders
from certification.ladder import climbing
from certification.reports import making
from certification.runtime import QueueUnavailable, Runtime
from certification.store import Assessment, Call, Period, Person, forget_deleted, only_read
from ivr.acts.voices import abandoned
from ivr.calls import left
from ivr.script import SCRIPT
from ivr.steps import DROPPED, State, Transfer
from ops import comparisons, ended, errands, heartbeat, releases, texting
from ops.concluding import conclude
from ops.duties import one_by_one
from ops.jobs import in_hand, tried_enough
from ops.judging import NO_END, Verdict
from ops.queue import connect, queue_of

logger = logging.getLogger(__name__)

EVERY_S = 5
ASSESSMENT_LATE = timedelta(seconds=10)
ASSESSMENT_HOPELESS = timedelta(minutes=10)
CALL_SILENT = timedelta(minutes=10)
TALK_SILENT = timedelta(hours=5)  # a talk with an operator sends no webhook; the carrier ends it after four hours


def run(rt: Runtime) -> None:
    """Sweep every few seconds until the process is told to stop."""
    stop = heartbeat.beat(rt.settings.redis_url, "schedule")
    while not stop.is_set():
        sweep(rt)
        stop.wait(EVERY_S)


def sweep(rt: Runtime) -> None:
    """Do every duty. Safe at any time, and beside another sweep; one that fails, however, waits for the next."""
    for duty in DUTIES:
        try:
            duty(rt)
        except (SQLAlchemyError, RedisError, QueueUnavailable) as error:
            logger.warning("%s waits for the next sweep: %s", duty.__name__, error)
        except Exception:
            logger.exception("%s failed, and waits for the next sweep", duty.__name__)


def requeue_assessments(rt: Runtime) -> int:
    """Queue again what is still to be weighed and in no queue; a job that comes twice does nothing the second time.

    What is about to be given up is not begun once more.
    """
    queued = {_identifier(job) for job in queue_of(connect(rt.settings.redis_url)).get_jobs()}
    with rt.sessions() as session:
        spoken_for = queued.union(_hopeless(session, rt))
        late = [one.id for one in session.scalars(_pending(rt.now() - ASSESSMENT_LATE))]
    lost = [identifier for identifier in late if identifier not in spoken_for]
    for identifier in lost:
        rt.enqueue("ops.jobs.assess", identifier)
    return len(lost)


def _identifier(job: Job) -> str | None:
    """What a job is about; None for one that is not of ours."""
    try:
        return str(job.args[0])
    except (DeserializationError, LookupError, TypeError):
        return None


def _pending(asked_before: datetime) -> Select[Assessment]:
    pending = select(Assessment).where(Assessment.state == "pending", Assessment.asked_at < asked_before)
    return pending.order_by(Assessment.asked_at)


def _hopeless(session: Session, rt: Runtime) -> list[str]:
    """What was asked for long ago, and begun again and again; what was not begun only waits for a worker."""
    old = session.scalars(_pending(rt.now() - ASSESSMENT_HOPELESS))
    return [one.id for one in old if tried_enough(one.detail)]


def give_up_assessments(rt: Runtime) -> int:
    """Hand to a human what was begun again and again and never finished: something in it breaks the worker."""
    with rt.sessions() as session:
        hopeless = _hopeless(session, rt)
    return one_by_one(rt, hopeless, _give_up)


def _give_up(session: Session, rt: Runtime, identifier: str) -> bool:
    assessment = session.get_one(Assessment, identifier)
    if in_hand(assessment.detail, rt.now()):
        return False
    return conclude(session, rt, assessment, Verdict.unweighable(assessment.purpose, NO_END), actor="schedule")


def end_silent_calls(rt: Runtime) -> int:
    """End each call of which nothing was heard for long: its status callback was lost."""
    unended = Call.ended_at.is_(None), Call.seen_to_at.is_(None)  # the second follows from the first, and has an index
    running = select(Call).where(*unended, Call.touched_at < rt.now() - CALL_SILENT)
    with rt.sessions() as session:
        silent = [call.id for call in session.scalars(running) if call.touched_at < rt.now() - _silence(call)]
    return one_by_one(rt, silent, _end)


def _silence(call: Call) -> timedelta:
    return TALK_SILENT if isinstance(SCRIPT.get(call.state.get("step", "")), Transfer) else CALL_SILENT


def _end(session: Session, rt: Runtime, identifier: str) -> bool:
    call = session.get_one(Call, identifier)
    if call.touched_at >= rt.now() - _silence(call):
        return False  # heard of again since
    unmoved = update(Call).where(Call.id == call.id, Call.ended_at.is_(None), Call.touched_at == call.touched_at)
    step = call.state.get("step", "")  # a release before this one may have had other steps
    outcome = func.coalesce(Call.outcome, left(State(step)) if step in SCRIPT else DROPPED)
    came_to = session.scalar(unmoved.values(ended_at=rt.now(), outcome=outcome).returning(Call.outcome))
    if came_to is None:
        return False
    if came_to == DROPPED:
        abandoned(session, rt, call, State.kept(call.state))
    journal.write(session, rt.now(), "schedule", "call found ended", f"call:{call.id}", outcome=came_to)
    return True


def see_to_ended_calls(rt: Runtime) -> int:
    """Do what is left to do for each caller whose call is over."""
    with rt.sessions() as session:
        found = session.scalars(ended.unseen(rt)).all()
    return one_by_one(rt, found, ended.see_to)


def erase_recordings(rt: Runtime) -> int:
    """Erase each recording that has been kept for as long as was promised. The journal has the proof."""
    erased, more = 0, True
    while more:
        with rt.sessions.begin() as session:
            more = bool(gone := erasure.outdated_recordings(session, rt, "schedule"))
        erased += gone
    if erased:
        forget_deleted(rt.sessions)
    return erased


def erase_withdrawn_voices(rt: Runtime) -> int:
    """Erase what is still kept of a voice whose person took their consent back, and what no open case needs."""
    with rt.sessions() as session:
        only_read(session)
        found = erasure.withdrawn(session, consent.VOICEPRINT)
    erased = one_by_one(rt, found, _erase_voice)
    if erased:
        forget_deleted(rt.sessions)
    return erased


def _erase_voice(session: Session, rt: Runtime, identifier: str) -> bool:
    return consent.see_to_withdrawn(session, rt, identifier, "schedule")


def forget_guesses(rt: Runtime) -> int:
    """Delete counts of wrong guesses and tries to sign in that no longer count, and who was signed in long ago."""
    with rt.sessions.begin() as session:
        return guesses.forget(session, rt) + doors.forget(session, rt.now()) + signins.forget(session, rt.now())


def forget_texts(rt: Runtime) -> int:
    """Delete a slice of what was written, sent and known for longer than it is to be kept."""
    with rt.sessions.begin() as session:
        forgotten = sum(retention.forget(session, rt, "schedule").values())
    if forgotten:
        forget_deleted(rt.sessions)
    return forgotten


def empty_log(rt: Runtime) -> int:
    """Empty SQLite's write-ahead log once a minute: what was erased while somebody read or wrote may be there yet."""
    return int(rt.now().second < EVERY_S and forget_deleted(rt.sessions))


def open_periods(rt: Runtime) -> int:
    """See to it that everybody has the period on record that today lies in: a slice, until today's round is done."""
    return opening.go_on(rt)


def begin_ladders(rt: Runtime) -> int:
    """Put people on the ladder whose period is over and not certified."""
    with rt.sessions() as session:
        over = climbing.overdue(session, rt)
    return one_by_one(rt, over, _begin_ladder)


def _begin_ladder(session: Session, rt: Runtime, identifier: str) -> bool:
    period = session.get_one(Period, identifier)
    return climbing.begin(session, rt, session.get_one(Person, period.person_id), period)


def lead_up_ladders(rt: Runtime) -> int:
    """Lead whoever is on the ladder on where it is time, and take off who is certified."""
    with rt.sessions() as session:
        found = climbing.climbing(session, rt)
    return one_by_one(rt, found, climbing.climb)


def clear_comparisons(rt: Runtime) -> int:
    """Clear what comparisons that were killed left lying: indexes of the roll, and what other offices say of people."""
    return one_by_one(rt, folders.left(rt, folders.LEFT_FOR), _clear_comparison)


def _clear_comparison(session: Session, rt: Runtime, identifier: str) -> bool:
    return folders.clear_left(session, rt, identifier, "schedule", folders.LEFT_FOR)


def make_reports(rt: Runtime) -> int:
    """Count a slice of the night's report, or of one that nobody goes on with."""
    return making.see_to(rt)


def do_errands(rt: Runtime) -> int:
    """Have done what was asked for in the console, and delete files of which nothing came."""
    errands.clear_left(rt)
    return errands.see_to(rt)


def notice_outages(rt: Runtime) -> int:
    """Note that the service runs, and the outage that lies behind it."""
    with rt.sessions.begin() as session:
        return int(outages.seen(session, rt) is not None)


DUTIES = (
    requeue_assessments,
    give_up_assessments,
    end_silent_calls,
    see_to_ended_calls,
    erase_recordings,
    erase_withdrawn_voices,
    forget_guesses,
    forget_texts,
    empty_log,
    open_periods,
    begin_ladders,
    lead_up_ladders,
    clear_comparisons,
    make_reports,
    comparisons.go_on_with_runs,
    releases.go_on_with_lists,
    do_errands,
    notice_outages,
    *texting.DUTIES,
)
