"""A turn of a call as TwiML: Say, Play, Gather(dtmf), Redirect, Dial, Hangup, Pause, Connect/Stream; nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from twilio.twiml.voice_response import Connect, Gather, VoiceResponse

from ivr.prompts import Prompts
from ivr.steps import End, Keys, Saying, Script, Speak, State, Tell, Transfer, Wait

KEY_S = 8  # of silence before a question is asked again
NUMBER_KEY_S = 10  # the same between the keys of a number, which is being read from a card
SLOWLY = 2  # times as long for whoever hears badly
LOOK_S = 1  # between two looks for a result
RING_S = 30
_SPEAKS = {"cantonese": "zh-HK"}  # the carrier's own voice, where a prompt is missing


@dataclass(frozen=True, slots=True)
class Renderer:
    """Renders turns for a carrier that reaches us at `public_url` and `media_url`."""

    script: Script
    prompts: Prompts
    public_url: str
    media_url: str

    def turn(self, state: State, saying: Saying, n: int, token: str | None) -> str:
        """The TwiML of turn n: `saying`, then the spoken turn that `token` opens; None for an answer by keys."""
        response = VoiceResponse()
        here = self.turn_url(n)
        match self.script[state.step]:
            case Speak() if token is not None:
                self._play(response, state.dialect, saying)
                connect = Connect()
                connect.stream(url=f"{self.media_url}/voice/media").parameter(name="turn", value=token)
                response.append(connect)
            case Keys(hear_out=True) as step:
                self._play(response, state.dialect, saying)
                self._gather(response, step, here, state.slowly)
            case Keys() | Speak() | Wait() as step:
                self._play(self._gather(response, step, here, state.slowly), state.dialect, saying)
            case Transfer(operator=operator):
                self._play(response, state.dialect, saying)
                number = str(state.fact(operator, "number"))
                response.dial(number, action=here, method="POST", timeout=RING_S)
                return str(response)
            case End():
                self._play(response, state.dialect, saying)
                response.hangup()
                return str(response)
            case Tell():
                raise AssertionError("no call waits at a Tell")
        response.redirect(here, method="POST")
        return str(response)

    def split(self, state: State, saying: Saying) -> tuple[Saying, Saying]:
        """What the carrier says before a spoken turn (all up to a prompt without audio), and what the turn plays."""
        mute = [place for place, entry in enumerate(saying, start=1) if self._audio(state.dialect, entry) is None]
        cut = mute[-1] if mute else 0
        return saying[:cut], saying[cut:]

    def turn_url(self, n: int) -> str:
        """Where the answer to turn n is posted."""
        return f"{self.public_url}/voice/turn/{n}"

    def hold(self, url: str) -> str:
        """Something failed: ask for patience, and try `url` once more."""
        return self._redirected("system.hold", url)

    def restart(self) -> str:
        """A call that is not known: begin it anew."""
        return self._redirected("system.restart", f"{self.public_url}/voice")

    def surrender(self, operator: str | None) -> str:
        """Something fails again and again: a human, where one answers now, else kind words."""
        response = VoiceResponse()
        self._play(response, "mandarin", ("system.human" if operator else "system.later",))
        if operator:
            response.dial(operator, timeout=RING_S)
        response.hangup()
        return str(response)

    def _redirected(self, name: str, url: str) -> str:
        response = VoiceResponse()
        self._play(response, "mandarin", (name,))
        response.pause(length=1)
        response.redirect(url, method="POST")
        return str(response)

    def _gather(self, response: VoiceResponse, step: Keys | Speak | Wait, url: str, slowly: bool) -> Gather:
        """Keys while prompts play and after. No key falls through to the redirect, for carriers differ in the rest.

        A number ends with #, and a # before its first digit is silence. Where one key is awaited, # is one like others:
        pressed late, after a number, it must not end the sentence that follows.
        """
        match step:
            case Keys(length=length, hash_ends=hash_ends) if length > 1:
                keys, silence, end = length + hash_ends, NUMBER_KEY_S, "#"
            case Wait():
                keys, silence, end = 1, LOOK_S, ""
            case _:
                keys, silence, end = 1, KEY_S, ""
        if slowly and not isinstance(step, Wait):
            silence *= SLOWLY
        gather = Gather(input="dtmf", num_digits=keys, timeout=silence, finish_on_key=end, action=url, method="POST")
        response.append(gather)
        return gather

    def _play(self, within: VoiceResponse | Gather, dialect: str, saying: Saying) -> None:
        for entry in saying:
            spoken, name = _named(dialect, entry)
            if self._audio(dialect, entry) is not None:
                within.play(f"{self.public_url}/voice/prompts/{self.prompts.path(spoken, name)}")
            else:
                within.say(self.prompts.text(spoken, name), language=_SPEAKS.get(spoken, "zh-CN"))

    def _audio(self, dialect: str, entry: str) -> bytes | None:
        return self.prompts.audio(*_named(dialect, entry))


def _named(dialect: str, entry: str) -> tuple[str, str]:
    """The dialect and name of an entry of a saying."""
    own, _, name = entry.rpartition(":")
    return own or dialect, name
