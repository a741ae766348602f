"""Recorded tracks, read from CSV or GPX and posted through the same endpoint as live ones."""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import httpx

from flowctl.errors import FlowctlError
from flowctl.posting import post_json

Cell = TypeVar("Cell")

BATCH = 500
"""Fixes in one request."""

DEFAULT_COLUMNS = {
    "device": "device",
    "fixed_at": "fixed_at",
    "lon": "lon",
    "lat": "lat",
    "heading_deg": "heading_deg",
    "speed_mps": "speed_mps",
}
_NEEDED = ("fixed_at", "lon", "lat")


@dataclass(frozen=True, slots=True)
class RecordedFix:
    """One recorded position; ``fixed_at`` is aware."""

    device: str
    fixed_at: datetime
    lon: float
    lat: float
    heading_deg: float | None = None
    speed_mps: float | None = None

    def wire(self) -> dict[str, object]:
        """Return the fix as an item of ``POST /v1/fixes``."""
        fields: dict[str, object] = {
            "device": self.device,
            "fixed_at": self.fixed_at.astimezone(UTC).isoformat(),
            "lon": self.lon,
            "lat": self.lat,
        }
        for name in ("heading_deg", "speed_mps"):
            value = getattr(self, name)
            if value is not None:
                fields[name] = value
        return fields


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the endpoint said of a replayed file."""

    posted: int
    accepted: int
    rejected: Mapping[str, int]


def read_track(
    path: Path, *, device: str | None, columns: Mapping[str, str], zone: ZoneInfo
) -> list[RecordedFix]:
    """Read a recorded track, in the order of its moments.

    Parameters
    ----------
    path
        A ``.csv`` with a header, or a ``.gpx``.
    device
        Identifier for a file that names none; needed for GPX.
    columns
        For CSV: our field → the file's column, over `DEFAULT_COLUMNS`.
    zone
        Time zone of moments that carry none.

    Raises
    ------
    FlowctlError
        The file is missing, not of these kinds, or a row does not fit; names the row.
    """
    if not path.is_file():
        raise FlowctlError(f"There is no file {path}.")
    unknown = sorted(set(columns) - set(DEFAULT_COLUMNS))
    if unknown:
        raise FlowctlError(
            f"A fix has no field {unknown[0]}; columns can be named for"
            f" {', '.join(DEFAULT_COLUMNS)}."
        )
    if path.suffix.lower() == ".gpx":
        fixes = _read_gpx(path, device or path.stem, zone)
    elif path.suffix.lower() == ".csv":
        fixes = _read_csv(path, device, {**DEFAULT_COLUMNS, **columns}, zone)
    else:
        raise FlowctlError(f"{path} is neither .csv nor .gpx; these two can be replayed.")
    if not fixes:
        raise FlowctlError(f"{path} holds no position with a moment; there is nothing to replay.")
    return sorted(fixes, key=lambda fix: fix.fixed_at)


def _read_csv(
    path: Path, device: str | None, columns: Mapping[str, str], zone: ZoneInfo
) -> list[RecordedFix]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FlowctlError(f"{path} is not text in UTF-8, so it is no CSV: {error}.") from error
    with StringIO(text, newline="") as file:
        reader = csv.DictReader(file)
        header = reader.fieldnames or []
        if not header:
            raise FlowctlError(f"{path} is empty; its first line must name its columns.")
        needed = _NEEDED if device else (*_NEEDED, "device")
        for name in needed:
            if columns[name] not in header:
                raise FlowctlError(
                    f"{path} has no column {columns[name]} for {name}; its columns are"
                    f" {', '.join(header)}. Map one with --column {name}=NAME."
                )
        return [
            _csv_fix(path, number, row, device, columns, zone)
            for number, row in enumerate(reader, start=2)
        ]


def _csv_fix(
    path: Path,
    number: int,
    row: Mapping[str, str | None],
    device: str | None,
    columns: Mapping[str, str],
    zone: ZoneInfo,
) -> RecordedFix:
    try:
        return RecordedFix(
            device=device or _cell(row, columns["device"], str),
            fixed_at=_cell(row, columns["fixed_at"], lambda text: _moment(text, zone)),
            lon=_cell(row, columns["lon"], float),
            lat=_cell(row, columns["lat"], float),
            heading_deg=_optional(row, columns["heading_deg"]),
            speed_mps=_optional(row, columns["speed_mps"]),
        )
    except ValueError as error:
        raise FlowctlError(f"{path}, line {number}: {error} Mend or remove the line.") from error


def _cell(row: Mapping[str, str | None], column: str, read: Callable[[str], Cell]) -> Cell:
    """Return a cell as what it should be; a ValueError names the column and what stands there."""
    text = row.get(column)
    if text is None:
        raise ValueError(f"the column {column} is missing.")
    try:
        return read(text)
    except ValueError:
        raise ValueError(f"the column {column} cannot be read: {text[:40]!r}.") from None


def _optional(row: Mapping[str, str | None], column: str) -> float | None:
    return _cell(row, column, float) if row.get(column) else None


def _moment(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _read_gpx(path: Path, device: str, zone: ZoneInfo) -> list[RecordedFix]:
    return [
        RecordedFix(device, moment, lon, lat)
        for lon, lat, moment in read_gpx_points(path, zone)
        if moment is not None
    ]


def read_gpx_points(path: Path, zone: ZoneInfo) -> list[tuple[float, float, datetime | None]]:
    """Return lon, lat (degrees) and moment of a GPX's points, those without a moment as well.

    Raises
    ------
    FlowctlError
        The file is no XML, or a point does not fit; names the point.
    """
    try:
        # A GPX from a stranger is a risk of entity expansion; expat refuses amplification itself.
        root = ET.parse(path).getroot()  # noqa: S314
    except ET.ParseError as error:
        raise FlowctlError(f"{path} is not readable XML: {error}.") from error
    points = []
    for number, point in enumerate(root.iterfind(".//{*}trkpt"), start=1):
        text = point.findtext("{*}time")
        try:
            moment = None if text is None else _moment(text, zone)
            points.append((float(point.get("lon", "")), float(point.get("lat", "")), moment))
        except ValueError as error:
            raise FlowctlError(f"{path}, point {number}: {error}. Mend or remove it.") from error
    return points


def column_names(pairs: Sequence[str]) -> dict[str, str]:
    """Return our field → the file's column, of pairs such as ``lon=longitude``.

    Raises
    ------
    FlowctlError
        A pair is none.
    """
    mapping = {}
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not equals or not column:
            raise FlowctlError(f"--column takes field=column, such as lon=longitude; not {pair!r}.")
        mapping[name] = column
    return mapping


def time_zone(name: str) -> ZoneInfo:
    """Return the time zone of this name.

    Raises
    ------
    FlowctlError
        There is none.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        raise FlowctlError(f"There is no time zone {name}; try Asia/Ho_Chi_Minh.") from error


def shift(fixes: Sequence[RecordedFix], *, start: datetime) -> list[RecordedFix]:
    """Move a track in time so that its first fix is of ``start``."""
    by = start - fixes[0].fixed_at
    return [replace(fix, fixed_at=fix.fixed_at + by) for fix in fixes]


def post_track(
    client: httpx.Client,
    fixes: Sequence[RecordedFix],
    *,
    token: str,
    speed: float | None,
    progress: Callable[[int], None],
) -> Replayed:
    """Post a track in the order of its moments, in real time × ``speed``, or at once without one.

    Raises
    ------
    FlowctlError
        The endpoint refuses a request as a whole; carries its sentence.
    UnavailableError
        The endpoint did not answer a request in any attempt.
    """
    rejected: dict[str, int] = {}
    accepted = posted = 0
    began, first = time.monotonic(), fixes[0].fixed_at
    for group in _groups(fixes, timedelta(0) if speed is None else timedelta(seconds=speed)):
        if speed is not None:
            due = (group[-1].fixed_at - first).total_seconds() / speed
            time.sleep(max(0.0, began + due - time.monotonic()))
        answer = post_json(client, "/v1/fixes", [fix.wire() for fix in group], token=token)
        posted += len(group)
        accepted += int(answer["accepted"])
        for item in answer["rejected"]:
            rejected[item["reason"]] = rejected.get(item["reason"], 0) + 1
        progress(posted)
    return Replayed(posted, accepted, rejected)


def _groups(fixes: Sequence[RecordedFix], span: timedelta) -> list[list[RecordedFix]]:
    """Cut a track into requests: by size, and by time where it is played at a speed."""
    groups: list[list[RecordedFix]] = [[]]
    for fix in fixes:
        group = groups[-1]
        late = bool(group) and span > timedelta(0) and fix.fixed_at - group[0].fixed_at > span
        if late or len(group) >= BATCH:
            groups.append([])
        groups[-1].append(fix)
    return groups
