"""Which browser may act for a trip, and codes by SMS."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import redis
from api_server import RunningApi
from border import KEYS

from flowctl.registry.changes import TripChange, change
from flowctl.registry.claims import LOGIN
from flowctl.registry.keys import link_code, login_digits
from flowctl.storage.ended import forget_ended

PHONE = "+84903123456"
AT_ONCE = replace(LOGIN, least_answer=timedelta(0))


def codes_sent(api: RunningApi) -> list[str]:
    """Return the digits that went into the outbox's messages, the oldest first."""
    rows = api.border.conn.execute(
        "select params from outbox where kind = 'login_code' order by id"
    ).fetchall()
    assert all(set(params) == {"login"} for (params,) in rows), "the digits stand nowhere"
    return [login_digits(KEYS, params["login"]) for (params,) in rows]


def claim(client: httpx.Client, trip: int, digits: str | None = None) -> httpx.Response:
    body = None if digits is None else {"code": digits}
    return client.post(f"/v1/driver/{link_code(KEYS, trip, 0)}/claim", json=body)


def log_in(client: httpx.Client, digits: str, phone: str = PHONE) -> httpx.Response:
    return client.post("/v1/driver-logins/code", json={"phone": phone, "code": digits})


def another(digits: str, than: int = 1) -> str:
    return f"{(int(digits) + than) % 1_000_000:06d}"


def test_the_first_browser_may_act_and_a_later_one_needs_a_code_sent_to_the_number(
    api: RunningApi,
):
    trip = api.border.trip(phone=PHONE)
    first, later = api.client(), api.client()
    taken = claim(first, trip)
    assert taken.json() == {"may_act": True}
    cookie = taken.headers["set-cookie"]
    assert cookie.startswith(f"flowctl_driver_{trip}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert claim(first, trip).status_code == 200, "asked again by the same browser"
    refused = claim(later, trip)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:flowctl:claim")
    sent = later.post(f"/v1/driver/{link_code(KEYS, trip, 0)}/code")
    assert (sent.status_code, sent.json()) == (202, {"accepted": True})
    [digits] = codes_sent(api)
    assert claim(later, trip, another(digits)).status_code == 403
    assert claim(later, trip, digits).json() == {"may_act": True}
    assert claim(later, trip).status_code == 200
    assert claim(first, trip).status_code == 200, "the first may go on"
    assert claim(api.client(), trip, digits).status_code == 403, "a code opens once"


def test_a_claim_ends_when_the_trip_is_given_to_another_number(api: RunningApi):
    place = api.border
    trip = place.trip(phone=PHONE)
    browser = api.client()
    assert claim(browser, trip).status_code == 200
    wish = TripChange(phone="+84903999888")
    change(place.conn, place.site, KEYS, trip, wish, by="the test", now=api.clock.at)
    assert claim(browser, trip).status_code == 410
    path = f"/v1/driver/{link_code(KEYS, trip, 1)}/claim"
    assert api.client().post(path).status_code == 200, "the new driver's browser is the first"
    assert browser.post(path).status_code == 403, "the former one's is not"


def test_a_number_opens_its_trips_by_a_code_and_their_links_may_be_acted_on(api: RunningApi):
    running = api.border.trip(phone=PHONE)
    second = api.border.trip(phone=PHONE)
    api.border.trip()
    browser = api.client()
    asked = browser.post("/v1/driver-logins", json={"phone": "0903 123 456"})
    assert asked.status_code == 202
    [digits] = codes_sent(api)
    opened = log_in(browser, digits)
    assert opened.json()["trips"] == [
        {"code": link_code(KEYS, second, 0), "plate": "12C00002"},
        {"code": link_code(KEYS, running, 0), "plate": "12C00001"},
    ]
    assert claim(browser, running).status_code == 200
    assert claim(browser, second).status_code == 200
    assert claim(api.client(), running).status_code == 403


def test_a_code_is_good_for_five_minutes(api: RunningApi):
    trip = api.border.trip(phone=PHONE)
    api.client().post("/v1/driver-logins", json={"phone": PHONE})
    api.border.conn.execute("update logins set made_wall_at = made_wall_at - %s", [LOGIN.lasts])
    [digits] = codes_sent(api)
    assert log_in(api.client(), digits).status_code == 403
    assert claim(api.client(), trip, digits).status_code == 403


def test_whether_a_number_is_known_shows_neither_in_words_nor_in_time(api: RunningApi):
    api.border.trip(phone=PHONE)

    def answered(ask: Callable[[], httpx.Response]) -> tuple[int, str, bool]:
        began = time.monotonic()
        answer = ask()
        took = time.monotonic() - began
        return answer.status_code, answer.text, took >= LOGIN.least_answer.total_seconds()

    client = api.client()
    stranger = "+84903999777"
    known, unknown = (
        answered(lambda: client.post("/v1/driver-logins", json={"phone": phone}))  # noqa: B023
        for phone in (PHONE, stranger)
    )
    assert known == unknown == (202, '{"accepted":true}', True)
    assert len(codes_sent(api)) == 1, "to an unknown number nothing is sent"
    wrong = another(codes_sent(api)[0])
    known, unknown = (
        answered(lambda: log_in(client, wrong, phone))  # noqa: B023
        for phone in (PHONE, stranger)
    )
    assert known == unknown
    assert (known[0], known[2]) == (403, True)


def test_five_wrong_codes_lock_a_number_even_for_the_right_one_and_longer_each_time(
    api: RunningApi,
):
    api.border.trip(phone=PHONE)
    client = api.client()
    client.post("/v1/driver-logins", json={"phone": PHONE})
    [digits] = codes_sent(api)
    answers = [log_in(client, another(digits, n)).status_code for n in range(1, 6)]
    assert answers == [403] * 5
    locked = log_in(client, digits)
    assert locked.status_code == 429
    assert 800 < int(locked.headers["retry-after"]) <= 900
    store = redis.Redis.from_url(api.store, decode_responses=True)
    [lock] = store.keys("{login:wrong:*}:locked")
    store.delete(lock)  # as if the quarter of an hour had passed
    assert [log_in(client, another(digits, n)).status_code for n in range(1, 6)] == [403] * 5
    assert 1700 < int(log_in(client, digits).headers["retry-after"]) <= 1800
    store.delete(lock)
    assert log_in(client, digits).status_code == 200, "the right one opens, and clears the number"
    assert store.keys("login:wrong:*") == []
    store.close()


def test_ten_thousand_wrong_codes_from_one_place_are_told_off_after_thirty(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.phone.LOGIN", AT_ONCE)
    client = api.client()
    phones = [f"+849031{n:05d}" for n in range(40)]
    answers = [log_in(client, "123456", phone).status_code for phone in phones]
    assert answers == [403] * 30 + [429] * 10


def test_three_codes_an_hour_are_sent_to_a_number(api: RunningApi):
    trip = api.border.trip(phone=PHONE)
    client = api.client()
    paths = [f"/v1/driver/{link_code(KEYS, trip, 0)}/code"] * 3
    assert [client.post(path).status_code for path in paths] == [202] * 3
    more = client.post("/v1/driver-logins", json={"phone": PHONE})
    assert more.status_code == 429
    assert "Too many codes" in more.json()["detail"]
    assert len(codes_sent(api)) == 3


def test_a_forgotten_number_opens_nothing(api: RunningApi):
    trip = api.border.trip(phone=PHONE)
    api.border.conn.execute("update drivers set phone_cipher = null, phone_hash = null")
    answer = api.client().post(f"/v1/driver/{link_code(KEYS, trip, 0)}/code")
    assert answer.status_code == 409
    assert "no longer kept" in answer.json()["detail"]
    assert claim(api.client(), trip, "123456").status_code == 409


def test_what_proves_and_reaches_a_phone_goes_with_the_number_and_the_trip(api: RunningApi):
    place = api.border
    trip = place.trip(phone=PHONE)
    claim(api.client(), trip)
    api.client().post("/v1/driver-logins", json={"phone": PHONE})
    for what in (trip, None):
        place.conn.execute(
            "insert into gate_decisions (id, site, gate, trip_id, plate, kind, at, decided_by,"
            " recorded_at) values (gen_random_uuid(), 'lang_son', 'tan_thanh', %(trip)s, 'X1',"
            " 'late', %(at)s, 'Lan', %(at)s)",
            {"trip": what, "at": api.clock.at},
        )
    place.conn.execute(
        "insert into push_subscriptions values (%s, 0, 'hash', 'cipher', now())", [trip]
    )
    place.conn.execute("update trips set state = 'cleared', ended_at = %s", [api.clock.at])

    def left() -> list[int]:
        tables = ("push_subscriptions", "claims", "logins", "gate_decisions")
        rows = [place.conn.execute(f"select count(*) from {name}").fetchone() for name in tables]  # noqa: S608
        return [row[0] for row in rows if row is not None]

    assert left() == [1, 1, 1, 2]
    site = place.site
    forget_ended(place.conn, site, api.clock.at + timedelta(days=site.numbers_kept_days + 1))
    assert left()[0] == 0, "where the browser was reached goes with the number"
    forget_ended(place.conn, site, api.clock.at + timedelta(days=3000))
    assert left() == [0, 0, 0, 0]
