"""The only reader of the environment: every setting, its default, and what it means."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from certification.errors import Problem


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the README's table. Without a default it must be set."""

    name: str
    default: str | None
    zh: str
    en: str


SETTINGS = (
    Setting(
        "PUBLIC_BASE_URL",
        None,
        "运营商回调本服务的地址",
        "where the carrier reaches this service; signatures rest on it",
    ),
    Setting(
        "MEDIA_BASE_URL",
        "",
        "语音媒体地址，默认由上项改为 wss",
        "where the carrier reaches the media socket; by default the former, as wss",
    ),
    Setting("SESSION_SECRET", None, "网页会话的签名密钥", "signs the sessions of web pages"),
    Setting("VOICE_FROM", "", "本线路的电话号码", "the telephone number of the line"),
    Setting(
        "DATABASE_URL", "", "数据库，默认为数据目录里的 SQLite", "the database; by default SQLite in the data folder"
    ),
    Setting(
        "REDIS_URL", "redis://127.0.0.1:6379/0", "队列；make demo 自带一个", "the queue; `make demo` brings its own"
    ),
    Setting("TWILIO_ACCOUNT_SID", None, "运营商帐号", "the account at the carrier"),
    Setting("TWILIO_AUTH_TOKEN", None, "运营商密钥，用于验签", "the carrier's token; checks signatures"),
    Setting(
        "TWILIO_API_BASE_URL", "https://api.twilio.com", "运营商接口地址", "the carrier's API, or a compatible one"
    ),
    Setting(
        "SMS_FROM",
        "",
        "短信的发送号码，或运营商的短信服务编号",
        "the number texts come from, or a messaging service (MG…)",
    ),
    Setting(
        "SMS_PROVIDERS",
        "",
        "短信通道和权重（docs/carriers.md），如 twilio:2,kannel:1；默认为 twilio（设有 SMS_FROM 时）；"
        "console 只写入文件，用于演示",
        "who carries texts, with weights (docs/carriers.md): twilio:2,kannel:1; by default twilio, if SMS_FROM is set;"
        " console only writes them to a file, for the demo",
    ),
    Setting("KANNEL_URL", "", "Kannel 的 smsbox 地址，如 http://127.0.0.1:13013", "Kannel's smsbox, http://HOST:13013"),
    Setting("KANNEL_USER", "", "Kannel 的 sendsms 用户", "the sendsms-user at Kannel"),
    Setting("KANNEL_PASSWORD", "", "该用户的密码", "that user's password"),
    Setting(
        "KANNEL_TOKEN",
        "",
        "Kannel 回调时出示的密钥（16 位以上字母、数字、-、_）",
        "the secret that Kannel's calls to us carry: 16 or more letters, digits, - and _",
    ),
    Setting(
        "STILLHERE_KEYS",
        None,
        "加密密钥环，最新的在前",
        "the encryption key ring, NAME:BASE64,…, newest first",
    ),
    Setting("STILLHERE_DATA", "var", "数据目录", "the folder of the embedded database and queue"),
    Setting("STILLHERE_REGIONS", "", "自订地区规则的目录", "a folder of region files that override the built-in ones"),
    Setting(
        "STILLHERE_PROMPTS", "", "真人录音提示音的目录", "a folder of recorded prompts that win over the rendered ones"
    ),
    Setting("DEFAULT_REGION", "default", "未指明地区时的规则", "the rules of people whose region is not named"),
    Setting(
        "VOICEPRINT_ENCODER",
        "",
        "声纹编码器，默认随附",
        "the voice encoder, onnx:PATH or speechbrain:PATH; by default the shipped one",
    ),
    Setting(
        "VOICEPRINT_MODELS",
        "",
        "自己的声纹模型目录：cohort.npz、calibration.json，没有的用随附的",
        "a folder with a cohort.npz and calibration.json of one's own; what is not there is the shipped one",
    ),
    Setting(
        "ONLY_NOTED",
        "",
        "只记录、不转人工的疑点，逗号分隔：replay,repeats,synthetic,several_voices,household",
        "suspicions only written down, sending nobody to a human: replay,repeats,synthetic,several_voices,household",
    ),
    Setting(
        "SPEECH_MODELS",
        "",
        "语音识别模型，或放各种话的模型的目录（docs/engines.md），默认随附",
        "a speech model, or a folder of them (docs/engines.md); by default the shipped one",
    ),
    Setting(
        "COMPARISON_ENGINE",
        "duckdb",
        "每月比对的计算引擎：duckdb（进程内），或 Ibis 支持的地址，如 postgres://…、pyspark://",
        "where the monthly comparison is computed: duckdb (in the process), or a URL of Ibis, postgres://… or pyspark://",
    ),
    Setting(
        "SMS_PER_SECOND",
        "20",
        "每个短信通道每秒发送的段数上限",
        "how many segments of messages go out through each carrier in a second",
    ),
    Setting(
        "SMS_SEGMENT_COST",
        "",
        "一段短信的价格，如 0.05；不写就不显示费用",
        "the price of one segment, such as 0.05; without it no cost is shown",
    ),
    Setting("MEDIA_SLOTS", "40", "同时进行的语音轮次上限", "how many spoken turns may run at once"),
)
SUSPICIONS = ("replay", "repeats", "synthetic", "several_voices", "household")  # those of voiceprint.challenge
_PRICE = re.compile(r"[0-9]{1,4}([.][0-9]{1,6})?")
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
    default_region: str

    @property
    def texts(self) -> bool:
        """Whether anybody carries texts: sms.providers.configured says who."""
        return bool(self.sms_providers.strip(", ") or self.sms_from)

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

    def count(self, name: str) -> int:
        value = self.text(name)
        if not value.isascii() or not value.isdigit() or int(value) < 1:
            raise SettingInvalid(name, "应为大于零的整数", "write a whole number above zero")
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
