"""The driver's page on a phone, in a real Chromium: opened, answered, and without a network."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest
from border import after
from cab import Cab, controlled, look_at
from desk import LANGUAGES, assert_words, wait_until, words
from playwright.sync_api import APIResponse, Route, expect
from streams import on_disk

from api import pages
from flowctl.storage.sending import Sent, record_sent

pytestmark = pytest.mark.browser

SCRIPT_BUDGET = 30_000
"""Bytes of gzipped script a driver's phone may have to load (a phone in a valley, a dear SIM)."""
FIRST_PAINT_MS = 1500
LINES = {"3G": (1_600_000, 150, 2500), "slow 3G": (400_000, 400, 4000)}
"""Bits a second, round trip in ms, and when the slot is to be read at the latest, ms."""
YARD = (106.7, 21.93)

AGED = """() => new Promise(done => {
  const opening = indexedDB.open('flowctl');
  opening.onsuccess = () => {
    const work = opening.result.transaction('acts', 'readwrite');
    const acts = work.objectStore('acts');
    acts.getAll().onsuccess = ({target}) =>
      target.result.forEach(act => acts.put({...act, at: act.at - 60_000}));
    work.oncomplete = () => { opening.result.close(); done(); };
  };
})"""
"""Let what waits have waited a minute."""

SHOWN = """() => navigator.serviceWorker.getRegistration()
  .then(one => one.getNotifications())
  .then(all => all.length > 0 && all.map(one => [one.title, one.body, one.tag]))"""

SETTLED = """() => navigator.serviceWorker.getRegistration()
  .then(one => !one.installing && !one.waiting && one.active?.state === 'activated')"""

SUBSCRIBING = """() => {
  PushManager.prototype.subscribe = async () => ({toJSON: () => ({
    endpoint: 'https://push.example.com/phone',
    keys: {
      p256dh: 'BNNL5ZaTfK81qhXOx23-wewhigUeFb632jN6LvRWCFH1'
        + 'ubQr77FE_9qV1FuojuRmHP42zmf34rXgW80OvUVDgTk',
      auth: 'zqbxT6JKstKSY9JKibZLSQ',
    },
  })});
}"""
"""A browser without Google's push service behind it cannot subscribe; all else is its own."""


def first_sight(cab: Cab, line: str) -> tuple[float, float]:
    """Open the page on a phone that has nothing of it; return when it shows something, and all."""
    bits, round_trip, _ = LINES[line]
    page = cab.phone().new_page()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": round_trip,
            "downloadThroughput": bits / 8,
            "uploadThroughput": bits / 8,
        },
    )
    page.goto(cab.url + cab.path)
    page.locator(".slot .window").wait_for()
    page.wait_for_timeout(300)
    first, everything = page.evaluate(
        """() => new Promise(tell => new PerformanceObserver(seen => tell([
          performance.getEntriesByName('first-contentful-paint')[0].startTime,
          seen.getEntries().at(-1).startTime,
        ])).observe({type: 'largest-contentful-paint', buffered: true}))"""
    )
    return first, everything


@pytest.mark.parametrize("line", LINES)
def test_the_first_sight_on_a_thin_line_comes_soon(cab: Cab, line: str):
    cab.open()  # the line is measured, not how server and browser start
    tries: list[tuple[float, float]] = []
    while len(tries) < 3 and (not tries or min(tries) > (FIRST_PAINT_MS, LINES[line][2])):
        tries.append(first_sight(cab, line))
    first, everything = min(tries)
    assert first < FIRST_PAINT_MS, tries
    assert everything < LINES[line][2], tries


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_driver_accepts_says_how_late_and_asks_for_another_time(cab: Cab, language: str):
    said = words(language)["driver"]
    page = cab.open(language=language)
    expect(page.locator(".slot .other")).to_contain_text("11:00")
    look_at(page, f"driver-slot-{language}")
    page.get_by_role("button", name=said["accept"]).click()
    expect(page.locator(".slot .answered")).to_have_text(said["accepted"])
    page.get_by_role("button", name=said["change"]).click()
    look_at(page, f"driver-change-{language}")
    page.get_by_role("button", name=said["late"]).click()
    look_at(page, f"driver-late-{language}")
    page.locator(".choices button").first.click()
    expect(page.locator(".slot .answered").last).to_contain_text("10:15")
    assert [reason for reason, _ in cab.acts()] == ["accepted", "late"]
    assert_words(page, [said["number"], said["near"]])


def test_an_older_view_that_comes_late_does_not_undo_what_was_said(cab: Cab):
    said = words("vi")["driver"]
    page = cab.open()
    accept = page.get_by_role("button", name=said["accept"])
    expect(accept).to_be_visible()
    older: list[tuple[Route, APIResponse]] = []
    view = re.compile(r"/v1/driver/[^/]+\?")
    page.route(view, lambda route: older.append((route, route.fetch())))
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_until(page, lambda: older != [], "the view is asked for")
    accept.click()
    expect(page.locator(".slot .answered")).to_have_text(said["accepted"])
    with page.expect_response(view):
        older[0][0].fulfill(response=older[0][1])
    page.wait_for_timeout(500)
    expect(page.locator(".slot .answered")).to_have_text(said["accepted"])


def test_who_cannot_come_is_asked_twice(cab: Cab):
    said = words("vi")["driver"]
    page = cab.open()
    page.get_by_role("button", name=said["change"]).click()
    page.get_by_role("button", name=said["cancel"]).click()
    expect(page.locator(".asking")).to_contain_text(said["cancel_cost"])
    page.get_by_role("button", name=said["cancel_yes"]).click()
    expect(page.locator(".state h2")).to_have_text(words("vi")["stage"]["cancelled"])
    assert cab.one("select state from trips where id = %s") == "cancelled"
    assert words("vi")["driver"]["yard"] not in page.locator("main dt").all_inner_texts()
    expect(page.locator(".order")).to_have_count(0)


def test_the_sheets_say_how_often_a_day_allows_a_change(cab: Cab):
    said = words("vi")["driver"]
    page = cab.open()
    page.get_by_role("button", name=said["change"]).click()
    page.get_by_role("button", name=said["more_time"]).click()
    expect(page.locator(".moves-left")).to_have_text(said["moves_left"].format(n=1))
    page.get_by_role("button", name=said["more_time_yes"]).click()
    expect(page.locator(".slot .answered")).to_contain_text("11:00")
    page.get_by_role("button", name=said["change"]).click()
    expect(page.locator(".sheet")).to_contain_text(said["moves_none"])


def test_a_slot_more_than_a_day_away_is_counted_in_days(cab: Cab):
    cab.place.conn.execute("update slots set starts_at = %s", [after(28 * 60 + 30)])
    expect(cab.open().get_by_role("timer")).to_have_text("1 ngày 4 giờ")


def test_messages_follow_the_language_of_the_page(cab: Cab):
    [(first,)] = cab.place.conn.execute("select min(id) from outbox").fetchall()
    record_sent(cab.place.conn, [Sent(first, after(-1), "sms", (), 1, None, None)])
    page = cab.phone().new_page()
    page.goto(cab.url + cab.path)
    message = page.locator(".messages li p").last
    expect(message).to_contain_text("xin chưa ra cửa khẩu")
    page.get_by_role("button", name="中", exact=True).click()
    expect(message).to_contain_text("先不要去口岸")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_that_opens_nothing_says_why_and_shows_the_way(cab: Cab, language: str):
    said = words(language)["driver"]
    cab.place.conn.execute("update trips set link_epoch = 1")
    page = cab.phone().new_page()
    for path, why in ((cab.path, "replaced"), ("/d/nosuchtrip12", "unknown")):
        page.goto(f"{cab.url}{path}?lang={language}")
        expect(page.get_by_role("alert")).to_have_text(said[why])
        expect(page.get_by_role("link", name=said["login_title"])).to_have_attribute("href", "/d")


def test_what_was_said_without_a_network_is_sent_once_when_it_is_back(cab: Cab):
    said = words("vi")["driver"]
    phone = cab.phone()
    page = cab.open(phone)
    controlled(page)
    expect(page.locator("nav.acts")).to_be_visible()  # the claim was answered
    phone.set_offline(True)
    page.get_by_role("button", name=said["accept"]).click()
    page.get_by_role("button", name=said["change"]).click()
    page.locator("[name=standby]").check()
    page.get_by_role("button", name=words("vi")["common"]["close"]).click()
    expect(page.locator(".said")).to_have_count(2)
    page.reload()
    expect(page.locator(".said").first).to_contain_text(said["waiting"].partition("{")[0])
    expect(page.locator("section.slot .window")).to_be_visible()
    look_at(page, "driver-waiting-vi")
    cab.open_kept(phone)  # a second tab sends nothing twice
    assert cab.acts() == []
    phone.set_offline(False)
    expect(page.locator(".said")).to_have_count(0)
    expect(page.locator(".slot .answered")).to_have_text(said["accepted"])
    assert len(cab.acts()) == 2
    assert cab.one("select standby from trips where id = %s") is True


def test_an_answer_to_a_slot_that_changed_meanwhile_is_given_back(cab: Cab):
    said = words("vi")["driver"]
    phone = cab.phone()
    page = cab.open(phone)
    controlled(page)
    expect(page.locator("nav.acts")).to_be_visible()  # the claim was answered
    phone.set_offline(True)
    page.get_by_role("button", name=said["accept"]).click()
    expect(page.locator(".said")).to_have_count(1)
    page.evaluate(AGED)
    cab.place.conn.execute("update slots set starts_at = starts_at + interval '1 hour'")
    phone.set_offline(False)
    expect(page.locator(".said.refusal")).to_contain_text(said["refused_moved"])
    assert cab.acts() == []
    page.get_by_role("button", name=said["understood"]).click()
    expect(page.locator(".said")).to_have_count(0)


def test_the_page_and_the_pass_open_without_a_network(cab: Cab):
    phone = cab.phone()
    page = cab.open(phone)
    page.locator(".show-pass").wait_for()
    controlled(page)
    expect(page.locator("nav.acts")).to_be_visible()  # the claim was answered
    phone.set_offline(True)
    page = cab.open_kept(phone)
    expect(page.locator(".fresh.old")).to_contain_text("Không có mạng")
    page.locator(".show-pass").click()
    expect(page.locator(".sheet.pass .qr path")).to_have_attribute("d", re.compile(r"M.{500,}"))
    look_at(page, "driver-pass-vi")
    kept: list[str] = page.evaluate(
        "caches.keys().then(async names => (await (await caches.open(names[0])).keys())"
        ".map(one => new URL(one.url).pathname))"
    )
    assert not [path for path in kept if path.startswith("/v1/")]


def test_a_second_phone_reads_and_acts_with_the_code_from_the_sms(cab: Cab):
    said = words("vi")["driver"]
    cab.open().locator(".acts").wait_for()
    page = cab.open()
    expect(page.locator(".claim")).to_contain_text(said["claim"])
    expect(page.locator(".acts")).to_have_count(0)
    look_at(page, "driver-claim-vi")
    page.get_by_role("button", name=said["claim_get"]).click()
    right = cab.sent_code(page)
    page.locator("[name=code]").fill("000000" if right != "000000" else "000001")
    page.get_by_role("button", name=said["claim_done"]).click()
    expect(page.locator(".claim .refusal")).to_have_text(said["code_wrong"])
    page.locator("[name=code]").fill(right)
    page.get_by_role("button", name=said["claim_done"]).click()
    expect(page.locator(".acts")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_trip_opens_by_number_and_code(cab: Cab, language: str):
    said = words(language)["driver"]
    page = cab.phone().new_page()
    page.goto(f"{cab.url}/d?lang={language}")
    for number in ("02438253531", "+12025550123", "0903000009"):
        page.locator("[name=phone]").fill(number)
        page.get_by_role("button", name=said["go_on"]).click()
        if number != "0903000009":
            expect(page.get_by_role("alert")).to_have_text(said["phone_wrong"])
    page.get_by_role("button", name=said["other_number"]).click()
    page.locator("[name=phone]").fill("0903000001")
    look_at(page, f"driver-login-{language}")
    page.get_by_role("button", name=said["go_on"]).click()
    expect(page.locator("[role=status]")).to_have_text(said["login_sent"])
    page.get_by_role("button", name=said["code_again"]).click()
    expect(page.locator("[role=status]")).to_have_text(said["code_resent"])
    page.locator("[name=code]").fill(cab.sent_code(page))
    page.get_by_role("button", name=said["go_on"]).click()
    expect(page.locator("h1")).to_have_text("12C00001")
    expect(page.locator(".acts")).to_be_visible()


def test_the_phone_of_a_truck_without_a_tracker_tells_its_place(cab: Cab):
    said = words("vi")["driver"]
    cab.trip = cab.place.trip(at=after(-10), device=None)
    phone = cab.phone(
        permissions=["geolocation"], geolocation={"longitude": 106.71, "latitude": 21.95}
    )
    page = cab.open(phone)
    offer = page.locator(".offer.share")
    expect(offer).to_contain_text(said["share_why"])
    look_at(page, "driver-share-vi")
    with page.expect_response("**/v1/osmand/**"):  # what is not sent yet would wait, too
        offer.get_by_role("button", name=said["share"]).click()
    expect(offer).to_have_attribute("data-sharing", "on")
    expect(offer.get_by_role("link", name=said["share_app"])).to_have_attribute(
        "href", re.compile("id=")
    )
    look_at(page, "driver-shared-vi")
    controlled(page)
    phone.set_offline(True)
    phone.set_geolocation({"longitude": 106.72, "latitude": 21.96})
    page.reload()
    expect(offer).to_contain_text(said["share_waiting"].format(n=1))
    with page.expect_response("**/v1/osmand/**") as answered:
        phone.set_offline(False)
    assert answered.value.ok
    fixes = on_disk(cab.valkey)
    device = cab.one("select d.uid from trips t join devices d on d.id = t.device_id where t.id=%s")
    assert set(fixes.devices) == {device}
    assert [(row["lon"], row["lat"]) for row in fixes.rows] == [(106.71, 21.95), (106.72, 21.96)]
    offer.get_by_role("button", name=said["share_stop"]).click()
    expect(offer).to_have_attribute("data-sharing", "off")


def test_messages_are_pushed_after_a_tap_and_show_once(cab: Cab):
    said = words("vi")["driver"]
    page = cab.open(cab.phone(permissions=["notifications"]))
    controlled(page)
    page.evaluate(SUBSCRIBING)
    page.locator(".offer.push button").click()
    expect(page.locator(".offer.push")).to_have_attribute("data-push", "on")
    assert_words(page, [said["push_on"]])
    assert cab.one("select count(*) from push_subscriptions where trip_id = %s") == 1
    worker = page.context.new_cdp_session(page)
    registered: list[str] = []
    worker.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda seen: registered.extend(one["registrationId"] for one in seen["registrations"]),
    )
    worker.send("ServiceWorker.enable")
    wait_until(page, lambda: registered != [], "the worker is known")
    message = {"title": "12C00001 · Đổi giờ hẹn", "text": "10:15", "link": cab.path, "tag": "7"}
    for _ in range(2):
        worker.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": cab.url, "registrationId": registered[0], "data": json.dumps(message)},
        )
    wait_until(page, lambda: page.evaluate(SHOWN) is not False, "the message is shown")
    assert page.evaluate(SHOWN) == [["12C00001 · Đổi giờ hẹn", "10:15", "7"]]


def test_a_new_build_takes_over_with_all_it_needs(
    cab: Cab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    phone = cab.phone()
    page = cab.open(phone)
    controlled(page)
    page.evaluate("caches.open('flowctl-gate')")
    old = page.evaluate("caches.keys()")
    newer = tmp_path / "dist"
    shutil.copytree(pages.DIST, newer)
    version = next(name for name in old if "driver" in name).rpartition("-")[2]
    for name, was, now in [
        ("sw.js", version, "newer"),
        ("driver.vi.html", "<body>", '<body data-build="newer">'),
    ]:
        text = (newer / name).read_text(encoding="utf-8")
        assert was in text
        (newer / name).write_text(text.replace(was, now), encoding="utf-8")
    monkeypatch.setattr(pages, "DIST", newer)
    page.reload()
    wait_until(
        page,
        lambda: set(page.evaluate("caches.keys()")) == {*old, "flowctl-driver-newer"},
        "the new build is kept beside the one that is still open",
    )
    wait_until(page, lambda: page.evaluate(SETTLED), "the new worker has taken over")
    phone.set_offline(True)
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-build", "newer")
    expect(page.locator("section.slot .window")).to_be_visible()


def test_the_drivers_scripts_keep_their_budget(cab: Cab):
    page = cab.open()
    controlled(page)
    loaded: list[str] = page.evaluate(
        "performance.getEntriesByType('resource').map(one => one.name)"
    )
    scripts = {url for url in loaded if url.endswith(".js")} | {f"{cab.url}/sw.js"}
    assert len(scripts) > 3
    sizes = {url: len(gzip.compress(page.request.get(url).body())) for url in scripts}
    assert sum(sizes.values()) <= SCRIPT_BUDGET, sizes
