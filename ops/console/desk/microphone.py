"""The desk's microphone: words shown, recorded by the browser, sent here, and listened to by the worker."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from certification import journal
from certification.runtime import Runtime
from ops import recorded, sittings
from ops.console import access
from ops.console.desk import enrol
from ops.console.desk.enrol import Step
from ops.console.desk.find import named, theirs

QUIET_DBFS, NOISY_DB, CLIPPED = -45.0, 9.0, 0.02
"""From where on the page says that a voice is too quiet, too noisy or too loud: the limits of voiceprint.quality, which
a web process does not load. What counts is what the worker hears."""


def pages(console: Blueprint, rt: Runtime) -> None:
    """Add the sitting."""

    @console.get("/people/<person_id>/enrol/microphone")
    @access.for_(access.DESK)
    def enrol_microphone(person_id: str) -> ResponseReturnValue:
        with rt.sessions.begin() as session:
            one = theirs(session, person_id)
            stands = enrol.standing(session, rt, one)
            if not stands.agreed or stands.sitting is None or stands.sitting.complete:
                return redirect(url_for("console.enrol", person_id=person_id, step=Step.VOICE.value))
            sittings.remind(session, rt, stands.sitting)
            journal.write(session, rt.now(), access.who().name, "person shown", f"person:{one.id}")
            limits = {"quiet": QUIET_DBFS, "noisy": NOISY_DB, "clipped": CLIPPED, "longest": recorded.LONGEST_S - 1}
            shown = {
                "person": one,
                "name": named(rt, one),
                "sitting": stands.sitting,
                "mark": stands.mark,
                "limits": limits,
            }
            return render_template("microphone.html", **shown)

    @console.post("/people/<person_id>/enrol/microphone")
    @access.for_(access.DESK)
    def begin_sitting(person_id: str) -> ResponseReturnValue:
        deed = sittings.afresh if request.form.get("afresh") == "yes" else sittings.begin
        with rt.sessions.begin() as session:
            deed(session, rt, theirs(session, person_id), access.who().name)
        return _here(person_id)

    @console.post("/people/<person_id>/enrol/samples/<int:n>")
    @access.for_(access.DESK)
    @access.weighs(recorded.MOST_BYTES)
    def sample(person_id: str, n: int) -> ResponseReturnValue:
        with rt.sessions() as session:
            theirs(session, person_id)  # before anything slow
        mulaw = recorded.read(request.get_data())
        with rt.sessions.begin() as session:
            sittings.hear(session, rt, theirs(session, person_id), n, mulaw, access.who().name)
        return _here(person_id)


def _here(person_id: str) -> ResponseReturnValue:
    return redirect(url_for("console.enrol_microphone", person_id=person_id), 303)
