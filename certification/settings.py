"""The only reader of the environment: every setting of the table (certification.known_settings)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from certification.errors import Problem
from certification.known_settings import SETTINGS, SUSPICIONS

_PRICE = re.compile(r"[0-9]{1,4}([.][0-9]{1,6})?")
_CLAIM = re.compile(r"(amr|acr):\S+")
_BY_NAME = {setting.name: setting for setting in SETTINGS}


class SettingMissing(Problem):
    """A setting without a default is not set."""

    def __init__(self, name: str) -> None:
        self.name = name
        setting = _BY_NAME[name]
        super().__init__(
            f"缺少设置 {name}（{setting.zh}）。请设置环境变量 {name}，或用 {name}_FILE 指向存放它的文件。",
            f"{name} is not set ({setting.en}). Set it, or set {name}_FILE to the path of a file that holds it.",
        )


class SettingInvalid(Problem):
    """A setting is there, but cannot be what is meant."""

    def __init__(self, name: str, zh: str, en: str) -> None:
        self.name = name
        super().__init__(f"设置 {name} 有误：{zh}。", f"{name} is wrong: {en}.")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. Secrets stay out of repr, and so out of logs."""

    public_base_url: str
    media_base_url: str
    session_secret: str
    voice_from: str
    database_url: str
    redis_url: str
    twilio_account_sid: str
    twilio_auth_token: str
    twilio_api_base_url: str
    sms_from: str
    sms_providers: str
    kannel_url: str
    kannel_user: str
    kannel_password: str
    kannel_token: str
    keys: str
    data: Path
    regions: Path | None
    prompts: Path | None
    voiceprint_encoder: str
    voiceprint_models: Path | None
    only_noted: tuple[str, ...]
    speech_models: Path | None
    comparison_engine: str
    media_slots: int
    sms_per_second: int
    sms_segment_cost: Decimal | None
    text_body_days: int
    text_days: int
    trusted_proxies: int
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str
    oidc_second_factor: tuple[str, ...]
    second_look_percent: int
    default_region: str

    @property
    def texts(self) -> bool:
        """Whether anybody carries texts: sms.providers.configured says who."""
        return bool(self.sms_providers.strip(", ") or self.sms_from)

    @property
    def calls(self) -> bool:
        """Whether there is a telephone line at all, and not texts alone."""
        return self.voice_from.lower() != "none"

    def __repr__(self) -> str:
        return f"Settings(public_base_url={self.public_base_url!r}, data={str(self.data)!r})"

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read every setting, each from NAME or the file that NAME_FILE points to.

        Raises SettingMissing or SettingInvalid, which name the setting and what to do.
        """
        read = _Reader(environ)
        data = Path(read.text("STILLHERE_DATA"))
        public = read.url("PUBLIC_BASE_URL", "http")
        return cls(
            public_base_url=public,
            media_base_url=read.url("MEDIA_BASE_URL", "ws", default=f"wss://{public.partition('://')[2]}"),
            session_secret=read.text("SESSION_SECRET"),
            voice_from=read.text("VOICE_FROM"),
            database_url=_database(read.text("DATABASE_URL"), data),
            redis_url=read.text("REDIS_URL"),
            twilio_account_sid=read.text("TWILIO_ACCOUNT_SID"),
            twilio_auth_token=read.text("TWILIO_AUTH_TOKEN"),
            twilio_api_base_url=read.url("TWILIO_API_BASE_URL", "http"),
            sms_from=read.text("SMS_FROM"),
            sms_providers=read.text("SMS_PROVIDERS"),
            kannel_url=read.text("KANNEL_URL") and read.url("KANNEL_URL", "http"),
            kannel_user=read.text("KANNEL_USER"),
            kannel_password=read.text("KANNEL_PASSWORD"),
            kannel_token=read.text("KANNEL_TOKEN"),
            keys=read.text("STILLHERE_KEYS"),
            data=data,
            regions=read.folder("STILLHERE_REGIONS"),
            prompts=read.folder("STILLHERE_PROMPTS"),
            voiceprint_encoder=read.text("VOICEPRINT_ENCODER"),
            voiceprint_models=read.folder("VOICEPRINT_MODELS"),
            only_noted=read.some_of("ONLY_NOTED", SUSPICIONS),
            speech_models=read.folder("SPEECH_MODELS"),
            comparison_engine=read.text("COMPARISON_ENGINE"),
            media_slots=read.count("MEDIA_SLOTS"),
            sms_per_second=read.count("SMS_PER_SECOND"),
            sms_segment_cost=read.price("SMS_SEGMENT_COST"),
            text_body_days=read.count("TEXT_BODY_DAYS"),
            text_days=read.count("TEXT_DAYS", least=90),
            trusted_proxies=read.count("TRUSTED_PROXIES", least=0),
            oidc_issuer=_issuer(read),
            oidc_client_id=read.text("OIDC_CLIENT_ID"),
            oidc_client_secret=read.text("OIDC_CLIENT_SECRET"),
            oidc_second_factor=read.claims("OIDC_SECOND_FACTOR"),
            second_look_percent=read.count("SECOND_LOOK_PERCENT", least=0),
            default_region=read.text("DEFAULT_REGION"),
        )


def found(name: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """What the environment says of one setting, as NAME or in the file NAME_FILE; None when it says nothing.

    Raises SettingInvalid.
    """
    return _Reader(environ).found(name)


def _database(url: str, data: Path) -> str:
    if not url:
        return f"sqlite:///{data.absolute() / 'stillhere.db'}"
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise SettingInvalid(
            "DATABASE_URL", "应以 sqlite:/// 或 postgresql:// 开头", "write sqlite:///… or postgresql://…"
        )
    return url


def _issuer(read: _Reader) -> str:
    """Where the provider is, exactly as its tokens name it; only one on this machine may do without TLS."""
    issuer = read.text("OIDC_ISSUER")
    if issuer and not issuer.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise SettingInvalid("OIDC_ISSUER", "应以 https:// 开头", "write https://HOST…")
    for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
        if issuer and not read.text(name):
            raise SettingMissing(name)
    return issuer


class _Reader:
    """One reading of one environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str:
        value = self.found(name)
        if value is None:
            value = _BY_NAME[name].default
        if value is None:
            raise SettingMissing(name)
        return value

    def url(self, name: str, scheme: str, default: str = "") -> str:
        value = (self.text(name) or default).rstrip("/")
        if not value.startswith((f"{scheme}://", f"{scheme}s://")) or value.endswith(":"):
            raise SettingInvalid(
                name, f"应以 {scheme}:// 或 {scheme}s:// 开头", f"write {scheme}s://HOST or {scheme}://HOST"
            )
        return value

    def folder(self, name: str) -> Path | None:
        value = self.text(name)
        if value and not Path(value).is_dir():
            raise SettingInvalid(name, f"目录 {value} 不存在", f"there is no folder {value}")
        return Path(value) if value else None

    def count(self, name: str, least: int = 1) -> int:
        value = self.text(name)
        if not value.isascii() or not value.isdigit() or int(value) < least:
            raise SettingInvalid(name, f"应为不小于 {least} 的整数", f"write a whole number, {least} or more")
        return int(value)

    def price(self, name: str) -> Decimal | None:
        value = self.text(name)
        if value and not _PRICE.fullmatch(value):
            raise SettingInvalid(name, "应为价格，如 0.05", "write a price, such as 0.05")
        return Decimal(value) if value else None

    def some_of(self, name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
        values = tuple(part.strip() for part in self.text(name).split(",") if part.strip())
        if unknown := [value for value in values if value not in allowed]:
            known = ",".join(allowed)
            raise SettingInvalid(name, f"没有 {unknown[0]}，可写 {known}", f"{unknown[0]} is none of {known}")
        return values

    def claims(self, name: str) -> tuple[str, ...]:
        values = tuple(part.strip() for part in self.text(name).split(",") if part.strip())
        if wrong := [value for value in values if not _CLAIM.fullmatch(value)]:
            raise SettingInvalid(name, f"{wrong[0]} 应写成 amr:值 或 acr:值", f"write {wrong[0]} as amr:… or acr:…")
        return values

    def found(self, name: str) -> str | None:
        """The value of NAME, else the contents of NAME_FILE; empty counts as not set."""
        value, path = self._environ.get(name, "").strip(), self._environ.get(f"{name}_FILE", "").strip()
        if value and path:
            raise SettingInvalid(name, f"{name} 与 {name}_FILE 只能设一个", f"set {name} or {name}_FILE, not both")
        if path:
            try:
                value = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingInvalid(
                    f"{name}_FILE", f"无法读取文件 {path}", f"{path} cannot be read ({error})"
                ) from None
        return value or None
