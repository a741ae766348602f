"""The table and the picture of runs side by side."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from simulated_day import small_day, tiny_site

from flowctl.scenarios.steering import parse_steering
from flowctl.site import Site
from simulations.plots import save_comparison
from simulations.report import comparison_table
from simulations.studies.executors import threads
from simulations.studies.run import run

BUSY = {"standing": 60, "arrivals": 120, "imports": 50}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


def results(site: Site, replications: int, *rules: str) -> list[dict[str, Any]]:
    with threads(2) as pool:
        return [
            run(
                small_day(north=BUSY),
                site,
                steering=parse_steering(rule),
                seed=1,
                replications=replications,
                executor=pool,
            ).as_json()
            for rule in rules
        ]


def printed(found: list[dict[str, Any]], site: Site) -> dict[str, str]:
    console = Console(width=200, file=io.StringIO())
    console.print(comparison_table(found, site))
    lines = console.file.getvalue().splitlines()
    rows = [[cell.strip() for cell in line.strip("│┃").split("│")] for line in lines]
    assert max(map(len, lines)) <= 110
    return {row[0]: " | ".join(row[1:]) for row in rows if len(row) > 1}


def test_one_replication_each_is_compared_as_a_share(site: Site):
    table = printed(results(site, 1, "none", "n_control"), site)
    assert table["wait at the gate, mean, min"].endswith("%")
    assert "±" not in table["wait at the gate, mean, min"]
    assert table["North: exports cleared"]


def test_many_have_intervals_and_what_may_be_chance_is_in_brackets(site: Site):
    table = printed(results(site, 6, "none", "n_control", "none"), site)
    waits = table["wait at the gate, mean, min"].split(" | ")
    assert [text.count("±") for text in waits] == [1, 1, 1, 1, 1]
    assert waits[2].startswith("-")  # the wait at the gate is shorter, and that is no chance
    assert waits[4].startswith("(")  # the same rule again differs in nothing


def test_the_picture_is_a_png_of_a_readable_size(site: Site, tmp_path: Path):
    picture = tmp_path / "day.png"
    save_comparison(results(site, 4, "none", "n_control"), picture, site=site)
    content = picture.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(content[k : k + 4], "big") for k in (16, 20))
    assert (width, height) == (1800, 1080)
