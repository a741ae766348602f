"""Recorded tracks as columns, with or without moments, for map matching."""

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from flowctl.errors import FlowctlError
from flowctl.replay import (
    RecordedFix,
    column_names,
    read_gpx_points,
    read_track,
    time_zone,
)
from geo.tracks import Track

_SHOWN = 5


def read_points(path: Path, *, device: str | None, columns: Sequence[str], timezone: str) -> Track:
    """Read one vehicle's track from a CSV or GPX file.

    Parameters
    ----------
    path
        A ``.csv`` with a header and moments, or a ``.gpx``, which needs none.
    device
        Of several devices in a CSV the one meant.
    columns
        For CSV: ``field=column`` pairs, as `flowctl replay` takes them.
    timezone
        Of moments that carry none.

    Raises
    ------
    FlowctlError
        The file is missing, does not fit, or holds several devices and none is chosen.
    RoadError
        The track cannot be matched, as `Track` says.
    """
    zone = time_zone(timezone)
    if path.suffix.lower() == ".gpx" and path.is_file():
        return _of_gpx(path, zone)
    names = column_names(columns)
    own = names.get("device", "device")
    fixes = read_track(
        path, device=None if _has_column(path, own) else "track", columns=names, zone=zone
    )
    return _of_fixes(_of_device(fixes, path, device))


def _of_gpx(path: Path, zone: ZoneInfo) -> Track:
    points = read_gpx_points(path, zone)
    moments = [moment for _, _, moment in points if moment is not None]
    lon = np.array([lon for lon, _, _ in points], dtype=np.float64)
    lat = np.array([lat for _, lat, _ in points], dtype=np.float64)
    if not moments:
        return Track(lon, lat)
    if len(moments) < len(points):
        raise FlowctlError(
            f"{path} has a moment for {len(moments)} of its {len(points)} points; give it one for"
            " each, or for none."
        )
    at_us = np.array([round(moment.timestamp() * 1e6) for moment in moments], dtype=np.int64)
    order = np.argsort(at_us, kind="stable")
    return Track(lon[order], lat[order], at_us[order])


def _has_column(path: Path, name: str) -> bool:
    """Tell whether a CSV's header has a column; what is wrong with it is told by its reader."""
    if not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return name in [cell.strip().strip('"') for cell in file.readline().split(",")]


def _of_device(fixes: Sequence[RecordedFix], path: Path, device: str | None) -> list[RecordedFix]:
    devices = sorted({fix.device for fix in fixes})
    wanted = device or devices[0]
    if device is None and len(devices) > 1:
        some = ", ".join(devices[:_SHOWN]) + (", …" if len(devices) > _SHOWN else "")
        raise FlowctlError(
            f"{path} holds {len(devices)} devices ({some}); choose one with --device."
        )
    own = [fix for fix in fixes if fix.device == wanted]
    if not own:
        raise FlowctlError(f"{path} holds no device {wanted}; it holds {', '.join(devices)}.")
    return own


def _of_fixes(fixes: Sequence[RecordedFix]) -> Track:
    def column(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        values = [getattr(fix, name) for fix in fixes]
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    at_us = [round(fix.fixed_at.timestamp() * 1e6) for fix in fixes]
    return Track(
        column("lon"),
        column("lat"),
        np.array(at_us, dtype=np.int64),
        heading_deg=column("heading_deg"),
        speed_mps=column("speed_mps"),
    )
