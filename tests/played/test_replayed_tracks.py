"""Recorded tracks of real vehicles, posted by the command a user would type."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running import Running

SHARED = Path("../shared/data/gps")


def replay(running: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flowctl.cli", "replay", *arguments, "--url", running.url, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"FLOWCTL_TOKEN": running.system.token, "PATH": "/usr/bin:/bin"},
    )


def recorded(name: str) -> str:
    if not (SHARED / name).exists():
        pytest.skip(f"the recorded track {name} of ../shared/data/gps is not here")
    return str(SHARED / name)


def stored(running: Running, device_like: str, expected: int) -> int:
    """Return the stored fixes of some devices, once as many as expected are there."""
    deadline = time.monotonic() + 20
    while True:
        row = running.watch.conn.execute(
            "select count(*) from fixes join devices on devices.id = device_id where uid like %s",
            [device_like],
        ).fetchone()
        count = 0 if row is None else int(row[0])
        if count >= expected or time.monotonic() > deadline:
            return count
        time.sleep(0.05)


def test_a_recorded_csv_is_stored_position_by_position(running_system: Running):
    path = recorded("liverpool_bus_route14_2026.csv")
    columns = ("device=vehicle_id", "fixed_at=timestamp", "lon=longitude", "lat=latitude")
    options = [part for column in columns for part in ("--column", column)]
    # The moments are of 2026, the played morning is of 2024: shifted they end before 09:00.
    done = replay(running_system, path, *options, "--start", "2024-01-22T09:00", "--speed", "0")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    rows = Path(path).read_text().splitlines()[1:]
    identities = {(row.split(",")[1], row.split(",")[3]) for row in rows}
    assert answer["posted"] == len(rows) == answer["accepted"]
    vehicles = {vehicle.strip('"') for vehicle, _ in identities}
    total = sum(stored(running_system, vehicle, 1) for vehicle in vehicles)
    assert total == len(identities)


def test_a_recorded_gpx_of_one_fix_a_second_is_stored(running_system: Running):
    path = recorded("limerick_bus_304_2019.gpx")
    done = replay(
        running_system, path, "--device", "limerick", "--start", "2024-01-22T09:00", "--speed", "0"
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["accepted"] == answer["posted"] > 1000
    moments = answer["posted"]
    assert stored(running_system, "limerick", moments - 5) >= moments - 5


def test_a_track_older_than_the_site_takes_is_set_aside_with_its_reason(running_system: Running):
    path = recorded("limerick_bus_304_2019.gpx")
    done = replay(running_system, path, "--device", "of-2019", "--speed", "0")
    answer = json.loads(done.stdout)
    assert answer["rejected"] == {"too_late": answer["posted"]}
    assert stored(running_system, "of-2019", 0) == 0


def test_a_file_that_is_not_there_is_named(running_system: Running):
    done = replay(running_system, "nowhere.csv")
    assert done.returncode == 1
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_column_that_is_not_there_is_named_with_those_that_are(running_system: Running):
    path = recorded("liverpool_bus_route14_2026.csv")
    done = replay(running_system, path)
    assert done.returncode == 1
    assert "no column fixed_at" in done.stderr
    assert "vehicle_id" in done.stderr


def test_a_wrong_token_is_refused_in_a_sentence(running_system: Running, tmp_path: Path):
    track = tmp_path / "track.csv"
    track.write_text("device,fixed_at,lon,lat\nA,2024-01-22T09:00:00Z,106.7,21.9\n")
    done = replay(running_system, str(track), "--token", "guess")
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert "Traceback" not in done.stderr
