"""What every call has: the welcome, the choice of dialect, the menu, who is calling, and a human."""

from __future__ import annotations

from ivr.dialects import dialects
from ivr.speech.vocabulary import meanings_anywhere
from ivr.steps import BACK, End, Keys, Saying, Script, Speak, State, Tell, Transfer

SHORT, LONG = "pause.short", "pause.long"
COMMAND_SILENCE_S = 0.9
ON_A_PAGE = 3  # dialects offered at once: with "others" no menu has more than four options
_KEYS = {"1": "certify", "2": "date", "3": "help", "0": "human", "8": "code"}


def digits(number: str) -> Saying:
    """Digits one by one, slowly, in groups of three or four."""
    cuts = [*range(3, len(number) - 1, 3)]
    groups = [number[a:b] for a, b in zip([0, *cuts], [*cuts, len(number)], strict=True)]
    return tuple(
        name for group in groups for name in (*(part for digit in group for part in (f"digit.{digit}", SHORT)), LONG)
    )


def receipt(state: State, found_by: str) -> Saying:
    """The receipt number that an edge function found, said twice."""
    found = state.fact(found_by, "receipt")
    if not isinstance(found, str):
        return ()
    number = digits(found)
    return ("receipt.is", SHORT, *number, "receipt.again", SHORT, *number)


def offered(state: State) -> Saying:
    """A page of dialects, each in its own voice with its key; the last key leads to the next page."""
    shown = enumerate(on_page(state), start=1)
    offers = [(f"{name}:language.{name}", f"{name}:digit.{key}") for key, name in shown]
    others = [("language.others", f"digit.{ON_A_PAGE + 1}")] if pages(state) > 1 else []
    return tuple(part for offer in (*offers, *others) for part in offer)


def offered_again(state: State) -> Saying:
    """The same, asked in other words."""
    return ("language.again", *offered(state))


def on_page(state: State) -> list[str]:
    """The dialects on the page that the caller hears, in the order of their keys."""
    page = state.fact("languages", "page")
    first = ON_A_PAGE * page if isinstance(page, int) else 0
    return [str(name) for name in _list(state, "languages", "dialects")[first : first + ON_A_PAGE]]


def pages(state: State) -> int:
    """How many pages the dialects fill."""
    return -(-len(_list(state, "languages", "dialects")) // ON_A_PAGE)


def _list(state: State, name: str, key: str) -> list[object]:
    found = state.fact(name, key)
    return list(found) if isinstance(found, list | tuple) else []


def due_date(state: State) -> Saying:
    """The last day on which the caller can certify."""
    return ("date.next", SHORT, *day_said(state, "next_date"))


def day_said(state: State, found_by: str) -> Saying:
    """A day that an edge function found."""
    year, month, day = _list(state, found_by, "date")
    return (*(f"digit.{digit}" for digit in str(year)), "date.year", f"month.{month}", f"day.{day}")


def _who_says(prompt: str, state: State) -> Saying:
    unknown = state.fact("identify") in ("again", "full") and not state.fact("identify", "several")
    return ("who.unknown", prompt) if unknown else (prompt,)


def who(name: str, then: str, skip: str | None = None) -> Script:
    """Ask who is calling: the last four characters from a known number, else all eighteen; then go to `then`.

    Silence or a single key leads to `skip`, where there is one.
    """
    tail, full = f"{name}.tail", f"{name}.full"
    found = {"found": then, "full": full, "lost": "lost"}
    return {
        name: Tell(prepare="lookup", then={"tail": tail, "full": full}),
        tail: Keys(
            says=lambda state: _who_says("who.tail", state),
            again=("who.tail.again",),
            length=4,
            skip=skip,
            last_may_be_x=True,
            act="identify",
            then={"again": tail, **found},
        ),
        full: Keys(
            says=lambda state: _who_says("who.full", state),
            again=("who.full.again",),
            length=18,
            skip=skip,
            last_may_be_x=True,
            hash_ends=True,
            act="identify",
            then={"again": full, **found},
        ),
    }


COMMON: Script = {
    "begin": Tell(
        prepare="caller",
        then={
            "new": "welcome",
            "known": "welcome.back",
            "dropped": "resume",
            "code": "welcome.code",
        },
    ),
    "welcome": Tell(says=("greeting",), then="language"),
    "welcome.back": Tell(says=("greeting", "language.change"), then="menu"),
    "welcome.code": Tell(says=("greeting", "language.change"), then="enrol.code"),
    "resume": Tell(says=("resume.welcome", "notice.recording", LONG), then="resume.who"),
    **who("resume.who", then="certify.ready", skip="menu"),  # a relative may have taken the telephone meanwhile
    "language": Tell(prepare="languages", then="language.page"),
    "language.others": Tell(prepare="languages", then="language.page"),
    "language.page": Keys(
        says=offered,
        again=offered_again,
        choices={key: key for key in "1234"},
        act="choose_dialect",
        then={"chosen": BACK, "others": "language.others"},
        lost=BACK,
    ),
    "speak": Tell(prepare="name_dialect", then={"named": "menu"}),
    "menu": Speak(
        says=("menu.main",),
        again=("menu.main.again",),
        grammar="menu",
        silence_s=COMMAND_SILENCE_S,
        choices=_KEYS | {word: _KEYS.get(meaning, meaning) for word, meaning in meanings_anywhere("menu").items()},
        then={
            "certify": "certify",
            "mute": "mute.who",
            "date": "date.who",
            "help": "how",
            "human": "human",
            "code": "enrol.code",
            "language": "language",
            **dict.fromkeys(dialects(), "speak"),
        },
    ),
    **who("date.who", then="date.is"),
    "date.is": Tell(says=due_date, prepare="next_date", then="menu"),
    "lost": Tell(says=("lost.human",), then="human"),
    "human": Tell(prepare="operator", then={"open": "human.transfer", "closed": "human.call_back"}),
    "human.transfer": Transfer(
        says=("human.connecting",),
        operator="operator",
        then={"completed": "human.done", "failed": "human.busy"},
        left="human",
    ),
    "human.busy": Tell(says=("human.busy",), then="human.call_back"),
    "human.call_back": Tell(prepare="call_back", then={"noted": "human.noted", "unreachable": "human.later"}),
    "human.noted": End(says=("human.callback", "goodbye"), outcome="call_back"),
    "human.later": End(says=("human.later", "goodbye"), outcome="informed"),
    "human.done": End(says=("goodbye",), outcome="human"),
}
