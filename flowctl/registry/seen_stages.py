"""Stages that what was seen of a truck confirms: its visits, an officer's word, its crossing.

What was said is held against what is seen now, set by set: what is new is confirmed, what a
revised visit takes away is taken back, and what it shifts by more than `SAME` is said anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import psycopg

from flowctl.registry.stages import disprove, prove
from flowctl.site import Site
from flowctl.state import LiveTrip
from flowctl.storage import seen_stages as stored
from flowctl.storage.connections import Within
from flowctl.storage.seen_stages import Connection, Proved, ProvedStage, Sight
from flowctl.storage.workflows import get_workflow
from flowctl.workflow.stages import Origin, Proof, State

SAME = timedelta(minutes=1)
"""By less than this a late fix shifts no moment that anybody reads."""
FOLLOWED = timedelta(hours=2)
"""So long after a trip ended what was seen of it before is still looked at."""
RETURNS = timedelta(hours=12)
"""So long ago a truck came back, at most, that is looked for."""
WHOLE_EVERY = timedelta(minutes=10)
"""How often all trips are looked at, whether anything of them is new or not."""
REVISED = "revised"
"""Why a word is taken back: what it rested on is not so."""

_SEEN = (Proof.YARD_IN, Proof.YARD_OUT, Proof.GATE_IN, Proof.GATE_OUT, Proof.RETURNED)
_OPEN = frozenset({State.READY, State.WAITING, State.EXPIRED})
_Moments = tuple[datetime | str | None, ...]


class SeenStages:
    """Lets stages follow what is seen of trucks, and looks at those of which something is new.

    What each tick sees is compared with the tick before; what it does not see, such as ways back
    and imports, is found every `WHOLE_EVERY`.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Moments] = {}
        self._changed: set[int] = set()
        self._whole_at: datetime | None = None

    def take(self, trips: Iterable[LiveTrip]) -> None:
        """Take in what a tick saw."""
        seen = {trip.id: moments for trip in trips if any(moments := _moments(trip))}
        self._changed |= {trip for trip, one in seen.items() if self._known.get(trip) != one}
        self._changed |= self._known.keys() - seen.keys()
        self._known = seen

    def confirm(
        self,
        conn: Connection,
        site: Site,
        *,
        now: datetime,
        within: Within = psycopg.Connection.transaction,
    ) -> int:
        """Let stages follow what is new; returns how many words were said. In autocommit mode."""
        whole = (
            self._whole_at is None or now - self._whole_at >= WHOLE_EVERY or now < self._whole_at
        )
        trips = None if whole else sorted(self._changed)
        self._changed = set()
        if whole:
            self._whole_at = now
        return confirm_seen(conn, site, now=now, trips=trips, within=within)


def _moments(trip: LiveTrip) -> _Moments:
    return (
        trip.arrived_at,
        trip.yarded_at,
        trip.yard,
        trip.queued_at,
        trip.lane_at,
        trip.cleared_at,
    )


def confirm_seen(
    conn: Connection,
    site: Site,
    *,
    now: datetime,
    trips: Sequence[int] | None = None,
    within: Within = psycopg.Connection.transaction,
) -> int:
    """Let stages follow what is seen of their trucks; returns how many words were said.

    Each trip in a transaction of its own, so that nobody waits long for one that is being changed.

    Parameters
    ----------
    conn
        In autocommit mode.
    trips
        Those to look at; None: all that are active, ended lately, or came back lately.
    within
        Opens each transaction.
    """
    if trips is not None and not trips:
        return 0
    since = now - FOLLOWED
    seen = stored.list_sights(conn, site.id, since=since, trips=trips)
    back = () if trips is not None else stored.list_returned(conn, site.id, since=now - RETURNS)
    sights = {(one.trip, one.proof): one for one in (*seen, *back)}
    said = stored.list_said(conn, site.id, since=since, trips=trips)
    under_way = {one.trip for one in seen} | said
    looked_at = sorted(under_way | {one.trip for one in back})
    changed: defaultdict[int, list[Proved]] = defaultdict(list)
    for one in stored.list_proved(conn, looked_at, _stages_seen(conn, looked_at)):
        sight = sights.get((one.trip, one.proof))
        # Of a trip that is long over, and of a way back, what is not asked for is not unsaid.
        known = one.trip in under_way and one.proof != Proof.RETURNED
        if (sight is not None or known) and _differs(one, sight):
            changed[one.trip].append(one)
    words = 0
    for trip, proved in changed.items():
        with within(conn):
            words += _follow(conn, site, trip, proved, sights, now)
    return words


def _stages_seen(conn: Connection, trips: Sequence[int]) -> list[ProvedStage]:
    """Return the stages of the trips' variants that something seen confirms."""
    found = []
    for workflow, variant in stored.list_variants(conn, trips):
        known = get_workflow(conn, workflow).find_variant(variant)
        found += [
            ProvedStage(workflow, variant, stage.id, proof)
            for stage in (() if known is None else known.stages)
            for proof in stage.proofs
            if proof in _SEEN
        ]
    return found


def _differs(proved: Proved, sight: Sight | None) -> bool:
    """Tell whether what was said of a stage is another thing than what is seen."""
    if proved.said_at is not None:
        return sight is None or abs(sight.at - proved.said_at) > SAME
    # What somebody else has said of it stands.
    return sight is not None and not proved.has_word and proved.state in _OPEN


def _follow(
    conn: Connection,
    site: Site,
    trip: int,
    proved: Sequence[Proved],
    sights: dict[tuple[int, str], Sight],
    now: datetime,
) -> int:
    words = 0
    key = f"{stored.KEY}:{trip}"
    for one in proved:
        if one.said_at is not None:
            words += len(
                disprove(
                    conn,
                    site,
                    trip,
                    {one.stage: one.said_at},
                    origin=Origin.VISIT,
                    by="flowctl",
                    now=now,
                    reason=REVISED,
                    key=f"{key}:{one.proof}:{one.times}",
                )
            )
    for proof in dict.fromkeys(one.proof for one in proved):
        sight = sights.get((trip, proof))
        if sight is None:
            continue
        # A word taken back just now counts too: what is said anew is another word.
        times = max(one.times + (one.said_at is not None) for one in proved if one.proof == proof)
        words += len(
            prove(
                conn,
                site,
                trip,
                Proof(proof),
                origin=_origin(sight),
                by=sight.by or "flowctl",
                at=sight.at,
                now=now,
                evidence={} if sight.place is None else {"place": sight.place},
                key=f"{key}:{proof}:{times}",
            )
        )
    return words


def _origin(sight: Sight) -> Origin:
    if sight.by is None:
        return Origin.HAND if sight.by_hand else Origin.VISIT
    return Origin.PARTNER if sight.by.startswith("source:") else Origin.HAND
