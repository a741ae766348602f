"""A whole study as a planner makes it: real pages, the real server, and a real simulator."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from api_server import PASSWORD, SetClock, served
from border import SECRET, border
from desk import LANGUAGES, Desk, assert_words, drawn, get_json, wait_until, words
from people import set_account
from playwright.sync_api import Browser, Locator, Page, expect

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.settings import Settings

pytestmark = pytest.mark.browser

DAY = "2024-01-23"
SAID = words("vi")["planner"]
# The first run of a machine compiles the rules it plays.
COMPILES_MS = 600_000


@pytest.fixture(scope="module")
def study(browser: Browser, prepared: str, valkey_url: str) -> Iterator[Desk]:
    """Return planners at their page, and behind it a simulator that works off what they ask for."""
    settings = Settings(
        database_url=prepared,
        valkey_url=valkey_url,
        public_url="https://gate.example",
        secret=SECRET,
    )
    with border(prepared) as place:
        for name in ("planner", "minh"):
            set_account(place.conn, name=name, role=Role.PLANNER, password=PASSWORD)
    env = {
        **os.environ,
        "FLOWCTL_DATABASE_URL": prepared,
        "FLOWCTL_VALKEY_URL": valkey_url,
        "FLOWCTL_PUBLIC_URL": "https://gate.example",
        "FLOWCTL_SECRET": SECRET.get_secret_value(),
    }
    command = Path(sys.executable).with_name("flowctl")
    simulator = subprocess.Popen([command, "simulator"], env=env, stdout=subprocess.DEVNULL)
    try:
        with served(create_app(settings, SetClock())) as url:
            desk = Desk(browser, url, {name: (name, PASSWORD) for name in ("planner", "minh")})
            yield desk
            assert desk.wrong == []
    finally:
        # What is being compiled cannot be interrupted, and nobody waits for it here.
        simulator.kill()
        simulator.wait()


@pytest.fixture(autouse=True)
def _leaves_nothing_open(browser: Browser) -> Iterator[None]:
    yield
    for context in browser.contexts:
        context.close()


def sit(desk: Desk, language: str = "vi", who: str = "planner", path: str = "") -> Page:
    page = desk.open("/planner", language=language)
    desk.sign_in(page, who)
    page.locator("header .views").wait_for()
    if path:
        page.goto(f"{desk.url}/planner?lang={language}{path}")
        page.reload()
    return page


def choose(page: Page, day: str = DAY) -> Locator:
    """Open a day and return its text, once it was looked at."""
    page.locator(f"select[name=scenario] option[value='{day}']").wait_for(state="attached")
    page.locator("select[name=scenario]").select_option(day)
    text = page.locator("textarea[name=text]")
    expect(text).to_have_value(re.compile(rf'id = "{re.escape(day)}"'))
    expect(page.locator(".order button.main")).to_be_enabled()
    return text


def run(page: Page, rules: set[str], replications: int, seed: int = 1) -> None:
    """Ask for a run under each of the rules, and for nothing else."""
    for box in page.locator(".rule input[type=checkbox]").all():
        box.set_checked((box.get_attribute("name") or "") in rules)
    page.locator("input[name=replications]").fill(str(replications))
    page.locator("input[name=seed]").fill(str(seed))
    page.locator(".order button.main").click()
    expect(page).to_have_url(re.compile(r"#runs=\d"))


def numbers(page: Page) -> list[str]:
    """Return the runs that the address names."""
    return re.findall(r"\d+", page.url.partition("#runs=")[2].partition("&")[0])


def results(page: Page) -> Locator:
    shown = ",".join(numbers(page))
    found = page.locator(f".result[data-shown='{shown}']")
    found.wait_for(timeout=COMPILES_MS)
    return found


def picture(page: Page, name: str) -> None:
    page.get_by_role("button", name=words("vi")["planner"][f"picture_{name}"], exact=True).click()
    expect(page.locator(".result")).to_have_attribute("data-picture", name)


@pytest.fixture(scope="module")
def compared(study: Desk) -> str:
    """Return the address of two runs of one day with the same trucks, without control and with."""
    page = sit(study)
    choose(page)
    run(page, {"none", "n_control"}, 8)
    results(page)
    return "#" + page.url.partition("#")[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_every_field_and_every_rule_in_every_language(study: Desk, language: str):
    page = sit(study, language)
    choose(page)
    said = words(language)
    page.locator("details[data-group=gates] .field").first.wait_for()
    page.locator(".fields details").evaluate_all("all => all.forEach(one => { one.open = true })")
    planner = said["planner"]
    assert_words(page, [planner[key] for key in ("adjust", "text", "rule_slots_repair", "run")])
    assert_words(page, list(said["planner_group"].values()))
    for label in page.locator(".field > span:first-child").all_inner_texts():
        assert not re.fullmatch(r"[\w.]+_[\w.]+", label), f"{label} is a key and no word"


def test_a_slider_changes_the_text_and_the_text_moves_the_slider(study: Desk):
    page = sit(study)
    text = choose(page)
    field = page.locator("[data-path='gates.tan_thanh.arrivals']")
    arrivals = field.locator("input[type=number]")
    expect(arrivals).to_have_value("417")
    field.locator("input[type=range]").fill("600")
    expect(arrivals).to_have_value("600")
    expect(text).to_have_value(re.compile(r"^arrivals = 600\b", re.MULTILINE))
    expect(text).to_have_value(re.compile(r"# Counts\. Published"))  # comments stay
    written = text.input_value()
    text.fill(re.sub(r"(?m)^arrivals = 600", "arrivals = 250", written))
    expect(arrivals).to_have_value("250")
    expect(page.locator(".pick [role=status]")).to_have_text(SAID["unsaved"])


def test_sliders_stand_on_round_values_wherever_their_bounds_lie(study: Desk):
    page = sit(study)
    text = choose(page)
    page.locator(".fields details").evaluate_all("all => all.forEach(one => { one.open = true })")
    sliders = page.locator(".field input[type=range]")
    crooked = sliders.evaluate_all(
        "all => all.filter(({ min, max, step }) =>"
        " [min, max].some((end) => Math.abs(end / step - Math.round(end / step)) > 1e-6))"
        ".map((one) => one.parentElement.dataset.path)"
    )
    assert sliders.count() > 20
    assert crooked == []
    checks = page.locator("[data-path='checks.mean_min']")  # from 0.001 in steps of 5
    slider, number = checks.locator("input[type=range]"), checks.locator("input[type=number]")
    slider.press("ArrowRight")
    expect(number).to_have_value("130")
    slider.press("Home")
    expect(number).to_have_value("0.001")
    expect(text).to_have_value(re.compile(r"^mean_min = 0\.001\b", re.MULTILINE))
    expect(page.locator("#text-problems .refusal")).to_have_count(0)
    places = page.locator("[data-path='yards.yard_bao_nguyen.places']")  # from 1 in steps of 10
    places.locator("input[type=range]").fill("750")
    expect(places.locator("input[type=number]")).to_have_value("750")


def test_another_day_takes_the_place_of_unsaved_text_only_when_told(study: Desk):
    page = sit(study)
    text = choose(page)
    text.fill(text.input_value() + "\n# giữ lại\n")
    days, question = page.locator("select[name=scenario]"), page.locator(".pick .unsaved")
    days.select_option(f"{DAY}-closure")
    expect(question).to_contain_text(SAID["discard_asked"].partition("{name}")[0])
    expect(days).to_have_value(DAY)
    question.get_by_role("button", name=SAID["keep"]).click()
    expect(question).to_have_count(0)
    expect(text).to_have_value(re.compile("# giữ lại"))
    days.select_option(f"{DAY}-closure")
    question.get_by_role("button", name=SAID["discard"]).click()
    expect(text).to_have_value(re.compile(rf'id = "{DAY}-closure"'))
    expect(days).to_have_value(f"{DAY}-closure")
    expect(question).to_have_count(0)


def test_a_policy_with_slots_asks_for_few_replications_and_says_why(study: Desk):
    page = sit(study)
    choose(page)
    asked = page.locator("input[name=replications]")
    expect(asked).to_have_value("200")
    page.locator(".rule input[name=slots]").check()
    expect(asked).to_have_value("5")
    expect(page.locator(".order .numbers small")).to_have_text(SAID["replications_slow"])
    page.locator(".rule input[name=slots]").uncheck()
    expect(asked).to_have_value("200")
    asked.fill("50")
    page.locator(".rule input[name=slots]").check()
    expect(asked).to_have_value("50")


def test_what_is_wrong_in_the_text_is_said_at_its_line_and_nothing_can_be_run(study: Desk):
    page = sit(study)
    text = choose(page)
    slider = page.locator("fieldset input[type=range]").first
    expect(slider).to_be_enabled()
    sound = text.input_value()
    line = sound[: sound.index("arrivals = 417")].count("\n") + 1
    text.fill(sound.replace("arrivals = 417", "arivals = 417"))
    problem = page.locator("#text-problems .refusal")
    near = words("vi")["refusals"]["scenario_unknown_near"]
    expect(problem).to_contain_text(near.format(word="arivals", near="arrivals"))
    expect(problem.get_by_role("button")).to_have_text(SAID["line"].replace("{n}", str(line)))
    expect(page.locator(".editor li.bad")).to_have_text(str(line))
    expect(page.locator(".order button.main")).to_be_disabled()
    expect(slider).to_be_disabled()
    problem.get_by_role("button").click()
    expect(text).to_be_focused()
    text.fill(sound)
    expect(problem).to_have_count(0)
    expect(page.locator(".order button.main")).to_be_enabled()


def test_a_closure_comes_and_goes_by_form(study: Desk):
    page = sit(study)
    text = choose(page)
    page.locator("details[data-group=events] > summary").click()
    page.locator("button[data-add=disruptions]").click()
    rows = re.compile(r"\[\[disruptions\]\]")
    expect(text).to_have_value(rows)
    block = page.locator("[data-block='disruptions.0']")
    block.locator("select").select_option("huu_nghi")
    expect(text).to_have_value(re.compile(r'gate = "huu_nghi"'))
    block.get_by_role("button").click()
    expect(block).to_have_count(0)
    expect(text).not_to_have_value(rows)


def test_a_copy_is_saved_under_a_name_and_found_by_a_colleague(study: Desk):
    page = sit(study)
    text = choose(page)
    page.locator("[data-path='gates.tan_thanh.arrivals'] input[type=range]").fill("540")
    expect(text).to_have_value(re.compile(r"arrivals = 540"))
    page.get_by_role("button", name=SAID["save_copy"]).click()
    page.locator("input[name=copy]").fill("Tết, thêm 30 % xe")
    page.locator(".pick form button.main").click()
    expect(page.locator("select[name=scenario]")).to_have_value("tet-them-30-xe")
    other = sit(study, who="minh")
    expect(choose(other, "tet-them-30-xe")).to_have_value(re.compile(r"arrivals = 540"))


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [("replications", "0", "replications_wrong"), ("seed", "-1", "seed_wrong")],
)
def test_a_number_that_cannot_be_is_told_in_a_sentence(
    study: Desk, field: str, value: str, word: str
):
    page = sit(study)
    choose(page)
    page.locator(f"input[name={field}]").fill(value)
    expect(page.locator(".order .refusal")).to_have_text(SAID[word])
    expect(page.locator(".order button.main")).to_be_disabled()


def test_two_policies_are_compared_with_intervals_and_paired_differences(
    study: Desk, compared: str
):
    page = sit(study, path=compared)
    results(page)
    wait = page.locator("tr[data-measure=gate_wait_mean_s]")
    expect(wait.locator("td")).to_have_count(2)
    better = wait.locator(".against")
    expect(better).to_have_attribute("data-sure", "true")
    expect(better).to_have_class(re.compile("better"))
    expect(better).to_have_attribute("title", re.compile(re.escape(SAID["paired"])))
    expect(page.locator(".measures")).to_contain_text(SAID["paired_hint"])
    # Tân Thanh had twice the trucks that it could take.
    expect(page.locator(".notes")).to_contain_text("Tân Thanh")
    expect(page.locator(".notes")).to_contain_text(SAID["waits_cut"].partition("{n}")[2])
    page.locator(".asked summary").click()
    digests = page.locator(".asked code").all_inner_texts()
    assert len(set(digests)) == 2


def test_a_measure_that_one_of_two_runs_has_not_is_left_open_there(study: Desk, prepared: str):
    page = sit(study)
    choose(page)
    run(page, {"none", "n_control"}, 1)
    results(page)
    with psycopg.connect(prepared) as conn:
        conn.execute(
            "update jobs set result = result #- '{measures,queue_max}' #- '{each,queue_max}'"
            " where id = %s",
            [numbers(page)[0]],
        )
    page.reload()
    results(page)
    cells = page.locator("tr[data-measure=queue_max] td")
    nothing = words("vi")["common"]["none"]
    expect(cells.first).to_have_text(nothing)
    expect(cells.last).to_have_text(re.compile(r"\d"))


def test_queues_yards_waits_and_lines_are_drawn_of_both_runs(study: Desk, compared: str):
    page = sit(study, path=compared)
    results(page)
    site = get_json(page, study, "/v1/site")
    picture(page, "time")
    both = page.locator("figure[data-curves='2']")
    for gate in site["gates"]:
        expect(page.locator(f"figure[data-chart=queue-{gate['id']}] canvas")).to_be_visible()
    expect(page.locator("figure[data-chart=yard-yard_bao_nguyen] canvas")).to_be_visible()
    assert both.count() >= 2 * len(site["gates"]) + 1
    picture(page, "waits")
    expect(page.locator("figure[data-chart=waits-total] canvas")).to_be_visible()
    expect(page.locator("figure[data-chart=classes-total_wait_mean_s] .bar")).not_to_have_count(0)
    picture(page, "ways")
    lines = page.locator("canvas[data-ways]")
    expect(lines).to_have_count(2)
    wait_until(
        page,
        lambda: all(int(one.get_attribute("data-lines") or 0) > 300 for one in lines.all()),
        "the day's trucks are drawn as lines",
    )
    picture(page, "slots")
    expect(page.locator(".slots-view article")).to_have_count(2)
    expect(page.locator("canvas[data-lives]").first).to_have_attribute(
        "data-lives", re.compile(r"^[1-9]\d\d$|^[1-9]\d$")
    )


def test_the_day_moves_on_the_map(study: Desk, compared: str):
    page = sit(study, path=compared)
    results(page)
    picture(page, "map")
    page.locator(".stage .map canvas").first.wait_for()
    slider = page.locator(".player input[type=range]")
    first, last = (float(slider.get_attribute(end) or 0) for end in ("min", "max"))
    slider.fill(str(round(first + 0.5 * (last - first))))
    in_yard = page.locator("[data-yard=yard_bao_nguyen] b")
    expect(in_yard).not_to_have_text("0")
    wait_until(page, lambda: drawn(page).get("trucks", 0) > 50, "trucks are on the map")
    cleared = page.locator("[data-counts=tan_thanh] [data-place=cleared] b")
    before = cleared.inner_text()
    page.locator(".player button.main").click()
    expect(cleared).not_to_have_text(before)
    button = page.locator(".player button.main")
    expect(button).to_have_text(words("vi")["replay"]["pause"])
    button.click()
    expect(button).to_have_text(words("vi")["replay"]["play"])
    moment = page.locator(".player time")
    stands = moment.inner_text()
    page.wait_for_timeout(500)
    assert moment.inner_text() == stands, "a day that is paused goes on"


def test_a_link_shows_another_planner_the_same_comparison(study: Desk, compared: str):
    other = sit(study, "zh", who="minh", path=f"{compared}&picture=time")
    results(other)
    expect(other.locator("figure[data-curves='2'] canvas").first).to_be_visible()
    assert_words(other, [words("zh")["planner"]["band_hint"]])
    other.locator(".languages button").last.click()
    expect(other.locator(".hint")).to_have_text(words("en")["planner"]["band_hint"])
    expect(other.locator("figure[data-curves='2'] canvas").first).to_be_visible()


BEGINS = {
    "csv": b"",
    "parquet": b"PAR1",
    "png": b"\x89PNG",
    "svg": b"<?xml",
    "html": b"<!doctype html",
    "pdf": b"%PDF",
}


def test_each_export_comes_as_a_file_of_its_kind(study: Desk, compared: str):
    page = sit(study, path=compared)
    results(page)
    page.locator(".export summary").click()
    for kind, begins in BEGINS.items():
        link = page.locator(f".export a[href*='export.{kind}']").first
        with page.expect_download() as coming:
            link.click()
        path = coming.value.path()
        assert coming.value.suggested_filename.endswith(f".{kind}")
        content = path.read_bytes()
        assert content.lower().startswith(begins.lower()), kind
        assert len(content) > 500, kind


def test_chinese_planners_are_offered_no_file_that_cannot_be_written(study: Desk, compared: str):
    page = sit(study, "zh", path=compared)
    results(page)
    page.locator(".export summary").click()
    menu = page.locator(".export .menu")
    expect(menu.locator("a").first).to_be_visible()
    kinds = {href.split("export.")[1].split("?")[0] for href in hrefs(menu)}
    assert kinds == set(BEGINS) - {"png", "pdf"}
    expect(menu).to_contain_text(words("zh")["refusals"]["no_chinese_letters"])


def hrefs(menu: Locator) -> list[str]:
    return [one.get_attribute("href") or "" for one in menu.locator("a").all()]


def test_a_slot_run_shows_its_progress_and_is_cancelled(study: Desk):
    page = sit(study)
    choose(page)
    run(page, {"slots"}, 50)
    [number] = numbers(page)
    row = page.locator(f"li[data-run='{number}']")
    expect(row.locator("progress")).to_be_visible()
    row.get_by_role("button", name=SAID["cancel"]).click()
    expect(row).to_have_attribute("data-state", "cancelled")
    expect(row.locator("progress")).to_have_count(0)
    expect(row).to_contain_text(SAID["cancelled"])


FEW_TRUCKS = """
id = "few"
name = "Few"
site = "lang_son"
day = 2024-01-23
until_h = 10.0

[gates.tan_thanh]
yard = "yard_bao_nguyen"
standing = 12
arrivals = 6
"""


def test_a_cancelled_run_shows_what_it_had_finished_as_it_comes(study: Desk):
    page = sit(study)
    choose(page).fill(FEW_TRUCKS)
    expect(page.locator(".order button.main")).to_be_enabled()
    run(page, {"slots"}, 400)
    [number] = numbers(page)
    row = page.locator(f"li[data-run='{number}']")
    some = re.compile(
        re.escape(SAID["done_of"]).replace(r"\{done\}", r"[1-9]\d*").replace(r"\{n\}", "400")
    )
    expect(row).to_contain_text(some, timeout=60_000)
    left = re.compile(re.escape(SAID["left"]).replace(r"\{time\}", ".+"))
    expect(row).to_contain_text(left, timeout=30_000)
    row.get_by_role("button", name=SAID["cancel"]).click()
    ended = re.compile(
        re.escape(SAID["ended_early"]).replace(r"\{done\}", r"[1-9]\d*").replace(r"\{n\}", "400")
    )
    expect(row).to_contain_text(ended, timeout=30_000)
    expect(page.locator(f".result[data-shown='{number}'] .measures table")).to_be_visible()
    early = SAID["note_cancelled"].partition("{done}")[0]
    expect(page.locator(".notes")).to_contain_text(early)
