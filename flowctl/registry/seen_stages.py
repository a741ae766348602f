"""Stages that what was seen of a truck confirms: its visits, an officer's word, its crossing.

What was said is held against what is seen now, set by set: what is new is confirmed, what a
revised visit takes away is taken back, and what it shifts by more than `SAME` is said anew.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from flowctl.registry.stages import disprove, prove
from flowctl.site import Site
from flowctl.storage import seen_stages as stored
from flowctl.storage.seen_stages import Connection, Proved, ProvedStage, Sight
from flowctl.storage.workflows import get_workflow
from flowctl.workflow.stages import Origin, Proof, State

SAME = timedelta(minutes=1)
"""By less than this a late fix shifts no moment that anybody reads."""
FOLLOWED = timedelta(hours=48)
"""So long after a trip ended its crossing and its way back are looked for; twice that is allowed
on the other side by no rule."""
REVISED = "revised"
"""Why a word is taken back: what it rested on is not so."""

_SEEN = (Proof.YARD_IN, Proof.YARD_OUT, Proof.GATE_IN, Proof.GATE_OUT, Proof.RETURNED)
_OPEN = frozenset({State.READY, State.WAITING, State.EXPIRED})


def confirm_seen(conn: Connection, site: Site, *, now: datetime) -> int:
    """Let stages follow what is seen of their trucks; returns how many words were said.

    Each trip in a transaction of its own, so that nobody waits long for one that is being changed.

    Parameters
    ----------
    conn
        In autocommit mode.
    """
    since = now - FOLLOWED
    stages = _stages_seen(conn, site, since)
    if not stages:
        return 0
    sights = {(one.trip, one.proof): one for one in stored.list_sights(conn, site.id, since=since)}
    said = stored.list_said(conn, site.id, since=since)
    trips = sorted({trip for trip, _ in sights} | set(said))
    changed: defaultdict[int, list[Proved]] = defaultdict(list)
    for one in stored.list_proved(conn, trips, stages):
        if _differs(one, sights.get((one.trip, one.proof))):
            changed[one.trip].append(one)
    words = 0
    for trip, proved in changed.items():
        with conn.transaction():
            words += _follow(conn, site, trip, proved, sights, now)
    return words


def _stages_seen(conn: Connection, site: Site, since: datetime) -> list[ProvedStage]:
    """Return the stages of the variants under way that something seen confirms."""
    found = []
    for workflow, variant in stored.list_variants(conn, site.id, since=since):
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
