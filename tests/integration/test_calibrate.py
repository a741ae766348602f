"""A scenario fitted to stored days: laws that are known come back, what is missing is said."""

import json
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from border import MORNING, Border, after, border
from command_line import Done, run_command

from flowctl.dispatch.reasons import Reason
from flowctl.scenarios.laws import CARGOES
from flowctl.scenarios.scenario import Scenario, check_names, load_scenario, parse_scenario
from flowctl.state import Cargo
from flowctl.storage.calibration import read_days
from simulations.calibrate.findings import Calibration
from simulations.calibrate.fit import calibrate
from simulations.calibrate.ways import usual_way
from simulations.demand import draw
from simulations.engine import run
from simulations.gates import instant
from simulations.measures_laws import check
from simulations.records import Records
from simulations.ways import Ways

FIRST = date(2024, 1, 23)
DAYS = 2
TRUTH: dict[str, Any] = {
    "id": "truth",
    "site": "lang_son",
    "day": FIRST,
    "gates": {
        "tan_thanh": {
            "arrivals": 160,
            "yard": "yard_bao_nguyen",
            "imports": 60,
            "places": 9,
            "export_profile": {"hourly": [1] * 6 + [4] * 6 + [1] * 12},
            "import_profile": {"from_h": 7.0, "until_h": 15.0},
        }
    },
    "cargo": {"normal": 0.6, "perishable": 0.4},
    "languages": {"vi": 0.7, "zh": 0.3},
    "checks": {"mean_min": 90.0, "cv": 0.4},
    "screening": {"law": "erlang", "mean_min": 15.0, "phases": 6},
    "screenings": [{"law": "lognormal", "mean_min": 30.0, "cv": 0.2, "cargo": "perishable"}],
    "drivers": {"reaction_s": 420.0, "reaction_cv": 0.3, "no_show_share": 0.1, "speed_cv": 0.2},
    "yards": {"yard_bao_nguyen": {"travel_factor": 1.5}},
    "gps": {"without_share": 0.0},
    "until_h": 24.0,
}


def store_imports(place: Border, records: Records) -> None:
    """Put the imports of a played day into the tables, as officers count them."""
    for truck in np.flatnonzero(records.is_import & ~np.isnan(records.gate_at)):
        for kind, at in (("entered", records.gate_at[truck]), ("cleared", records.clear_at[truck])):
            if not np.isnan(at):
                place.conn.execute(
                    "insert into gate_events (site, gate, direction, kind, truck, at, recorded_by,"
                    " recorded_at) values ('lang_son', 'tan_thanh', 'import', %s, %s, %s, 'a', %s)",
                    [kind, f"桂{records.starts:.0f}-{truck}", instant(at), instant(at)],
                )


def store(place: Border, day: Scenario, seed: int) -> None:
    """Put a played day into the tables, as its visits, call-ups and officers' words would be."""
    records, demand = run(day, place.site, policy="metering", seed=seed), draw(day, seed)
    check(records)
    usual = usual_way(Ways(place.site), place.site, "yard_bao_nguyen", "tan_thanh")
    seen_after = usual.yard_s / (usual.yard_s + usual.road_s)

    def minute(at: float) -> float:
        return (at - MORNING.timestamp()) / 60.0

    store_imports(place, records)
    for truck in np.flatnonzero(~records.is_import & ~np.isnan(records.yard_at)):
        registered = records.starts + demand.registered_s[truck]
        trip = place.trip(
            at=after(minute(registered)),
            ready_at=after(minute(records.starts + demand.ready_s[truck])),
            language=demand.language[truck],
            cargo=Cargo(CARGOES[demand.cargo[truck]]),
        )
        stages = (records.yard_at, records.left_at, records.gate_at, records.start_at)
        stages += (records.clear_at, records.released_at, records.ignored_at)
        yard, left, queued, began, cleared, called, ignored = (
            None if np.isnan(stage[truck]) else minute(stage[truck]) for stage in stages
        )
        if ignored is not None:
            place.release(trip, ignored, until=ignored + 20)
            place.conn.execute(
                "update releases set ended = %s where trip_id = %s",
                [str(Reason.NO_SHOW), trip],
            )
        if called is not None:
            place.release(trip, called, until=called + 20)
        assert yard is not None
        if left is not None and queued is not None:  # what is seen is when it crosses the edge
            left += seen_after * (queued - left)
        place.visit(trip, "yard_bao_nguyen", yard, left)
        if queued is not None:
            place.visit(trip, "queue_tan_thanh", queued, began)
        if began is not None:
            place.visit(trip, "lane_tan_thanh", began, cleared)


@pytest.fixture
def stored(database: str) -> Iterator[Border]:
    with border(database) as place:
        with place.conn.transaction():
            for number in range(DAYS):
                day = parse_scenario(TRUTH | {"day": FIRST + timedelta(days=number)}, where="truth")
                store(place, day, seed=number)
        yield place


Command = Callable[..., Done]


@pytest.fixture
def command(database: str) -> Command:
    def typed(*arguments: str, code: int = 0) -> Done:
        # Who reads stored days needs no secret of the site.
        env = {"FLOWCTL_DATABASE_URL": database, "FLOWCTL_SITE": "lang_son"}
        return run_command("calibrate", *arguments, env=env, code=code)

    return typed


def test_the_laws_that_days_were_played_with_come_back(
    stored: Border, command: Command, tmp_path: Path
):
    last = FIRST + timedelta(days=DAYS - 1)
    done = command("--from", str(FIRST), "--to", str(last), "--out", str(tmp_path), "--json")
    told = json.loads(done.stdout)
    assert {Path(name).name for name in told["files"]} == {
        "scenario.toml",
        "report.md",
        "arrivals.png",
        "laws.png",
    }
    fitted = load_scenario(tmp_path / "scenario.toml")
    check_names(fitted, stored.site)
    gate = fitted.gates["tan_thanh"]
    assert gate.arrivals == 160
    assert gate.imports == 60
    assert gate.yard == "yard_bao_nguyen"
    assert gate.export_profile is not None
    hourly = np.array(gate.export_profile.hourly)
    assert hourly[6:12].sum() / hourly.sum() == pytest.approx(24 / 42, abs=0.02)
    assert gate.import_profile is not None
    assert not any(gate.import_profile.hourly[:7])
    assert gate.cargo is not None
    assert gate.cargo["perishable"] == pytest.approx(0.4, abs=0.06)
    assert fitted.languages["zh"] == pytest.approx(0.3, abs=0.06)
    assert fitted.checks.mean_min == pytest.approx(90.0, rel=0.06)
    assert fitted.checks.cv == pytest.approx(0.4, rel=0.15)
    laws = {row.cargo: row for row in fitted.screenings if row.gate == "tan_thanh"}
    assert laws["perishable"].middle_min == pytest.approx(30.0, rel=0.05)
    assert laws["normal"].middle_min == pytest.approx(15.0, rel=0.1)
    assert fitted.drivers.reaction_s == pytest.approx(420.0, rel=0.1)
    assert fitted.drivers.no_show_share == pytest.approx(0.1, abs=0.04)
    assert fitted.drivers.speed_cv == pytest.approx(0.2, rel=0.25)
    assert fitted.yards["yard_bao_nguyen"].travel_factor == pytest.approx(1.5, rel=0.05)
    played = run(fitted, stored.site, policy="none", seed=1)
    assert np.count_nonzero(~np.isnan(played.clear_at)) > 100


def test_what_could_not_be_fitted_is_named_with_its_default(
    database: str, command: Command, tmp_path: Path
):
    quiet = {**TRUTH["gates"]["tan_thanh"], "arrivals": 60, "imports": 10}
    day = parse_scenario(TRUTH | {"gates": {"tan_thanh": quiet}}, where="a quiet day")
    with border(database) as place, place.conn.transaction():
        store(place, day, seed=0)
    command("--from", "2024-01-20", "--to", str(FIRST), "--out", str(tmp_path))
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    fitted, missing = report.split("## Not fitted")
    assert "Nothing is stored of 2024-01-20, 2024-01-21, 2024-01-22" in fitted
    assert "| gates.tan_thanh.arrivals | 60 trucks | 60 |" in fitted
    assert "| gates.huu_nghi | left out | 0 | no truck of it is stored |" in missing
    assert "| gates.tan_thanh.import_profile | even over the day | 10 |" in missing
    assert "| screenings of imports | those of exports |" in missing
    assert "| counts | exact | 1 | the spread between days needs 5 of them |" in missing
    text = (tmp_path / "scenario.toml").read_text(encoding="utf-8")
    assert "# drivers.eta_error_min: schema default" in text
    assert tomllib.loads(text)["gates"].keys() == {"tan_thanh"}


def fitted_to(place: Border, day: date) -> Calibration:
    days = read_days(place.conn, place.site, first=day, last=day, tell=lambda _: None)
    return calibrate(list(days), place.site)


def test_trucks_that_stood_there_when_storing_began_have_not_arrived_then(
    database: str, command: Command, tmp_path: Path
):
    midnight = -480
    with border(database) as place, place.conn.transaction():

        def come(minute: float, *, checks: float, seen_inside: bool) -> None:
            trip = place.trip(at=after(midnight), ready_at=after(minute + checks))
            place.visit(trip, "yard_bao_nguyen", minute, seen_inside=seen_inside)

        for number in range(25):
            come(midnight + number / 2, checks=0, seen_inside=True)
        # Of a yard without a road, a truck is first seen inside whenever it comes.
        for number in range(29):
            come(10 * number, checks=90 + number, seen_inside=number % 2 == 0)
        come(midnight + 5, checks=100, seen_inside=False)  # was seen to drive in
        come(midnight + 25 * 60, checks=100, seen_inside=True)
        first, next_day = (fitted_to(place, FIRST + timedelta(days=n)) for n in (0, 1))
    assert (first.stood, next_day.stood) == (25, 0)
    assert next_day.table["gates"]["tan_thanh"]["standing"] == 55
    gate = first.table["gates"]["tan_thanh"]
    assert (gate["standing"], gate["arrivals"]) == (25, 30)
    [checks] = [sample for sample in first.samples if sample.name == "checks"]
    assert checks.ended.min() == pytest.approx(90.0)
    said = command("--from", str(FIRST), "--to", str(FIRST), "--out", str(tmp_path)).stdout
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    for text in (said, report):
        assert "When storing began 25 trucks stood in a yard already" in text
    assert "1 day with trucks." in report
    assert "mean of 1 day, 25–25; 25 were there when storing began" in report


def test_too_few_trucks_keep_every_default(database: str):
    with border(database) as place:
        for number in range(3):
            trip = place.trip()
            place.visit(trip, "yard_bao_nguyen", 10 * number)
        found = fitted_to(place, FIRST)
    assert found.table["gates"]["tan_thanh"]["arrivals"] == 3
    assert not {"checks", "screening", "screenings", "languages", "drivers"} & found.table.keys()
    why = {one.key: one.how for one in found.findings if not one.fitted}
    assert why["checks"] == "a law needs 20 trucks"
    assert why["gates.tan_thanh.export_profile"] == "a profile needs 50 trucks"
    parse_scenario(found.table, where="three trucks")


def test_how_far_the_reading_is_is_told_day_by_day(database: str):
    said: list[str] = []
    with border(database) as place:
        last = FIRST + timedelta(days=1)
        list(read_days(place.conn, place.site, first=FIRST, last=last, tell=said.append))
    assert said == [
        "reading days: 1 of 2, 2024-01-23",
        "reading days: 2 of 2, 2024-01-24",
    ]


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2023-05-01", "2023-05-02", "Nothing is stored of trucks that came to lang_son from 2023"),
        ("2024-01-24", "2024-01-23", "--to is 2024-01-23, before --from, 2024-01-24"),
        ("2024-01-23", "2999-01-01", "2999-01-01 is not over yet"),
        ("yesterday", "2024-01-23", "--from takes a day as 2024-01-23; not 'yesterday'"),
    ],
)
def test_days_without_data_or_sense_are_refused_in_words(
    database: str, command: Command, first: str, last: str, words: str
):
    with border(database):
        done = command("--from", first, "--to", last, code=1)
    assert words in done.stderr
