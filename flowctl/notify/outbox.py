"""Sends what waits in the outbox: each message once, none that is no longer true."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import structlog
from pydantic import SecretStr

from flowctl.errors import FlowctlError
from flowctl.notify.file import FileGateway
from flowctl.notify.gateways import GatewayError, Message
from flowctl.notify.texts import Facts, write_text
from flowctl.registry.keys import Keys, decrypt_phone, derive_keys, link_code
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage.outbox import (
    Connection,
    DueMessage,
    claim_due,
    close_messages,
    retry_messages,
)

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
    **{kind: frozenset({"hold"}) | _CALLS | _OVER for kind in _CALLS},
}
"""A message that waits is not sent any more once its trip has a newer one of these kinds."""


@dataclass(frozen=True, slots=True)
class SendParams:
    """How messages are sent: ``batch`` at once; the n-th retry waits ``first_retry_s`` · 2ⁿ.

    With seven retries from 5 s on a message is tried for about ten minutes: an order to drivers
    that is older does more harm than good.
    """

    batch: int = 200
    first_retry_s: float = 5.0
    attempts: int = 8


def send_due(
    conn: Connection,
    gateway: FileGateway,
    *,
    settings: Settings,
    site: Site,
    now: datetime,
    wall_now: datetime | None = None,
    params: SendParams = SendParams(),
) -> int:
    """Send what is due, in the caller's transaction; returns how many messages were settled.

    Numbers, names and texts are resolved here, at the moment of sending. What was superseded or
    has expired by the domain moment ``now`` is marked and not sent. Where the gateway fails, all
    are tried again after a while of wall time, and are ``dead`` after ``params.attempts``.
    """
    wall = datetime.now(UTC) if wall_now is None else wall_now
    keys = _keys(settings.secret)
    due = claim_due(conn, site=site.id, wall_now=wall, limit=params.batch)
    verdicts = {message.id: _verdict(message, now) for message in due}
    outgoing: list[Message] = []
    for message in due:
        if verdicts[message.id] == "sent":
            try:
                outgoing.append(_resolve(message, keys, settings.public_url, site, now))
            except FlowctlError as error:
                _log.error("message cannot be written", message=message.id, reason=str(error))
                verdicts[message.id] = "dead"
    try:
        asyncio.run(_send_all(gateway, outgoing))
    except GatewayError as error:
        _log.warning("gateway failed", messages=len(outgoing), reason=str(error))
        failed = {message.id for message in outgoing}
        _postpone(conn, [m for m in due if m.id in failed], wall, now, params)
        verdicts = {key: verdict for key, verdict in verdicts.items() if key not in failed}
    for state in ("sent", "superseded", "expired", "dead"):
        ids = [message for message, verdict in verdicts.items() if verdict == state]
        if ids:
            close_messages(conn, ids, state=state, now=now)
    return len(verdicts)


async def _send_all(gateway: FileGateway, messages: Sequence[Message]) -> None:
    await asyncio.gather(*map(gateway.send, messages))


_log = structlog.get_logger()


@lru_cache(maxsize=4)
def _keys(secret: SecretStr) -> Keys:
    return derive_keys(secret)


def _verdict(message: DueMessage, now: datetime) -> str:
    if SUPERSEDED_BY.get(message.kind, frozenset()).intersection(message.later_kinds):
        return "superseded"
    forgotten = message.phone_cipher is None
    if forgotten or (message.expires_at is not None and message.expires_at <= now):
        return "expired"
    return "sent"


def _resolve(
    message: DueMessage, keys: Keys, public_url: str, site: Site, now: datetime
) -> Message:
    if message.phone_cipher is None:
        raise FlowctlError(f"Nobody's number is kept for message {message.id}.")
    facts = facts_of(
        message.params,
        plate=message.plate,
        link=f"{public_url.rstrip('/')}/d/{link_code(keys, message.trip_id, message.link_epoch)}",
    )
    return Message(
        id=message.id,
        at=now,
        to=decrypt_phone(keys, message.phone_cipher),
        kind=message.kind,
        language=message.language,
        text=write_text(
            site, kind=message.kind, language=message.language, facts=facts, where="sms"
        ),
        trip=message.trip_id,
        gate=message.params.get("gate"),
        starts_at=message.params.get("starts_at"),
    )


def facts_of(params: Mapping[str, str], *, plate: str, link: str) -> Facts:
    """Return what an outbox row's params say, for its text."""
    return Facts(
        plate=plate,
        link=link,
        gate=params.get("gate"),
        yard=params.get("yard"),
        starts_at=_instant(params.get("starts_at")),
        ends_at=_instant(params.get("ends_at")),
        reason=params.get("reason"),
        offence=params.get("offence"),
        minutes=params.get("minutes"),
        until=_instant(params.get("until")),
        code=params.get("code"),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _postpone(
    conn: Connection,
    messages: Sequence[DueMessage],
    wall: datetime,
    now: datetime,
    params: SendParams,
) -> None:
    for message in messages:
        if message.attempts + 1 >= params.attempts:
            close_messages(conn, [message.id], state="dead", now=now)
        else:
            delay = timedelta(seconds=params.first_retry_s * 2**message.attempts)
            retry_messages(conn, [message.id], wall_now=wall, delay=delay)
