"""States of tracks amid long stays, so that a late fix need not have the whole stay read back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from flowctl.telemetry.fixes import instant
from flowctl.visits.track import TrackState

Connection = psycopg.Connection[Any]


def save_checkpoints(conn: Connection, states: Sequence[tuple[int, TrackState]]) -> None:
    """Keep the states of devices, each as of its newest fix.

    Raises
    ------
    ValueError
        A state is that of a track without a fix.
    """
    rows = []
    for device, state in states:
        if state.at is None:
            raise ValueError(f"Device {device} has no fix yet that a checkpoint could stand at.")
        rows.append((device, instant(state.at), msgspec.json.encode(state).decode()))
    if rows:
        conn.execute(
            "insert into visit_checkpoints (device_id, at, state)"
            " select * from unnest(%s::int[], %s::timestamptz[], %s::jsonb[])"
            " on conflict (device_id, at) do update set state = excluded.state",
            [list(column) for column in zip(*rows, strict=True)],
        )


def find_checkpoints(conn: Connection, lates: Mapping[int, int]) -> dict[int, TrackState]:
    """Return the last state kept of devices before a moment given for each (microseconds)."""
    if not lates:
        return {}
    rows = conn.execute(
        "select w.device_id, c.state::text"
        " from unnest(%s::int[], %s::timestamptz[]) as w(device_id, late) cross join lateral ("
        "  select state from visit_checkpoints k where k.device_id = w.device_id and k.at < w.late"
        "  order by k.at desc limit 1) c",
        [list(lates), [instant(at) for at in lates.values()]],
    ).fetchall()
    return {device: msgspec.json.decode(text, type=TrackState) for device, text in rows}


def drop_checkpoints(conn: Connection, lates: Mapping[int, int]) -> None:
    """Drop what a fix at a moment given for each device (microseconds) has made untrue."""
    if lates:
        conn.execute(
            "delete from visit_checkpoints k"
            " using unnest(%s::int[], %s::timestamptz[]) as w(device_id, late)"
            " where k.device_id = w.device_id and k.at >= w.late",
            [list(lates), [instant(at) for at in lates.values()]],
        )


def drop_before(conn: Connection, cutoff: datetime) -> None:
    """Drop the checkpoints from before a moment."""
    conn.execute("delete from visit_checkpoints where at < %s", [cutoff])
