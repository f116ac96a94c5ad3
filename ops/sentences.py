"""What a person can put right is said as a sentence, not as a traceback: one place for every command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError, ProgrammingError

from certification.errors import Problem
from ivr.speech.recogniser import ModelMissing, WordsUnknown
from ops.demo.callers import TakesMissing
from ops.embedded import RedisMissing
from voiceprint.audio import AudioEmpty, AudioUnreadable
from voiceprint.calibration import CalibrationMissing
from voiceprint.cohort import CohortMissing, CohortTooSmall
from voiceprint.encoder import EncoderMissing

SAID = (
    Problem,
    AudioEmpty,
    AudioUnreadable,
    CalibrationMissing,
    CohortMissing,
    CohortTooSmall,
    EncoderMissing,
    ModelMissing,
    RedisMissing,
    TakesMissing,
    WordsUnknown,
)
"""Errors whose own words are meant to be read."""
_BUSY = ("55P03", "40P01")  # PostgreSQL's lock_not_available and deadlock_detected
_NO_TABLE = ("42P01", "42703")  # PostgreSQL's undefined_table and undefined_column


@contextmanager
def sentences() -> Iterator[None]:
    """End with the sentence of an error that a person can put right, and exit status 1; any other goes on up."""
    try:
        yield
    except click.UsageError as error:
        raise _in_chinese_too(error) from error
    except SAID as error:
        raise click.ClickException(str(error)) from error
    except (OperationalError, ProgrammingError) as error:
        sentence = _of_the_database(error)
        if sentence is None:
            raise
        raise click.ClickException(sentence) from error
    except RedisError as error:
        raise click.ClickException(
            f"Redis 无法使用（{error}）。请检查 REDIS_URL，并确认 Redis 已启动。"
            f" Redis cannot be used ({error}): check REDIS_URL, and that Redis runs."
        ) from error


def _in_chinese_too(error: click.UsageError) -> click.UsageError:
    """The error with Chinese before click's own English; as it is where it says so already."""
    said = error.format_message()
    if any("\u4e00" <= one <= "\u9fff" for one in said):
        return error
    hint = error.param.get_error_hint(error.ctx) if isinstance(error, click.BadParameter) and error.param else "这一项"
    match error:
        case click.MissingParameter():
            chinese = f"还要写 {hint}。"
        case click.BadParameter():
            chinese = f"{hint} 的写法不对。"
        case click.NoSuchOption():
            chinese = f"没有 {error.option_name} 这个选项。"
        case _:
            chinese = "命令写得不对。"
    return click.UsageError(f"{chinese} {said}", error.ctx)


def held(error: OperationalError | ProgrammingError) -> bool:
    """Whether PostgreSQL gave up only because somebody else held what was wanted."""
    return getattr(error.orig, "sqlstate", None) in _BUSY


def _of_the_database(error: OperationalError | ProgrammingError) -> str | None:
    """What the database lacks; None when the fault is ours."""
    said = (str(error.orig).strip().splitlines() or ["?"])[0]
    if said.startswith(("no such table", "no such column")) or getattr(error.orig, "sqlstate", None) in _NO_TABLE:
        return (
            "数据库里没有本版本的表，请先运行 stillhere db upgrade。"
            " The database lacks the tables of this version: run `stillhere db upgrade` first."
        )
    if isinstance(error, ProgrammingError):
        return None
    if "is locked" in said or held(error):
        return "数据库正忙，请稍后再试。 The database is busy: try again in a moment."
    if said == "unable to open database file":  # SQLite's own
        return (
            "数据库文件打不开。第一次使用请先运行 stillhere db upgrade；否则请检查 DATABASE_URL 和 STILLHERE_DATA。"
            " The file of the database cannot be opened. If this is the first time, run `stillhere db upgrade` first;"
            " otherwise check DATABASE_URL and STILLHERE_DATA."
        )
    return (
        f"数据库无法使用（{said}）。请检查 DATABASE_URL，并确认数据库已启动。"
        f" The database cannot be used ({said}): check DATABASE_URL, and that the database runs."
    )
