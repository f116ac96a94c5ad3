"""Calls made of webhooks alone: what is executed, in which order, and what the service is told."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from flask import Response

from ops.switch import Call, NotHeard, Switch
from tests.ops.switch.service import ACCOUNT, PROMPT_S, Service

NUMBER = "+8613800138000"


def play(name: str, dialect: str = "mandarin") -> str:
    return f"<Play>/voice/prompts/{dialect}/{name}.wav</Play>"


def heard(call: Call) -> list[str]:
    return [line.name or line.text for line in call.transcript if line.who == "line"]


def test_a_call_arrives_signed_and_says_who_calls_whom(service: Service, switch: Switch) -> None:
    call = switch.phone(NUMBER).dial().ended()
    first, last = service.asked
    assert (first.path, last.path) == ("/voice", "/voice/status")
    assert first.signed and last.signed
    assert first.form["CallSid"] == call.sid
    assert (first.form["From"], first.form["To"], first.form["AccountSid"]) == (NUMBER, "+8687112333", ACCOUNT)
    assert (first.form["CallStatus"], first.form["Direction"], first.form["FromCity"]) == ("ringing", "inbound", "")
    assert (last.form["CallStatus"], last.form["CallDuration"]) == ("completed", "0")
    assert (call.status, call.failure, call.faults) == ("completed", None, ())


def test_verbs_run_in_order_and_the_end_of_the_document_hangs_up(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"{play('greeting')}<Pause length='2'/><Say language='zh-CN'>再见</Say>"
    call = switch.phone(NUMBER).dial().ended()
    assert heard(call) == ["greeting", "再见"]
    greeting, goodbye = call.transcript
    assert (greeting.dialect, greeting.note) == ("mandarin", "")
    assert greeting.seconds == pytest.approx(PROMPT_S)
    assert goodbye.at_s - greeting.at_s >= PROMPT_S + 2


def test_gather_posts_the_digits_at_their_number_and_cuts_the_prompt(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Gather action='/voice/turn/1' numDigits='1'>{play('menu.main')}</Gather>"
    service.documents["/voice/turn/1"] = play("goodbye")
    call = switch.phone(NUMBER).dial().hears("menu.main").press("2").hears("goodbye").ended()
    (form,) = service.forms("/voice/turn/1")
    assert (form["Digits"], form["CallStatus"]) == ("2", "in-progress")
    assert call.transcript[0].note == "cut"
    assert call.transcript[0].seconds < PROMPT_S


def test_gather_without_a_key_falls_through_to_the_next_verb(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = (
        f"<Gather action='/voice/turn/1' timeout='3'>{play('menu.main')}</Gather>{play('menu.again')}"
    )
    call = switch.phone(NUMBER).dial().ended()
    assert heard(call) == ["menu.main", "menu.again"]
    assert service.forms("/voice/turn/1") == []
    assert call.transcript[1].at_s - call.transcript[0].at_s >= PROMPT_S + 3


def test_gather_posts_no_digits_when_the_action_wants_an_empty_result(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = "<Gather action='/voice/turn/1' timeout='1' actionOnEmptyResult='true'/>"
    switch.phone(NUMBER).dial().ended()
    (form,) = service.forms("/voice/turn/1")
    assert form["Digits"] == ""
    assert all(asked.signed for asked in service.asked)


def test_the_finishing_key_ends_the_digits_and_is_none_of_them(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Gather action='/voice/turn/1'>{play('who.full')}</Gather>"
    switch.phone(NUMBER).dial().hears("who.full").press("12*4#").ended()
    assert service.forms("/voice/turn/1")[0]["Digits"] == "12*4"


def test_the_finishing_key_alone_is_no_input(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Gather action='/voice/turn/1' timeout='1'>{play('who.full')}</Gather>"
    call = switch.phone(NUMBER).dial().hears("who.full").press("#").ended()
    assert service.forms("/voice/turn/1") == []
    assert call.transcript[0].note == "cut"


def test_without_a_finishing_key_every_key_is_a_digit(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Gather action='/voice/turn/1' finishOnKey='' timeout='1'>{play('who')}</Gather>"
    switch.phone(NUMBER).dial().hears("who").press("#0*").ended()
    assert service.forms("/voice/turn/1")[0]["Digits"] == "#0*"


def test_keys_pressed_where_none_are_gathered_are_lost(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = (
        f"{play('greeting')}<Gather action='/voice/turn/1' timeout='1'>{play('menu.main')}</Gather>"
    )
    call = switch.phone(NUMBER).dial().hears("greeting").press("5").ended()
    assert service.forms("/voice/turn/1") == []
    assert [(line.keys, line.note) for line in call.transcript if line.keys] == [("5", "lost")]


def test_keys_beyond_the_number_do_not_reach_the_next_gather(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Gather action='/voice/turn/1' numDigits='4'>{play('who.tail')}</Gather>"
    service.documents["/voice/turn/1"] = f"<Gather action='/voice/turn/2' timeout='1'>{play('menu.main')}</Gather>"
    call = switch.phone(NUMBER).dial().hears("who.tail").press("1234#").ended()
    assert service.forms("/voice/turn/1")[0]["Digits"] == "1234"
    assert service.forms("/voice/turn/2") == []
    assert [(line.keys, line.note) for line in call.transcript if line.keys] == [("1234", ""), ("#", "lost")]


def test_redirect_goes_on_with_another_document_and_leaves_the_rest(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Redirect>/voice/turn/1</Redirect>{play('never')}"
    service.documents["/voice/turn/1"] = f"{play('goodbye')}<Hangup/>{play('never')}"
    call = switch.phone(NUMBER).dial().ended()
    assert heard(call) == ["goodbye"]
    assert "Digits" not in service.forms("/voice/turn/1")[0]


def test_a_service_that_redirects_for_ever_is_given_up(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = "<Redirect>/voice</Redirect>"
    call = switch.phone(NUMBER).dial().ended()
    assert call.failure is not None and "circles" in call.failure


@pytest.mark.parametrize(
    ("fate", "status"), [("busy", "busy"), ("no-answer", "no-answer"), ("answer", "completed"), ("failed", "failed")]
)
def test_dial_tells_its_action_how_it_went(service: Service, switch: Switch, fate: str, status: str) -> None:
    service.documents["/voice"] = f"<Dial action='/voice/turn/1' timeout='3'>+8687100000</Dial>{play('never')}"
    service.documents["/voice/turn/1"] = play("goodbye")
    switch.phone("+8687100000").will(fate, talk_s=4)  # type: ignore[arg-type]
    call = switch.phone(NUMBER).dial().ended()
    (form,) = service.forms("/voice/turn/1")
    assert form["DialCallStatus"] == status
    assert form.get("DialCallDuration") == ("4" if status == "completed" else None)
    assert call.hears("goodbye").status == "completed"


def test_dial_without_an_action_goes_on_with_the_next_verb(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Dial timeout='1'><Number>+8687100000</Number></Dial>{play('goodbye')}"
    assert heard(switch.phone(NUMBER).dial().ended())[-1] == "goodbye"


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
def test_reject_as_the_first_verb_leaves_the_call_unanswered(
    service: Service, switch: Switch, reason: str, status: str
) -> None:
    service.documents["/voice"] = f"<Reject reason='{reason}'/>"
    call = switch.phone(NUMBER).dial().ended()
    assert call.status == status == service.forms("/voice/status")[0]["CallStatus"]


def test_hanging_up_ends_the_call_in_the_middle_of_a_prompt(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Gather action='/voice/turn/1'>{play('menu.main')}</Gather>"
    call = switch.phone(NUMBER).dial().hears("menu.main").hang_up().ended()
    assert call.status == "completed"
    assert [asked.path for asked in service.asked] == ["/voice", "/voice/status"]


@pytest.mark.parametrize("together", [False, True])
def test_a_repeated_webhook_carries_one_token(service: Service, switch: Switch, together: bool) -> None:
    service.documents["/voice"] = f"<Gather action='/voice/turn/1' numDigits='1'>{play('menu.main')}</Gather>"
    call = switch.phone(NUMBER).dial()
    call.hears("menu.main").repeat_webhooks(3, together).press("1").ended()
    tokens = [asked.token for asked in service.asked if asked.path == "/voice/turn/1"]
    assert len(tokens) == 3 and len(set(tokens)) == 1 and tokens[0]
    assert len({asked.token for asked in service.asked}) == 3
    assert len(call.answers) == 4


def test_a_late_turn_is_posted_again_as_it_was(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"<Gather action='/voice/turn/1' numDigits='1'>{play('menu.main')}</Gather>"
    service.documents["/voice/turn/1"] = play("goodbye")
    call = switch.phone(NUMBER).dial().hears("menu.main").press("7").ended()
    assert "goodbye" in call.late(1).twiml()
    first, again = service.forms("/voice/turn/1")
    assert first == again
    with pytest.raises(LookupError):
        call.late(9)


def test_a_stranger_without_the_token_is_refused(service: Service, switch: Switch) -> None:
    call = switch.unsigned().phone(NUMBER).dial().ended()
    assert call.failure is not None and "403" in call.failure
    assert not any(asked.signed for asked in service.asked)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response("oops", 500), "500"),
        (Response("<Response/>", mimetype="text/plain"), "text/plain"),
        (Response(f"<Response><Say>{'x' * 65536}</Say></Response>", mimetype="text/xml"), "64 KB"),
        (Response("<Response><Record/></Response>", mimetype="text/xml"), "<Record>"),
        (Response("<Response><Gather input='speech'/></Response>", mimetype="text/xml"), "only dtmf"),
        (Response("<Response>", mimetype="text/xml"), "not XML"),
    ],
)
def test_an_answer_that_no_carrier_can_use_ends_the_call(
    service: Service, switch: Switch, answer: Response, why: str
) -> None:
    service.answers["/voice"] = answer
    call = switch.phone(NUMBER).dial().ended()
    assert call.failure is not None and why in call.failure
    assert call.faults


def test_a_missing_prompt_is_the_services_fault(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = play("missing")
    assert "404" in (switch.phone(NUMBER).dial().ended().failure or "")


def test_not_heard_shows_the_whole_call(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = play("greeting")
    call = switch.phone(NUMBER).dial()
    with pytest.raises(NotHeard, match=r"menu\.main was not heard(.|\n)*greeting"):
        call.hears("menu.main")


def test_a_dialect_may_be_asked_for(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = play("language", "mandarin") + play("language", "cantonese")
    call = switch.phone(NUMBER).dial().hears("cantonese:language").ended()
    with pytest.raises(NotHeard):
        call.hears("language")


def test_both_sides_can_be_saved_and_read(service: Service, switch: Switch, tmp_path: Path) -> None:
    service.documents["/voice"] = play("greeting")
    call = switch.phone(NUMBER).dial().ended()
    call.save(tmp_path / "call.wav")
    data, rate = soundfile.read(tmp_path / "call.wav")
    assert rate == 8000 and data.shape[1] == 2
    assert np.count_nonzero(data[:, 0] > 0.2) == int(PROMPT_S * 8000)
    assert not data[:, 1].any()
    assert "你好" in call.text(lambda dialect, name: "你好" if (dialect, name) == ("mandarin", "greeting") else "")


def test_whichever_comes_first_is_heard(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"{play('result.human')}<Say>再见</Say>"
    call = switch.phone(NUMBER).dial()
    assert call.hears_first("result.certified", "result.*") == "result.human"
    assert call.hears_first("goodbye", "再见") == "再见"
    call.ended()


def test_any_of_several_prompts_may_be_waited_for(service: Service, switch: Switch) -> None:
    service.documents["/voice"] = f"{play('digit.1')}{play('digit.2')}{play('goodbye')}"
    switch.phone(NUMBER).dial().hears("digit.*", times=2).hears("human.connecting|goodbye").ended()
