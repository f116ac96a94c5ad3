"""A dialect is a folder of data: what is wrong in it is named, and every folder is whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ivr.dialects import HOME, WORDS, Accent, DialectInvalid, DialectUnknown, dialect, dialects
from ivr.prompts import sentences
from ivr.speech.training.phones import units
from ivr.speech.vocabulary import meanings

NAMED = ("mandarin", "cantonese", "sichuanese", "kunming", "changsha", "shaanxi", "jiaodong", "shanghainese", "hakka")


def test_the_dialects_of_the_cities_are_there() -> None:
    assert set(NAMED) <= set(dialects())
    assert next(iter(dialects())) == HOME


@pytest.mark.parametrize("code", dialects())
def test_a_dialect_can_say_yes_no_and_every_command(code: str) -> None:
    assert set(dialect(code).words["yesno"]) == {"yes", "no"}
    commands = {"certify", "date", "help", "human", "repeat", "mute", "language", *dialects()}
    assert commands <= set(meanings("menu", code).values())
    assert set(meanings("digits", code).values()) == set("0123456789")


@pytest.mark.parametrize("code", dialects())
def test_a_dialect_offers_itself_and_speaks_in_its_own_words(code: str) -> None:
    own = sentences(code)
    assert f"language.{code}" in own
    assert not any(
        name.startswith("language.") and name.removeprefix("language.") in dialects().keys() - {code} for name in own
    )
    if code != HOME:
        assert sum(own[name] != sentences(HOME).get(name) for name in own) >= 20


def test_an_accent_changes_sounds_and_tones() -> None:
    accent = Accent((("^([zcs])h", r"\1"), ("eng$", "en")), "1342")
    assert accent(("shi4", "zheng2", "bei3", "ma5")) == ("si2", "zen3", "bei4", "ma5")
    assert accent(("zheng2",), [("eng$", "en")]) == ("zhen3",)


def test_an_accent_may_be_had_in_part() -> None:
    accent = Accent((("^([zcs])h", r"\1"), ("eng$", "en"), ("^x", "s")), "1342")
    forms = accent.more_or_less(("zheng2", "ma5"))
    assert forms[0] == ("zen3", "ma5")
    assert set(forms) == {(syllable, "ma5") for syllable in ("zen3", "zeng3", "zhen3", "zheng3")}
    assert accent.more_or_less(("sheng1", "zheng1"))[1:] == (
        ("sheng1", "zheng1"),
        ("seng1", "zeng1"),
        ("shen1", "zhen1"),
    )


def test_what_mandarin_lends_is_heard_with_and_without_the_accent_and_with_a_part_of_it() -> None:
    ways = dialect("sichuanese").words["yesno"]["yes"]["是的"]
    assert [way.said for way in ways] == [("shi4", "de5"), ("si2", "de5"), ("shi2", "de5")]
    hakka = {way.said for way in dialect("hakka").words["menu"]["shanghainese"]["上海话"]}
    assert {("shang4", "hai3", "fa4"), ("sang4", "hai3", "hua4"), ("sang4", "hai3", "fa4")} <= hakka
    assert "是的" not in dialect("cantonese").words["yesno"]["yes"]


def test_a_dialect_nobody_has_written() -> None:
    with pytest.raises(DialectUnknown, match="klingon"):
        dialect("klingon")


def test_a_new_folder_is_a_new_dialect(tmp_path: Path) -> None:
    shutil.copytree(WORDS / HOME, tmp_path / HOME)
    (tmp_path / "wuhan").mkdir()
    (tmp_path / "wuhan" / "dialect.toml").write_text(
        'name = "武汉话"\nenglish = "Wuhan"\nheard_as = "mandarin"\n[called]\n"武汉话" = "wu3 han4 hua4"\n'
        '[yesno.yes]\n"要得" = "yao2 de3"\n[accent]\nrules = [["^([zcs])h", \'\\1\']]\ntones = "1342"\n',
        encoding="utf-8",
    )
    wuhan = dialects(tmp_path)["wuhan"]
    assert wuhan.words["yesno"]["yes"]["要得"][0].said == ("yao2", "de3")
    assert "武汉话" in wuhan.words["menu"]["wuhan"]
    assert "武汉话" in dialects(tmp_path)[HOME].words["menu"]["wuhan"]
    assert all(units(way.spelling, way.said) for _, _, ways in wuhan.pronunciations("menu") for way in ways)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("name = ", "TOML"),
        ('english = "x"\nheard_as = "mandarin"', "name"),
        ('name = "x"\nenglish = "x"\nheard_as = "wu"', "heard_as"),
        ('name = "x"\nenglish = "x"\nheard_as = "mandarin"\nnames = 1\nvoice = "x"', "voice"),
        ('name = "x"\nenglish = "x"\nheard_as = "mandarin"\n[yesno.yes]\n"好" = "hao"', "yesno.yes.好"),
        ('name = "x"\nenglish = "x"\nheard_as = "mandarin"\n[yesno.yes]\n"好" = []', "yesno.yes.好"),
        ('name = "x"\nenglish = "x"\nheard_as = "mandarin"\n[yesno.yes]\n"不" = "bu4"', "yesno.不"),
        ('name = "x"\nenglish = "x"\nheard_as = "mandarin"\n[accent]\ntones = "123"', "accent.tones"),
        ('name = "x"\nenglish = "x"\nheard_as = "mandarin"\n[accent]\nrules = [["(", "x"]]', "accent.rules"),
        ('name = "x"\nenglish = "x"\nheard_as = "mandarin"\n[readings]\n"侬好" = "nong2"', "readings.侬好"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, key: str) -> None:
    shutil.copytree(WORDS / HOME, tmp_path / HOME)
    (tmp_path / "wuhan").mkdir()
    (tmp_path / "wuhan" / "dialect.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DialectInvalid) as error:
        dialects(tmp_path)
    assert error.value.key == key
    assert error.value.path == tmp_path / "wuhan" / "dialect.toml"
