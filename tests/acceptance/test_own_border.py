"""Another border than Lạng Sơn is played by the commands of its guide, in every process."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import run_command
from drawn_roads import write_extract

from flowctl.server_process import free_port

ROOT = Path(__file__).parents[2]
SITES = ROOT / "data" / "sites"


def played(day: str, state: Path) -> dict[str, Any]:
    """Play a day as fast as the machine keeps up, and return what it came to."""
    state.mkdir()
    for folder in (state, *state.parents[:2]):
        folder.chmod(0o711)  # the database server runs as another user and must get through
    words = ["demo", "--headless", "--json", "--day", day, "--port", str(free_port())]
    done = subprocess.run(
        [sys.executable, "-m", "flowctl.cli", *words, "--state", str(state)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return the folder of a site that the guide's command made, with a handful of trucks."""
    write_extract(tmp_path / "roads.osm.pbf", SITES / "riu_runer" / "roads.geojson")
    folder = tmp_path / "riu_runer"
    run_command(
        *("site", "new", str(folder), "--from", str(SITES / "riu_runer" / "drawing.geojson")),
        *("--osm", str(tmp_path / "roads.osm.pbf"), "--timezone", "Europe/Andorra"),
        env={},
    )
    day = folder / "day.toml"
    few = re.sub(r"^(arrivals|imports) = \d+$", r"\1 = 4", day.read_text(), flags=re.MULTILINE)
    day.write_text(few)
    return folder


def test_the_guides_site_is_played_through_every_process(made: Path, tmp_path: Path):
    result = played(str(made / "day.toml"), tmp_path / "state")
    assert result["fixes_lost"] == 0
    assert result["cleared"] == {"riu_runer": {"export": 4, "import": 4}}
    assert result["trips_with_slot"] == 4


def test_the_second_site_ships_with_a_day_that_says_it_is_invented():
    done = run_command("simulate", "riu-runer", "--policy", "n_control", "--json", env={})
    [run] = json.loads(done.stdout)
    assert (run["site"], run["timezone"]) == ("riu_runer", "Europe/Andorra")
    assert "nothing official" in (SITES / "riu_runer" / "site.toml").read_text("utf-8")
    assert "invented" in (ROOT / "data" / "scenarios" / "riu-runer.toml").read_text("utf-8")
    for name in ("zones", "roads", "drawing"):
        features = json.loads((SITES / "riu_runer" / f"{name}.geojson").read_text("utf-8"))
        assert "illustrative" in features["name"]
    assert "OpenStreetMap" in (SITES / "riu_runer" / "roads.geojson").read_text("utf-8")
