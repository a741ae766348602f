"""A whole shift at two desks before one border, by the pages alone, in a real Chromium.

What passes on the roads is put into the tables or sent as positions, the controller looks at each
moment; whatever people do is done and read on their pages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
import redis
from api_server import PASSWORD, SetClock, served
from border import SECRET, Border, after, border
from cable import Cable
from desk import ROOT, Desk, drawn, open_drawer, wait_until, words
from people import set_account
from playwright.sync_api import Browser, Locator, Page, Route, expect
from zone_drawing import YARD, begin_draft, drag, easternmost, saved

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.registry.sources import add_source
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.storage.bulletins import make_due
from flowctl.storage.closures import open_site
from flowctl.storage.ledger_counts import count_overtakes
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.sites import get_site
from flowctl.telemetry.ingest import Ingest
from flowctl.traffic.watch import Watch
from flowctl.worker import Disruption, decide, observe

pytestmark = pytest.mark.browser

PEOPLE = {"anna": Role.OPERATOR, "binh": Role.OPERATOR, "chi": Role.ADMINISTRATOR}
GATE, OTHER_GATE = "tan_thanh", "huu_nghi"
TRUCKS, OTHERS = 60, 60
WALK_IN = "29H98765"
NOTE = "the phytosanitary paper is a copy"
PERSONS = {"anna": "Trần Thị Anna", "binh": "Lê Văn Bình", "chi": "Phạm Thị Chi"}
EVENING = after(12 * 60 + 20)
SAID = words("en")


@dataclass
class Shift:
    """Two desks before a border, one of them on a line that can be cut, and who watches both."""

    place: Border
    clock: SetClock
    desk: Desk
    far: Desk
    cable: Cable
    ingest: Ingest
    token: str
    trips: list[int]
    comes: int
    through: list[int] = field(default_factory=list)
    done: set[tuple[str, str, str]] = field(default_factory=set)
    """Who did what with what, as the log of acts is to say it."""
    _before: Disruption | None = None

    def look(self, minute: float) -> None:
        """Let it be minute ``minute``, and the controller look at what there is."""
        self.clock.at = after(minute)
        self.control()

    def control(self) -> None:
        """Do what the controller's process does each moment."""
        now, conn = self.clock.at, self.place.conn
        site = self.site()
        self._before = decide(conn, site, now, plan_due=True, before=self._before)
        observe(conn, Watch(site), now, lanes_due=False)
        with conn.transaction():
            make_due(conn, open_site(conn, site, now), now)

    def site(self) -> Site:
        return get_site(self.place.conn, self.place.site.id, self.clock.at)

    def waiting_longest(self, n: int) -> list[int]:
        """Return those who came first and are not called up."""
        called = {trip for (trip,) in self.place.conn.execute("select trip_id from releases")}
        return [trip for trip in self.trips if trip not in called][:n]

    def drive_through(self, minute: float) -> None:
        """Let everybody who is called up at the gate leave the yard and pass, a minute apart."""
        rows = self.place.conn.execute(
            "select trip_id from releases where gate = %s order by released_at, trip_id", [GATE]
        ).fetchall()
        for n, trip in enumerate(trip for (trip,) in rows if trip not in self.through):
            self.through.append(trip)
            self.place.conn.execute(
                "update visits set left_at = %s where device_id = %s and zone = %s",
                [after(minute), self.place.device_of(trip), YARD],
            )
            self.place.visit(trip, f"queue_{GATE}", minute + 5, minute + 8 + n / 4)
            self.place.visit(trip, f"lane_{GATE}", minute + 8 + n / 4, minute + 12 + n / 4)


def plate(trip: int) -> str:
    return f"12C{trip:05d}"


def fill(place: Border) -> tuple[list[int], int]:
    """Let trucks wait for both gates since the night, and one more be on its way."""
    ensure_fix_partitions(place.conn, after(-600).date(), after(0).date())
    yard = place.site.zone_by_id[YARD].polygon.representative_point()
    trips = []
    for number in range(TRUCKS):
        trips.append(place.trip(at=after(-180)))
        place.visit(trips[-1], YARD, -170 + number)
        place.position(trips[-1], yard.x, yard.y + number / 50_000, -1, speed=0.0)
    for number in range(OTHERS):
        trip = place.trip(at=after(-180), gates=(OTHER_GATE,))
        place.visit(trip, "yard_viettel", -100 + number)
    return trips, place.trip(at=after(-60))


@pytest.fixture
def shift(browser: Browser, database: str, valkey: str) -> Iterator[Shift]:
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    with border(database) as place, redis.Redis.from_url(valkey) as store:
        for name, role in PEOPLE.items():
            set_account(place.conn, name=name, role=role, password=PASSWORD, person=PERSONS[name])
        token = add_source(place.conn, name="trackers")
        trips, comes = fill(place)
        clock = SetClock(after(-1))
        ingest = Ingest.begin(place.conn, store, place.site)
        with served(create_app(settings, clock)) as url:
            cable = Cable(url)
            accounts = {name: (name, PASSWORD) for name in PEOPLE}
            near, far = Desk(browser, url, accounts), Desk(browser, cable.url, accounts)
            found = Shift(place, clock, near, far, cable, ingest, token, trips, comes)
            found.control()
            yield found
            for context in browser.contexts:
                context.close()
            cable.remove()
            assert near.wrong == far.wrong == []


def test_a_whole_shift_is_run_at_two_desks(shift: Shift):
    shift.look(0)
    anna, binh = sit(shift.desk, "anna", (1440, 900)), sit(shift.far, "binh", (1024, 768))
    a_gate_is_closed(anna, binh, shift)
    trucks_are_held_and_let_go(anna, binh, shift)
    passed = a_truck_goes_forward(anna, binh, shift)
    a_walk_in_is_put_in_its_yard(anna, binh, shift)
    a_zone_is_pulled_and_a_truck_arrives_in_the_new_part(anna, binh, shift)
    an_alarm_is_taken_and_given(anna, binh, shift)
    a_line_drops_and_comes_back(anna, binh, shift)
    the_gate_is_opened_again(anna, binh, shift)
    overtakes = on_the_board(shift)
    assert overtakes["forwarded"] == passed
    assert overtakes["held"] > 0
    the_bulletin_says_what_was_done(anna, shift, overtakes)
    the_log_says_who_did_it(shift)


def sit(desk: Desk, name: str, size: tuple[int, int]) -> Page:
    page = desk.open("/", size=size, language="en")
    desk.sign_in(page, name)
    page.locator(".gate-acts").first.wait_for()
    return page


def look_at(page: Page, name: str) -> None:
    size = page.viewport_size
    assert size is not None
    shots = ROOT / "out"
    shots.mkdir(exist_ok=True)
    page.screenshot(path=shots / f"shift-{name}-{size['width']}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def confirm(page: Page, box: Locator) -> None:
    """See the effect of what is chosen, and do it, by the key."""
    expect(box.locator(".effect")).to_be_visible()
    page.keyboard.press("Enter")


def a_gate_is_closed(anna: Page, binh: Page, shift: Shift) -> None:
    closure = binh.locator(f"[data-gate={OTHER_GATE}] [data-closure]")
    anna.locator(f"[data-gate={OTHER_GATE}] .close-gate").click()
    box = anna.locator("dialog.closing")
    box.locator("[name=reason]").fill("flood on the bridge")
    box.locator("[name=reason]").press("Enter")
    expect(box.locator(".effect .moved")).to_contain_text(re.compile("Drivers affected: [1-9]"))
    expect(closure).to_have_count(0)
    look_at(anna, "closing")
    confirm(anna, box)
    expect(closure).to_contain_text("flood on the bridge")
    expect(closure).to_contain_text(PERSONS["anna"])
    shift.done.add(("anna", "closure.begin", f"gate:{OTHER_GATE}"))
    wall = sit_at_the_wall(shift)
    expect(wall.locator(".closed-now")).to_contain_text("flood on the bridge")
    look_at(wall, "wall")
    wall.context.close()
    shift.look(2)
    expect(binh.locator(f"[data-gate={OTHER_GATE}] .pill.closed")).to_be_visible()


def sit_at_the_wall(shift: Shift) -> Page:
    page = sit(shift.desk, "binh", (1024, 768))
    page.get_by_role("button", name=SAID["operator"]["wall"]).click()
    expect(page.locator(".wall-gate")).to_have_count(2)
    page.set_viewport_size({"width": 3840, "height": 2160})
    wait_until(page, lambda: drawn(page).get("zones", 0) > 0, "the wall's map is painted")
    return page


def hold(page: Page, truck: str) -> Locator:
    """Hold a truck; returns the act as its drawer says it."""
    acts = open_drawer(page, truck)
    acts.locator("[data-form=hold]").click()
    box = page.locator("dialog.hold_truck")
    box.locator("[name=reason]").select_option("papers")
    box.locator("[name=note]").fill(NOTE)
    box.locator("[name=note]").press("Enter")
    confirm(page, box)
    expect(box.locator(".outcome")).to_contain_text("It stands")
    page.keyboard.press("Enter")
    expect(box).to_have_count(0)
    expect(page.locator(".drawer.truck h2")).to_be_focused()  # the button is no more: it is held
    return acts.locator("[data-standing=hold_truck]")


def trucks_are_held_and_let_go(anna: Page, binh: Page, shift: Shift) -> None:
    """Hold two trucks; both people let the one of them go at the same moment."""
    let_go, stays = shift.waiting_longest(2)
    hold(binh, plate(stays))
    mine = hold(anna, plate(let_go))
    open_drawer(binh, plate(let_go))
    theirs = binh.locator(".truck-acts [data-standing=hold_truck]")
    expect(theirs).to_contain_text(f"{PERSONS['anna']} (Post of the tests)")
    expect(theirs).to_contain_text(NOTE)
    expect(binh.locator(".drawer .slot.held")).to_contain_text(SAID["act"]["held_open"])
    on_their_way: list[Route] = []
    for page, held in ((anna, mine), (binh, theirs)):
        # Playwright marks the function it is given, which a method of a list does not bear.
        page.route("**/v1/acts/*/end", lambda route: on_their_way.append(route))  # noqa: PLW0108
        held.get_by_role("button", name=SAID["act"]["end"], exact=True).click()
        held.get_by_role("button", name=SAID["act"]["end_sure"]).click()
    wait_until(anna, lambda: len(on_their_way) == 2, "both have said it")
    for one in on_their_way:
        one.continue_()
    for page, held in ((anna, mine), (binh, theirs)):
        expect(held).to_have_count(0)
        page.unroute("**/v1/acts/*/end")
    refusal = ".truck-acts .refusal"
    wait_until(
        anna,
        lambda: anna.locator(refusal).count() + binh.locator(refusal).count() > 0,
        "one of them is told",
    )
    told = [page.locator(refusal) for page in (anna, binh) if page.locator(refusal).count()]
    assert len(told) == 1, "one wins"
    winner = "binh" if anna.locator(refusal).count() else "anna"
    expect(told[0]).to_contain_text(f"by {PERSONS[winner]} (Post of the tests) at 08:02 23/01")
    shift.done |= {
        ("binh", "hold_truck.begin", f"trip:{stays}"),
        ("anna", "hold_truck.begin", f"trip:{let_go}"),
        (winner, "hold_truck.end", f"trip:{let_go}"),
    }


def a_truck_goes_forward(anna: Page, binh: Page, shift: Shift) -> int:
    """Bring the last truck forward with a second person; returns whom the board says it passed."""
    trip = shift.trips[-1]
    last = plate(trip)
    open_drawer(anna, last).locator("[data-form=forward]").click()
    box = anna.locator("dialog.forward")
    box.locator("[name=reason]").select_option("medical")
    box.locator("[name=note]").press("Enter")
    expect(box.locator(".effect .overtaken")).to_contain_text("overtaken")
    look_at(anna, "forward")
    confirm(anna, box)
    expect(box.locator(".outcome")).to_contain_text("waits for a second person")
    anna.keyboard.press("Enter")
    expect(binh.locator("[data-desk=acts] b.some")).to_have_text("1")
    binh.locator("[data-desk=acts]").click()
    row = binh.locator(".acts-desk li.waiting")
    expect(row).to_contain_text(last)
    row.get_by_role("button", name=SAID["act"]["approve"], exact=True).click()
    row.get_by_role("button", name=SAID["act"]["approve_sure"]).click()
    expect(row).to_have_count(0)
    shift.done |= {
        ("anna", "forward.ask", f"trip:{trip}"),
        ("binh", "forward.approve", f"trip:{trip}"),
    }
    shift.drive_through(4)
    shift.look(40)
    expect(binh.locator(".acts-desk li.done", has_text=last)).to_contain_text(PERSONS["binh"])
    look_at(binh, "acts")
    counts = on_the_board(shift)
    assert 0 < counts["forwarded"] < TRUCKS
    return counts["forwarded"]


def on_the_board(shift: Shift) -> dict[str, int]:
    """Return what the public board counts of overtakes at the gate, by reason."""
    conn, site = shift.place.conn, shift.place.site.id
    entered = count_overtakes(conn, site, since=after(-480), until=after(960))

    def counted() -> bool:
        board = httpx.get(f"{shift.desk.url}/v1/board").json()
        said = {gate["id"]: gate["overtakes_today"] for gate in board["gates"]}
        return all(counts == entered.get(gate, {}) for gate, counts in said.items())

    page = shift.desk.open("/board", language="en")
    wait_until(page, counted, "the board counts what the ledger holds")
    page.reload()
    gate = page.locator(f"[data-gate={GATE}]")
    gate.wait_for()
    rows = gate.locator(".overtakes li").all()
    counts = {str(r.get_attribute("data-reason")): int(r.locator("b").inner_text()) for r in rows}
    look_at(page, "board")
    page.context.close()
    return counts


def a_walk_in_is_put_in_its_yard(anna: Page, binh: Page, shift: Shift) -> None:
    there = anna.locator("[data-yard=yard_viettel] > b")
    expect(there).to_contain_text(f"{OTHERS} /")
    binh.locator(".acts-desk [data-form=walk-in]").click()
    box = binh.locator("dialog.walk-in")
    box.locator("[name=plate]").fill(WALK_IN)
    box.locator("[name=yard]").select_option("yard_viettel")
    box.locator("[name=gate]").select_option(OTHER_GATE)
    box.locator("[name=plate]").press("Enter")
    expect(box.locator(".effect")).to_contain_text(f"{WALK_IN} registered for")
    expect(box.locator(".effect")).to_contain_text(re.compile(r"Number \d+ in the order"))
    [(before,)] = shift.place.conn.execute(
        "select count(*) from trips where plate = %s", [WALK_IN]
    ).fetchall()
    assert before == 0, "the first press only shows it"
    confirm(binh, box)
    expect(box.locator(".outcome")).to_contain_text(f"{WALK_IN} is registered")
    expect(box.locator(".outcome")).to_contain_text("nobody hears by SMS")
    binh.keyboard.press("Enter")
    expect(there).to_contain_text(f"{OTHERS + 1} /")
    expect(open_drawer(anna, WALK_IN)).to_contain_text(SAID["act"]["is_by_hand"])
    [(trip,)] = shift.place.conn.execute("select max(id) from trips").fetchall()
    shift.done |= {
        ("binh", "trip.walk_in", f"trip:{trip}"),
        ("binh", "hand.entered", f"trip:{trip}"),
    }


def a_zone_is_pulled_and_a_truck_arrives_in_the_new_part(
    anna: Page, binh: Page, shift: Shift
) -> None:
    there = binh.locator(f"[data-yard={YARD}] > b")
    standing = TRUCKS - len(shift.through)
    expect(there).to_contain_text(f"{standing} /")
    begin_draft(anna, "en")
    corner = easternmost(anna, shift.desk)
    drag(anna, corner, 190)
    anna.locator(f"[data-form={YARD}] input[name=capacity]").fill(str(standing + 2))
    saved(anna, shift.desk, 0)
    apex = easternmost(anna, shift.desk)
    spot = corner[0] + 0.4 * (apex[0] - corner[0]), apex[1]
    record(shift, spot)
    anna.locator("select[name=day]").select_option(index=0)
    anna.locator("button[name=try]").click()
    expect(anna.locator(".outcome")).to_have_attribute("data-differ", "1")
    look_at(anna, "zones")
    anna.locator("input[name=why]").fill("the yard has grown to the east")
    anna.locator(".zones-publish button.main").click()
    expect(anna.locator(".versions li.present")).to_contain_text(PERSONS["anna"])
    expect(there).to_contain_text(f"/ {standing + 2}")
    shift.done |= {("anna", "zone.draft", "zone_draft:1"), ("anna", "zone.version", "zones:2")}
    send(shift, spot)
    expect(there).to_contain_text(f"{standing + 1} /")
    anna.locator(".views button", has_text=SAID["operator"]["view_map"]).click()


def record(shift: Shift, spot: tuple[float, float]) -> None:
    """Let a truck have stood at a spot this morning, where nothing was then."""
    nobody = shift.place.trip(at=after(-200))
    for minute in range(-90, -40):
        shift.place.conn.execute(
            "insert into fixes (device_id, source_id, fixed_at, received_at, lon, lat, speed_mps)"
            " values (%s, 1, %s, %s, %s, %s, 0)",
            [shift.place.device_of(nobody), after(minute), after(minute), *spot],
        )


def send(shift: Shift, spot: tuple[float, float]) -> None:
    """Let the truck on its way come from the south and stand at a spot; ingest takes it in."""
    shift.clock.at = after(50)
    lon, lat = spot
    way = [(41.0, lat - 0.2), *((44.0 + n, lat) for n in range(6))]
    [(device,)] = shift.place.conn.execute(
        "select uid from devices where id = %s", [shift.place.device_of(shift.comes)]
    ).fetchall()
    fixes = [
        {"device": device, "fixed_at": after(minute).isoformat(), "lon": lon, "lat": at}
        for minute, at in way
    ]
    answer = httpx.post(
        f"{shift.desk.url}/v1/fixes",
        json=fixes,
        headers={"Authorization": f"Bearer {shift.token}"},
    )
    assert answer.json()["accepted"] == len(fixes), answer.text
    shift.ingest.keep()
    while shift.ingest.step(lambda: shift.clock.at, block_ms=1):
        pass
    shift.control()


def an_alarm_is_taken_and_given(anna: Page, binh: Page, shift: Shift) -> None:
    for page in (anna, binh):
        page.locator("[data-desk=alerts]").click()
    full = SAID["alerts"]["kind_yard_full"]
    mine, theirs = (page.locator("[data-alert]", has_text=full) for page in (anna, binh))
    mine.locator(".head").click()
    mine.get_by_role("button", name=SAID["alerts"]["acknowledge"], exact=True).click()
    expect(theirs).to_contain_text(f"{PERSONS['anna']} (Post of the tests) looks into it")
    mine.get_by_label(SAID["alarms"]["care"]).select_option("binh")
    expect(theirs).to_contain_text(
        SAID["alarms"]["in_care"].replace("{of}", f"{PERSONS['binh']} (Post of the tests)")
    )
    look_at(binh, "alarms")
    subject = f"alert:{mine.get_attribute('data-alert')}"
    shift.done |= {("anna", f"alert.{act}", subject) for act in ("acknowledge", "assign")}


def a_line_drops_and_comes_back(anna: Page, binh: Page, shift: Shift) -> None:
    """Cut one desk's line while the other holds a truck: seen once the line is back."""
    trip = shift.waiting_longest(2)[1]
    later = plate(trip)
    binh.locator("[data-desk=acts]").click()
    expect(binh.locator(".acts-desk li.standing")).to_have_count(1)
    row = binh.locator(".acts-desk li.standing", has_text=later)
    shift.cable.cut()
    expect(binh.locator(".age.lost")).to_contain_text("The line has dropped")
    hold(anna, later)
    look_at(binh, "line")
    expect(row).to_have_count(0)
    shift.cable.mend()
    expect(binh.locator(".age.live")).to_be_visible()
    expect(row).to_contain_text(PERSONS["anna"])
    shift.done.add(("anna", "hold_truck.begin", f"trip:{trip}"))


def the_gate_is_opened_again(anna: Page, binh: Page, shift: Shift) -> None:
    closure = anna.locator(f"[data-gate={OTHER_GATE}] [data-closure]")
    closure.get_by_role("button", name=SAID["closure"]["end_now"]).click()
    closure.get_by_role("button", name=SAID["closure"]["end_sure"]).click()
    expect(binh.locator(f"[data-gate={OTHER_GATE}] [data-closure]")).to_have_count(0)
    opened = binh.locator(f"[data-gate={OTHER_GATE}] .opened")
    expect(opened).to_contain_text(f"Opened again by {PERSONS['anna']}")
    shift.done.add(("anna", "closure.end", f"gate:{OTHER_GATE}"))
    shift.look(51)
    expect(binh.locator(f"[data-gate={OTHER_GATE}] .pill.open")).to_be_visible()


def the_bulletin_says_what_was_done(anna: Page, shift: Shift, overtakes: dict[str, int]) -> None:
    shift.clock.at = EVENING
    shift.control()
    anna.goto(f"{shift.desk.url}/bulletin?lang=en")
    page = anna.frame_locator("iframe")
    page.locator("table").first.wait_for()
    gates = [one.inner_text() for one in page.locator("table").first.locator("th").all()[1:3]]
    column = gates.index("Tân Thanh")
    expected = {
        "cleared_export": (len(shift.through), 0),
        "arrived": (TRUCKS + 1, OTHERS + 1),
        "waiting": (TRUCKS + 1 - len(shift.through), OTHERS + 1),
        "overtakes": (sum(overtakes.values()), 0),
    }
    for figure, (here, there) in expected.items():
        head = page.get_by_role("rowheader", name=SAID["bulletin"][figure], exact=True)
        row = page.locator("tr", has=head).first
        cells = [int(one) for one in row.locator("td").all_inner_texts()]
        assert (cells[column], cells[1 - column]) == (here, there), figure
    text = page.locator("body").inner_text()
    for reason, n in overtakes.items():
        assert f"{SAID['overtake'][reason]}\t{n}" in text
    closed = page.locator("tr", has_text="flood on the bridge")
    expect(closed).to_contain_text("08:00")
    expect(closed).to_contain_text("08:50")
    look_at(anna, "bulletin")


def the_log_says_who_did_it(shift: Shift) -> None:
    page = shift.desk.open("/people", language="en")
    shift.desk.sign_in(page, "chi")
    page.get_by_role("button", name=SAID["people"]["view_audit"]).click()
    rows = page.locator("table.audit tr[data-act]")
    rows.first.wait_for()
    log = {
        (
            row.locator("td > b").inner_text(),
            row.get_attribute("data-act"),
            row.locator("td").nth(3).inner_text(),
        )
        for row in rows.all()
    }
    look_at(page, "log")
    begun = {(name, "session.begin", f"account:{name}") for name in PEOPLE}
    plates = dict(shift.place.conn.execute("select id::text, plate from trips").fetchall())
    assert log == {
        (PERSONS[account], act, as_read(subject, plates))
        for account, act, subject in shift.done | begun
    }


def as_read(subject: str, plates: dict[str, str]) -> str:
    """Return what an act was done to as its reader is told."""
    kind, number = subject.split(":")
    if kind == "account":
        return PERSONS[number]
    if kind == "gate":
        return {GATE: "Tân Thanh", OTHER_GATE: "Hữu Nghị"}[number]
    return plates[number] if kind == "trip" else SAID["audit_subject"][kind].format(id=number)
