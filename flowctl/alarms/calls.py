"""Call-ups that are not followed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.alarm_limits import AlarmParams
from flowctl.alarms.alerts import Alert, Kind, Severity, Value, about_trip, moment


@dataclass(frozen=True, slots=True)
class CallUp:
    """A trip's newest call-up, where its truck has not come to the gate since.

    ``yard`` is where the truck stands now, None where it has left. ``ended`` is why the call-up is
    over (``no_show``, ``release_expired``), None where nobody said so; ``seen_at`` the newest fix.
    """

    trip_id: int
    gate: str
    called_at: datetime
    expires_at: datetime
    ended: str | None
    yard: str | None
    seen_at: datetime | None
    haulier: str | None = None


def unfollowed(calls: Sequence[CallUp], limits: AlarmParams, now: datetime) -> list[Alert]:
    """Return the trucks that were called up and did not set out, or did not come."""
    found = []
    for call in calls:
        judged = _judge(call, limits, now)
        if judged is None:
            continue
        kind, severity, how = judged
        facts: dict[str, Value] = {"gate": call.gate, "called_at": moment(call.called_at)}
        if how is not None:
            facts["how"] = how
        if call.yard is not None:
            facts["yard"] = call.yard
        found.append(
            Alert(
                kind,
                severity,
                f"{about_trip(call.trip_id)} called {moment(call.called_at)}",
                call.called_at,
                trip_id=call.trip_id,
                haulier=call.haulier,
                place=call.gate,
                evidence=facts,
            )
        )
    return found


def _judge(
    call: CallUp, limits: AlarmParams, now: datetime
) -> tuple[Kind, Severity, str | None] | None:
    if now - call.called_at > timedelta(seconds=limits.missed_s) + (
        call.expires_at - call.called_at
    ):
        return None
    if call.ended == "no_show":
        return Kind.ABSENT, Severity.LOW, None
    if call.ended is not None:
        return (
            (Kind.NOT_FOLLOWED, Severity.LOW, "missed") if call.ended == "release_expired" else None
        )
    waits = timedelta(seconds=limits.unfollowed_s)
    # A tracker silent since the call-up says nothing: the truck may be on its way.
    proved = call.seen_at is not None and call.seen_at >= call.called_at + waits / 2
    if call.yard is not None and proved and now - call.called_at >= waits:
        return Kind.NOT_FOLLOWED, Severity.MEDIUM, "stays"
    return None
