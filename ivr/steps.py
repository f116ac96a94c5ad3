"""The kinds of step a call is made of, what can happen at one, and what a call remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Facts: TypeAlias = Mapping[str, Json]  # what an edge function found out; its "result" chooses the next step
Saying: TypeAlias = tuple[str, ...]  # prompt names; "cantonese:greeting" is said in that dialect, always

GLOBAL_KEYS = "0*9"  # a human, again, another language: everywhere but while a number is keyed
DROPPED = "dropped"  # the outcome of a call whose caller hung up in the middle
PENDING = "pending"  # the result of a Wait that must wait on
BACK = "back"  # the successor that means: where the caller was before
REPEAT = "repeat"  # the choice that means: say it again


@dataclass(frozen=True, slots=True)
class Began:
    """A step is entered; nothing has been heard yet."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """Keys were pressed. Only the step that asked for them sees them; they are never kept."""

    digits: str


@dataclass(frozen=True, slots=True)
class Spoke:
    """Words of the step's grammar were said."""

    words: tuple[str, ...]
    confidence: float = 1.0
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """There was a voice, but nothing that can be said here."""

    recording: str | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """No sound and no key."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The listening broke off, and nobody knows what was said: never the caller's fault."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nobody could listen: the caller goes on with keys."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """The call to a human has ended; `completed` says that somebody answered."""

    completed: bool


@dataclass(frozen=True, slots=True)
class Polled:
    """A waiting caller is still there."""


Event: TypeAlias = Began | Keyed | Spoke | NotUnderstood | Silent | Broken | Unavailable | Dialled | Polled


@dataclass(frozen=True, slots=True)
class State:
    """Where a call is and what it knows. Kept as JSON between turns; holds nothing that was keyed."""

    step: str
    dialect: str = "mandarin"
    tries: int = 0  # times this step has been asked again; in a Wait, times looked
    back: str = "menu"
    keys_only: bool = False
    slowly: bool = False  # for whoever hears badly: each question is said twice, and waited for longer
    broken: int = 0  # times the listening broke off in this call
    told: Saying = ()  # what was told on the way to this step, to be said again with it
    known: Mapping[str, Facts] = field(default_factory=dict)

    def fact(self, name: str, key: str = "result") -> Json:
        """One thing found out by the edge function of that name; None when it has not run or did not say."""
        return self.known.get(name, {}).get(key)

    @classmethod
    def kept(cls, fields: Mapping[str, Any]) -> State:
        """The state that was kept as JSON."""
        return cls(**{**fields, "told": tuple(fields.get("told", ()))})

    def as_json(self) -> dict[str, Json]:
        """What is kept between two turns."""
        return {
            "step": self.step,
            "dialect": self.dialect,
            "tries": self.tries,
            "back": self.back,
            "keys_only": self.keys_only,
            "slowly": self.slowly,
            "broken": self.broken,
            "told": list(self.told),
            "known": {name: dict(facts) for name, facts in self.known.items()},
        }


Says: TypeAlias = Saying | Callable[[State], Saying]
Then: TypeAlias = str | Mapping[str, str]  # the next step, or one for each result


def spell_out(says: Says, state: State) -> Saying:
    """The prompts to play, for a call in this state."""
    return says(state) if callable(says) else says


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What every step has. `prepare` names an edge function run on entry, `act` one run on an answer."""

    says: Says = ()
    then: Then = field(default_factory=dict)
    prepare: str | None = None
    act: str | None = None
    left: str = DROPPED  # the outcome of a call whose caller hangs up here

    def saying(self, state: State) -> Saying:
        return spell_out(self.says, state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell(Step):
    """Say something and go on at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys(Step):
    """Ask for keys: one of `choices` ("" stands for silence), or `length` digits of a number."""

    length: int = 1
    or_length: int | None = None  # a number may be shorter: so long
    last_may_be_x: bool = False  # a resident identity number may end in X, keyed as *
    hash_ends: bool = False  # the caller is asked to end with #, which must not fall into the next step
    choices: Mapping[str, str] | None = None
    skip: str | None = None  # where silence or a single key leads, when the number may be left out
    hear_out: bool = False  # no key counts before all was said
    again: Says | None = None
    lost: str = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """How many groups of how many words are to be repeated, and how often a group may be tried again."""

    groups: int
    words: int
    retries: int
    by_voice_alone: bool = False  # a key or silence is no answer, and the group is asked for again


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak(Step):
    """Listen to a voice (keys count too): `choices` by word or key, or a challenge, whose `act` hears everything."""

    grammar: str
    silence_s: float
    choices: Mapping[str, str] | None = None
    challenge: Challenge | None = None
    again: Says | None = None
    lost: str = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Step):
    """Keep the caller company until `act` says something other than PENDING."""

    again: Says = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Step):
    """Connect the caller with a human; results are completed and failed."""

    operator: str  # the edge function whose facts hold the number


@dataclass(frozen=True, slots=True, kw_only=True)
class End(Step):
    """Say the last sentence and hang up."""

    outcome: str


AnyStep: TypeAlias = Tell | Keys | Speak | Wait | Transfer | End
Script: TypeAlias = Mapping[str, AnyStep]
