"""The trucks of a simulated day as a table for other programs: one row per truck. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from flowctl.csv_text import csv_text

Trucks = Mapping[str, Sequence[Any]]
"""Columns of one length beside the names they count in; times in epoch s, None where not yet."""

TIMES = (
    *("yard_at", "ready_at", "released_at", "gate_at"),
    *("start_at", "clear_at", "turned_at", "slot_at"),
)
HEADER = ("gate", "direction", "yard", "cargo", *TIMES)


def write_csv(trucks: Trucks, zone: ZoneInfo) -> str:
    """Return the trucks as CSV, with times in ISO 8601 of a time zone."""
    return csv_text(HEADER, zip(*_columns(trucks, zone).values(), strict=True))


def write_parquet(trucks: Trucks, zone: ZoneInfo) -> bytes:
    """Return the trucks as Parquet, with times as instants of a time zone."""
    import pyarrow as pa  # noqa: PLC0415 - large, and seldom wanted
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {name: pa.timestamp("ms", tz=zone.key) for name in TIMES}
    columns = _columns(trucks, zone)
    table = pa.table(
        {name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()}
    )
    out = BytesIO()
    parquet.write_table(table, out)
    return out.getvalue()


def _columns(trucks: Trucks, zone: ZoneInfo) -> dict[str, list[Any]]:
    return {
        "gate": [trucks["gates"][one] for one in trucks["gate"]],
        "direction": ["import" if one else "export" for one in trucks["import"]],
        "yard": [None if one < 0 else trucks["yards"][one] for one in trucks["yard"]],
        "cargo": [trucks["cargoes"][one] for one in trucks["cargo"]],
        **{name: [_instant(at, zone) for at in trucks[name]] for name in TIMES},
    }


def _instant(at: float | None, zone: ZoneInfo) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(round(at, 3), UTC).astimezone(zone)
