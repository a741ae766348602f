"""Trucks that are not heard of, and lines on which nothing comes any more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.alarm_limits import AlarmParams
from flowctl.alarms.alerts import Alert, Kind, Severity, Value, about_trip, moment

POSITIONS = "positions"
"""The subject of the alarm that positions stopped coming."""
_HEARD_LEAST = 30
"""So many trucks send a position each half minute between them, even parked."""
_RETIRED_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A truck that matters now: it stands in ``yard``, or was called up and left (None).

    ``seen_at`` is its newest fix.
    """

    trip_id: int
    seen_at: datetime
    yard: str | None
    gate: str | None
    device: str
    haulier: str | None = None


def silences(
    trucks: Sequence[Watched], standing: Collection[str], limits: AlarmParams, now: datetime
) -> list[Alert]:
    """Return the trucks that are silent; where many are at once, one finding about the line."""
    silent = [one for one in trucks if _is_silent(one, standing, limits, now)]
    many = max(float(limits.silent_many), limits.silent_many_share * len(trucks))
    if POSITIONS in standing:
        many *= limits.silent_clear_share
    if len(silent) >= many:
        return [
            Alert(
                Kind.POSITIONS_LATE,
                Severity.HIGH,
                POSITIONS,
                now,
                evidence={"how": "many", "trucks": len(silent), "of": len(trucks)},
            )
        ]
    return [
        Alert(
            Kind.SILENT,
            Severity.LOW if one.yard is not None else Severity.MEDIUM,
            about_trip(one.trip_id),
            one.seen_at,
            trip_id=one.trip_id,
            device=one.device,
            haulier=one.haulier,
            place=one.yard or one.gate,
            evidence={
                "how": "called" if one.yard is None else "parked",
                "place": one.yard or one.gate or "",
                "seen_at": moment(one.seen_at),
                "silent_s": round((now - one.seen_at).total_seconds()),
            },
        )
        for one in silent
    ]


def _is_silent(one: Watched, standing: Collection[str], limits: AlarmParams, now: datetime) -> bool:
    most = limits.silent_called_s if one.yard is None else limits.silent_parked_s
    if about_trip(one.trip_id) in standing:
        most *= limits.silent_clear_share
    return now - one.seen_at > timedelta(seconds=most)


def late_positions(
    newest_at: datetime | None, heard: int, limits: AlarmParams, now: datetime
) -> list[Alert]:
    """Return that no position of any truck has come for a while.

    ``newest_at`` is the newest of all, ``heard`` how many trucks sent any within the last hour:
    where few do, a pause says nothing.
    """
    if newest_at is None or heard < _HEARD_LEAST:
        return []
    if now - newest_at <= timedelta(seconds=limits.positions_late_s):
        return []
    silent_s = round((now - newest_at).total_seconds())
    facts: dict[str, Value] = {"how": "all", "seen_at": moment(newest_at), "silent_s": silent_s}
    return [Alert(Kind.POSITIONS_LATE, Severity.HIGH, POSITIONS, newest_at, evidence=facts)]


def late_processes(
    silent_s: Mapping[str, float], limits: AlarmParams, now: datetime
) -> list[Alert]:
    """Return which of our processes have not worked for a while.

    ``silent_s`` says how long ago each beat last, on the wall clock. One that has been away for
    a day was taken out of service.
    """
    return [
        Alert(
            Kind.PROCESS_LATE,
            Severity.HIGH,
            about_process(process),
            now - timedelta(seconds=silent),
            evidence={"process": process, "silent_s": round(silent)},
        )
        for process, silent in silent_s.items()
        if limits.process_late_s < silent < _RETIRED_S
    ]


def about_process(process: str) -> str:
    """Return the subject of a finding about one of our processes."""
    return f"process {process}"
