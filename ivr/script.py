"""Every step of every call, by name."""

from __future__ import annotations

from ivr.scripts.appointment import APPOINTMENT
from ivr.scripts.busy import BUSY
from ivr.scripts.certify import CERTIFY
from ivr.scripts.common import COMMON
from ivr.scripts.confirm import CONFIRM
from ivr.scripts.enrol import ENROL
from ivr.scripts.help import HELP
from ivr.steps import Script

SCRIPT: Script = {**COMMON, **HELP, **APPOINTMENT, **CERTIFY, **ENROL, **CONFIRM, **BUSY}
