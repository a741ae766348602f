"""Messages that were given up, and who has them tried once more."""

from datetime import datetime

from flowctl.errors import ConflictError
from flowctl.notify.verdicts import ends_at
from flowctl.storage.messages import (
    Connection,
    MessageRecord,
    get_message,
    list_messages,
    revive,
)

_MOST_AT_ONCE = 10_000


def retry_message(conn: Connection, site: str, message: int, *, now: datetime) -> MessageRecord:
    """Let a dead message be sent after all; returns it as it stands then.

    Raises
    ------
    NotFoundError
        There is none of this number.
    ConflictError
        It is not dead, or says nothing that is still of use.
    """
    found = get_message(conn, site, message)
    if found.state == "dead" and ends_at(found) <= now:
        raise ConflictError(
            f"Message {message} is over: what it says was of use until"
            f" {ends_at(found).isoformat()}.",
            kind="message_over",
            values={"at": ends_at(found)},
        )
    if not revive(conn, [message]):
        raise ConflictError(
            f"Message {message} is {found.state}; only one that was given up can be tried again.",
            kind="message_not_given_up",
        )
    return get_message(conn, site, message)


def retry_all(conn: Connection, site: str, *, now: datetime) -> int:
    """Let all dead messages that are still of use be sent after all; returns how many."""
    dead = list_messages(conn, site, state="dead", before=None, limit=_MOST_AT_ONCE)
    return revive(conn, [one.id for one in dead if now < ends_at(one)])
