"""`stillhere`: every command of the service. What a person can put right is said as a sentence, not as a traceback."""

from __future__ import annotations

import logging
from typing import Any

import click

from ivr.prompt_commands import prompts
from ivr.speech.commands import speech
from ivr.speech.engines.commands import models
from ops import masking
from ops.commands import (
    appointments,
    campaigning,
    cases,
    certificates,
    comparing,
    counting,
    deaths,
    desk,
    erasing,
    evidence,
    exporting,
    helpers,
    keeping,
    papers,
    processes,
    reaching,
    regions,
    reminding,
    routes,
    safewords,
    seeding,
    staff,
    suspensions,
    visits,
    voice,
)
from ops.sentences import sentences
from voiceprint.commands import voiceprint


class Sentences(click.Group):
    """A group whose commands end with the sentence of an error that is meant to be read, and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with sentences():
            return super().invoke(ctx)


@click.group(cls=Sentences)
@click.option("-v", "--verbose", is_flag=True, help="say more on standard error")
def main(verbose: bool) -> None:
    """stillhere：没有智能手机的退休人员，打个电话就能完成资格认证。

    The telephone line by which a retiree without a smartphone proves that they are still here.
    """
    masking.begin(logging.INFO if verbose else logging.WARNING)


for command in (
    processes.serve,
    processes.media,
    processes.worker,
    processes.schedule,
    desk.people,
    desk.enrol,
    routes.certify,
    routes.agents_,
    certificates.certificate_,
    evidence.evidence_,
    papers.papers_,
    visits.visits_,
    appointments.appointments_,
    comparing.compare_,
    helpers.helpers_,
    reaching.needs_,
    reaching.contacts_,
    reaching.outages_,
    reminding.due_,
    reminding.remind_,
    campaigning.campaigns_,
    suspensions.suspensions_,
    staff.staff_,
    cases.cases_,
    deaths.deaths_,
    desk.pin,
    desk.code,
    safewords.safeword,
    voice.voice,
    regions.regions,
    counting.reports_,
    keeping.db,
    keeping.keys,
    keeping.journal,
    voiceprint,
    speech,
    models,
    prompts,
):
    main.add_command(command)
desk.people.add_command(erasing.erase)
desk.people.add_command(exporting.export)
voice.voice.add_command(erasing.withdraw)
cases.cases_.add_command(seeding.seed)

if __name__ == "__main__":
    main()
