"""`make demo`: start the service, let a synthetic caller enrol and certify, let another fail, and stay up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

import click
from pyotp import TOTP, parse_uri
from sqlalchemy import select

from certification import codes, people, roll, staff, store
from certification.identity import check_character
from certification.settings import found
from certification.staff import Role
from certification.store import Assessment, Person
from ivr.prompts import Prompts
from ops.compose import redis_at
from ops.demo.callers import SHIPPED, Caller
from ops.demo.telling import Sentence, listen, told
from ops.embedded import free_port, port_is_free
from ops.sentences import sentences
from ops.service import Service, ServiceDidNotStartError, running
from ops.switch import Call, Switch

PACE = 4.0  # the switch runs the callers' clock this much faster than a telephone does
CALLS = 3
NOT_UNDERSTOOD = "not understood"
ENROLMENT = (
    "一、登记：柜台看过身份证，给了示例奶奶一个号码 {code}。"
    "她用家里的电话打进来，按号码，同意登记声音，跟读三组词。\n"
    "1. Enrolment: the desk has seen her ID card and given 示例奶奶 the code {code}. She calls from the family's"
    " telephone, keys it, agrees, and repeats three groups of words, so that the line will know her voice."
)
IMPOSTOR = (
    "二、冒充者：另一个人用同一部电话，输入她身份证号码的后四位，想替她认证。应当不能通过。\n"
    "2. Impostor: somebody else calls from the same telephone, keys the end of her identity number and tries to certify"
    " as her. This must not succeed."
)
CALLER = (
    "三、本人：示例奶奶自己来电认证。应当通过，并得到回执号。\n"
    "3. Caller: 示例奶奶 herself calls to certify. She should be certified and hear a receipt number."
)
AGAIN = "\n（没有听懂，再打一次。 The line did not understand the words: the same person calls again.）"
PHONE = "+8613888000001"
PEOPLE = """id_number,name,region,phone,dialect,relative_phone
{grandmother},示例奶奶,kunming,13888000001,mandarin,13888000009
{grandfather},示例爷爷,kunming,13888000001,mandarin,
"""
# Nobody's numbers: they begin like anybody's in Kunming, and check.
NUMBERS = {
    who: body + check_character(body)
    for who, body in (("grandmother", "53010219480101002"), ("grandfather", "53010219450303001"))
}


WHO = {"演示主管": Role.SUPERVISOR, "演示管理员": Role.ADMINISTRATOR}
"""Who can sign in at the console; the administrator opens the other accounts."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a certification call came to."""

    outcome: str
    seconds: float  # as the caller's telephone counts them
    detail: dict[str, object]


def enrolment(service: Service, switch: Switch, voice: Caller, person_id: str, say: Sentence) -> None:
    """The desk gives a code; the person calls, keys it, agrees, and repeats three groups of four words."""
    rt = service.runtime()
    with rt.sessions.begin() as session:
        code = codes.issue(session, rt, session.get_one(Person, person_id), "demo desk")
    call = switch.phone(PHONE).dial()
    with told(call, ENROLMENT.format(code=code), say):
        listen(call.hears("enrol.code")).press(code)
        listen(call.hears("enrol.consent")).press("1")
        repeat_until_done(call, voice, words=4)
        call.ended()


def certification(
    service: Service, switch: Switch, voice: Caller, tail: str, say: Sentence, title: str = CALLER
) -> Tried:
    """Somebody calls, and calls again when the line did not understand the words, as people do: three times at most."""
    for again in range(CALLS):
        tried = one_call(service, switch, voice, tail, say, f"{title}{AGAIN if again else ''}")
        if tried.outcome != NOT_UNDERSTOOD:
            break
    return tried


def one_call(service: Service, switch: Switch, voice: Caller, tail: str, say: Sentence, title: str) -> Tried:
    """A call from the family's phone: the end of the identity number is keyed, and what is asked is repeated."""
    call = switch.phone(PHONE).dial()
    with told(call, title, say):
        if call.hears_first("language.mandarin", "menu.main") == "language.mandarin":
            listen(call).press("1").hears("menu.main")
        listen(call.press("1").hears("who.tail")).press(tail)
        repeat_until_done(call, voice, words=3)
        call.ended()
    with service.runtime().sessions() as session:
        mine = (
            select(Assessment).join(store.Call, store.Call.id == Assessment.call_id).where(store.Call.sid == call.sid)
        )
        weighed = session.scalars(mine.order_by(Assessment.asked_at.desc())).first()
    if weighed is None:
        return Tried(NOT_UNDERSTOOD, call.duration_s, {})
    return Tried(weighed.outcome or weighed.state, call.duration_s, weighed.detail)


def repeat_until_done(call: Call, voice: Caller, words: int) -> None:
    """Repeat each group of words that is asked for, until the line says something else."""
    ends = ("result.*", "enrol.done", "enrol.differ", "enrol.unfinished", "challenge.failed", "pin.ask", "lost.human")
    while (heard := call.hears_first("word.*", *ends)).startswith("word."):
        call.repeats_from(heard, voice.repeats, words)


def show(title: str, tried: Tried) -> None:
    """Print a verdict with its numbers."""
    click.secho(f"{title}: {tried.outcome}  {json.dumps(tried.detail, ensure_ascii=False)}\n", bold=True)


def fill(service: Service) -> str:
    """Put a few made-up people on the roll; gives the identifier of the one who will call."""
    rt = service.runtime()
    file = service.folder / "people.csv"
    file.write_text(PEOPLE.format(**NUMBERS), encoding="utf-8")
    roll.import_csv(rt.sessions, rt, file)
    with rt.sessions() as session:
        return next(
            p.id for p in session.scalars(select(Person)) if people.reveal(rt.keys, p).number == NUMBERS["grandmother"]
        )


@click.command()
@click.option("--once", is_flag=True, help="end after the calls; exit status 0 only if the caller was certified")
@click.option("--voices", type=click.Path(exists=True, path_type=Path), default=SHIPPED,
              help="folder with caller/ and impostor/, each NAME-1.wav … for every challenge word")  # fmt: skip
@click.option("--began", type=float, default=None, help="when the setup began (seconds since 1970), for setup_s")
def demo(once: bool, voices: Path, began: float | None) -> None:
    """Run the demonstration."""
    with sentences():
        run(once, voices, time.time() if began is None else began)


def run(once: bool, voices: Path, began: float) -> None:
    """Start everything, let the calls be made, and end with the verdict. Raises TakesMissing before anything starts."""
    caller, impostor = Caller(voices / "caller"), Caller(voices / "impostor")
    own = redis_of_ones_own()
    folder = Path(tempfile.mkdtemp(prefix="stillhere-demo-"))
    ports = (8000, 8001) if port_is_free(8000) and port_is_free(8001) else (free_port(), free_port())
    click.echo(
        "演示：电话里的声音由 espeak-ng 合成，只说明流程，不证明准确率。\n"
        "A demonstration: the callers are espeak-ng voices. It shows how a call goes; it is no evidence of accuracy.\n"
        "合成的声音每次都一样，所以这里只记录“听过的录音”和“合成的声音”。\n"
        "They are machines and repeat themselves: here that is only noted.\n"
        if voices == SHIPPED
        else f"演示用录音 recordings from {voices}\n"
    )
    try:
        synthetic = {"ONLY_NOTED": "replay,repeats,synthetic"} if voices == SHIPPED else {}
        with running(folder, own | synthetic, ports) as service:
            setup_s = time.time() - began
            person_id = fill(service)
            rt = service.runtime()
            say = Prompts(rt.settings.prompts, rt.regions).text
            tail = NUMBERS["grandmother"][-4:].replace("X", "*")
            with Switch(
                base_url=service.base_url,
                account_sid=service.environment["TWILIO_ACCOUNT_SID"],
                auth_token=service.environment["TWILIO_AUTH_TOKEN"],
                pace=PACE,
            ) as switch:
                enrolment(service, switch, caller, person_id, say)
                tried_impostor = certification(service, switch, impostor, tail, say, IMPOSTOR)
                show("冒充者 impostor", tried_impostor)
                tried = certification(service, switch, caller, tail, say)
                show("本人 caller", tried)
            if not once:
                stay(service)
    except ServiceDidNotStartError as error:
        raise click.ClickException(f"服务没有启动 the service did not start: {error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    verdict = tried.outcome if tried_impostor.outcome != "certified" else "impostor certified"
    figures = {"impostor": tried_impostor.outcome, "call_s": round(tried.seconds, 1), "setup_s": round(setup_s, 1)}
    click.echo(json.dumps({"verdict": verdict, **figures}))
    if verdict != "certified":
        raise SystemExit(1)


def redis_of_ones_own(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """REDIS_URL, where the environment names a Redis to use instead of the demonstration's; it must answer."""
    url = found("REDIS_URL", environ)
    if url is None:
        return {}
    redis_at(url).ping()
    return {"REDIS_URL": url}


def stay(service: Service) -> None:
    """Stay up until interrupted, with those who can sign in at the console."""
    rt, codes_of = service.runtime(), dict[str, TOTP]()
    click.echo(f"工作台 The console: {service.base_url}/console/")
    for name, role in WHO.items():
        password = token_urlsafe(12)
        with rt.sessions.begin() as session:
            uri = staff.add(session, rt, name=name, role=role, password=password, by="demo")
        codes_of[name] = TOTP(parse_uri(uri).secret)
        click.echo(f"账号 name {name} · 密码 password {password} · 验证器 authenticator {uri}")
    click.echo(
        "登录要用下面的动态码，半分钟换一次。 The one-time codes below are for signing in, new each half minute."
    )
    click.echo("按 Ctrl-C 结束。 Ctrl-C ends it.")
    ended, shown = threading.Event(), ""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(1):
        now = " · ".join(f"{name} {code.at(rt.now())}" for name, code in codes_of.items())
        if now != shown:
            same_line = sys.stdout.isatty()
            click.echo(("\r" if same_line else "") + f"动态码 code: {now} ", nl=not same_line)
        shown = now


if __name__ == "__main__":
    demo()
