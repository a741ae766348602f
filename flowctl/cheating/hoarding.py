"""Hauliers that hold or drop more bookings than their trucks explain. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from flowctl.alarms.alerts import Alert, Kind, Severity, Value, moment
from flowctl.cheating_limits import CheatingParams


class Fate(StrEnum):
    """What became of a booking."""

    STANDS = "stands"
    """It is active, or its truck has crossed."""
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


@dataclass(frozen=True, slots=True)
class Booked:
    """One export booking: its gate, the local day it is for, and what became of it when.

    ``ended_at`` is the moment of its cancellation or no-show; None while it stands.
    """

    haulier: str | None
    gate: str
    day: date
    registered_at: datetime
    fate: Fate = Fate.STANDS
    ended_at: datetime | None = None


def hoarding(booked: Sequence[Booked], params: CheatingParams, now: datetime) -> list[Alert]:
    """Return hauliers that hold too great a share of a gate's day, and those that drop bookings.

    Bookings without a haulier count as everybody's, and are nobody's.
    """
    return [*_held(booked, params, now), *_dropped(booked, params, now)]


def _held(booked: Sequence[Booked], params: CheatingParams, now: datetime) -> list[Alert]:
    standing = [one for one in booked if one.fate is Fate.STANDS]
    all_of = Counter((one.gate, one.day) for one in standing)
    alerts = []
    for (haulier, gate, day), n in _by_haulier(standing).items():
        share = n / all_of[gate, day]
        if n >= params.hoard_least and share > params.hoard_share:
            evidence: dict[str, Value] = {
                "how": "holds",
                "gate": gate,
                "day": day.isoformat(),
                "bookings": n,
                "of": all_of[gate, day],
                "share": round(share, 3),
            }
            subject = f"haulier {haulier} holds {gate} {day}"
            alerts.append(_alert(haulier, subject, evidence, now))
    return alerts


def _by_haulier(booked: Sequence[Booked]) -> Mapping[tuple[str, str, date], int]:
    return Counter((one.haulier, one.gate, one.day) for one in booked if one.haulier is not None)


def _dropped(booked: Sequence[Booked], params: CheatingParams, now: datetime) -> list[Alert]:
    since = now - timedelta(seconds=params.dropped_s)
    known = [one for one in booked if one.haulier is not None]
    booked_lately = Counter(one.haulier for one in known if _counts(one, since))
    dropped: dict[str, Counter[Fate]] = {}
    for one in known:
        if one.haulier is not None and one.ended_at is not None and one.ended_at > since:
            dropped.setdefault(one.haulier, Counter())[one.fate] += 1
    alerts = []
    for haulier, fates in dropped.items():
        n = fates.total()
        share = n / booked_lately[haulier]
        if n >= params.dropped and share > params.dropped_share:
            evidence: dict[str, Value] = {
                "how": "drops",
                "cancelled": fates[Fate.CANCELLED],
                "no_shows": fates[Fate.NO_SHOW],
                "of": booked_lately[haulier],
                "share": round(share, 3),
                "since": moment(since),
            }
            alerts.append(_alert(haulier, f"haulier {haulier} drops", evidence, now))
    return alerts


def _counts(one: Booked, since: datetime) -> bool:
    """Tell whether a booking was there within the time looked at."""
    return one.fate is Fate.STANDS or (one.ended_at is not None and one.ended_at > since)


def _alert(haulier: str, subject: str, evidence: Mapping[str, Value], now: datetime) -> Alert:
    return Alert(Kind.HOARDING, Severity.MEDIUM, subject, now, haulier=haulier, evidence=evidence)
