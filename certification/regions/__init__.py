"""A city's rules as data: the built-in region files, and the ones that a folder of the operator puts over them."""

from certification.regions.faults import RegionFileInvalid, Wrong
from certification.regions.fields import SHANGHAI, DaysOff
from certification.regions.hours import holidays_missing, operator_open, quiet, staffed
from certification.regions.loading import BASE, BUILT_IN, Regions
from certification.regions.places import Office, OperatorLine, Paper, Post, Slots
from certification.regions.plans import (
    Climb,
    Comparison,
    Household,
    Ladder,
    Reminders,
    Reply,
    Rung,
    Source,
    Suspension,
)
from certification.regions.schema import EvidenceRules, Region, Route, VoiceRules

__all__ = [
    "BASE",
    "BUILT_IN",
    "SHANGHAI",
    "Climb",
    "Comparison",
    "DaysOff",
    "EvidenceRules",
    "Household",
    "Ladder",
    "Office",
    "OperatorLine",
    "Paper",
    "Post",
    "Region",
    "RegionFileInvalid",
    "Regions",
    "Reminders",
    "Reply",
    "Route",
    "Rung",
    "Slots",
    "Source",
    "Suspension",
    "VoiceRules",
    "Wrong",
    "holidays_missing",
    "operator_open",
    "quiet",
    "staffed",
]
