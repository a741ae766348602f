"""What visits, officers and crossings prove of the stages of trips, and what was said for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.rows import args_row

from flowctl.storage.live_query import seen_of
from flowctl.workflow.stages import Proof

Connection = psycopg.Connection[Any]

KEY = "seen"
"""What the keys of words begin with that are said for what was seen; trip and proof follow."""

_TRIPS: LiteralString = (
    "t.site = %(site)s and (t.state = 'active' or t.state = 'cleared' and t.ended_at > %(since)s)"
    " and exists (select from declarations d"
    "  where d.trip_id = t.id and d.workflow_id is not null)"
)
_CHOSEN: LiteralString = _TRIPS + " and t.id = any(%(trips)s)"
_MOMENTS: LiteralString = """
, m as (
    select trip_id,
           min(greatest(entered_at, since)) filter (where role = 'yard') as yard_in,
           (array_agg(zone order by entered_at) filter (where role = 'yard'))[1] as yard_first,
           (array_agg(by_hand order by entered_at) filter (where role = 'yard'))[1]
               as yard_by_hand,
           case when not bool_or(left_at is null) filter (where role = 'yard')
                then max(left_at) filter (where role = 'yard') end as yard_out,
           max(zone) filter (where role = 'yard' and entered_at = yarded_at) as yard_last,
           min(entered_at) filter (where role in ('queue', 'lane') and entered_at >= yarded_at)
               as gate_in,
           max(gate) filter (where role in ('queue', 'lane') and entered_at >= yarded_at) as gate,
           least(
               min(entered_at) filter (where role = 'beyond' and entered_at >= requeued_at),
               case when bool_or(left_at is null)
                        filter (where role = 'lane' and entered_at >= requeued_at) then null
                    else max(left_at) filter (where role = 'lane' and entered_at >= requeued_at)
               end
           ) as gate_out
    from seen group by trip_id
), a as (
    select distinct on (one.trip_id) one.trip_id, one.gate, one.at, one.decided_by
    from t join standing_admissions one on one.trip_id = t.id
    left join lateral (
        select max(entered_at) as at from seen where seen.trip_id = t.id and role = 'yard'
    ) y on true
    where one.at >= coalesce(y.at, '-infinity') order by one.trip_id, one.at
)
select id, 'yard_in', yard_in, yard_first, coalesce(yard_by_hand, false), null
from t join m on m.trip_id = t.id where yard_in is not null
union all
select id, 'yard_out', yard_out, yard_last, false, null
from t join m on m.trip_id = t.id where yard_out is not null
union all
select id, 'gate_in', coalesce(gate_in, a.at), coalesce(m.gate, a.gate), false,
       case when gate_in is null then a.decided_by end
from t left join m on m.trip_id = t.id left join a on a.trip_id = t.id
where coalesce(gate_in, a.at) is not null
union all
select t.id, 'gate_out', coalesce(gate_out, c.at), coalesce(m.gate, c.gate), false,
       case when gate_out is null then nullif(c.recorded_by, 'flowctl') end
from t left join m on m.trip_id = t.id left join crossings c on c.trip_id = t.id
where coalesce(gate_out, c.at) is not null
"""


class Sight(NamedTuple):
    """What was seen of a trip: what it proves, when and where.

    ``by`` says so where no visit shows it: an officer who admitted the truck, or who reported that
    it crossed. ``by_hand``: an operator entered that it came.
    """

    trip: int
    proof: str
    at: datetime
    place: str | None
    by_hand: bool
    by: str | None


def list_sights(
    conn: Connection, site: str, *, since: datetime, trips: Sequence[int] | None = None
) -> list[Sight]:
    """Return what is seen of trips with stages that are active or ended after ``since``.

    Of ``trips`` alone where they are given. By the very rules of the living picture.
    """
    query = seen_of(_TRIPS if trips is None else _CHOSEN, _MOMENTS)
    values = {"site": site, "since": since, "trips": None if trips is None else list(trips)}
    with conn.cursor(row_factory=args_row(Sight), binary=True) as cursor:
        return cursor.execute(query, values).fetchall()


def list_returned(conn: Connection, site: str, *, since: datetime) -> list[Sight]:
    """Return the trips with stages whose trucks came back after ``since``."""
    with conn.cursor(row_factory=args_row(Sight), binary=True) as cursor:
        return cursor.execute(
            "select c.trip_id, %s, c.returned_at, c.gate, false,"
            " nullif(back.recorded_by, 'flowctl') from crossings c"
            " join declarations d on d.trip_id = c.trip_id and d.workflow_id is not null"
            " left join crossings back on back.id = c.return_id"
            " where c.site = %s and c.returned_at > %s",
            [str(Proof.RETURNED), site, since],
        ).fetchall()


class Proved(NamedTuple):
    """A stage of a trip that something seen may confirm: where it stands, what was said for it.

    ``said_at`` is the moment of the word that stands, None where none does; ``times`` how often
    anything was said or taken back for what was seen.
    """

    trip: int
    stage: str
    proof: str
    state: str
    has_word: bool
    said_at: datetime | None
    times: int


@dataclass(frozen=True, slots=True)
class ProvedStage:
    """A stage of a variant that something seen confirms."""

    workflow: int
    variant: str
    stage: str
    proof: Proof


def list_variants(conn: Connection, trips: Sequence[int]) -> list[tuple[int, str]]:
    """Return by which versions and variants trips go."""
    return conn.execute(
        "select distinct workflow_id, variant from declarations where trip_id = any(%s)"
        " and workflow_id is not null and variant is not null",
        [list(trips)],
    ).fetchall()


def list_proved(
    conn: Connection, trips: Sequence[int], stages: Sequence[ProvedStage]
) -> list[Proved]:
    """Return the stages of trips that something seen may confirm."""
    # The words are joined to them here: a planner that expects few would compare every stage with
    # every word, which takes seconds for a thousand trips.
    words = _last_words(conn, trips)
    rows = conn.execute(
        """
        select s.trip_id, s.stage, p.proof, s.state, s.record_id is not null
        from declarations d
        join unnest(%(workflows)s::bigint[], %(variants)s::text[], %(stages)s::text[],
                    %(proofs)s::text[]) as p (workflow_id, variant, stage, proof)
            on p.workflow_id = d.workflow_id and p.variant = d.variant
        join trip_stages s on s.trip_id = d.trip_id and s.stage = p.stage
        where d.trip_id = any(%(trips)s)
        order by s.trip_id, s.position
        """,
        {
            "trips": list(trips),
            "workflows": [one.workflow for one in stages],
            "variants": [one.variant for one in stages],
            "stages": [one.stage for one in stages],
            "proofs": [str(one.proof) for one in stages],
        },
        binary=True,
    ).fetchall()
    return [
        Proved(trip, stage, proof, state, has_word, *words.get((trip, stage, proof), (None, 0)))
        for trip, stage, proof, state, has_word in rows
    ]


def _last_words(
    conn: Connection, trips: Sequence[int]
) -> dict[tuple[int, str, str], tuple[datetime | None, int]]:
    """Return what was said of trips for what was seen, by trip, stage and proof.

    That is the moment of the last word, None where it took back what was said before, and how
    many words there were.
    """
    rows = conn.execute(
        "select trip_id, stage, split_part(key, ':', 3), act = 'confirmed', at from stage_records"
        " where trip_id = any(%s) and key like %s order by id",
        [list(trips), f"{KEY}:%"],
        binary=True,
    ).fetchall()
    words: dict[tuple[int, str, str], tuple[datetime | None, int]] = {}
    for trip, stage, proof, is_confirmed, at in rows:
        _, times = words.get((trip, stage, proof), (None, 0))
        words[trip, stage, proof] = (at if is_confirmed else None, times + 1)
    return words


def list_said(
    conn: Connection, site: str, *, since: datetime, trips: Sequence[int] | None = None
) -> set[int]:
    """Return the trips, of the same, of which something was said for what was seen."""
    rows = conn.execute(
        "select distinct t.id from trips t join stage_records r on r.trip_id = t.id"
        " where t.site = %(site)s and r.key like %(key)s"
        " and (t.state = 'active' or t.state = 'cleared' and t.ended_at > %(since)s)"
        " and (%(trips)s::bigint[] is null or t.id = any(%(trips)s))",
        {
            "site": site,
            "key": f"{KEY}:%",
            "since": since,
            "trips": None if trips is None else list(trips),
        },
    ).fetchall()
    return {trip for (trip,) in rows}
