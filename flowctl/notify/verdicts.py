"""What becomes of a message whose turn has come: sent, gathered, or not sent at all. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from flowctl.policy import NotifyRules
from flowctl.storage.sending import DueMessage

_OVER = frozenset({"cancelled", "passed"})
_NEWER = frozenset({"slot", "slot_changed", "hold", "call_up"}) | _OVER
_CALLS = frozenset({"call_up", "move_up", "no_show", "call_over"})

SUPERSEDED_BY: Mapping[str, frozenset[str]] = {
    "registered": _OVER,
    "slot": _NEWER,
    "slot_changed": _NEWER,
    "hold": _NEWER,
    "stay": _NEWER | {"depart"},
    "depart": _NEWER | {"stay"},
    "no_slot": _NEWER,
    "papers_asked": _OVER | {"papers_asked", "papers_refused"},
    "papers_refused": _OVER | {"papers_asked", "papers_refused"},
    "login_code": frozenset({"login_code"}),
    **{kind: frozenset({"hold"}) | _CALLS | _OVER for kind in _CALLS},
}
"""A message that waits is not sent any more once its trip has a newer one of these kinds."""

GATHERED = frozenset({"slot", "slot_changed"})
"""Of these a driver hears at once, and then not again before the rules' time is over."""

TO_THE_SILENT = frozenset({"login_code", "reply_stopped"})
"""What a number that asked for no more messages is sent all the same: it asked for these."""

OLDEST = timedelta(days=1)
"""How old a message that names no end may get: a gateway that was away longer finds old news."""


class Verdict(StrEnum):
    """What becomes of a message; but for the first two, the state it gets."""

    SEND = "send"
    GATHER = "gather"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    LIMITED = "limited"


def is_superseded(kind: str, later_kinds: Iterable[str]) -> bool:
    """Tell whether a message is untrue as its trip has newer ones of these kinds."""
    return not SUPERSEDED_BY.get(kind, frozenset()).isdisjoint(later_kinds)


def judge(message: DueMessage, rules: NotifyRules, now: datetime) -> Verdict:
    """Return what becomes of a message at a domain moment."""
    if is_superseded(message.kind, message.later_kinds):
        return Verdict.SUPERSEDED
    if message.phone_cipher is None or ends_at(message) <= now:
        return Verdict.EXPIRED
    if message.silent and message.kind not in TO_THE_SILENT:
        return Verdict.LIMITED
    if not message.urgent and 0 < rules.most_per_day <= message.sent_today:
        return Verdict.LIMITED
    return Verdict.SEND if gathered_until(message, rules, now) <= now else Verdict.GATHER


class Lasting(Protocol):
    """What has an end, given or assumed."""

    @property
    def created_at(self) -> datetime:
        """Return when it was written, domain time."""

    @property
    def expires_at(self) -> datetime | None:
        """Return its own end, None where it names none."""


def ends_at(message: Lasting) -> datetime:
    """Return from which domain moment on a message is not sent any more."""
    return message.created_at + OLDEST if message.expires_at is None else message.expires_at


def gathered_until(message: DueMessage, rules: NotifyRules, now: datetime) -> datetime:
    """Return until when a message waits for what may come after it."""
    told_at = message.told_at if message.kind in GATHERED else None
    if told_at is None or told_at > now:  # a clock that was put back holds nothing up
        return now
    return told_at + timedelta(seconds=rules.gather_s)
