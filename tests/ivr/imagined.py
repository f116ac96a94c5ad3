"""A domain that is only imagined: it answers every edge function with one of its results, by chance or by order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from ivr.acts import ACTS
from ivr.dialects import dialects
from ivr.scripts.common import ON_A_PAGE
from ivr.steps import PENDING, Event, Facts, Json, State

DETAILS: dict[str, dict[str, Json]] = {
    "languages": {"dialects": [*dialects()]},
    "draw": {"names": ["shuzi", "yuyan", "fandian"], "words": ["数字", "语言", "饭店"]},
    "next_date": {"date": [2027, 5, 14]},
    "where": {"region": "kunming"},
    "weighed": {"receipt": "8412057360"},
    "check_pin": {"receipt": "8412057360"},
    "operator": {"number": "12333"},
    "check_receipt": {"date": [2026, 3, 31]},
    "appointment": {"region": "nanjing", "time": [1, "2026-03-11T09:00:00+08:00"]},
    "book": {"region": "nanjing", "time": [2, "2026-03-12T14:30:00+08:00"]},
    "times": {"region": "nanjing", "page": [[1, "2026-03-11T09:00:00+08:00"], [2, "2026-03-12T14:30:00+08:00"]]},
    "offices": {"region": "nanjing", "page": [1, 2, 3]},
    "days": {"page": ["2026-03-11", "2026-03-12"]},
}


BY_CHANCE: dict[str, dict[str, list[Json]]] = {
    "where": {"appointments": [True, False]},
    "times": {"fourth": ["later", "other", ""], "of_day": [True, False]},
    "offices": {"more": [True, False]},
    "days": {"more": [True, False]},
}


@dataclass(slots=True)
class Imagined:
    """`orders` names the result of an edge function; chance decides where it is not ordered."""

    orders: Mapping[str, str] = field(default_factory=dict)
    chance: Random = field(default_factory=lambda: Random(1))

    def __call__(self, name: str, _state: State, _event: Event) -> Facts:
        possible = sorted(ACTS[name].results)
        if PENDING in possible:  # a worker takes its time
            possible += [PENDING] * len(possible)
        result = self.orders.get(name) or self.chance.choice(possible)
        assert result in possible
        facts: dict[str, Json] = {"result": result, **DETAILS.get(name, {})}
        if name in ("choose_dialect", "name_dialect"):
            facts["dialect"] = self.chance.choice([*dialects()])
        if name == "languages":
            facts["page"] = self.chance.choice(range(-(-len(dialects()) // ON_A_PAGE)))
        facts |= {fact: self.chance.choice(values) for fact, values in BY_CHANCE.get(name, {}).items()}
        return facts
