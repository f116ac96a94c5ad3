"""Whatever the journal is told has words on its page: nobody searches for what is not among the choices."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ops.console.audit.actions import KNOWN

ROOT = Path(__file__).parents[3]
OURS = ("certification", "ivr", "ops", "sms")


def written(tree: ast.AST) -> Iterator[str]:
    """The actions that journal.write() and files are told: texts without a sign of a subject (kind:identifier)."""
    for part in ast.walk(tree):
        match part:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="journal"), attr="write" | "write_once")):
                for given in part.args[3:]:  # behind session, moment and who
                    yield from (
                        one.value
                        for one in ast.walk(given)
                        if isinstance(one, ast.Constant) and isinstance(one.value, str) and ":" not in one.value
                    )
            case ast.keyword(arg="did", value=ast.Constant(value=str() as action)):
                yield action
            case ast.Dict(keys=[ast.Constant(value="did"), *_], values=[ast.Constant(value=str() as action), *_]):
                yield action


def test_every_action_has_words() -> None:
    found = {
        action
        for part in OURS
        for path in sorted((ROOT / part).rglob("*.py"))
        if any(one in (text := path.read_text("utf-8")) for one in ("journal.write", "exporting.handed"))
        for action in written(ast.parse(text))
        if " " in action.strip() and not action.endswith(" ")  # the rest stands in front of what became of it
    }
    assert {"case taken", "cases exported", "prompts exported"} <= found
    assert found - set(KNOWN) == set()
