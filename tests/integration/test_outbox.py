import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from border import KEYS, MORNING, SECRET, Border, after, border

from flowctl.notify.file import FileGateway
from flowctl.notify.outbox import SendParams, send_due
from flowctl.registry.keys import link_code
from flowctl.registry.trips import TripChange, cancel, change
from flowctl.settings import Settings
from flowctl.storage.outbox import count_by_state, list_sent, queue_message

WALL = datetime(2100, 1, 1, tzinfo=UTC)  # later than any database's now()
SETTINGS = Settings(secret=SECRET, public_url="http://gate.example/")
SLOT = {
    "gate": "tan_thanh",
    "starts_at": after(60).isoformat(),
    "ends_at": after(75).isoformat(),
    "reason": "first",
}


@dataclass
class Post:
    """An outbox, its gateway's file, and one who sends."""

    border: Border
    path: Path

    def put(self, trip: int, kind: str, **values: Any) -> int:  # noqa: ANN401
        expires_at = values.pop("expires_at", None)
        return queue_message(
            self.border.conn,
            site="lang_son",
            trip_id=trip,
            kind=kind,
            params=values or SLOT,
            now=MORNING,
            expires_at=expires_at,
        )

    def send(self, *, now: datetime = MORNING, wall: datetime = WALL, **limits: int) -> int:
        conn = self.border.conn
        with conn.transaction():
            return self.send_in(conn, now=now, wall=wall, **limits)

    def send_in(
        self,
        conn: psycopg.Connection[Any],
        *,
        now: datetime = MORNING,
        wall: datetime = WALL,
        **limits: int,
    ) -> int:
        return send_due(
            conn,
            FileGateway(self.path),
            settings=SETTINGS,
            site=self.border.site,
            now=now,
            wall_now=wall,
            params=SendParams(**limits),
        )

    @property
    def lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]

    @property
    def states(self) -> dict[str, int]:
        return count_by_state(self.border.conn, "lang_son")


@pytest.fixture
def post(database: str, tmp_path: Path) -> Iterator[Post]:
    with border(database) as place:
        yield Post(place, tmp_path / "sms.jsonl")


def test_a_message_goes_to_the_driver_of_its_trip_in_his_language(post: Post):
    trip = post.border.trip(phone="0903 123 456", language="en")
    assert post.send() == 1
    [line] = post.lines
    assert line["to"] == "+84903123456"
    assert line["kind"] == "registered"
    assert line["trip"] == trip
    assert line["at"] == MORNING.isoformat()
    assert f"http://gate.example/d/{link_code(KEYS, trip, 0)}" in line["text"]
    assert post.states == {"sent": 1}
    assert [m.kind for m in list_sent(post.border.conn, trip)] == ["registered"]
    assert post.send() == 0


def test_a_slot_message_says_gate_and_times_to_people_and_to_programs(post: Post):
    trip = post.border.trip()
    post.put(trip, "slot")
    post.send()
    line = post.lines[-1]
    assert (line["gate"], line["starts_at"]) == ("tan_thanh", after(60).isoformat())
    assert "Tan Thanh" in line["text"]
    assert "09:00" in line["text"]
    assert "09:15" in line["text"]


def test_the_number_is_that_of_the_moment_of_sending(post: Post):
    trip = post.border.trip(phone="0903 123 456")
    wish = TripChange(phone="0912 345 678", language="zh")
    change(post.border.conn, post.border.site, KEYS, trip, wish, by="operator", now=MORNING)
    post.send()
    assert post.lines[0]["to"] == "+84912345678"
    assert post.lines[0]["language"] == "zh"


def test_the_outbox_holds_no_number_and_no_name(post: Post):
    trip = post.border.trip(phone="0903 123 456", plate="12C98765")
    post.put(trip, "slot")
    rows = post.border.conn.execute("select outbox::text from outbox").fetchall()
    assert rows
    assert not any("903123456" in text or "98765" in text for (text,) in rows)


def test_a_slot_that_was_changed_before_it_was_told_is_told_once(post: Post):
    trip, other = post.border.trip(), post.border.trip()
    post.put(trip, "slot")
    post.put(other, "slot")
    post.put(trip, "slot_changed", **{**SLOT, "reason": "later"})
    post.send()
    told = [(line["trip"], line["kind"]) for line in post.lines if line["kind"] != "registered"]
    assert told == [(other, "slot"), (trip, "slot_changed")]
    assert post.states == {"sent": 4, "superseded": 1}


def test_a_slot_that_is_followed_by_the_call_up_needs_no_telling(post: Post):
    trip = post.border.trip()
    post.put(trip, "slot")
    post.put(trip, "call_up", gate="tan_thanh", yard="yard_bao_nguyen")
    post.send()
    assert [line["kind"] for line in post.lines] == ["registered", "call_up"]


def test_a_cancelled_trip_hears_of_nothing_else_any_more(post: Post):
    trip = post.border.trip()
    post.put(trip, "call_up", gate="tan_thanh", yard="yard_bao_nguyen")
    cancel(post.border.conn, post.border.site, trip, by="the test", now=MORNING)
    post.send()
    assert [line["kind"] for line in post.lines] == ["cancelled"]


def test_a_call_up_that_is_over_is_not_sent(post: Post):
    trip = post.border.trip()
    post.put(trip, "call_up", gate="tan_thanh", yard="yard_bao_nguyen", expires_at=after(30))
    post.send(now=after(30))
    assert [line["kind"] for line in post.lines] == ["registered"]
    assert post.states == {"sent": 1, "expired": 1}


def test_a_message_with_a_hole_in_it_is_dead_and_holds_up_nobody(post: Post):
    trip, other = post.border.trip(), post.border.trip()
    post.put(trip, "call_up", gate="tan_thanh")
    post.put(other, "slot")
    post.send()
    assert [line["kind"] for line in post.lines] == ["registered", "registered", "slot"]
    assert post.states == {"sent": 3, "dead": 1}


def test_while_the_gateway_is_away_messages_wait_longer_and_longer_and_then_are_dead(post: Post):
    post.border.trip()
    whole, post.path = post.path, post.path / "not" / "there"
    waits, wall = [], WALL
    while post.states == {"waiting": 1}:
        post.send(wall=wall)
        [(due,)] = post.border.conn.execute("select next_wall_at from outbox").fetchall()
        assert post.send(wall=due - timedelta(seconds=1)) == 0 or "dead" in post.states
        waits.append((due - wall).total_seconds())
        wall = due
    assert waits[:7] == [5, 10, 20, 40, 80, 160, 320]
    assert post.states == {"dead": 1}
    post.path = whole
    assert post.send(wall=wall + timedelta(days=1)) == 0


def test_a_gateway_that_comes_back_gets_what_waited_in_its_order(post: Post):
    trip = post.border.trip()
    whole, post.path = post.path, post.path / "not" / "there"
    post.send()
    post.put(trip, "slot")
    post.path = whole
    assert post.send() == 0, "the slot does not overtake the message before it"
    post.send(wall=WALL + timedelta(seconds=5))
    assert [line["kind"] for line in post.lines] == ["registered", "slot"]
    assert post.states == {"sent": 2}


def test_a_crash_between_writing_and_commit_writes_nothing_twice(post: Post):
    post.border.trip()

    class CrashError(Exception):
        pass

    def crash() -> None:
        conn = post.border.conn
        with conn.transaction():
            post.send_in(conn)
            raise CrashError

    with pytest.raises(CrashError):
        crash()
    assert (len(post.lines), post.states) == (1, {"waiting": 1})
    post.send()
    assert (len(post.lines), post.states) == (1, {"sent": 1})


def test_two_senders_share_the_work_and_send_nothing_twice(post: Post, database: str):
    for _ in range(10):
        post.border.trip()
    with psycopg.connect(database) as one, psycopg.connect(database) as other:
        assert post.send_in(one, batch=4) == 4
        assert post.send_in(other) == 6
        one.commit()
        other.commit()
    assert sorted(line["trip"] for line in post.lines) == list(range(1, 11))
    assert post.states == {"sent": 10}


def test_a_message_that_was_rolled_back_was_never_there(post: Post):
    trip = post.border.trip()
    post.send()

    class RefusedError(Exception):
        pass

    def refuse() -> None:
        with post.border.conn.transaction():
            post.put(trip, "slot")
            raise RefusedError

    with pytest.raises(RefusedError):
        refuse()
    assert post.send() == 0
