"""The effect of an act before it is done: the controller's tick on a copy, in a thread."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from threading import BoundedSemaphore, Lock
from typing import Annotated, Any

import psycopg
from pydantic import BaseModel, Field

from api.errors import Problem
from api.refusals import ShownRefusal, shown
from flowctl.collector import uncollected
from flowctl.errors import FlowctlError, Refusal
from flowctl.hand import Act, ActKind, Effect, InHand, Moved
from flowctl.preview import preview
from flowctl.registry.act_checks import check_possible
from flowctl.site import Site
from flowctl.state import Snapshot
from flowctl.storage.acts import list_plates
from flowctl.storage.reading import read_snapshot

Connection = psycopg.Connection[Any]

AT_ONCE = 2
"""Each takes a core for a second or two where there are 20,000 trips; trackers must be heard."""
_KEPT_S = 120.0
_KEPT_MOST = 64
_RETRY_AFTER_S = 3
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""An instant as an effect keeps it, for it is kept with its act as it was shown."""


class ShownInHand(BaseModel):
    """What a driver has in hand: his last word, with the slot that counts by it."""

    word: str
    gate: str | None
    starts_at: Instant | None


class ShownMove(BaseModel):
    """A truck that an act touches; ``otherwise`` where that is not what he has now (``from``).

    The act puts its slot ``shift_s`` later, and lets it stay until ``held_until`` where known.
    """

    trip_id: int
    plate: str | None
    before: Annotated[ShownInHand, Field(alias="from")]
    otherwise: ShownInHand | None
    to: ShownInHand
    shift_s: float | None
    held_until: Instant | None


class ShownEffect(BaseModel):
    """What an act would change for drivers, as `flowctl.hand.Effect` says it."""

    at: Instant
    solve_s: float
    refused: ShownRefusal | None
    warning: ShownRefusal | None
    moved: int
    earlier: int
    later: int
    mean_shift_s: float | None
    worst_later_s: int | None
    held: int
    freed: int
    called: int
    uncalled: int
    overtaken: int
    delay_cost_vnd: int | None
    trips: list[ShownMove]
    others: int
    others_shift_s: float | None
    to_come: int
    unserved: int


class Previews:
    """At most two effects are found at once; what was shown just now is remembered."""

    def __init__(self) -> None:
        self._turns = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        self._shown: dict[str, tuple[float, dict[str, Any]]] = {}

    def find(
        self, conn: Connection, site: Site, act: Act, now: datetime, *, wait_s: float = 0.0
    ) -> dict[str, Any]:
        """Return what an act would change, as the page reads it.

        Raises
        ------
        Problem
            503, two others are being found.
        """
        with self._turn(wait_s), uncollected():
            snapshot = read_snapshot(conn, site, now)
            began = time.perf_counter()
            found = _found(site, snapshot, act, now)
            effect = _shown(replace(found, solve_s=time.perf_counter() - began))
        for name in ("refused", "warning"):
            said: Refusal | None = getattr(found, name)
            effect[name] = None if said is None else asdict(shown(conn, said))
        return with_plates(effect, list_plates(conn, trips_of(effect))) or effect

    def remember(self, key: str, effect: dict[str, Any]) -> None:
        """Keep an effect for who enters the act he was shown."""
        with self._lock:
            self._shown.pop(key, None)
            self._shown[key] = time.monotonic(), effect
            while len(self._shown) > _KEPT_MOST:
                del self._shown[next(iter(self._shown))]

    def recall(self, key: str) -> dict[str, Any] | None:
        """Return an effect that was shown a moment ago and refused nothing."""
        with self._lock:
            at, effect = self._shown.get(key, (-_KEPT_S, {}))
        fresh = effect and time.monotonic() - at < _KEPT_S and effect["refused"] is None
        return effect if fresh else None

    @contextmanager
    def _turn(self, wait_s: float) -> Iterator[None]:
        if not self._turns.acquire(timeout=wait_s):
            raise Problem(
                503,
                "Not available",
                f"{AT_ONCE} effects are being worked out already; ask again in a moment.",
                {"Retry-After": str(_RETRY_AFTER_S)},
                kind="previews_busy",
            )
        try:
            yield
        finally:
            self._turns.release()


def _found(site: Site, snapshot: Snapshot, act: Act, now: datetime) -> Effect:
    """Return the effect; of a closure what cannot be is said by the preview itself."""
    if act.kind is not ActKind.CLOSE_GATE:
        try:
            check_possible(site, act, now)
        except FlowctlError as error:
            return Effect(now, refused=error.refusal)
    return preview(site, snapshot, act)


def _shown(effect: Effect) -> dict[str, Any]:
    fields = asdict(effect)
    fields["at"] = effect.at.isoformat()
    fields["solve_s"] = round(effect.solve_s, 3)
    fields["trips"] = [_moved(one) for one in effect.trips]
    return fields


def _moved(one: Moved) -> dict[str, Any]:
    """Return a truck that an act touches; ``otherwise`` where that is not what he has now."""
    until = one.held_until
    return {
        "trip_id": one.trip_id,
        "from": _in_hand(one.before),
        "otherwise": None if one.otherwise == one.before else _in_hand(one.otherwise),
        "to": _in_hand(one.after),
        "shift_s": one.shift_s,
        "held_until": None if until is None else until.isoformat(),
    }


def _in_hand(hand: InHand) -> dict[str, str | None]:
    place = hand.place
    return {
        "word": str(hand.word),
        "gate": None if place is None else place.gate,
        "starts_at": None if place is None else place.starts_at.isoformat(),
    }


def trips_of(effect: Mapping[str, Any] | None) -> list[int]:
    """Return the trips that an effect names."""
    return [] if effect is None else [one["trip_id"] for one in effect["trips"]]


def with_plates(
    effect: Mapping[str, Any] | None, plates: Mapping[int, str]
) -> dict[str, Any] | None:
    """Return an effect with the plates of its trips; null of one that is forgotten."""
    if effect is None:
        return None
    trips = [{**one, "plate": plates.get(one["trip_id"])} for one in effect["trips"]]
    return {**effect, "trips": trips}


def without_plates(effect: Mapping[str, Any]) -> dict[str, Any]:
    """Return an effect as it is kept: plates stand with their trips alone."""
    bare = [{name: one[name] for name in one if name != "plate"} for one in effect["trips"]]
    return {**effect, "trips": bare}
