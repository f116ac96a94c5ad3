"""Safe words as a clerk sets them at the desk."""

from __future__ import annotations

from tests.ops.test_commands import NUMBER, json_of, sentence, settings, stillhere, town
from tests.ops.test_routes import BY, done

__all__ = ["settings", "town"]


def test_a_word_is_set_and_removed(town: dict[str, str]) -> None:
    chosen = ("safeword", "set", NUMBER, *BY, "--word")
    assert done(stillhere(town, *chosen, "喜鹊", "--json")) == {"set": True}
    assert "暗号已设置 safe word set" in stillhere(town, *chosen, "月亮").stdout
    assert "2 to 4 characters" in sentence(stillhere(town, *chosen, "123456"))
    remove = ("safeword", "remove", NUMBER, *BY, "--json")
    assert [json_of(stillhere(town, *remove))["removed"] for _ in range(2)] == [True, False]
