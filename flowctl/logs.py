"""What the processes write down for those who look after them: a line of JSON for each record.

A line names what happened, to which request (``request_id``), never to whom: no plate, phone, name,
code or token belongs into a log. Whoever writes a record keeps to that; errors of others, which
quote what they were given, are made discreet here.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

Event = MutableMapping[str, Any]

_SECRETIVE: tuple[tuple[re.Pattern[str], str], ...] = (
    # PostgreSQL quotes the row it could not take.
    (re.compile(r"^(DETAIL|CONTEXT|STATEMENT|LINE \d+):.*$", re.MULTILINE), r"\1: …"),
    (re.compile(r"://[^/@\s]+@"), "://…@"),
    (re.compile(r"(?<=[\w/])\?[^\s\"'<>]*=[^\s\"'<>]*"), "?…"),
    (re.compile(r"/(d|osmand|traccar|owntracks|ufms|sms)/[^{\s\"'<>]+"), r"/\1/…"),
    (re.compile(r"\b(Bearer|Basic)\s+[^\s\"']+", re.IGNORECASE), r"\1 …"),
    (re.compile(r"\+\d{8,15}\b"), "+…"),
    (re.compile(r"\b\d{2}[A-Z]{1,2}[-. ]?\d{3}\.?\d{2}\b"), "(plate)"),
    (re.compile(r"[\u4e00-\u9fff][A-Z][A-Z0-9]{5,6}\b"), "(plate)"),
)
"""What may stand in an error's text, and what is written in its place: a row, credentials in an
address, a query, a code in a path, a token, a phone, a plate of Vietnam or China."""


def discreet(text: str) -> str:
    r"""Return a text without what could name a person or open a door.

    >>> discreet('no trip of 12C-123.45 at https://gate.example/d/Zk3q9; ask +84903000001')
    'no trip of (plate) at https://gate.example/d/… ask +…'
    """
    for form, instead in _SECRETIVE:
        text = form.sub(instead, text)
    return text


def begin(process: str) -> None:
    """Write this process's records, and its libraries' warnings, to standard error from now on.

    On a terminal they are lines for people, elsewhere JSON: ``timestamp`` (UTC), ``level``,
    ``process``, ``event``, ``request_id`` where there is one, and what else is told.
    """

    def name(_logger: object, _method: str, event: Event) -> Event:
        event.setdefault("process", process)
        return event

    shared: list[Callable[..., Any]] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _make_discreet,
    ]
    shown = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    structlog.configure(
        processors=[*shared, shown],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # A line and its end in one: threads write beside each other.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, shown],
            foreign_pre_chain=shared,
        )
    )
    logging.basicConfig(handlers=[lines], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)


def _make_discreet(_logger: object, _method: str, event: Event) -> Event:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = discreet(value)
        elif isinstance(value, Exception):
            event[name] = discreet(str(value))
    return event
