"""The stream of events as many consoles use it: resumed, packed, woken, and slow readers."""

import json
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from api_server import RunningApi, served
from border import SECRET, after

from api.app import create_app
from api.feed import Feed
from api.frames import GZIP_BEGINS, packed
from api.picture import Picture
from flowctl.registry.accounts import Role
from flowctl.settings import Settings

_WITHIN_S = 0.8
"""A console that is not woken sees a change after a second at the latest, on average after half."""


@contextmanager
def hearing(client: httpx.Client, **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
    with client.stream("GET", "/v1/events", headers=headers) as answer:
        assert answer.status_code == 200
        yield _events(answer.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            event[name] = value
        elif "data" in event:
            yield {**event, "data": json.loads(event["data"])}
            event = {}


def shown(event: dict[str, Any]) -> set[int]:
    return set(event["data"]["trucks"]["id"])


def test_who_comes_back_with_the_last_id_hears_only_what_changed_since(api: RunningApi):
    place = api.border
    still, leaving = (place.trip(at=after(-300)) for _ in range(2))
    for trip in (still, leaving):
        place.position(trip, 106.6, 21.8, -1)
    operator = api.person(Role.OPERATOR)
    with hearing(operator) as heard:
        first = next(heard)
    assert shown(first) == {still, leaving}
    coming = place.trip(at=after(-300))
    place.position(coming, 106.7, 21.9, -1)
    place.conn.execute(
        "update trips set state = 'cancelled', ended_at = %s where id = %s", [after(0), leaving]
    )
    with hearing(operator, **{"Last-Event-ID": first["id"]}) as heard:
        seen: set[int] = set()
        gone: set[int] = set()
        for event in heard:
            assert event["data"]["full"] is False
            seen |= shown(event)
            gone |= set(event["data"]["gone"])
            if gone and coming in seen:
                break
    assert seen == {coming}, "who stood still is not told again"
    assert gone == {leaving}


@pytest.mark.parametrize(
    "forged", ["", "7", "00000000-1", "-", "x" * 5000, "12345678-99999999999999999999"]
)
def test_an_id_that_is_forged_old_or_of_another_process_gets_the_whole_picture(
    api: RunningApi, forged: str
):
    place = api.border
    trip = place.trip(at=after(-300))
    place.position(trip, 106.6, 21.8, -1)
    header = {"Last-Event-ID": forged.encode().decode("latin-1")}
    with hearing(api.person(Role.OPERATOR), **header) as heard:
        first = next(heard)
    assert first["data"]["full"] is True
    assert shown(first) == {trip}


def test_pieces_packed_apart_are_one_stream_whatever_piece_it_begins_with():
    pieces = [b"a" * 3000, bytes(range(256)) * 40, b"", "Hữu Nghị".encode()]
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    read = stream.decompress(GZIP_BEGINS + b"".join(map(packed, pieces[1:])))
    assert read == b"".join(pieces[1:])
    assert not stream.eof, "what comes later still belongs to it"


def test_the_stream_is_packed_for_who_takes_it_packed_and_plain_for_others(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    for coding, said in (("gzip", "gzip"), ("identity", None)):
        with operator.stream("GET", "/v1/events", headers={"Accept-Encoding": coding}) as answer:
            assert answer.headers.get("content-encoding") == said
            assert answer.headers["vary"] == "Accept-Encoding"
            assert next(_events(answer.iter_lines()))["data"]["full"] is True


def test_one_account_may_have_many_screens_but_not_all_streams_and_another_is_heard_still(
    api: RunningApi,
):
    operator = api.person(Role.OPERATOR)
    with ExitStack() as screens:
        open_now = [screens.enter_context(hearing(operator)) for _ in range(20)]
        assert all(next(one)["data"]["full"] for one in open_now)
        refused = operator.get("/v1/events", timeout=5)
        assert refused.status_code == 429, refused.text
        assert "The account operator has 20 streams of events open" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) > 0
        with hearing(api.person(Role.OFFICER)) as other:
            assert next(other)["data"]["full"] is True
    until = time.monotonic() + 10
    while (again := first_status(operator)) == 429 and time.monotonic() < until:
        time.sleep(0.05)
    assert again == 200, "a page that is closed makes room"


def first_status(client: httpx.Client) -> int:
    with client.stream("GET", "/v1/events") as answer:
        return answer.status_code


def close_for_an_hour(client: httpx.Client, hour: int) -> None:
    wish = {
        "starts_at": after(60 * hour).isoformat(),
        "ends_at": after(60 * hour + 60).isoformat(),
        "reason": "flood",
        "places_left": 0,
    }
    answer = client.post("/v1/gates/tan_thanh/closures", json=wish)
    assert answer.status_code == 201, answer.text


def test_a_change_is_on_other_consoles_at_once_and_marks_the_list_to_ask_for(
    api: RunningApi, database: str, valkey: str
):
    """The second console listens to another process, which hears of the change by the store."""
    settings = Settings(database_url=database, valkey_url=valkey, site="lang_son", secret=SECRET)
    operator = api.person(Role.OPERATOR)
    app = create_app(settings, api.clock)
    with served(app) as url, httpx.Client(base_url=url, cookies=operator.cookies) as other:
        took = []
        with hearing(operator) as near, hearing(other) as far:
            marks = [next(console)["data"]["marks"]["closures"] for console in (near, far)]
            for hour in (1, 3, 5):
                began = time.monotonic()
                close_for_an_hour(operator, hour)
                for number, console in enumerate((near, far)):
                    mark = next(
                        one
                        for event in console
                        if (one := event["data"]["marks"]["closures"]) != marks[number]
                    )
                    marks[number] = mark
                took.append(time.monotonic() - began)
        assert min(took) < _WITHIN_S, took


def test_nothing_is_said_live_while_the_store_is_away_and_it_goes_on_when_it_is_back(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    away = True
    read = Feed.read

    def broken(feed: Feed) -> Picture:
        if away:
            raise psycopg.OperationalError("the server closed the connection")
        return read(feed)

    operator = api.person(Role.OPERATOR)
    with hearing(operator) as heard:
        first = next(heard)
        monkeypatch.setattr(Feed, "read", broken)
        time.sleep(1.2)
        away = False
        assert next(heard)["id"] != first["id"], "the line outlived the store"
