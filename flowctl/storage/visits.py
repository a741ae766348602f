"""Visits and tracks at rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from flowctl.site import Site
from flowctl.visits.engine import TrackState, Visit
from flowctl.visits.revise import Published

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Track:
    """A device's newest fix (a row of dtype `STORED`) and the state of its visits."""

    device_id: int
    newest: np.void
    state: TrackState


def find_states(conn: Connection, device_ids: Sequence[int]) -> dict[int, TrackState]:
    """Return the visit states of those devices that have one."""
    rows = conn.execute(
        "select device_id, visit_state::text from tracks where device_id = any(%s)",
        [list(device_ids)],
    ).fetchall()
    return {device: msgspec.json.decode(text, type=TrackState) for device, text in rows}


def save_tracks(conn: Connection, tracks: Sequence[Track]) -> None:
    """Write where devices stand now; the position shown is always that of the newest moment."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into tracks (device_id, fixed_at, received_at, lon, lat, speed_mps,"
            " heading_deg, ignition, visit_state)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)"
            " on conflict (device_id) do update set visit_state = excluded.visit_state,"
            " (fixed_at, received_at, lon, lat, speed_mps, heading_deg, ignition) = ("
            " select * from (values"
            " (excluded.fixed_at, excluded.received_at, excluded.lon, excluded.lat,"
            "  excluded.speed_mps, excluded.heading_deg, excluded.ignition),"
            " (tracks.fixed_at, tracks.received_at, tracks.lon, tracks.lat,"
            "  tracks.speed_mps, tracks.heading_deg, tracks.ignition)) as fix (fixed_at)"
            " order by fix.fixed_at desc limit 1)",
            [_track_row(track) for track in tracks],
        )


def _track_row(track: Track) -> tuple[object, ...]:
    fix = track.newest
    ignition = int(fix["ignition"])
    return (
        track.device_id,
        _instant(float(fix["fixed_at"]) / 1e6),
        _instant(float(fix["received_at"]) / 1e6),
        float(fix["lon"]),
        float(fix["lat"]),
        _present(fix["speed_mps"]),
        _present(fix["heading_deg"]),
        None if ignition < 0 else bool(ignition),
        msgspec.json.encode(track.state).decode(),
    )


def _present(value: NDArray[np.float32]) -> float | None:
    return None if np.isnan(value) else float(value)


def list_visits(conn: Connection, device_id: int, *, since: datetime) -> list[Published]:
    """Return a device's visits that lasted at ``since`` or were confirmed later."""
    rows = conn.execute(
        "select id, zone, extract(epoch from entered_at)::float8,"
        " extract(epoch from confirmed_at)::float8, extract(epoch from received_at)::float8,"
        " seen_inside, extract(epoch from left_at)::float8"
        " from visits where device_id = %s"
        " and (confirmed_at >= %s or left_at is null or left_at >= %s) order by entered_at",
        [device_id, since, since],
    ).fetchall()
    return [Published(row[0], Visit(*row[1:])) for row in rows]


def save_visits(conn: Connection, site: Site, visits: Sequence[tuple[int, Published]]) -> None:
    """Write visits of devices under their identities; a changed one counts up its revision."""
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into visits (id, device_id, zone, role, gate, entered_at, confirmed_at,"
            " left_at, seen_inside, received_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " on conflict (id) do update set entered_at = excluded.entered_at,"
            " confirmed_at = excluded.confirmed_at, left_at = excluded.left_at,"
            " seen_inside = excluded.seen_inside, received_at = excluded.received_at,"
            " revision = visits.revision + 1",
            [_visit_row(site, device, published) for device, published in visits],
        )


def _visit_row(site: Site, device: int, published: Published) -> tuple[object, ...]:
    visit = published.visit
    zone = site.zone_by_id[visit.zone]
    return (
        published.id,
        device,
        zone.id,
        str(zone.role),
        zone.gate,
        _instant(visit.entered_at),
        _instant(visit.confirmed_at),
        None if visit.left_at is None else _instant(visit.left_at),
        visit.seen_inside,
        _instant(visit.received_at),
    )


def withdraw_visits(conn: Connection, ids: Sequence[UUID]) -> None:
    """Remove visits that late fixes have shown never to have been."""
    conn.execute("delete from visits where id = any(%s)", [list(ids)])


def _instant(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)
