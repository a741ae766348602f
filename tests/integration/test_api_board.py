"""The public board as programs and browsers read it."""

import csv
import io
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from api_server import RunningApi
from border import MORNING, after
from desk import words

from api.board_forms import long_wait

PLATE = "12C98765"


@contextmanager
def stores_away(api: RunningApi) -> Iterator[None]:
    """Let no connection to the database be had."""
    pool = api.app.state.pool
    was = pool.connection
    pool.connection = _refused
    try:
        yield
    finally:
        pool.connection = was


def _refused(*_args: object, **_kwargs: object) -> None:
    import psycopg  # noqa: PLC0415

    raise psycopg.OperationalError("the database is away")


@pytest.fixture
def waiting(api: RunningApi) -> RunningApi:
    """A border with one truck in a yard, and a gate the controller has looked at."""
    place = api.border
    trip = place.trip(at=after(-300), plate=PLATE)
    place.visit(trip, "yard_bao_nguyen", -60)
    place.conn.execute(
        "insert into gate_states (site, gate, at, capacity_per_h, capacity_low, capacity_high,"
        " n_target, in_transit, queued, in_lane, waiting, export_per_h, export_low, export_high)"
        " values (%s, 'tan_thanh', %s, 43, 35, 50, 20, 3, 2, 9, 35, 20, 17, 23)",
        [place.site.id, MORNING],
    )
    return api


def gate(board: dict, name: str = "tan_thanh") -> dict:
    return next(one for one in board["gates"] if one["id"] == name)


def test_a_gate_says_how_long_a_truck_that_comes_now_will_wait(waiting: RunningApi):
    shown = gate(waiting.client().get("/v1/board").json())
    wait = shown["wait"]
    assert wait["from_s"] < 7200 < wait["to_s"], "forty trucks at twenty an hour"
    assert wait["from_s"] <= wait["expected_s"] <= wait["to_s"]
    assert (wait["held_n"], wait["held_share"], wait["held_days"]) == (0, None, 0)
    assert (shown["waiting"], shown["on_the_way"], shown["queued"]) == (1, 3, 2)
    assert gate(waiting.client().get("/v1/board").json(), "huu_nghi")["wait"] is None


def test_a_closure_stands_on_the_board_without_its_reason(waiting: RunningApi):
    place = waiting.border
    place.conn.execute(
        "insert into closures (site, gate, starts_at, ends_at, places_left, reason, entered_by,"
        " changed_at) values (%s, 'tan_thanh', %s, %s, 0, '<script>alert(1)</script>', 'x', %s)",
        [place.site.id, after(60), after(180), MORNING],
    )
    answer = waiting.client().get("/v1/board")
    shown = gate(answer.json())
    assert "script" not in answer.text
    assert [one["places_left"] for one in shown["closures"]] == [0]
    assert shown["windows"][0]["closes_at"] == "2024-01-23T02:00:00Z"
    assert shown["windows"][1]["opens_at"] == "2024-01-23T04:00:00Z"
    assert shown["wait"]["to_s"] > 3 * 3600, "the two hours of the closure are in it"


def test_a_gate_shut_for_nobody_knows_how_long_names_no_opening(waiting: RunningApi):
    place = waiting.border
    place.conn.execute(
        "insert into closures (site, gate, starts_at, ends_at, places_left, reason, entered_by,"
        " changed_at) values (%s, 'tan_thanh', %s, null, 0, 'fog', 'x', %s)",
        [place.site.id, after(-30), MORNING],
    )
    client = waiting.client()
    shown = gate(client.get("/v1/board").json())
    assert (shown["open"], shown["next_change_at"], shown["windows"]) == (False, None, [])
    assert "reopening not known yet" in client.get("/board/embed?gate=tan_thanh&lang=en").text


@pytest.mark.parametrize(
    ("hours", "said"),
    [(9.75, "9 h 45 min"), (10.25, "10 h"), (23.75, "1 d 0 h"), (109.25, "4 d 13 h")],
)
def test_of_a_long_wait_nobody_is_told_the_minutes(hours: float, said: str):
    common = words("en")["common"]
    assert long_wait(hours * 3600, common) == said


def test_every_form_says_on_how_many_promises_and_days_a_share_rests(waiting: RunningApi):
    place = waiting.border
    for n in range(25):
        at = after(-3 * 24 * 60 + n)
        place.conn.execute(
            "insert into wait_promises (site, gate, at, low_s, mid_s, high_s, levels, p10, p50,"
            " p90) values (%s, 'tan_thanh', %s, 1, 2, 3, '{0,0,0}', %s, %s, %s)",
            [place.site.id, at, at, at, at],
        )
        place.conn.execute(
            "insert into wait_outcomes values (%s, %s, 'tan_thanh', %s, %s, %s, %s)",
            [place.trip(at=at), place.site.id, at, at, at, n % 5 > 0],
        )
    client = waiting.client()
    wait = gate(client.get("/v1/board").json())["wait"]
    assert (wait["held_n"], wait["held_share"], wait["held_days"]) == (25, 0.8, 3)
    text = client.get("/v1/board.csv").content.decode("utf-8-sig")
    rows = {row["gate"]: row for row in csv.DictReader(io.StringIO(text))}
    row = rows["tan_thanh"]
    told = (row["wait_held_n"], row["wait_held_share"], row["wait_held_days"])
    assert told == ("25", "0.8", "3")
    map_of = client.get("/v1/board.geojson").json()["features"]
    [there] = [one["properties"] for one in map_of if one["properties"]["id"] == "tan_thanh"]
    assert there["wait"] == wait


def test_no_form_of_the_board_names_a_truck(waiting: RunningApi):
    client = waiting.client()
    for path in ("/v1/board", "/v1/board.csv", "/v1/board.geojson", "/board", "/board/embed"):
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        assert "98765" not in answer.text


def test_what_did_not_change_is_not_sent_again(waiting: RunningApi):
    client = waiting.client()
    first = client.get("/v1/board")
    assert "max-age" in first.headers["Cache-Control"]
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert "x-computed-at" in first.headers["Access-Control-Expose-Headers"]
    again = client.get("/v1/board", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["X-Computed-At"]
    waiting.border.visit(waiting.border.trip(at=after(-300)), "yard_bao_nguyen", -30)
    deadline = time.monotonic() + 15
    while again.status_code == 304 and time.monotonic() < deadline:
        again = client.get("/v1/board", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200, "a truck more in a yard is news"


def test_who_can_unpack_gets_it_packed_and_the_same(waiting: RunningApi):
    packed = waiting.client().get("/v1/board")
    plain = waiting.client(**{"Accept-Encoding": "identity"}).get("/v1/board")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_a_thousand_readers_cost_the_database_no_more_than_one(waiting: RunningApi):
    client = waiting.client()
    client.get("/v1/board")
    count = "select sum(xact_commit) from pg_stat_database where datname = current_database()"
    began = time.monotonic()
    made = {client.get("/v1/board").headers["X-Computed-At"] for _ in range(1000)}
    took_s = time.monotonic() - began
    assert len(made) == 1, "the clock of this test stands"
    sequence = waiting.app.state.feed._frame.sequence  # noqa: SLF001 - how many pictures were made
    assert sequence <= took_s + 6, count


def test_old_figures_stay_and_say_how_old_they_are(
    waiting: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.board_texts._STALE_S", 0.5)
    client = waiting.client()
    fresh = client.get("/v1/board")
    assert fresh.json()["stale_s"] is None
    assert "Warning" not in fresh.headers
    with stores_away(waiting):
        deadline, answer = time.monotonic() + 15, fresh
        while answer.json()["stale_s"] is None and time.monotonic() < deadline:
            answer = client.get("/v1/board")
            assert answer.status_code == 200
        assert answer.headers["Warning"].startswith("110")
        assert gate(answer.json())["waiting"] == 1
        assert "Số liệu cũ" in client.get("/board/embed?lang=vi").text
    while answer.json()["stale_s"] is not None and time.monotonic() < deadline:
        answer = client.get("/v1/board")
    assert "Warning" not in answer.headers


def test_a_board_never_known_is_a_503_that_says_so(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.board_texts._FIRST_S", 0.5)
    with stores_away(api):
        answer = api.client().get("/v1/board")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "not known yet" in answer.json()["detail"]


def test_csv_opens_in_a_spreadsheet_with_vietnamese_letters(waiting: RunningApi):
    answer = waiting.client().get("/v1/board.csv?lang=vi")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8-sig")
    rows = {row["gate"]: row for row in csv.DictReader(io.StringIO(text))}
    assert rows["tan_thanh"]["name"] == "Tân Thanh"
    assert rows["tan_thanh"]["waiting_in_yards"] == "1"
    assert int(rows["tan_thanh"]["wait_from_min"]) < 120 < int(rows["tan_thanh"]["wait_to_min"])
    assert rows["huu_nghi"]["wait_from_min"] == ""


def test_geojson_puts_gates_and_yards_on_a_map(waiting: RunningApi):
    answer = waiting.client().get("/v1/board.geojson")
    assert answer.headers["Content-Type"] == "application/geo+json"
    features = {one["properties"]["id"]: one for one in answer.json()["features"]}
    lon, lat = features["tan_thanh"]["geometry"]["coordinates"]
    assert (round(lon), round(lat)) == (107, 22)
    assert features["yard_bao_nguyen"]["properties"]["occupancy"] == 1
    assert features["yard_bao_nguyen"]["geometry"]["type"] == "Polygon"


def test_only_the_embedded_piece_may_stand_in_foreign_pages(waiting: RunningApi):
    client = waiting.client()
    piece = client.get("/board/embed?gate=tan_thanh&lang=en")
    assert "frame-ancestors *" in piece.headers["Content-Security-Policy"]
    assert "<script" not in piece.text
    assert "Tân Thanh" in piece.text or "Tan Thanh" in piece.text
    assert "Hữu Nghị" not in piece.text
    assert re.search(r"– \d\N{NO-BREAK SPACE}h</b>", piece.text), "no number without its unit"
    for path in ("/board", "/v1/board", "/v1/board.csv"):
        assert "frame-ancestors 'none'" in client.get(path).headers["Content-Security-Policy"]


def test_the_page_has_its_first_view_inside_and_figures_without_scripts(waiting: RunningApi):
    page = waiting.client(**{"Accept-Language": "zh-CN,zh;q=0.9"}).get("/board").text
    view = page.partition('id="view">')[2].partition("</script>")[0]
    assert gate(json.loads(view))["waiting"] == 1
    bare = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "<td>1</td><td>3</td><td>2</td>" in bare.replace("\n", "")
    assert "口岸" in bare
    assert 'href="/board/embed?lang=zh"' in bare
    assert 'href="/board?lang=vi"' in bare


def test_head_gives_the_headers_alone(waiting: RunningApi):
    client = waiting.client()
    answer = client.head("/v1/board")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["ETag"] == client.get("/v1/board").headers["ETag"]


@pytest.mark.parametrize("path", ["/v1/board", "/board/embed"])
def test_other_methods_are_refused(api: RunningApi, path: str):
    for method in ("OPTIONS", "POST", "DELETE"):
        answer = api.client().request(method, path)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("/v1/board.csv?lang=xx", 422, "xx"),
        ("/board?lang=xx", 422, "xx"),
        ("/board/embed?gate=nowhere", 404, "nowhere"),
        ("/board/embed?gate=%3Cscript%3E", 404, "tan_thanh"),
        ("/v1/board?plate=12C", 422, "plate"),
        ("/v1/board?" + "a" * 60_000, 414, "60000"),
    ],
)
def test_bad_addresses_are_refused_in_a_sentence(
    waiting: RunningApi, path: str, status: int, named: str
):
    answer = waiting.client().get(path)
    assert answer.status_code == status
    assert named in answer.json()["detail"]


def test_what_others_put_behind_the_pages_address_does_no_harm(waiting: RunningApi):
    assert waiting.client().get("/board?lang=en&fbclid=abc").status_code == 200
    assert waiting.client().get("/board?lang=all").status_code == 200
