"""What a practice takes from a real deployment, and what it must never do to one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from border import MORNING, SECRET, Border, border
from psycopg.types.json import Jsonb
from pydantic import ValidationError
from recorded_morning import CAME, DAY, STOOD, store_morning
from small_workflow import WORKFLOW

from flowctl import practice_copy
from flowctl.closures import Closure, with_closures
from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError
from flowctl.local import in_database
from flowctl.practice_copy import Copy, read_copy
from flowctl.practice_report import (
    Answers,
    answered,
    described,
    list_acts,
    list_answers,
    shift_figures,
)
from flowctl.registry.keys import decrypt_phone, derive_keys
from flowctl.scenarios.laws import CARGOES
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage.alert_care import decide_alert
from flowctl.storage.alerts import State
from flowctl.storage.audit import By, add_record
from flowctl.storage.workflows import add_workflow
from simulations.recorded import RecordedScenario, invented_plates, recorded_scenario
from simulations.world import World

LAWS = data_dir() / "practice.toml"
TOMORROW = MORNING + timedelta(days=1)


@pytest.fixture
def here(database: str) -> Iterator[Border]:
    with border(database) as made:
        store_morning(made)
        yield made


@pytest.fixture
def settings(database: str, here: Border) -> Settings:
    return Settings(database_url=database, site=here.site.id, secret=SECRET)


@pytest.fixture
def copy(settings: Settings) -> Copy:
    return read_copy(settings, None, now=TOMORROW)


@pytest.fixture
def played(copy: Copy) -> RecordedScenario:
    return recorded_scenario(copy.day, copy.site, LAWS, seed=5)


def test_yesterdays_trucks_are_copied_with_their_times(played: RecordedScenario):
    assert played.scenario.day == DAY
    demand = played.demand
    exports = ~demand.is_import
    assert int(demand.standing[exports].sum()) == STOOD
    assert int(exports.sum()) == STOOD + CAME
    assert int(demand.is_import.sum()) == 2
    came = sorted(demand.at_s[exports & ~demand.standing])
    assert came == [6.5 * 3600 + 600 * k for k in range(CAME)]
    assert [CARGOES[cargo] for cargo in demand.cargo[:STOOD]] == ["perishable"] * STOOD
    # Twenty minutes in the lane, as they took; who was not seen there takes the gate's median.
    assert set(demand.service_s.round()) == {1200.0}


def test_who_stood_there_stands_there_in_the_same_order(copy: Copy, played: RecordedScenario):
    real = sorted(
        (one for one in copy.day.trips if one.arrived_at < copy.day.since),
        key=lambda one: one.arrived_at,
    )
    world = World(played.scenario, copy.site, seed=5, controlled=True, demand=played.demand)
    emitted = world.advance(played.scenario.start + timedelta(minutes=2))
    seen = [fix["device"] for post in emitted.fix_posts for fix in post]
    firsts = list(dict.fromkeys(seen))
    assert len(real) == len(firsts) == STOOD
    assert firsts == [f"VN-{plate}" for plate in played.demand.plate[:STOOD]]


def test_no_plate_and_no_phone_of_the_day_is_in_the_copy(
    here: Border, copy: Copy, played: RecordedScenario
):
    keys = derive_keys(SECRET)
    phones = {
        decrypt_phone(keys, cipher)
        for (cipher,) in here.conn.execute("select phone_cipher from drivers").fetchall()
    }
    plates = {one.plate for one in copy.day.trips}
    assert phones
    assert plates
    assert not phones & set(played.demand.phone)
    assert not plates & set(played.demand.plate)
    assert [p[:3] for p in sorted(plates)] == sorted(p[:3] for p in played.demand.plate[:8])


def test_plates_are_invented_alike_by_one_seed_and_all_differ():
    plates = ["12C12345"] * 3 + ["LAO1234", "X"]
    made = invented_plates(plates, 7)
    assert made == invented_plates(plates, 7) != invented_plates(plates, 8)
    assert len({*made, *plates}) == len(made) + 3


def test_reading_a_day_writes_nothing_to_it(settings: Settings, here: Border):
    before = _writes(here)
    read_copy(settings, DAY, now=TOMORROW)
    assert _writes(here) == before


def _writes(here: Border) -> list[tuple[str, str]]:
    """Return every row of the database by who wrote it last."""
    tables = here.conn.execute(
        "select format('%I', relname) from pg_class where relkind = 'r'"
        " and relnamespace = 'public'::regnamespace order by 1"
    ).fetchall()
    return [
        (table, row)
        for (table,) in tables
        for (row,) in here.conn.execute(f"select xmin::text from {table} order by ctid")  # noqa: S608 - names of our own tables
    ]


def test_accounts_come_with_their_passwords_and_without_their_persons(
    settings: Settings, here: Border
):
    here.conn.execute(
        "insert into accounts (name, role, password_hash, person, post)"
        " values ('lan', 'operator', 'hash', 'Nguyễn Thị Lan', 'gate desk')"
    )
    here.conn.execute(
        "insert into accounts (name, role, password_hash, disabled_wall_at)"
        " values ('gone', 'operator', 'hash', now())"
    )
    [account] = read_copy(settings, DAY, now=TOMORROW).accounts
    assert account == ("lan", "operator", "hash", "gate desk", None)


def test_a_day_without_trucks_and_a_day_to_come_are_refused(settings: Settings):
    empty = read_copy(settings, DAY - timedelta(days=9), now=TOMORROW)
    with pytest.raises(FlowctlError, match="choose another day"):
        recorded_scenario(empty.day, empty.site, LAWS, seed=1)
    with pytest.raises(FlowctlError, match="lies ahead"):
        read_copy(settings, DAY + timedelta(days=9), now=TOMORROW)


def test_a_practice_is_not_made_of_a_practice(settings: Settings):
    within = settings.model_copy(update={"practice": DAY})
    with pytest.raises(FlowctlError, match="a practice already"):
        read_copy(within, DAY, now=TOMORROW)
    url = in_database(settings.database_url, practice_copy.DATABASE)
    with pytest.raises(FlowctlError, match="copied onto itself"):
        read_copy(settings.model_copy(update={"database_url": url}), DAY, now=TOMORROW)


def test_a_database_that_no_practice_made_is_not_dropped(postgres_url: str):
    owner = in_database(postgres_url, "postgres")
    ours = in_database(postgres_url, practice_copy.DATABASE)
    with psycopg.connect(owner, autocommit=True) as conn:
        conn.execute("create database flowctl_practice")
        try:
            with pytest.raises(FlowctlError, match="that no practice made"):
                practice_copy.refuse_foreign_database(owner)
            practice_copy.mark_database(ours)
            practice_copy.refuse_foreign_database(owner)
            with (
                psycopg.connect(ours),
                pytest.raises(FlowctlError, match="Another practice runs"),
            ):
                practice_copy.refuse_foreign_database(owner)
        finally:
            practice_copy.drop_database(owner)
        assert urlsplit(ours).path[1:] not in {
            name for (name,) in conn.execute("select datname from pg_database")
        }


def test_a_practice_with_gateways_to_telephones_does_not_start(tmp_path: Path):
    quiet = {"practice": DAY, "demo": True}
    assert Settings(**quiet, sms_file=tmp_path / "sms.jsonl").practice == DAY
    for loud in ({"gateways_file": tmp_path / "gateways.toml", "sms_file": tmp_path / "x"}, {}):
        with pytest.raises(ValidationError, match="messages to FLOWCTL_SMS_FILE alone"):
            Settings(**quiet, **loud)


def test_the_real_shift_is_counted_from_what_is_stored(copy: Copy):
    figures = shift_figures(copy.day, ["tan_thanh"], since=MORNING, until=_at(95))
    assert (figures.cleared_export, figures.cleared_import) == (STOOD, 2)
    assert figures.gate_wait_mean_s == 30 * 60
    assert figures.queue_max == STOOD
    assert figures.waiting == CAME
    earlier = shift_figures(copy.day, ["tan_thanh"], since=MORNING, until=_at(32.5))
    assert (earlier.cleared_export, earlier.gate_wait_mean_s, earlier.queue_max) == (0, None, 3)


def test_what_people_did_is_told_with_the_effect_they_were_shown(here: Border):
    by = By("lan", "operator", "127.0.0.1")
    begun = here.conn.execute(
        "insert into acts (site, kind, state, reason, gate, effect, entered_by, entered_at)"
        " values (%s, 'capacity', 'standing', 'other', 'tan_thanh', %s, 'lan', %s) returning id",
        [here.site.id, Jsonb({"moved": 3, "overtaken": 1}), MORNING],
    ).fetchone()
    assert begun is not None
    for act, said in (("capacity.begin", {"act": begun[0]}), ("alert.acknowledge", {})):
        about = {"act": act, "subject": "gate:tan_thanh", "before": None, "after": said}
        add_record(here.conn, here.site.id, by, **about, at=MORNING)
    machine = By("source:demo", "machine", None)
    about = {"act": "trip.register", "subject": "trip:1", "before": None, "after": {}}
    add_record(here.conn, here.site.id, machine, **about, at=MORNING)
    played = By("simulated-customs", "officer", "127.0.0.1")
    add_record(here.conn, here.site.id, played, **about, at=MORNING)
    assert [described(act, here.site) for act in list_acts(here.conn, here.site.id)] == [
        "08:00 lan: capacity.begin gate:tan_thanh, 3 moved, 1 overtaken",
        "08:00 lan: alert.acknowledge gate:tan_thanh",
    ]


def _at(minutes: float) -> datetime:
    return (MORNING + timedelta(minutes=minutes)).astimezone(UTC)


def test_alarms_that_nobody_dealt_with_are_told_apart_from_those_answered(here: Border):
    found, over = MORNING, MORNING + timedelta(minutes=9)
    for number, ended in enumerate((None, None, over)):
        here.conn.execute(
            "insert into alerts (site, kind, severity, subject, at, found_at, last_seen_at, proved,"
            " over_at, evidence, points) values (%s, 'yard_full', 'high', %s, %s, %s, %s, true, %s,"
            " '{}', '[]')",
            [here.site.id, f"place {number}", found, found, found, ended],
        )
    [(first,)] = here.conn.execute("select min(id) from alerts").fetchall()
    with here.conn.transaction():
        decide_alert(
            here.conn,
            here.site,
            first,
            state=State.ACKNOWLEDGED,
            note="",
            by="lan",
            now=found + timedelta(minutes=4),
        )
    until = MORNING + timedelta(hours=1)
    [one] = list_answers(here.conn, here.site.id, since=MORNING, until=until)
    assert one == Answers("yard_full", raised=3, answered=1, missed=1, first_answer_min=4.0)
    assert answered(one) == (
        "alarms, yard full: 3 raised, 1 answered after 4 min, 1 over unseen, 1 unanswered"
    )
    assert list_answers(here.conn, here.site.id, since=until, until=TOMORROW) == []


def test_a_gate_that_is_closed_in_the_practice_takes_nobody(copy: Copy, played: RecordedScenario):
    world = World(played.scenario, copy.site, seed=5, controlled=True, demand=played.demand)
    world.advance(MORNING)
    world.set_site(_without_hours(copy))
    world.advance(MORNING + timedelta(hours=2))
    assert world.counts().get("cleared_import", 0) == 0
    world.set_site(copy.site)
    world.advance(MORNING + timedelta(hours=3))
    assert world.counts().get("cleared_import", 0) == 2


def _without_hours(copy: Copy) -> Site:
    shut = Closure(1, "tan_thanh", MORNING, None, 0, "fog", "a trainee", MORNING)
    return with_closures(copy.site, [shut], MORNING)


def test_a_practice_goes_by_the_workflow_of_its_day_and_not_by_a_later_one(
    here: Border, settings: Settings
):
    assert read_copy(settings, None, now=TOMORROW).source.workflow == ""
    later = WORKFLOW.replace("small-1", "small-2").replace("2024-01-01T", "2024-01-24T")
    for text in (WORKFLOW, later):
        add_workflow(here.conn, here.site, text, by="the test", now=MORNING)
    assert read_copy(settings, None, now=TOMORROW).source.workflow == WORKFLOW
