"""Texts to nobody: a demonstration shows what would be sent. No telephone ever gets them."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from certification.settings import Settings
from sms.providers import Absent, Accepted, Answer, Found, Refused, Unclear

FILE = "console-texts.jsonl"
MODE = 0o600
SHOWN = 4  # digits of a number on the screen, which may be a log


class Console:
    """Prints each text, and keeps it with its number in a file of the data folder, a line each."""

    name = "console"

    def __init__(self, settings: Settings) -> None:
        self.path: Path = settings.data / FILE

    def send(self, to: str, text: str, key: str) -> Answer:
        """Write the text down, in one piece even where several processes do so."""
        line = json.dumps({"key": key, "to": to, "text": text}, ensure_ascii=False) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
        except OSError as error:
            return Refused(type(error).__name__)
        try:
            os.write(file, line.encode())
        except OSError as error:
            return Unclear(type(error).__name__)
        finally:
            os.close(file)
        with suppress(OSError):
            print(f"console: …{to[-SHOWN:]} {text}", flush=True)
        return Accepted(key)

    def look_up(self, to: str, text: str, key: str, since: datetime) -> Found:
        """Look for the key in the file."""
        del to, text, since
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return Absent()
        except OSError as error:
            return Unclear(type(error).__name__)
        return Accepted(key) if any(f'"key": "{key}"' in line for line in lines) else Absent()
