"""The trucks of simulated days as a table for other programs: one row per truck."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from flowctl.csv_text import csv_text

Trucks = Mapping[str, Sequence[Any]]
"""Columns of one length beside the names they count in; times in epoch s, None where not yet."""

TIMES = (
    *("yard_at", "ready_at", "released_at", "gate_at"),
    *("start_at", "clear_at", "turned_at", "slot_at"),
)
HEADER = ("gate", "direction", "yard", "cargo", *TIMES)
_GROUP_ROWS = 100_000
"""Rows kept in memory until they are written together: what readers of Parquet like."""


def write_csv(trucks: Trucks, zone: ZoneInfo) -> str:
    """Return the trucks as CSV, with times in ISO 8601 of a time zone."""
    times = ([_instant(at, zone) for at in trucks[name]] for name in TIMES)
    return csv_text(HEADER, zip(*_names(trucks).values(), *times, strict=True))


def write_parquet(trucks: Trucks, zone: ZoneInfo) -> bytes:
    """Return the trucks as Parquet, with times as instants of a time zone."""
    from pyarrow import parquet  # noqa: PLC0415 - large, and seldom wanted

    out = BytesIO()
    parquet.write_table(_table(trucks, zone), out)
    return out.getvalue()


class TrucksFile:
    """A Parquet file to which the trucks of one replication after another are added, in ``with``.

    A column ``replication`` goes before those of `write_parquet`. Replications stand in the order
    in which they came. There is no file before some are written.
    """

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self._path, self._zone = path, zone
        self._writer: Any = None
        self._waiting: list[Any] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left and close the file."""
        self._write()
        if self._writer is not None:
            self._writer.close()

    def add(self, replication: int, trucks: Trucks) -> None:
        """Add the trucks of a replication."""
        import pyarrow as pa  # noqa: PLC0415

        table = _table(trucks, self._zone)
        number = pa.repeat(pa.scalar(replication, pa.int32()), len(table))
        self._waiting.append(table.add_column(0, "replication", number))
        if sum(map(len, self._waiting)) >= _GROUP_ROWS:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        if self._writer is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = parquet.ParquetWriter(str(self._path), table.schema)
        self._writer.write_table(table, row_group_size=len(table))
        self._waiting.clear()


def _table(trucks: Trucks, zone: ZoneInfo) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Return the trucks as an Arrow table."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute  # noqa: PLC0415

    columns = {name: pa.array(values, pa.string()) for name, values in _names(trucks).items()}
    for name in TIMES:
        at_ms = compute.round(compute.multiply(pa.array(trucks[name], pa.float64()), 1000.0))
        columns[name] = at_ms.cast(pa.int64()).cast(pa.timestamp("ms", tz=zone.key))
    return pa.table(columns)


def _names(trucks: Trucks) -> dict[str, list[str | None]]:
    """Return the columns that tell of each truck what it is."""
    return {
        "gate": [trucks["gates"][one] for one in trucks["gate"]],
        "direction": ["import" if one else "export" for one in trucks["import"]],
        "yard": [None if one < 0 else trucks["yards"][one] for one in trucks["yard"]],
        "cargo": [trucks["cargoes"][one] for one in trucks["cargo"]],
    }


def _instant(at: float | None, zone: ZoneInfo) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(round(at, 3), UTC).astimezone(zone)
