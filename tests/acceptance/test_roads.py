"""Roads of real places, by the commands a user would type, and how well tracks are matched."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from flowctl.cli import app
from geo.matching import match
from geo.network import RoadNetwork
from geo.roads import read_roads
from geo.routes import Cost, Place, Route, Router
from geo.tracks import Track
from geo.truck_tags import TruckRules

SHARED = Path("../shared/data")
CAR = TruckRules(access_keys=("motorcar", "motor_vehicle", "vehicle", "access"))
"""The recorded routes are a car's; the two files tag no road for trucks otherwise."""

GRAPHHOPPER_COST = {"monaco.osm.gz": Cost.DISTANCE, "andorra.osm.pbf": Cost.TIME}
"""What the recorded routes are short in: GraphHopper's test of Monaco sets a distance influence so
high that it asks for the shortest way; the ones in Andorra are of its plain car profile."""


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path


def flowctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flowctl.cli", "roads", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env={"PATH": "/usr/bin:/bin"},
    )


def tell(line: str) -> None:
    """Write a figure where pytest shows it: with -s, or where the test fails."""
    sys.stdout.write(f"\n{line}")


def refused(*arguments: str) -> str:
    """Return the sentence a command refused with; asked in this process, which spares its start."""
    done = CliRunner().invoke(app, ["roads", *arguments])
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == 1, done.stdout
    assert not done.stdout
    return done.stderr


@pytest.fixture(scope="module")
def network_of() -> Callable[[str], RoadNetwork]:
    known: dict[str, RoadNetwork] = {}

    def of(name: str) -> RoadNetwork:
        if name not in known:
            known[name], _ = read_roads(shared(f"osm/{name}"), rules=CAR)
        return known[name]

    return of


@pytest.fixture(scope="module")
def andorra(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of Andorra's roads, as the command makes it."""
    out = tmp_path_factory.mktemp("andorra")
    done = flowctl("import", str(shared("osm/andorra.osm.pbf")), "--out", str(out), "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts["ways"] == 1615
    assert counts["edges"] > 3000
    assert "OpenStreetMap contributors" in counts["attribution"]
    assert [path.name for path in out.iterdir()] == ["roads.npz"]
    return out / "roads.npz"


def test_known_routes_are_within_five_per_cent_of_graphhopper(
    network_of: Callable[[str], RoadNetwork],
):
    rows = list(csv.DictReader(shared("osm/golden_routes.csv").read_text().splitlines()))
    rows = [row for row in rows if row["file"] in GRAPHHOPPER_COST]
    worst = 0.0
    tell(f"{'file':16} {'GraphHopper':>11} {'flowctl':>8} {'off':>7} {'nearest node':>12}")
    for row in rows:
        net = network_of(row["file"])
        start, goal = (
            net.nearest(float(row[f"{end}_lon"]), float(row[f"{end}_lat"]))
            for end in ("from", "to")
        )
        way = Router(net, GRAPHHOPPER_COST[row["file"]]).shortest(start, goal)
        assert way is not None, row
        known = float(row["graphhopper_car_distance_m"])
        off = way.length_m / known - 1
        worst = max(worst, abs(off))
        by_node = row["osmnx_2.1.1_shortest_m_nearest_node"]
        tell(f"{row['file']:16} {known:11.0f} {way.length_m:8.0f} {off:7.1%} {by_node:>12}")
    assert len(rows) == 8
    assert worst < 0.05


def test_graphhoppers_sparse_track_is_matched_along_its_road(andorra: Path, tmp_path: Path):
    track = str(shared("gps/andorra_for_map_matching.gpx"))
    picture = tmp_path / "match.png"
    done = flowctl("match", track, "--roads", str(andorra), "--json", "--png", str(picture))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["matched_fixes"] == found["fixes"] == 21
    assert 0.9 < found["ratio"] < 1.1
    assert found["breaks"] == []
    assert picture.read_bytes().startswith(b"\x89PNG")
    said = flowctl("match", track, "--roads", str(andorra)).stdout
    assert "Carretera General" in said
    assert "breaks: 0" in said


def test_a_way_is_told_with_its_roads(andorra: Path):
    ends = ("42.554851,1.536198", "42.510071,1.548128")
    fast, short = (
        json.loads(flowctl("route", *ends, "--roads", str(andorra), "--by", by, "--json").stdout)
        for by in ("time", "distance")
    )
    assert fast["duration_s"] < short["duration_s"]
    assert short["length_m"] < fast["length_m"]
    assert "Pont de Santa Caterina" in fast["roads"]
    assert "OpenStreetMap" in fast["attribution"]


@dataclass(frozen=True)
class Drive:
    """A way truly driven, where it was left, and the fixes of it."""

    way: Route
    edge: np.ndarray[Any, Any]
    along_m: np.ndarray[Any, Any]
    track: Track


def driven(router: Router, rng: np.random.Generator, every_s: float, least_m: float) -> Drive:
    """Drive a random way at the roads' speeds, with fixes that are 10 m off on either axis."""
    net = router.network
    while True:
        ends = [
            Place(int(e), float(net.length_m[e] / 2)) for e in rng.integers(len(net.way), size=2)
        ]
        way = router.between(*ends)
        if way is not None and way.length_m > least_m:
            break
    edges = np.array(way.edges)
    seconds = net.length_m[edges] / net.speed_mps[edges]
    before = way.start.along_m / net.speed_mps[edges[0]]
    entered = np.cumsum(seconds) - seconds - before
    at = np.arange(0.0, way.duration_s, every_s)
    step = np.searchsorted(entered, at, side="right") - 1
    along = np.minimum((at - entered[step]) * net.speed_mps[edges[step]], net.length_m[edges[step]])
    x, y = net.plane.to_metres(*net.at(edges[step], along))
    lon, lat = net.plane.to_degrees(*(c + rng.normal(0.0, 10.0, len(c)) for c in (x, y)))
    moments = (at * 1e6).astype(np.int64) + 1_700_000_000_000_000
    return Drive(way, edges[step], along, Track(lon, lat, moments))


@pytest.mark.parametrize(
    ("name", "least_m", "every_s", "least"),
    [
        ("monaco.osm.gz", 2000.0, 5.0, 0.95),
        ("monaco.osm.gz", 2000.0, 30.0, 0.9),
        ("monaco.osm.gz", 2000.0, 60.0, 0.85),
        ("andorra.osm.pbf", 5000.0, 5.0, 0.95),
        ("andorra.osm.pbf", 5000.0, 30.0, 0.95),
        ("andorra.osm.pbf", 5000.0, 60.0, 0.95),
    ],
)
def test_a_known_drive_is_found_again(
    network_of: Callable[[str], RoadNetwork],
    name: str,
    least_m: float,
    every_s: float,
    least: float,
):
    """Of the metres of road driven, from the first fix to the last, most are found."""
    net = network_of(name)
    router = Router(net, Cost.DISTANCE)
    rng = np.random.default_rng(1)
    true_m = found_m = right_m = fixes = right = 0.0
    for _ in range(15):
        drive = driven(router, rng, every_s, least_m)
        found = match(router, drive.track)
        last = int(np.flatnonzero(np.array(drive.way.edges) == drive.edge[-1])[-1])
        true = set(drive.way.edges[: last + 1])
        got = {int(e) for piece in found.pieces for e in piece.edges}
        true_m += net.length_m[list(true)].sum()
        found_m += net.length_m[list(got)].sum()
        right_m += net.length_m[list(true & got)].sum()
        fixes += len(drive.edge)
        right += (found.edge == drive.edge).sum()
    tell(
        f"{name} every {every_s:g} s: {right_m / true_m:.3f} of the road driven is found,"
        f" {right_m / found_m:.3f} of the road found was driven, {right / fixes:.3f} of"
        f" {fixes:.0f} fixes on the very edge"
    )
    assert right_m / true_m >= least
    assert right_m / found_m >= least


def test_a_site_nobody_knows_and_a_folder_that_cannot_be_written_are_named(tmp_path: Path):
    extract = tmp_path / "drawn.osm"
    extract.write_text("<osm version='0.6'></osm>")
    assert "There is no site nowhere; there are: lang_son" in refused(
        "import", str(extract), "--site", "nowhere"
    )
    folder = str(extract / "below")
    assert f"{folder} cannot be written" in refused("import", str(extract), "--out", folder)
    assert "--site" in refused("import", str(extract))
    around = ("--around-km", "20", "--out", str(tmp_path))
    assert "measured from a --site" in refused("import", str(extract), *around)
    extract.write_text(
        "<osm version='0.6'><node id='1' version='1' lat='42.5' lon='1.5'/>"
        "<node id='2' version='1' lat='42.6' lon='1.5'/><way id='3' version='1'>"
        "<nd ref='1'/><nd ref='2'/><tag k='highway' v='primary'/></way></osm>"
    )
    said = refused("import", str(extract), "--site", "lang_son", *around)
    assert "1 lie outside the extract or the part wanted, 20." in said
    assert "extract of OpenStreetMap or a --place" in refused("import", "--out", str(tmp_path))


def test_a_folder_in_the_place_of_a_file_and_a_file_in_that_of_a_folder_are_named(tmp_path: Path):
    extract = tmp_path / "drawn.osm"
    extract.write_text("<osm version='0.6'></osm>")
    said = refused("import", str(tmp_path), "--out", str(tmp_path))
    assert said == f"{tmp_path} is a folder; name the extract of OpenStreetMap in it.\n"
    said = refused("import", str(extract), "--out", str(extract))
    assert said == f"{extract} is a file; --out names the folder that roads.npz goes into.\n"
    (tmp_path / "roads.npz").mkdir()
    assert "roads would go" in refused("import", str(extract), "--out", str(tmp_path))
    place = ("--place", "Monaco", "--site", "lang_son", "--around-km", "5")
    assert "takes a part of an extract" in refused("import", *place)


def test_roads_that_are_replaced_and_a_bound_that_bounds_nothing_are_told(
    andorra: Path, tmp_path: Path
):
    (tmp_path / "roads.npz").write_bytes(andorra.read_bytes())
    extract = shared("osm/monaco.osm.gz")
    whole_world = ("--site", "lang_son", "--around-km", "15000")
    done = CliRunner().invoke(
        app, ["roads", "import", str(extract), "--out", str(tmp_path), *whole_world]
    )
    assert done.exit_code == 0, done.stderr
    assert "held the roads of andorra.osm.pbf; these roads replace it" in done.stderr
    assert "--around-km left nothing out" in done.stderr
    assert "importing roads, graph: " in done.stderr


def test_a_broken_extract_leaves_the_roads_that_were_there(andorra: Path, tmp_path: Path):
    kept = tmp_path / "roads.npz"
    kept.write_bytes(andorra.read_bytes())
    cut = tmp_path / "cut.osm.gz"
    cut.write_bytes(shared("osm/monaco.osm.gz").read_bytes()[:200_000])
    assert "cannot be read as OpenStreetMap data" in refused(
        "import", str(cut), "--out", str(tmp_path)
    )
    assert kept.read_bytes() == andorra.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.osm.gz", "roads.npz"]
    assert RoadNetwork.load(kept).source == "andorra.osm.pbf"


def test_tracks_that_cannot_be_matched_are_refused_in_a_sentence(andorra: Path, tmp_path: Path):
    head = "device,fixed_at,lon,lat\n"
    bad = {
        "one.csv": ("A,2026-01-01T00:00:00Z,1.52,42.51\n", "a track of 1 fix shows no way"),
        "nan.csv": (
            "A,2026-01-01T00:00:00Z,1.52,42.51\nA,2026-01-01T00:01:00Z,nan,42.51\n",
            "fix 2 lies at nan",
        ),
        "far.csv": (
            "A,2026-01-01T00:00:00Z,106.7,21.9\nA,2026-01-01T00:01:00Z,106.71,21.9\n",
            "No fix of the track lies within",
        ),
        "two.csv": (
            "A,2026-01-01T00:00:00Z,1.52,42.51\nB,2026-01-01T00:01:00Z,1.53,42.51\n",
            "holds 2 devices (A, B)",
        ),
    }
    for name, (rows, sentence) in bad.items():
        (tmp_path / name).write_text(head + rows)
        assert sentence in refused("match", str(tmp_path / name), "--roads", str(andorra))
    track = str(tmp_path / "one.csv")
    assert "There are no roads" in refused("match", track, "--roads", str(tmp_path / "no.npz"))
    assert "is no road network" in refused("match", track, "--roads", track)
    assert "latitude,longitude" in refused("route", "42.5", "1,2", "--roads", str(andorra))
    roads = ("--roads", str(andorra))
    assert "the two swapped" in refused("route", "1.536,42.555", "42.51,1.548", *roads)
    assert "is no place" in refused("route", "142.5,1.5", "42.51,1.548", *roads)


def test_a_csv_of_several_devices_is_matched_for_one_with_its_moments(
    andorra: Path, tmp_path: Path
):
    track = tmp_path / "trucks.csv"
    track.write_text(
        "unit,fixed_at,lon,lat\n"
        "A,2026-01-01T00:00:00Z,1.532909,42.623636\nB,2026-01-01T00:00:00Z,1.5,42.5\n"
        "A,2026-01-01T00:01:00Z,1.536310,42.622300\n"
    )
    done = flowctl(
        "match", str(track), "--roads", str(andorra), "--column", "device=unit", "--device", "A",
        "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (piece,) = json.loads(done.stdout)["pieces"]
    assert piece["edges"][0]["entered_at"] == "2026-01-01T00:00:00.000+00:00"
    assert piece["edges"][-1]["left_at"] == "2026-01-01T00:01:00.000+00:00"


def test_a_place_is_refused_in_a_sentence_where_no_server_answers(tmp_path: Path):
    nowhere = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "flowctl.cli", "roads", "import"),
            *("--place", "Lạng Sơn, Vietnam", "--out", str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env={"PATH": "/usr/bin:/bin", **nowhere},
    )
    assert done.returncode == 1
    assert "servers do not answer" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
