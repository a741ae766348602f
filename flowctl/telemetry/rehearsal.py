"""What the stored fixes of a day would have given with other zones: nothing is written.

The trucks that came near what is drawn otherwise are judged again by the engine that judges all
fixes, with the zones of a draft; what it finds stands beside the visits that are stored.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import psycopg

from flowctl.site import Site
from flowctl.storage import fixes as fix_store
from flowctl.storage import fleet as fleet_store
from flowctl.storage import visits as visit_store
from flowctl.storage.visits import Stay
from flowctl.telemetry.fixes import microseconds
from flowctl.telemetry.judging import Judge, by_device
from flowctl.telemetry.rezoning import list_redrawn
from flowctl.visits.engine import advance
from flowctl.visits.recent import by_key
from flowctl.visits.sight import View, one_a_moment
from flowctl.visits.track import SECOND, TrackState

Connection = psycopg.Connection[Any]

AT_ONCE = 16
"""Trucks judged in one step."""
SLIGHT_US = 60 * SECOND
"""A stay that begins or ends by less otherwise is the same: boundaries that move do that to all."""
MOST_TOLD = 50
"""Trucks named in the outcome."""


@dataclass(frozen=True, slots=True)
class ZoneOutcome:
    """A zone's arrivals, and hours of stay of all trucks, as stored and as they would have been."""

    zone: str
    arrivals_before: int
    arrivals_after: int
    hours_before: float
    hours_after: float


@dataclass(frozen=True, slots=True)
class TruckOutcome:
    """The stays of a truck on that day that would have been others."""

    device: int
    before: list[Stay]
    after: list[Stay]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rehearsal came to.

    Of ``near`` trucks near what is drawn otherwise ``played`` were judged again, fewer where time
    ran out; ``differ`` have stays that are
    others by a minute or more, the first of them are ``trucks``.
    """

    near: int
    played: int
    differ: int
    zones: list[ZoneOutcome]
    trucks: list[TruckOutcome]


class Rehearsal:
    """A day judged again, some trucks a step.

    Parameters
    ----------
    conn
        In a transaction that lasts as long as this is used; it may be one that only reads.
    former, drafted
        The site as it is, and with the zones of the draft.
    since, until
        The day.
    """

    def __init__(
        self, conn: Connection, former: Site, drafted: Site, since: datetime, until: datetime
    ) -> None:
        self._conn, self._site = conn, drafted
        self._since, self._until = since, until
        self._ground = Judge.of(drafted).ground
        boxes = list(list_redrawn(Judge.of(former).ground, self._ground))
        seen = fleet_store.list_seen_within(
            conn, boxes, since_us=microseconds(since), until_us=microseconds(until)
        )
        self._devices = [device for device, _ in seen] if boxes else []
        self._lags = fleet_store.list_lag_limits(conn)
        self._before: dict[int, list[Stay]] = {}
        self._after: dict[int, list[Stay]] = {}
        self.played = 0

    @property
    def near(self) -> int:
        """How many trucks came near what is drawn otherwise."""
        return len(self._devices)

    def step(self) -> bool:
        """Judge some trucks more; False where all have been."""
        some = self._devices[self.played : self.played + AT_ONCE]
        if not some:
            return False
        for stay in visit_store.list_stays(self._conn, self._since, self._until, some):
            self._before.setdefault(stay.device, []).append(stay)
        for stay in self._judged(some):
            if (
                stay.entered_at < self._until_us
                and (stay.left_at or self._until_us) > self._since_us
            ):
                self._after.setdefault(stay.device, []).append(stay)
        self.played += len(some)
        return self.played < self.near

    def outcome(self) -> Outcome:
        """Return what has come of the trucks judged so far."""
        devices = sorted(self._before.keys() | self._after.keys())
        differing = [device for device in devices if self._differs(device)]
        told = [
            TruckOutcome(device, self._before.get(device, []), self._after.get(device, []))
            for device in differing[:MOST_TOLD]
        ]
        return Outcome(self.near, self.played, len(differing), self._zones(), told)

    def _judged(self, devices: Sequence[int]) -> list[Stay]:
        # Who was in a zone when the day began has been heard of within that time, or it is over.
        warm_up = timedelta(seconds=self._site.visit.forget_s)
        begins = dict.fromkeys(devices, microseconds(self._since - warm_up))
        rows = fix_store.list_tracks(self._conn, begins, self._until_us)
        rows = rows[one_a_moment(rows)]
        view = View(rows, self._ground, self._site.visit, self._lags)
        seen = view.sightings(np.arange(len(rows)))
        stays, until = [], 0
        for device, part in by_device(rows):
            begin, until = until, until + len(part)
            _, said = advance(
                TrackState(), seen[begin:until], ground=self._ground, params=self._site.visit
            )
            stays += [
                Stay(device, visit.zone, visit.entered_at, visit.left_at, visit.seen_inside)
                for visit in by_key(said).values()
            ]
        return stays

    @property
    def _since_us(self) -> int:
        return microseconds(self._since)

    @property
    def _until_us(self) -> int:
        return microseconds(self._until)

    def _differs(self, device: int) -> bool:
        """Tell whether the day holds other stays of a truck, or the same at other moments."""
        before, after = (
            sorted((one.zone, self._arrives(one), *self._within(one)) for one in stays)
            for stays in (self._before.get(device, []), self._after.get(device, []))
        )
        return len(before) != len(after) or any(
            one[:2] != other[:2] or max(abs(one[2] - other[2]), abs(one[3] - other[3])) >= SLIGHT_US
            for one, other in zip(before, after, strict=True)
        )

    def _within(self, stay: Stay) -> tuple[int, int]:
        left_at = self._until_us if stay.left_at is None else stay.left_at
        return max(stay.entered_at, self._since_us), min(left_at, self._until_us)

    def _arrives(self, stay: Stay) -> bool:
        return not stay.seen_inside and stay.entered_at >= self._since_us

    def _zones(self) -> list[ZoneOutcome]:
        """Return what the day would have been for each zone; other trucks stay as they were."""
        known = visit_store.sum_stays(self._conn, self._since, self._until)
        arrivals: Counter[str] = Counter()
        seconds: defaultdict[str, float] = defaultdict(float)
        for sign, stays in ((-1, self._before), (1, self._after)):
            for stay in (one for some in stays.values() for one in some):
                entered, left = self._within(stay)
                arrivals[stay.zone] += sign * self._arrives(stay)
                seconds[stay.zone] += sign * (left - entered) / SECOND
        zones = sorted(known.keys() | seconds.keys())
        return [
            ZoneOutcome(
                zone,
                before := known.get(zone, (0, 0.0))[0],
                before + arrivals[zone],
                hours := known.get(zone, (0, 0.0))[1] / 3600,
                hours + seconds[zone] / 3600,
            )
            for zone in zones
        ]
