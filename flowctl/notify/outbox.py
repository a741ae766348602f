"""What a row of the outbox says to its driver: number, link and text, resolved when it is sent."""

from collections.abc import Mapping
from datetime import datetime

from flowctl.errors import FlowctlError
from flowctl.notify.gateways import Message
from flowctl.notify.texts import Facts, write_text
from flowctl.notify.verdicts import ends_at
from flowctl.registry.keys import Keys, decrypt_phone, link_code, login_digits
from flowctl.site import Site
from flowctl.storage.sending import DueMessage


def write_message(
    message: DueMessage, keys: Keys, *, public_url: str, site: Site, now: datetime
) -> Message:
    """Return what a gateway is to carry.

    Raises
    ------
    FlowctlError
        There is no text for it, its number was forgotten or does not open with this secret.
    """
    if message.phone_cipher is None:
        raise FlowctlError(f"Nobody's number is kept for message {message.id}.")
    code = link_code(keys, message.trip_id, message.link_epoch)
    params = dict(message.params)
    if "login" in params:
        params["code"] = login_digits(keys, params["login"])
    facts = facts_of(params, plate=message.plate, link=f"{public_url.rstrip('/')}/d/{code}")
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
        expires_at=ends_at(message),
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
        n=params.get("n"),
        why=params.get("why"),
        plates=params.get("plates"),
        words=params.get("words"),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
