"""The mark of a practice on every page and cookie, so that it is never taken for the real one.

It is put into the documents as they go out, so that no page can forget it, also one whose script
does not run, one that a tablet keeps for later, and the driver's page, whose script has a budget.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from html import escape

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware import is_html, with_style
from flowctl.notify.texts import catalogue

Headers = Iterable[tuple[bytes, bytes]]

ICON_PATH = "/practice.svg"
_LANGUAGES = {"vi": "vi", "zh": "zh-CN", "en": "en"}
_PREFIX = b"practice_"
_NEVER_REWRITTEN = ("/assets/", "/v1/events")

_STYLE = """
:root { --practice-height: max(2.2rem, 1.6vw) }
.practice { position: sticky; top: 0; z-index: 2000; height: var(--practice-height);
  display: flex; align-items: center; justify-content: center; gap: .6em; padding: 0 .5em;
  font: 600 max(14px, .8vw)/1.2 system-ui, sans-serif; color: #1a1200;
  background: repeating-linear-gradient(-45deg, #ffd400 0 1.4em, #241c00 1.4em 2.8em) }
.practice ~ #page { height: calc(100% - var(--practice-height)) }
.practice > span, .practice summary { background: #ffd400; color: #1a1200; padding: .25em .6em;
  border-radius: 4px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
.practice > span { min-width: 0 }
.practice b { text-transform: uppercase; letter-spacing: .04em }
.practice details { position: relative; flex: none }
.practice summary { cursor: pointer; list-style: none; border: 1px solid #1a1200 }
.practice summary:focus-visible { outline: 3px solid #fff; outline-offset: 1px }
.practice details > div { position: absolute; right: 0; top: calc(100% + .4em);
  width: min(26em, 92vw); padding: 1em; background: #fffbe6; color: #1a1200; font-weight: 400;
  border: 2px solid #241c00; border-radius: 6px; display: grid; gap: .6em; line-height: 1.45;
  max-height: calc(100vh - 5rem); overflow: auto }
.practice p { margin: 0 }
html[lang^=vi] .practice [lang]:not([lang^=vi]), html[lang^=zh] .practice [lang]:not([lang^=zh]),
html[lang^=en] .practice [lang]:not([lang^=en]) { display: none }
@media (max-width: 40rem) {
  .practice .whole { display: none }
  .practice details { position: static }
  .practice details > div { left: 4vw; right: 4vw; width: auto }
}
"""
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#ffd400" d="M0 0h32v32'
    'H0z"/><path fill="#241c00" d="M0 12 12 0h9L0 21zm11 20L32 11v9L20 32z"/></svg>'
)


class PracticeMark:
    """Puts the mark into every HTML document an application sends, and keeps its cookies apart."""

    def __init__(self, app: ASGIApp, day: date, *, begins: time, speed: float) -> None:
        self.app = app
        self._banner = _banner(day, begins, speed).encode()
        self._head = f"<style>{_STYLE}</style></head>".encode()
        self._title = " ".join(_words(language)["title"] for language in _LANGUAGES).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"] == ICON_PATH:
            await _send_icon(send)
            return
        headers, send = _own_cookies(scope["headers"]), _naming_cookies(send)
        if not scope["path"].startswith(_NEVER_REWRITTEN):
            # What is compressed could not be written into.
            headers = [one for one in headers if one[0] != b"accept-encoding"]
            send = self._marking(send)
        await self.app({**scope, "headers": headers}, receive, send)

    def _marking(self, send: Send) -> Send:
        began: Message | None = None
        body = b""

        async def mark(message: Message) -> None:
            nonlocal began, body
            if message["type"] == "http.response.start" and is_html(message):
                began = message
            elif began is None:
                await send(message)
            elif message["type"] == "http.response.body":
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await send(_fitting(began, marked := self._marked(body)))
                    await send({"type": "http.response.body", "body": marked})

        return mark

    def _marked(self, html: bytes) -> bytes:
        """Return a document with banner, another title and another icon."""
        if not html:  # the answer to HEAD
            return html
        html = html.replace(b"</head>", self._head, 1)
        html = html.replace(b"<title>", b"<title>" + self._title + b" \xc2\xb7 ", 1)
        html = re.sub(rb'<link rel="icon"[^>]*>', _ICON_LINK, html, count=1)
        return re.sub(rb"<body[^>]*>", lambda found: found[0] + self._banner, html, count=1)


def _own_cookies(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request with the practice's cookies alone, by their usual names."""
    sent = b";".join(value for name, value in headers if name == b"cookie").split(b";")
    own = [one.strip()[len(_PREFIX) :] for one in sent if one.strip().startswith(_PREFIX)]
    rest = [one for one in headers if one[0] != b"cookie"]
    return [*rest, (b"cookie", b"; ".join(own))] if own else rest


def _naming_cookies(send: Send) -> Send:
    """Return what sends cookies under names of the practice.

    Browsers keep cookies by host, whatever the port: a practice beside the real deployment would
    sign people out there, and be given their real sessions.
    """

    async def name(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (key, _PREFIX + value if key.lower() == b"set-cookie" else value)
                for key, value in message.get("headers", ())
            ]
            message = {**message, "headers": headers}
        await send(message)

    return name


_ICON_LINK = f'<link rel="icon" type="image/svg+xml" href="{ICON_PATH}">'.encode()


def _words(language: str) -> dict[str, str]:
    words: dict[str, str] = catalogue(language)["page"]["practice"]
    return words


def _banner(day: date, begins: time, speed: float) -> str:
    filled = {"day": day.isoformat(), "begins": f"{begins:%H:%M}", "speed": f"{speed:g}"}
    said = [(lang, _words(language)) for language, lang in _LANGUAGES.items()]
    line = "".join(
        f'<span lang="{lang}"><b>{escape(words["title"])}</b>'
        f'<span class="whole"> – {escape(_filled(words["nothing_real"], filled))}</span></span>'
        for lang, words in said
    )
    asked = "".join(f'<span lang="{lang}">{escape(words["what"])}</span>' for lang, words in said)
    told = "".join(
        f'<p lang="{lang}">{escape(_filled(words[part], filled))}</p>'
        for part in ("hours", "recorded", "simulated", "nobody")
        for lang, words in said
    )
    return (
        f'<div class="practice" role="note" data-practice="{day.isoformat()}">{line}'
        f"<details><summary>{asked}</summary><div>{told}</div></details></div>"
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _fitting(start: Message, body: bytes) -> Message:
    """Return the start of an answer with the length of what it became, and its style allowed."""
    headers = [
        (name, _styled(value) if name == b"content-security-policy" else value)
        for name, value in start["headers"]
        if name.lower() != b"content-length"
    ]
    return {**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]}


def _styled(policy: bytes) -> bytes:
    return with_style(policy.decode(), _STYLE.encode()).encode()


async def _send_icon(send: Send) -> None:
    body = _ICON.encode()
    headers = [
        (b"content-type", b"image/svg+xml"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
