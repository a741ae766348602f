"""Every command of the guides has a row here that says how it is run; one without a row fails.

`HERE` is run as it stands (or shortened) beside one stored day; others name the test that runs
them. Whatever calls flowctl is at least parsed: its commands and options are there.
"""

import csv
import re
import shlex
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from border import SECRET, border
from command_line import run_command
from drawn_roads import write_extract
from screenshots import DRIVER, FOLDER, MOST_BYTES, SHOTS
from typer.testing import CliRunner

from flowctl.cli import app
from flowctl.clock import ClockWriter

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "data/partners/README.md",
    "data/sites/README.md",
)
WHOLE = {
    ("README.md", "Connect your trackers"): "acceptance/test_readme_trackers.py",
    ("data/partners/README.md", None): "integration/test_partner_readme.py",
}
"""Sections, or pages, whose blocks one test runs from beginning to end."""

FLOWCTL = ".venv/bin/flowctl "
SERVICE = "docker compose run --rm"
"""Its image's command is flowctl."""
LATER = datetime(2024, 1, 24, 4, tzinfo=UTC)


class Here(NamedTuple):
    """Run in the order of the page; ``short`` is put in its place where it would take long."""

    short: str | None = None


class By(NamedTuple):
    """Run by another test: a file of tests/, and a test in it."""

    file: str
    test: str


class Parsed(NamedTuple):
    """Not run by the tests, and why."""

    why: str


HERE = Here()
SERVER = Parsed("needs a container engine; test_compose tries every service's command without one")
TARGET = By("unit/test_setup.py", "test_make_explains_each_of_its_targets")
MINUTES = Parsed("loads the machine for minutes; its parts have tests of their own")

README: dict[str, Here | By | Parsed] = {
    "make demo": By("acceptance/test_demo_day.py", "day"),
    "make test": TARGET,
    "make faults": By("integration/test_faults.py", "test_whatever_is_killed_every_ack"),
    "demo --headless --day 2024-01-23 --json": By("acceptance/test_demo_day.py", "day"),
    "demo --headless --day riu-runer --json": By(
        "acceptance/test_own_border.py", "test_the_second"
    ),
    "simulate data/scenarios/2024-01-23.toml": By(
        "acceptance/test_simulate_day.py", "test_the_command_prints_the_table_and_saves_the_picture"
    ),
    "site check data/sites/lang_son": HERE,
    "replay track.csv": By("played/test_replayed_tracks.py", "test_a_recorded_csv_is_stored"),
    "device import fleet.csv": HERE,
    "device conflicts": HERE,
    "aside --reason too_late --since 7d": HERE,
    "--version": HERE,
    "--help": HERE,
    "roads import andorra.osm.pbf --out roads": HERE,
    "roads match track.gpx": By("acceptance/test_roads.py", "test_graphhoppers_sparse_track"),
    "roads route": By("acceptance/test_roads.py", "test_a_way_is_told_with_its_roads"),
    "track PLATE": By("acceptance/test_pictures.py", "test_a_trucks_day_is_drawn"),
    "zones occupancy": By("acceptance/test_pictures.py", "test_the_occupancy_of_zones_is_drawn"),
    "corridor ha_noi_bao_nguyen": By("acceptance/test_pictures.py", "test_a_roads_space_and_time"),
    "bench geofence": By("unit/test_bench_geofence.py", "test_the_command_prints_one_object"),
    "bench arrivals": MINUTES,
    "bench eta": By("acceptance/test_bench_eta.py", "test_arrivals_at_yards_and_gates"),
    "bench capacity": By("acceptance/test_bench_capacity.py", "test_a_short_run_says"),
    "bench schedule": By("acceptance/test_bench_schedule.py", "test_a_day_is_scheduled"),
    "bench schedule --sides": By("acceptance/test_bench_schedule.py", "test_every_rule_beside"),
    "bench control": By("unit/test_bench_control.py", "test_figures_print_as_one_object"),
    "bench tick": MINUTES,
    "bench notify": By("acceptance/test_bench_notify.py", "test_no_message_is_lost"),
    "bench registry": MINUTES,
    "bench alarms": MINUTES,
    "bench console --minutes 30": MINUTES,
    "bench simulate": By("acceptance/test_bench_simulate.py", "test_a_short_run_has_the_waits"),
    "bench ingest": By("acceptance/test_bench.py", "test_what_is_posted_in_batches_is_stored"),
    "bench ingest --protocol osmand": By("acceptance/test_bench.py", "test_fixes_posted_one_by"),
    "bench ingest --rate 20000": MINUTES,
    "bench logins": MINUTES,
    "find /srv/backup": Parsed("drops old backups of a server"),
    "pg_basebackup": By("acceptance/test_restore.py", "test_a_database_goes_back_to_the_moment"),
    "ledger verify": HERE,
    "ledger verify --against '#K7Q2M9X6'": By(
        "acceptance/test_ledger_commands.py", "test_a_ledger_the_owner_writes_anew_is_found"
    ),
    "ledger verify --file ledger.ndjson": By(
        "acceptance/test_ledger_commands.py", "test_an_exported_ledger_is_verified"
    ),
    "ledger show --trip 12": Here("ledger show --trip 1"),
    "webhook add https://example.org/in": HERE,
    "paper print --to sheets --gate tan_thanh": HERE,
    "paper verify sheets/": By("acceptance/test_paper_commands.py", "test_an_order_is_printed"),
    "paper enter rows.csv": By("acceptance/test_paper_commands.py", "test_an_order_is_printed"),
    "export SMPP_PASSWORD=secret": HERE,
    "gateway check deploy/gateways/smpp.toml": HERE,
    "export FLOWCTL_GATEWAYS_FILE=deploy/gateways/smpp.toml": HERE,
    "gateway list": HERE,
    "gateway test viettel 0903123456": By(
        "acceptance/test_gateway_commands.py", "test_one_text_is_sent_by_one_gateway"
    ),
    "message list --state dead": HERE,
    "message retry 17": Here("message retry"),
    "workflow check data/sites/lang_son/workflow.toml": HERE,
    "workflow picture data/sites/lang_son/workflow.toml": HERE,
    "report 2024-01-22 2024-01-23": HERE,
    'echo "a long password" | account set lan': HERE,
    "account list": HERE,
    "account end-sessions lan": HERE,
    "source add customs-office": HERE,
    "audit export --since 2024-01-23": HERE,
    "bulletin make 2024-01-23": HERE,
    "bulletin show 2024-01-23 --form pdf": HERE,
    "bulletin list": HERE,
    ". .state/demo/environment": Parsed("a demo writes it; test_demo_day reads how it is offered"),
    "practice --day 2024-01-23": By("acceptance/test_practice.py", "test_a_shift_is_practised"),
    "simulate 2024-01-23 --policy none --policy quota:0.95": By(
        "acceptance/test_simulate_command.py", "test_four_rules_are_compared"
    ),
    "simulate 2024-01-23 --until": By(
        "acceptance/test_simulate_command.py", "test_a_run_grows_until_it_is_sure"
    ),
    "sweep 2024-01-23 --vary": By(
        "acceptance/test_simulate_command.py", "test_a_sweep_of_places_sees_them"
    ),
    "sweep 2024-01-23 --tornado": By("unit/test_studies_sweep.py", "tornado"),
    "sweep 2024-01-23 --search": By("unit/test_studies_sweep.py", "search"),
    "sweep 2024-01-23 --library": By(
        "acceptance/test_simulate_command.py", "test_the_disruptions_say_which"
    ),
    "calibrate --from": By("integration/test_calibrate.py", "test_the_laws_that_days_were_played"),
    "rehearse 2024-01-23": By("integration/test_rehearse_day.py", "test_the_table_names_the_day"),
}
SITES: dict[str, Here | By | Parsed] = {
    "site new riu_runer": HERE,
    "site check riu_runer": HERE,
    "simulate riu_runer/day.toml": HERE,
    "demo --day riu_runer/day.toml": By("acceptance/test_own_border.py", "test_the_guides_site"),
    "demo --day riu-runer": By("acceptance/test_own_border.py", "test_the_second_site"),
    "cp data/sites/lang_son/policy.toml riu_runer/": HERE,
    "workflow check data/sites/lang_son/workflow.toml": HERE,
    "fees check data/sites/lang_son/fees.toml": HERE,
    "export FLOWCTL_SITE=riu_runer": HERE,
    "site load riu_runer": HERE,
}
CONTRIBUTING: dict[str, Here | By | Parsed] = {"make quick": TARGET, "make test": TARGET}
ROWS = {
    "README.md": README,
    "ARCHITECTURE.md": {},
    "CONTRIBUTING.md": CONTRIBUTING,
    "data/partners/README.md": {},
    "data/sites/README.md": SITES,
}
MADE = By("acceptance/test_readme_commands.py", "test_every_target_of_make_that_a_guide_names")
SHELL = Parsed("prepares a server; sh reads it below")
PREFIXES = {
    "make ": MADE,
    "docker compose ": SERVER,
    **dict.fromkeys(
        ("apt-get ", "printf ", "mkdir ", "openssl ", "chmod ", "echo FLOWCTL_"), SHELL
    ),
    "scripts/": By("acceptance/test_readme_commands.py", "test_every_script_that_a_guide_names"),
}
"""What is none of flowctl's commands."""


class Command(NamedTuple):
    """A command of a page, as typed but for its comment."""

    page: str
    section: str | None
    text: str

    @property
    def ours(self) -> str:
        """Without where flowctl lies, which every line would repeat."""
        return self.text.replace(FLOWCTL, "")


def commands(page: str) -> Iterator[Command]:
    """Yield every command of a page's shell blocks, one a line or more."""
    section = None
    block: list[str] | None = None
    for line in (ROOT / page).read_text("utf-8").splitlines():
        if line.startswith("```"):
            block = [] if block is None and line.strip() == "```sh" else None
        elif block is None:
            section = line.removeprefix("## ") if line.startswith("## ") else section
        else:
            block.append(line)
            if is_whole("\n".join(block)):
                text = spoken("\n".join(block))
                if text:
                    yield Command(page, section, text)
                block = []


def is_whole(text: str) -> bool:
    if text.rstrip().endswith(("\\", "|")):
        return False
    try:
        shlex.split(text, comments=True)
    except ValueError:  # a quote that is still open
        return False
    return True


def spoken(text: str) -> str:
    """Return a command without its comment, on one line."""
    text = re.sub(r"\s+# .*$|^# .*$", "", text, flags=re.MULTILINE)
    return " ".join(text.replace("\\\n", " ").split())


def rows_of(page: str) -> dict[str, Here | By | Parsed]:
    return ROWS.get(page, {})


def way_of(command: Command) -> Here | By | Parsed | None:
    """Return how a command is run: by the longest beginning that has a row."""
    for whole in ((command.page, command.section), (command.page, None)):
        if whole in WHOLE:
            return By(WHOLE[whole], "")
    fits = [one for one in rows_of(command.page) if command.ours.startswith(one)]
    if fits:
        return rows_of(command.page)[max(fits, key=len)]
    return next((way for one, way in PREFIXES.items() if command.text.startswith(one)), None)


ALL = [command for page in PAGES if (ROOT / page).is_file() for command in commands(page)]


def test_every_command_has_a_row_that_says_how_it_is_run():
    assert len(ALL) > 80
    lacking = [f"{one.page}: {one.text}" for one in ALL if way_of(one) is None]
    assert not lacking, "give each a row of this file: " + "\n".join(lacking)


def test_no_row_is_left_of_a_command_that_is_gone():
    for page, rows in ROWS.items():
        typed = [one.ours for one in ALL if one.page == page]
        gone = [row for row in rows if not any(one.startswith(row) for one in typed)]
        assert not gone, f"{page} has no such command any more: {gone}"


def test_the_tests_that_rows_name_are_there():
    ways = {way for one in ALL if isinstance(way := way_of(one), By)}
    for way in ways:
        file = ROOT / "tests" / way.file
        assert file.is_file(), way
        assert not way.test or way.test in file.read_text("utf-8"), way


OURS = sorted(
    {one.ours for one in ALL if one.text.startswith(FLOWCTL)}
    | {one.text.split(" api ")[1] for one in ALL if one.text.startswith(f"{SERVICE} api ")}
)


@pytest.mark.parametrize("typed", OURS)
def test_every_option_of_a_command_is_known(typed: str):
    words = shlex.split(re.split(r" [|>] ", typed)[0], comments=True)
    done = CliRunner().invoke(app, [*words, "--help"])
    assert done.exit_code == 0, done.output


def test_every_target_of_make_that_a_guide_names_is_one():
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert phony
    for command in ALL:
        if command.text.startswith("make "):
            assert command.text.split()[1] in phony[1].split(), command


def test_every_script_that_a_guide_names_is_there():
    for command in ALL:
        if command.text.startswith("scripts/"):
            assert (ROOT / command.text.split()[0]).is_file(), command


@pytest.mark.parametrize("page", PAGES)
def test_a_shell_can_read_every_block(page: str):
    for command in [one for one in ALL if one.page == page]:
        read = subprocess.run(["/bin/sh", "-n", "-c", command.text], check=False)
        assert read.returncode == 0, command


@pytest.fixture
def place(database: str, tmp_path: Path) -> dict[str, str]:
    """Return the settings beside a stored day, with the files the pages speak of."""
    with border(database) as here:
        here.visit(here.trip(), "yard_bao_nguyen", 1)
    for name in ("data", "deploy"):
        (tmp_path / name).symlink_to(ROOT / name)
    with (tmp_path / "fleet.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["uid", "plate", "source"], ["fleet-1", "12C-123.45", ""]])
    write_extract(tmp_path / "andorra.osm.pbf", ROOT / "data/sites/riu_runer/roads.geojson")
    ClockWriter(tmp_path / "clock", start=LATER, speed=1.0)
    return {
        "FLOWCTL_SECRET": SECRET.get_secret_value(),
        "FLOWCTL_DATABASE_URL": database,
        "FLOWCTL_CLOCK_FILE": str(tmp_path / "clock"),
    }


@pytest.mark.parametrize("page", ["README.md", "data/sites/README.md"])
def test_the_commands_of_a_page_run_as_they_stand(page: str, place: dict[str, str], tmp_path: Path):
    ran = 0
    for command in [one for one in ALL if one.page == page]:
        way = way_of(command)
        if isinstance(way, Here):
            run(way.short or command.ours, place, tmp_path)
            ran += 1
    assert ran == sum(isinstance(way, Here) for way in ROWS[page].values()) + repeated(page)


def repeated(page: str) -> int:
    """Return how often a page says again what it said before."""
    typed = [one.ours for one in ALL if one.page == page and isinstance(way_of(one), Here)]
    return len(typed) - len(set(typed))


def run(typed: str, settings: dict[str, str], folder: Path) -> None:
    """Run a command of a page in the tests' process; what it exports, later ones have."""
    if typed.startswith("export "):
        name, _, value = typed.removeprefix("export ").partition("=")
        settings[name] = value
        return
    if typed.startswith("cp "):
        source, target = (folder / one for one in typed.split()[1:])
        (target / source.name).write_bytes(source.read_bytes())
        return
    typed, _, file = typed.partition(" > ")
    said, _, typed = typed.rpartition(" | ")
    words = shlex.split(typed)
    done = run_command(
        *words,
        env=settings,
        cwd=folder,
        typed=f"{shlex.split(said)[1]}\n" if said else None,
    )
    if file:
        (folder / file).write_text(done.stdout)


PICTURE = re.compile(r"!\[[^\]]+\]\((\S+)\)")


def test_every_picture_of_the_readme_is_there_renewed_by_one_command_and_small():
    shown = [ROOT / one for one in PICTURE.findall((ROOT / "README.md").read_text("utf-8"))]
    assert {one.stem for one in shown} == {shot.name for shot in SHOTS}
    for picture in shown:
        assert picture.parent == FOLDER
        assert picture.stat().st_size <= MOST_BYTES, picture


def test_every_page_with_a_picture_is_a_page():
    pages = (ROOT / "flowctl" / "demo.py").read_text("utf-8")
    for shot in SHOTS:
        assert shot.path == DRIVER or f'"{shot.path}"' in pages, shot


def test_every_file_a_guide_links_to_is_there():
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)#\s]+)\)", text):
            if "://" not in target:
                assert ((ROOT / page).parent / target).exists(), (page, target)
