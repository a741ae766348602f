"""Visits and tracks at rest."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from flowctl.telemetry.fixes import instant
from flowctl.visits.revise import Published
from flowctl.visits.track import SECOND, Evidence, TrackState, Visit
from geo.zones import Zone

Connection = psycopg.Connection[Any]


class Reason(StrEnum):
    """What changed something that was published about a visit."""

    LATE_FIX = "late_fix"
    ZONE_CHANGED = "zone_changed"


class Stay(NamedTuple):
    """One stay of a device in a zone; moments are microseconds since 1970."""

    device: int
    zone: str
    entered_at: int
    left_at: int | None
    seen_inside: bool


def list_states(conn: Connection) -> dict[int, TrackState]:
    """Return the visit state of every device that was ever seen near a zone."""
    rows = conn.execute(
        "select device_id, visit_state::text from tracks where visit_state is not null"
    ).fetchall()
    return {device: msgspec.json.decode(text, type=TrackState) for device, text in rows}


def save_tracks(
    conn: Connection, newest: NDArray[np.void], states: Mapping[int, TrackState]
) -> None:
    """Write where devices stand; the position shown is always that of the newest moment.

    Parameters
    ----------
    newest
        The newest fix of each device, dtype `STORED`; a device appears once.
    states
        The visit states of those that have one.
    """
    if not len(newest):
        return
    devices = newest["device_id"].tolist()
    conn.execute(
        "insert into tracks (device_id, fixed_at, received_at, lon, lat, speed_mps, heading_deg,"
        " ignition, visit_state)"
        " select device_id, 'epoch'::timestamptz + fixed_us * interval '1 microsecond',"
        " 'epoch'::timestamptz + received_us * interval '1 microsecond', lon, lat, speed_mps,"
        " heading_deg, ignition, visit_state::jsonb"
        " from unnest(%b::int[], %b::bigint[], %b::bigint[], %b::float8[], %b::float8[],"
        " %s::real[], %s::real[], %b::boolean[], %b::text[]) as n(device_id, fixed_us,"
        " received_us, lon, lat, speed_mps, heading_deg, ignition, visit_state)"
        " on conflict (device_id) do update set"
        " visit_state = coalesce(excluded.visit_state, tracks.visit_state),"
        " (fixed_at, received_at, lon, lat, speed_mps, heading_deg, ignition) = ("
        "  select * from (values"
        "  (excluded.fixed_at, excluded.received_at, excluded.lon, excluded.lat,"
        "   excluded.speed_mps, excluded.heading_deg, excluded.ignition),"
        "  (tracks.fixed_at, tracks.received_at, tracks.lon, tracks.lat,"
        "   tracks.speed_mps, tracks.heading_deg, tracks.ignition)) as fix (fixed_at)"
        "  order by fix.fixed_at desc limit 1)",
        [
            devices,
            newest["fixed_at"].tolist(),
            newest["received_at"].tolist(),
            newest["lon"].tolist(),
            newest["lat"].tolist(),
            _present(newest["speed_mps"]),
            _present(newest["heading_deg"]),
            [None if value < 0 else bool(value) for value in newest["ignition"].tolist()],
            [
                msgspec.json.encode(states[device]).decode() if device in states else None
                for device in devices
            ],
        ],
    )


def _present(values: NDArray[np.float32]) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN


def list_visits(conn: Connection, confirmed_since: Mapping[int, int]) -> dict[int, list[Published]]:
    """Return devices' visits confirmed at a moment given for each of them, or later.

    Moments are microseconds since 1970; visits in the order of their beginnings.
    """
    if not confirmed_since:
        return {}
    rows = conn.execute(
        "select v.device_id, id, zone, (extract(epoch from entered_at) * 1000000)::bigint,"
        " (extract(epoch from confirmed_at) * 1000000)::bigint,"
        " (extract(epoch from received_at) * 1000000)::bigint,"
        " (extract(epoch from coalesce(counted_at, entered_at)) * 1000000)::bigint,"
        " seen_inside, crossed, (extract(epoch from left_at) * 1000000)::bigint,"
        " round(silent_s * 1000000)::bigint, round(exit_gap_s * 1000000)::bigint, evidence::text"
        " from unnest(%s::int[], %s::timestamptz[]) as w(device_id, since)"
        " join visits v on v.device_id = w.device_id and v.confirmed_at >= w.since"
        " order by v.device_id, entered_at",
        [list(confirmed_since), [instant(at) for at in confirmed_since.values()]],
    ).fetchall()
    found: dict[int, list[Published]] = defaultdict(list)
    for device, *columns in rows:
        found[device].append(_published(*columns))
    return found


def _published(identity: UUID, *columns: Any) -> Published:  # noqa: ANN401 - as the query says
    evidence = msgspec.json.decode(columns[-1], type=Evidence)
    facts = dict(zip(Visit.__struct_fields__, (*columns[:-1], evidence), strict=True))
    return Published(identity, Visit(**facts))


def list_stays(
    conn: Connection, since: datetime, until: datetime, devices: Sequence[int]
) -> list[Stay]:
    """Return the visits of devices that lasted for some time of ``[since, until)``."""
    rows = conn.execute(
        "select device_id, zone, (extract(epoch from entered_at) * 1000000)::bigint,"
        " (extract(epoch from left_at) * 1000000)::bigint, seen_inside from visits"
        " where device_id = any(%s) and entered_at < %s and coalesce(left_at, 'infinity') > %s"
        " order by device_id, entered_at, zone",
        [list(devices), until, since],
    ).fetchall()
    return [Stay(*row) for row in rows]


def sum_stays(conn: Connection, since: datetime, until: datetime) -> dict[str, tuple[int, float]]:
    """Return how often each zone was arrived in within ``[since, until)``, and seconds of stay.

    Stays are summed over all trucks, as far as they lie within. Zones nobody was in are left out.
    """
    rows = conn.execute(
        "select zone, count(*) filter (where entered_at >= %(since)s and not seen_inside),"
        " extract(epoch from sum(least(coalesce(left_at, %(until)s), %(until)s)"
        "  - greatest(entered_at, %(since)s)))::float8 from visits"
        " where entered_at < %(until)s and coalesce(left_at, 'infinity') > %(since)s group by zone",
        {"since": since, "until": until},
    ).fetchall()
    return {zone: (int(n), float(seconds)) for zone, n, seconds in rows}


def save_visits(
    conn: Connection, zones: Mapping[str, Zone], visits: Sequence[tuple[int, Published]]
) -> None:
    """Write visits of devices under their identities; a changed fact counts up the revision.

    What that changes about the flow of zones is recorded along with it. Each visit is given once.
    """
    if not visits:
        return
    rows = [_visit_row(zones[one.visit.zone], device, one) for device, one in visits]
    conn.execute(
        "with given as ("
        " select * from unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::text[],"
        " %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::boolean[],"
        " %s::timestamptz[], %s::timestamptz[], %s::boolean[], %s::jsonb[], %s::float8[],"
        " %s::float8[], %s::int[]) as given (id, device_id, zone, role, gate, entered_at,"
        " confirmed_at, left_at, seen_inside, received_at, counted_at, crossed, evidence,"
        " silent_s, exit_gap_s, revised)"
        "), moments as ("
        # All parts of one statement see the visits as they were before it.
        " select id, zone, entered_at, left_at, seen_inside, 1 as n from given union all"
        " select id, zone, entered_at, left_at, seen_inside, -1 from visits"
        " where id = any(select id from given)"
        "), saved as ("
        " insert into visits (id, device_id, zone, role, gate, entered_at, confirmed_at, left_at,"
        " seen_inside, received_at, counted_at, crossed, evidence, silent_s, exit_gap_s, revision)"
        " select * from given"
        " on conflict (id) do update set (entered_at, confirmed_at, left_at, seen_inside,"
        " received_at, counted_at, crossed, evidence, silent_s, exit_gap_s, revision)"
        " = (excluded.entered_at, excluded.confirmed_at, excluded.left_at, excluded.seen_inside,"
        " excluded.received_at, excluded.counted_at, excluded.crossed, excluded.evidence,"
        " excluded.silent_s, excluded.exit_gap_s, visits.revision + excluded.revision - 1)"
        ") insert into zone_flow (at, zone, kind, n)"
        " select entered_at, zone, 'entered', sum(n) from moments where not seen_inside"
        " group by id, zone, entered_at having sum(n) <> 0 union all"
        " select left_at, zone, 'left', sum(n) from moments where left_at is not null"
        " group by id, zone, left_at having sum(n) <> 0",
        [list(column) for column in zip(*rows, strict=True)],
    )


def _visit_row(zone: Zone, device: int, published: Published) -> tuple[object, ...]:
    visit = published.visit
    proved = visit.counted_at == visit.entered_at
    return (
        published.id,
        device,
        zone.id,
        str(zone.role),
        zone.gate,
        instant(visit.entered_at),
        instant(visit.confirmed_at),
        None if visit.left_at is None else instant(visit.left_at),
        visit.seen_inside,
        instant(visit.received_at),
        None if proved else instant(visit.counted_at),
        visit.crossed,
        msgspec.json.encode(visit.evidence).decode(),
        visit.silent_us / SECOND,
        None if visit.exit_gap_us is None else visit.exit_gap_us / SECOND,
        2 if published.is_revised else 1,
    )


def record_revisions(
    conn: Connection,
    revised: Sequence[tuple[int, Published, bool]],
    *,
    why: Reason,
    known_at: int,
) -> None:
    """Keep what was said before of visits that are said otherwise now.

    Parameters
    ----------
    revised
        Devices, their visits and whether these are withdrawn.
    why, known_at
        What changed them, and when that became known (microseconds since 1970).
    """
    if not revised:
        return
    conn.execute(
        "insert into visit_revisions (visit_id, device_id, known_at, why, withdrawn, said)"
        " select id, device_id, %s, %s, withdrawn, said"
        " from unnest(%s::uuid[], %s::int[], %s::boolean[], %s::jsonb[])"
        " as given (id, device_id, withdrawn, said)",
        [
            instant(known_at),
            str(why),
            [published.id for _, published, _ in revised],
            [device for device, _, _ in revised],
            [withdrawn for _, _, withdrawn in revised],
            [
                msgspec.json.encode(published.visit if withdrawn else published.former).decode()
                for _, published, withdrawn in revised
            ],
        ],
    )


def withdraw_visits(conn: Connection, ids: Sequence[UUID]) -> None:
    """Remove visits that late fixes have shown never to have been, and take back their flow."""
    if not ids:
        return
    conn.execute(
        "with gone as ("
        " delete from visits where id = any(%s) returning zone, entered_at, left_at, seen_inside"
        ") insert into zone_flow (at, zone, kind, n)"
        " select entered_at, zone, 'entered', -1 from gone where not seen_inside union all"
        " select left_at, zone, 'left', -1 from gone where left_at is not null",
        [list(ids)],
    )


def count_flows(
    conn: Connection, zones: Sequence[str], *, now: datetime, within: timedelta = timedelta(hours=1)
) -> dict[str, tuple[int, int]]:
    """Return how many came into each zone and how many left it ``within`` that time before now.

    A truck first seen inside did not come then.
    """
    rows = conn.execute(
        "select wanted.id,"
        " (select count(*) from visits where zone = wanted.id and entered_at > %(since)s"
        "   and entered_at <= %(now)s and not seen_inside),"
        " (select count(*) from visits where zone = wanted.id and left_at > %(since)s"
        "   and left_at <= %(now)s)"
        " from unnest(%(zones)s::text[]) as wanted (id)",
        {"zones": list(zones), "since": now - within, "now": now},
    ).fetchall()
    return {zone: (int(entered), int(left)) for zone, entered, left in rows}


def drop_before(conn: Connection, cutoff: datetime, *, most: int) -> int:
    """Forget visits that ended before a moment, ``most`` at once; returns how many that were.

    What they were revised from goes with them; what was summed up of zones and days stays.
    """
    gone = conn.execute(
        "with gone as (delete from visits where id = any(array("
        "  select id from visits where left_at < %(cutoff)s limit %(most)s)) returning id),"
        " said as (delete from visit_revisions r using gone where r.visit_id = gone.id)"
        " select count(*) from gone",
        {"cutoff": cutoff, "most": most},
    ).fetchone()
    return 0 if gone is None else int(gone[0])


def drop_lost_before(conn: Connection, cutoff: datetime) -> None:
    """Forget where devices were last seen before a moment, and the visits this left open.

    One that is heard of again begins anew: no fix is kept that it could go on from.
    """
    conn.execute("delete from tracks where fixed_at < %s", [cutoff])
    conn.execute(
        "with gone as (delete from visits v where left_at is null and entered_at < %s"
        "  and not exists (select from tracks t where t.device_id = v.device_id) returning id)"
        " delete from visit_revisions r using gone where r.visit_id = gone.id",
        [cutoff],
    )


def drop_withdrawn_before(conn: Connection, cutoff: datetime) -> None:
    """Forget what was said before a moment of visits that never were."""
    conn.execute(
        "delete from visit_revisions r where known_at < %s"
        " and not exists (select from visits v where v.id = r.visit_id)",
        [cutoff],
    )
