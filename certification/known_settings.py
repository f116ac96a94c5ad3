"""Every setting that there is, its default, and what it means: the table of the README."""

from __future__ import annotations

from dataclasses import dataclass


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
    Setting(
        "VOICE_FROM",
        "",
        "本线路的电话号码；只收发短信、不接电话的写 none",
        "the telephone number of the line; none for an installation of texts alone",
    ),
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
    Setting(
        "TRUSTED_PROXIES",
        "0",
        "工作台前有几层反向代理（各自加 X-Forwarded-For）",
        "how many proxies stand before the web process, each adding to X-Forwarded-For: tries to sign in are counted by"
        " the address that they name",
    ),
    Setting(
        "OIDC_ISSUER",
        "",
        "单位统一登录（OpenID Connect）的地址；不写就没有",
        "the organisation's OpenID Connect provider, with which the console lets people sign in; without it, none",
    ),
    Setting("OIDC_CLIENT_ID", "", "工作台在统一登录处的客户端编号", "the console's client identifier at the provider"),
    Setting("OIDC_CLIENT_SECRET", "", "该客户端的密码", "that client's secret"),
    Setting(
        "OIDC_SECOND_FACTOR",
        "",
        "统一登录说了其中一项，就不再问本系统的动态码，如 amr:otp,acr:gold；不写就总要问",
        "what the provider says where it asked for a second factor, such as amr:otp,acr:gold;"
        " otherwise, and without this setting, the console asks for its own one-time code",
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
    Setting(
        "TEXT_BODY_DAYS",
        "180",
        "来信的内容保留多少天；未办结的案件要用的，办结后再删",
        "for how many days what people wrote is kept; what an open case needs, until it is decided",
    ),
    Setting(
        "TEXT_DAYS",
        "730",
        "收发过哪些短信的记录保留多少天（不少于 90）",
        "for how many days it is kept that a text came or a message went: 90 or more",
    ),
    Setting(
        "SECOND_LOOK_PERCENT",
        "5",
        "人工办结的声音案件中，抽百分之几请第二人再听一遍（疑似冒充的全部再听）",
        "of a hundred voices that a human judged, how many a second one hears as well; of suspected frauds, every one",
    ),
    Setting("MEDIA_SLOTS", "40", "同时进行的语音轮次上限", "how many spoken turns may run at once"),
)
SUSPICIONS = ("replay", "repeats", "synthetic", "several_voices", "household")  # those of voiceprint.challenge
