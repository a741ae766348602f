from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flowctl.errors import FlowctlError
from flowctl.replay import read_track, shift

UTC_ZONE = ZoneInfo("UTC")


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_is_read_by_its_own_column_names_in_the_order_of_its_moments(tmp_path: Path):
    path = written(
        tmp_path,
        "bus.csv",
        "vehicle,when,x,y,bearing\nB7,2026-01-26 15:58:00,-2.9,53.5,71\n"
        "B7,2026-01-26 15:57:00,-2.8,53.4,\n",
    )
    columns = {
        "device": "vehicle",
        "fixed_at": "when",
        "lon": "x",
        "lat": "y",
        "heading_deg": "bearing",
    }
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    first, second = read_track(path, device=None, columns=columns, zone=zone)
    assert (first.device, first.lon, first.heading_deg) == ("B7", -2.8, None)
    assert first.fixed_at.astimezone(UTC) == datetime(2026, 1, 26, 8, 57, tzinfo=UTC)
    assert second.wire()["heading_deg"] == 71


def test_a_gpx_is_read_whatever_its_namespace(tmp_path: Path):
    path = written(
        tmp_path,
        "walk.gpx",
        '<gpx xmlns="urn:x"><trk><trkseg><trkpt lat="42.5" lon="1.5"><time>2019-02-18T07:45:50Z'
        '</time></trkpt><trkpt lat="42.6" lon="1.6"/></trkseg></trk></gpx>',
    )
    [fix] = read_track(path, device=None, columns={}, zone=UTC_ZONE)
    assert (fix.device, fix.lat, fix.lon) == ("walk", 42.5, 1.5)


def test_a_shifted_track_keeps_its_pace(tmp_path: Path):
    path = written(
        tmp_path,
        "t.csv",
        "device,fixed_at,lon,lat\nA,2024-01-01T00:00:00Z,1,2\nA,2024-01-01T00:00:30Z,1,2\n",
    )
    fixes = read_track(path, device=None, columns={}, zone=UTC_ZONE)
    moved = shift(fixes, start=datetime(2025, 5, 5, tzinfo=UTC))
    assert moved[0].fixed_at == datetime(2025, 5, 5, tzinfo=UTC)
    assert moved[1].fixed_at - moved[0].fixed_at == fixes[1].fixed_at - fixes[0].fixed_at


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("a.csv", "device,fixed_at,lon,lat\nA,2024-01-01,east,2\n", "line 2"),
        ("a.csv", "device,fixed_at,lon,lat\nA,soon,1,2\n", "line 2: the column fixed_at"),
        ("a.csv", "", "is empty"),
        ("a.csv", "device,when,lon,lat\n", "no column fixed_at"),
        ("a.csv", "device,fixed_at,lon,lat\n", "nothing to replay"),
        ("a.csv", "device,fixed_at,lon,lat\nA,2024-01-01\n", "line 2"),
        ("a.gpx", "<gpx", "not readable XML"),
        (
            "a.gpx",
            '<gpx><trkpt lat="x" lon="1"><time>2024-01-01T00:00:00Z</time></trkpt></gpx>',
            "point 1",
        ),
        ("a.gpx", '<gpx><trkpt lat="1" lon="1"/></gpx>', "no position with a moment"),
        ("a.kml", "", "neither .csv nor .gpx"),
    ],
)
def test_a_file_that_cannot_be_replayed_is_refused_by_name(
    tmp_path: Path, name: str, text: str, named: str
):
    path = written(tmp_path, name, text)
    with pytest.raises(FlowctlError, match=named) as refused:
        read_track(path, device=None, columns={}, zone=UTC_ZONE)
    assert name in str(refused.value)


def test_a_file_that_is_no_text_is_refused_by_name(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(range(200, 256)))
    with pytest.raises(FlowctlError, match="not text"):
        read_track(path, device=None, columns={}, zone=UTC_ZONE)


def test_a_field_that_no_fix_has_is_refused_with_those_there_are(tmp_path: Path):
    path = written(tmp_path, "a.csv", "device,fixed_at,lon,lat\n")
    with pytest.raises(FlowctlError, match="no field longitude") as refused:
        read_track(path, device=None, columns={"longitude": "x"}, zone=UTC_ZONE)
    assert "lon" in str(refused.value)
