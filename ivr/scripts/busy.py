"""The way to a challenge when all lines are busy: a short wait, then keys, then the promise to call back."""

from __future__ import annotations

from ivr.steps import End, Script, Tell, Wait


def line(name: str, then: str, busy: str) -> Script:
    """Go to `then` as soon as there is a line to listen with; to `busy` when none becomes free in time."""
    waiting = f"{name}.busy"
    return {
        f"{name}.line": Tell(prepare="line", then={"free": then, "busy": waiting}),
        waiting: Wait(says=("busy.wait",), again=("busy.wait",), act="await_line", then={"free": then, "busy": busy}),
    }


BUSY: Script = {
    "busy": Tell(prepare="pin_ready", then={"pin": "busy.pin", "voice": "busy.call_back", "none": "busy.call_back"}),
    "busy.pin": Tell(says=("busy.pin",), then="pin"),
    "busy.call_back": Tell(prepare="call_back", then={"noted": "busy.noted", "unreachable": "busy.later"}),
    "busy.noted": End(says=("busy.callback", "goodbye"), outcome="call_back"),
    "busy.later": End(says=("busy.later", "goodbye"), outcome="informed"),
}
