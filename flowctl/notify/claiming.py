"""Takes messages out of the outbox for a while: those to be sent in hand, the others settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.notify.verdicts import Verdict, gathered_until, judge
from flowctl.policy import NotifyRules
from flowctl.storage.sending import (
    Asked,
    Connection,
    DueMessage,
    Given,
    claim,
    gather,
    give_up,
    lock_due,
    lock_outdated,
)

_OUTDATED = frozenset({Verdict.SUPERSEDED, Verdict.EXPIRED})
_NOBODY = "The driver gave no number, or it was forgotten."


@dataclass(frozen=True, slots=True)
class Claimed:
    """Messages to be sent, kept in hand until ``until`` of wall time; how many were settled."""

    messages: Sequence[DueMessage]
    until: datetime | None
    settled: int


def claim_due(conn: Connection, asked: Asked, rules: NotifyRules, *, lease: timedelta) -> Claimed:
    """Take what is to be sent in hand, and settle what is not, in the caller's transaction."""
    due = lock_due(conn, asked)
    verdicts = {message.id: judge(message, rules, asked.now) for message in due}
    going = [message for message in due if verdicts[message.id] is Verdict.SEND]
    until = claim(conn, [message.id for message in going], lease=lease) if going else None
    waiting = [
        (message.id, gathered_until(message, rules, asked.now))
        for message in due
        if verdicts[message.id] is Verdict.GATHER
    ]
    if waiting:
        gather(conn, waiting)
    over = [message for message in due if verdicts[message.id] not in _GOING]
    _settle(conn, [(message, verdicts[message.id]) for message in over])
    return Claimed(going, until, len(due) - len(going))


_GOING = frozenset({Verdict.SEND, Verdict.GATHER})


def settle_outdated(conn: Connection, asked: Asked, rules: NotifyRules) -> int:
    """Settle what will not be sent any more, whether or not its turn has come; returns how many."""
    found = [(message, judge(message, rules, asked.now)) for message in lock_outdated(conn, asked)]
    over = [(message, verdict) for message, verdict in found if verdict in _OUTDATED]
    _settle(conn, over)
    return len(over)


def _settle(conn: Connection, over: Sequence[tuple[DueMessage, Verdict]]) -> None:
    if over:
        give_up(
            conn,
            [
                Given(m.id, None, verdict.value, _NOBODY if m.phone_cipher is None else None)
                for m, verdict in over
            ],
        )
