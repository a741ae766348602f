import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from border import KEYS, MORNING, Border, after, border
from sending import count_by_state, send_all

from flowctl.notify.file import FileGateway
from flowctl.registry.changes import TripChange, change
from flowctl.registry.keys import link_code
from flowctl.registry.trips import cancel
from flowctl.storage.outbox import list_sent, queue_message

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
    url: str
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

    def send(self, *, now: datetime = MORNING) -> None:
        send_all(self.url, self.border.site, FileGateway(self.path), now=now)

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
        yield Post(place, database, tmp_path / "sms.jsonl")


def test_a_message_goes_to_the_driver_of_its_trip_in_his_language(post: Post):
    trip = post.border.trip(phone="0903 123 456", language="en")
    post.send()
    [line] = post.lines
    assert line["to"] == "+84903123456"
    assert line["kind"] == "registered"
    assert line["trip"] == trip
    assert line["at"] == MORNING.isoformat()
    assert f"https://gate.example/d/{link_code(KEYS, trip, 0)}" in line["text"]
    assert post.states == {"sent": 1}
    assert [m.kind for m in list_sent(post.border.conn, trip)] == ["registered"]


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
    assert [line["kind"] for line in post.lines] == ["call_up", "registered"]


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


def test_a_sender_killed_between_writing_and_commit_writes_nothing_twice(post: Post):
    post.border.trip()
    post.send()
    post.border.conn.execute("update outbox set state = 'waiting', sent_at = null")
    post.send()
    assert (len(post.lines), post.states) == (1, {"sent": 1})


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
    post.send()
    assert len(post.lines) == 1
