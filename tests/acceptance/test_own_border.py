"""Another border than Lạng Sơn is made by the commands of its guide and played in every process."""

import json
import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from command_line import run_command
from drawn_roads import write_extract
from two_roles import of_processes

from flowctl.days import load_day
from flowctl.demo import HEADLESS_STEP, Cast, set_stage
from flowctl.server_process import free_port
from simulations.player import Pace, play

ROOT = Path(__file__).parents[2]
SITES = ROOT / "data" / "sites"
FEW = {
    r'\["07:00-18:00"\]': '["00:00-24:00"]',
    r"(arrivals|imports) = \d+": r"\1 = 3",
    r"until_h = 16\.[05]": "until_h = 1.0",
    r"from_h = 6\.5": "from_h = 0.0",
    r"mean_min = 60\.0": "mean_min = 5.0",
}
"""Three trucks each way in the day's first hour, so that two hours show all of it."""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return the day of a site that the guide's command made, put right by hand."""
    write_extract(tmp_path / "roads.osm.pbf", SITES / "riu_runer" / "roads.geojson")
    folder = tmp_path / "riu_runer"
    run_command(
        *("site", "new", str(folder), "--from", str(SITES / "riu_runer" / "drawing.geojson")),
        *("--osm", str(tmp_path / "roads.osm.pbf"), "--timezone", "Europe/Andorra"),
        env={},
    )
    for name in ("site.toml", "day.toml"):
        text = (folder / name).read_text("utf-8")
        for old, new in FEW.items():
            text = re.sub(old, new, text)
        (folder / name).write_text(text, "utf-8")
    run_command("site", "check", str(folder), env={})
    return folder / "day.toml"


def test_the_guides_site_is_played_through_every_process(
    made: Path, state_dir: Path, postgres_url: str, valkey: str
):
    scenario, source, site = load_day(str(made))
    with set_stage(
        state_dir / "own_border",
        scenario,
        postgres_url=of_processes(postgres_url),
        owner_url=f"{postgres_url}/postgres",
        valkey_url=valkey,
        port=free_port(),
        speed=1.0,
        seed=1,
        cast=Cast(source=source, database="own_border"),
    ) as stage:
        play(
            stage.player,
            stage.clock,
            start=scenario.start,
            end=scenario.start + timedelta(hours=2),
            pace=Pace(HEADLESS_STEP, None),
            keeps_up=stage.watch.keeps_up,
            stopped=lambda: False,
            progress=lambda _: None,
        )
        truth = stage.player.truth["riu_runer"]
        assert (truth["cleared_export"], truth["cleared_import"]) == (3, 3)
        board = httpx.get(f"{stage.system.settings.public_url}/v1/board").json()
    assert [gate["name"]["en"] for gate in board["gates"]] == [site.gates[0].name["en"]]
    messages = (state_dir / "own_border" / "sms.jsonl").read_text("utf-8")
    assert "Riu Runer" in messages


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
