"""What is known of a day's trucks by what their trackers send, and by what officers say.

Posts go through production's decoding, screening, merging and judging; only where production has
its database, a day's fixes and visits are kept in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from flowctl.state import Cargo, GateHistory
from flowctl.storage.closures import HISTORY
from flowctl.storage.fixes import merge_rows, resolved
from flowctl.storage.gate_lags import WINDOW
from flowctl.storage.snapshot import Observation, Passage, pair_events
from flowctl.telemetry.edge import intake, site_limits
from flowctl.telemetry.fixes import FixBatch, instant, merge, microseconds
from flowctl.telemetry.formats.own import decode_json
from flowctl.telemetry.judging import Judge
from geo.zones import Role
from simulations.knowledge import Book
from simulations.knowledge_roads import Roads
from simulations.knowledge_seen import Stay, facts_of, lag_s, passages_of, stays_of
from simulations.knowledge_tracks import TracksInMemory
from simulations.notices import device
from simulations.trackers import Post
from simulations.world import Emitted, World

_SOURCE = 1  # all trackers of a simulated day are of one source
_NOBODY = 0
_US = 1e6
_WAITS = (Role.QUEUE, Role.LANE)


@dataclass(frozen=True, slots=True)
class Beliefs:
    """How well positions told what truly happened.

    ``arrivals`` exports with a tracker came to their yard, ``believed`` of them were seen to,
    ``proved`` of these by fixes received in time. Of those that came while the day was played
    ``median_delay_s`` is how long it took until it was known, ``median_error_s`` by how much the
    moment believed is off; None where nobody came.
    """

    arrivals: int
    believed: int
    proved: int
    median_delay_s: float | None
    median_error_s: float | None


class Received:
    """Takes in what a world posts and writes what follows from it into a book."""

    def __init__(self, world: World, book: Book) -> None:
        self._world, self._book, site = world, book, world.site
        self._limits = site_limits(site)
        self._judge = Judge.of(site)
        self._tracks = TracksInMemory()
        self._zones = {zone.id: zone for zone in site.zones}
        self._roads = Roads(site, self._tracks)
        plates = world.demand.plate
        self._truck_of_plate = {plate: truck for truck, plate in enumerate(plates)}
        self._number = {device(plate): truck + 1 for truck, plate in enumerate(plates)}
        self._stored_until = np.full(len(plates) + 1, np.iinfo(np.int64).min)
        self._over = np.zeros(len(plates) + 1, np.bool_)
        self._trip: dict[int, int] = {}  # by device, of trips that are not over
        self._coming: dict[int, int] = {}  # of those, the ones that have not arrived
        self._device: dict[int, int] = {}
        self._known_at: dict[int, datetime] = {}
        self._believed: dict[int, tuple[datetime, datetime | None]] = {}
        self._passages: dict[int, dict[str, tuple[float, float]]] = {}
        self._facts: dict[int, list[tuple[str, int, float]]] = {}
        self._at_gate: dict[int, list[tuple[str, int]]] = {}
        self._seen: list[Passage] | None = None
        self._events: list[Observation] = []
        self._words: list[tuple[Observation, float]] = []

    def truck_of(self, trip_id: int) -> int:
        """Return the truck of a trip."""
        return self._device[trip_id] - 1

    def look(self, emitted: Emitted, now: datetime) -> None:
        """Take in what a world has made known up to ``now``."""
        for body in emitted.registrations:
            self._register(body, now)
        self._forget()
        self._receive(emitted.fix_posts, now)
        for gate, items in emitted.gate_events.items():
            said = [_observation(gate, item) for item in items]
            self._events += said
            self._seen = None if said else self._seen
            self._words += ((one, now.timestamp()) for one in said)
        self._take_visits(now)
        for number in self._tracks.take_moved():
            trip = self._trip.get(number)
            if trip is not None:
                at = instant(int(self._tracks.newest[number]["fixed_at"]))
                self._book.learn(trip, seen_at=at)
        self._roads.expect(self._book, self._coming, now)

    def observe(self, now: datetime) -> None:
        """Look at the roads, as production does right after a decision when it is due."""
        self._roads.observe(now)

    def histories(self, now: datetime) -> tuple[GateHistory, ...]:
        """Return what was seen at each gate, as production reads it."""
        return tuple(self._histories(now))

    def beliefs(self) -> Beliefs:
        """Return how what was believed compares with what truly happened so far."""
        stages, day, starts = self._world.stages(), self._world.demand, self._world.starts
        came = np.flatnonzero(~np.isnan(stages.yard_at) & day.tracked & ~day.is_import)
        known = [int(truck) for truck in came if int(truck) + 1 in self._believed]
        moving = [truck for truck in known if stages.yard_at[truck] > starts]
        delays = [
            self._known_at[truck + 1].timestamp() - float(stages.yard_at[truck]) for truck in moving
        ]
        errors = [
            abs(self._believed[truck + 1][0].timestamp() - float(stages.yard_at[truck]))
            for truck in moving
        ]
        return Beliefs(
            arrivals=len(came),
            believed=len(known),
            proved=sum(arrived == counted for arrived, counted in self._believed.values()),
            median_delay_s=float(np.median(delays)) if delays else None,
            median_error_s=float(np.median(errors)) if errors else None,
        )

    def _register(self, body: dict[str, Any], now: datetime) -> None:
        number = self._truck_of_plate[body["plate"]] + 1
        trip = self._book.enter(
            gates=tuple(body["gates"]),
            cargo=Cargo(body["cargo"]),
            registered_at=now,
            ready_at=datetime.fromisoformat(body["ready_at"]),
        )
        self._trip[number], self._device[trip] = trip, number
        self._coming[number] = trip
        self._tracks.changed.add(number)

    def _forget(self) -> None:
        """Drop the tracks of trucks whose trips are over."""
        for trip in self._book.take_over():
            number = self._device[trip]
            del self._trip[number]
            self._coming.pop(number, None)
            self._at_gate.pop(number, None)
            self._over[number] = True
            self._tracks.forget(number)

    def _receive(self, posts: Iterable[Post], now: datetime) -> None:
        """Let the bytes of posts go the way of production, from the edge to the visits."""
        received_us = microseconds(now)
        batches = [
            intake(
                decode_json(msgspec.json.encode(post)),
                source_id=_SOURCE,
                received_at_us=received_us,
                params=self._limits,
            ).batch
            for post in posts
        ]
        if batches:
            self._store(merge(batches))

    def _store(self, batch: FixBatch) -> None:
        ids = [self._number.get(uid, _NOBODY) for uid in batch.devices]
        rows = resolved(batch, np.array(ids, np.int32))
        rows = rows[(rows["device_id"] != _NOBODY) & ~self._over[rows["device_id"]]]
        rows = rows[np.lexsort((rows["source_id"], rows["fixed_at"], rows["device_id"]))]
        unsure = rows["fixed_at"] <= self._stored_until[rows["device_id"]]
        merged = merge_rows(rows, self._tracks.find_stored(rows[unsure]))
        changed = np.concatenate([merged.insert, merged.replace])
        changed = changed[np.lexsort((changed["fixed_at"], changed["device_id"]))]
        self._tracks.store(changed)
        in_order = changed["fixed_at"] > self._stored_until[changed["device_id"]]
        watched = np.fromiter(self._trip, np.int32, len(self._trip))
        self._judge.judge(self._tracks, changed, in_order=in_order, watched=watched)
        np.maximum.at(self._stored_until, rows["device_id"], rows["fixed_at"])

    def _take_visits(self, now: datetime) -> None:
        """Write down what the visits say that were written since the last look."""
        for number in self._tracks.take_changed():
            self._seen = None
            visits = [one.visit for one in self._tracks.list_all(number)]
            self._facts[number] = [
                (gate, one.entered_at, (one.received_at - one.confirmed_at) / _US)
                for one in visits
                if (gate := self._reports(one.zone)) is not None
            ]
            trip = self._trip.get(number)
            found = None if trip is None else self._book.find(trip)
            if trip is None or found is None:
                continue
            since = microseconds(found.registered_at)
            stays = stays_of(visits, self._zones, since)
            facts = facts_of(stays, since)
            self._book.learn(trip, **facts)
            self._note(number, stays, facts, now)

    def _note(
        self, number: int, stays: Sequence[Stay], facts: dict[str, Any], now: datetime
    ) -> None:
        self._passages[number] = passages_of(stays)
        self._at_gate[number] = [
            (one.gate, one.entered_at)
            for one in stays
            if one.gate is not None and one.left_at is None and one.role in _WAITS
        ]
        if facts["arrived_at"] is None:
            self._believed.pop(number, None)
            self._coming[number] = self._trip[number]
        else:
            self._coming.pop(number, None)
            self._believed[number] = facts["arrived_at"], facts["counted_at"]
            self._known_at.setdefault(number, now)

    def _reports(self, zone: str) -> str | None:
        """Return the gate of a zone whose visits tell how late things become known."""
        return self._zones[zone].gate if self._zones[zone].role in ("lane", "beyond") else None

    def _histories(self, now: datetime) -> Iterator[GateHistory]:
        since_s = (now - HISTORY).timestamp()
        if self._events and self._events[0].at < since_s:
            self._events = [one for one in self._events if one.at >= since_s]
            self._seen = None
        passages = self._seen = self._seen or self._list_passages(since_s)
        lags = self._lags(now)
        for gate in self._world.site.gates:
            mine = [one for one in passages if one.gate == gate.id]
            yield GateHistory(
                gate.id,
                np.array([one.entered_at for one in mine], np.float64),
                np.array([one.cleared_at for one in mine], np.float64),
                np.array([one.is_import for one in mine], np.bool_),
                lags.get(gate.id, 0.0),
                *self._book.find_aim(gate.id),
            )

    def _list_passages(self, since_s: float) -> list[Passage]:
        """Return what trackers and officers have seen at the gates, each truck once."""
        plates = self._world.demand.plate
        tracked = [
            Passage(gate, plates[number - 1], False, *moments)
            for number, of_truck in self._passages.items()
            for gate, moments in of_truck.items()
            if not moments[0] < since_s
        ]
        seen = {(one.gate, one.truck) for one in tracked}
        self._events.sort(key=lambda one: (one.at, one.kind == "cleared"))
        said = pair_events(self._events)
        return [*tracked, *(p for p in said if p.is_import or (p.gate, p.truck) not in seen)]

    def _lags(self, now: datetime) -> dict[str, float]:
        """Return how late what happens at each gate becomes known."""
        now_us, since = microseconds(now), microseconds(now - WINDOW)
        facts: dict[str, list[float]] = {gate.id: [] for gate in self._world.site.gates}
        for number, of_truck in list(self._facts.items()):
            kept = [one for one in of_truck if one[1] >= since]
            if kept:
                self._facts[number] = kept
            else:
                del self._facts[number]
            for gate, _, late_s in kept:
                facts[gate].append(late_s)
        silences: dict[str, list[float]] = {gate: [] for gate in facts}
        for number, stands in self._at_gate.items():
            newest = self._tracks.newest.get(number)
            if newest is None:
                continue
            silent_s = (now_us - int(newest["fixed_at"])) / _US
            for gate in {gate for gate, entered_at in stands if entered_at >= since}:
                silences[gate].append(silent_s)
        self._officers(facts, now)
        return {gate: lag_s(facts[gate], silences[gate]) for gate in facts}

    def _officers(self, facts: dict[str, list[float]], now: datetime) -> None:
        """Add how late officers' words of the last hours came."""
        since_s, now_s = (now - WINDOW).timestamp(), now.timestamp()
        self._words = [word for word in self._words if word[0].at >= since_s]
        for one, recorded_s in self._words:
            if one.at <= now_s:
                facts[one.gate].append(recorded_s - one.at)


def _observation(gate: str, item: dict[str, Any]) -> Observation:
    """Return an item of POST /v1/gates/{gate}/events as an officer's word."""
    at = datetime.fromisoformat(item["at"]).timestamp()
    return Observation(gate, item["truck"], item["direction"] == "import", item["kind"], at)
