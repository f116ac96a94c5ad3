"""One whole call, webhook by webhook, as the carrier reads it. What is written in golden/ was read by a human."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from certification.runtime import Runtime
from certification.store import Person
from tests.ivr.line.telephone import Telephone, Worker
from tests.ivr.line.walks import tail

GOLDEN = Path(__file__).parent / "golden" / "certified.txt"


def page(title: str, twiml: str) -> str:
    """One webhook and its answer; what differs from call to call is left out."""
    root = ElementTree.fromstring(re.sub(r'name="turn" value="[^"]+"', 'name="turn" value="TOKEN"', twiml))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    text = re.sub(r"<(Play)>\S*/prompts/(\S+)\.wav</Play>", r"<\1>\2</\1>", text)
    return f"# {title}\n{re.sub('word[.][a-z]+', 'word.*', re.sub('digit[.][0-9]', 'digit.*', text))}\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_twiml_of_a_call_that_certifies(phone: Telephone, rt: Runtime, enrolled: Person, worker: Worker) -> None:
    pages = [page("POST /voice", phone.dial().twiml)]
    pages.append(page("turn 0: keyed 1", phone.press("1").twiml))
    pages.append(page("turn 1: said 认证", phone.says("认证").twiml))
    pages.append(page("turn 2: keyed the last four", phone.press(tail(rt, enrolled)).twiml))
    pages.append(page("turn 3: repeated the words", phone.repeats().twiml))
    pages.append(page("turn 4: repeated the words", phone.repeats().twiml))
    pages.append(page("turn 5: waited", phone.waits().twiml))
    worker.weighs("certified")
    pages.append(page("turn 6: waited", phone.waits().twiml))
    assert "\n".join(pages) == GOLDEN.read_text("utf-8")
