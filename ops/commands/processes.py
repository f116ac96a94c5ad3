"""Commands that run until they are told to stop: serve, media, worker, schedule."""

from __future__ import annotations

import click

from ops import compose


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="address and port to listen on")
def serve(bind: str) -> None:
    """Answer the carrier's webhooks. 接听运营商的回调。"""
    from ops.app import create_app
    from ops.serving import serve_web

    compose.runtime()  # a wrong setting stops the start here, with its sentence, not in a child of gunicorn
    serve_web(lambda: create_app(compose.runtime()), bind)


@click.command()
@click.option("--bind", default="127.0.0.1:8001", show_default=True, help="address and port to listen on")
def media(bind: str) -> None:
    """Speak with callers over the media socket. 与来电者对话。"""
    from flask import Flask

    from ivr.media import create_media
    from ivr.speech.engines import open_recogniser
    from ops import heartbeat
    from ops.serving import serve_media

    settings = compose.runtime().settings

    def make() -> Flask:
        rt = compose.runtime()
        app = create_media(rt, open_recogniser(settings.speech_models))
        heartbeat.beat(settings.redis_url, "media")
        return app

    serve_media(make, bind, settings.media_slots)


@click.command()
@click.option("--texts", is_flag=True, help="send messages instead 改为发送短信")
def worker(texts: bool) -> None:
    """Weigh voices, one after another; with --texts, send messages. 比对声音；加 --texts 则发送短信。"""
    from ops.worker import work, work_on_texts

    (work_on_texts if texts else work)(compose.runtime())


@click.command()
def schedule() -> None:
    """Sweep every few seconds for what was left lying. 定时清扫。"""
    from ops.schedule import run

    run(compose.runtime())
