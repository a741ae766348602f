"""What drivers write by SMS: understood, acted on by the rules of the page, answered once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from border import KEYS, MORNING, Border, after, border
from builders import MESSAGE_KINDS
from sending import KeptGateway, send_all

from flowctl.registry.answers import PARAMS, Order, take_answer
from flowctl.registry.changes import TripChange, change
from flowctl.registry.keys import decrypt_answer
from flowctl.registry.trips import cancel
from flowctl.storage.ended import forget_ended
from flowctl.storage.ledger import list_rows_of
from flowctl.storage.trips import find_trip_locked

MINE = "+84903123456"
THEIRS = "+84903999999"


class Phone:
    """A phone that writes to the border, and what it is told."""

    def __init__(self, place: Border) -> None:
        self.place = place
        self._seen = 0
        self._refs = 0

    def writes(
        self, text: str, *, at: datetime = MORNING, phone: str = MINE, ref: str | None = "own"
    ) -> list[tuple[str, dict[str, Any]]]:
        """Write a text; returns the messages it brought, and none it had brought before."""
        self._refs += 1
        name = f"ref-{self._refs}" if ref == "own" else ref
        self.told()
        take_answer(
            self.place.conn,
            self.place.site,
            KEYS,
            phone=phone,
            text=text,
            gateway="tests",
            ref=name,
            order=Order(),
            now=at,
        )
        return self.told()

    def told(self) -> list[tuple[str, dict[str, Any]]]:
        rows = self.place.conn.execute(
            "select id, kind, params from outbox where id > %s order by id", [self._seen]
        ).fetchall()
        self._seen = max([self._seen, *(row[0] for row in rows)])
        return [(kind, params) for _, kind, params in rows]

    def kinds(self, text: str, **how: Any) -> list[str]:  # noqa: ANN401
        return [kind for kind, _ in self.writes(text, **how)]

    @property
    def outcome(self) -> tuple[str, str | None, int | None]:
        [row] = self.place.conn.execute(
            "select outcome, wish, trip_id from sms_answers order by id desc limit 1"
        ).fetchall()
        return row[0], row[1], row[2]


@pytest.fixture
def phone(database: str) -> Iterator[Phone]:
    with border(database) as place:
        yield Phone(place)


def told(phone: Phone, starts: float = 60, **trip: Any) -> int:  # noqa: ANN401
    """Register a trip whose slot starts so many minutes after 08:00."""
    made = phone.place.trip(phone=MINE, at=after(-300), **trip)
    phone.place.tell(made, after(starts))
    return made


def slot(phone: Phone, trip: int) -> tuple[bool, datetime | None]:
    [(accepted, late_until)] = phone.place.conn.execute(
        "select accepted_at is not null, late_until from slots where trip_id = %s", [trip]
    ).fetchall()
    return accepted, late_until


def extended(phone: Phone, trip: int) -> datetime | None:
    found = find_trip_locked(phone.place.conn, trip, site="lang_son")
    assert found is not None
    return found.extended_until


def test_a_driver_accepts_the_slot_and_the_ledger_says_so(phone: Phone):
    trip = told(phone)
    [(kind, params)] = phone.writes("Đồng ý 👍")
    assert kind == "reply_accepted"
    assert params["starts_at"] == after(60).isoformat()
    assert slot(phone, trip) == (True, None)
    row = list_rows_of(phone.place.conn, "lang_son", trip)[-1].row
    assert (row.kind, row.reason, row.actor) == ("changed", "accepted", "driver:sms")


def test_who_cannot_come_cancels_and_the_word_of_that_is_the_answer(phone: Phone):
    trip = told(phone)
    assert phone.kinds("không đến được") == ["cancelled"]
    assert phone.outcome == ("cancelled", "cannot_come", trip)
    assert phone.kinds("1") == ["reply_over"]
    assert phone.kinds("1", at=after(25 * 60)) == []
    assert phone.outcome[0] == "no_trip"


def test_a_little_late_is_noted_and_more_moves_the_slot_once_a_day(phone: Phone):
    trip = told(phone)
    assert phone.kinds("3") == ["reply_late_ask"]
    [(kind, params)] = phone.writes("trễ 30 phút")
    assert (kind, params["minutes"]) == ("reply_late", "30")
    assert slot(phone, trip) == (False, after(90))
    [(kind, params)] = phone.writes("3 45")
    assert (kind, params["until"]) == ("reply_moved", after(105).isoformat())
    assert extended(phone, trip) == after(105)
    assert phone.writes("3 90") == [("reply_refused", {"why": "used_up"})]
    assert extended(phone, trip) == after(105)


def test_a_bare_number_is_the_delay_we_asked_for_and_a_bare_no_cancels_nothing(phone: Phone):
    told(phone)
    trip = told(phone)
    assert phone.kinds("30", at=after(-60)) == ["reply_help"]
    assert phone.kinds("3 00002") == ["reply_late_ask"]
    assert phone.kinds("không", at=after(1)) == ["reply_help"]
    assert phone.kinds("30 phút", at=after(2)) == ["reply_late"]
    assert phone.outcome == ("late", "late", trip)
    assert phone.kinds("20", at=after(3)) == []
    assert phone.kinds("3 00002", at=after(4)) == ["reply_late_ask"]
    assert phone.kinds("1 00002", at=after(5)) == ["reply_accepted"]
    assert phone.kinds("30", at=after(6)) == []
    assert phone.kinds("3 00002", at=after(7)) == ["reply_late_ask"]
    assert phone.kinds("30", at=after(18)) == []


def test_where_am_i_is_answered_with_slot_and_number(phone: Phone):
    trip = told(phone)
    first = phone.place.trip(at=after(-400))
    phone.place.tell(first, after(30))
    [(kind, params)] = phone.writes("ở đâu")
    assert (kind, params["n"], params["gate"]) == ("reply_status", "2", "tan_thanh")
    phone.place.release(trip, -5, until=60)
    assert phone.kinds("?") == ["reply_called"]
    phone.place.trip(phone=THEIRS)
    assert phone.kinds("?", phone=THEIRS) == ["reply_waiting"]


@pytest.mark.parametrize(
    ("starts", "released", "text", "why"),
    [
        (None, False, "1", "no_slot"),
        (-60, False, "1", "too_late"),
        (-60, False, "3 20", "too_late"),
        (60, True, "3 60", "called"),
    ],
)
def test_what_cannot_be_is_answered_with_the_reason(
    phone: Phone, starts: float | None, released: bool, text: str, why: str
):
    trip = phone.place.trip(phone=MINE, at=after(-300))
    if starts is not None:
        phone.place.tell(trip, after(starts))
    if released:
        phone.place.release(trip, -5, until=60)
    assert phone.writes(text) == [("reply_refused", {"why": why})]
    assert phone.outcome[0] == f"refused_{why}"


def test_a_text_nobody_understands_is_answered_with_help_once_an_hour(phone: Phone):
    told(phone)
    assert phone.kinds("tôi đang ăn cơm") == ["reply_help"]
    assert phone.kinds("🚛🚛🚛", at=after(30)) == []
    assert phone.kinds("x" * 2000, at=after(61)) == ["reply_help"]
    [(cipher,)] = phone.place.conn.execute(
        "select cipher from sms_answers order by id desc limit 1"
    ).fetchall()
    assert decrypt_answer(KEYS, cipher) == "x" * 500


@pytest.mark.parametrize("number", ["+84903999999", "0254 3812 345", "+1 202 555 0123", "VIETTEL"])
def test_who_is_not_registered_is_kept_and_never_answered(phone: Phone, number: str):
    told(phone)
    assert phone.kinds("1", phone=number) == []
    assert phone.outcome == ("unregistered", None, None)
    [(rows,)] = phone.place.conn.execute(
        "select count(*) from sms_answers where sms_answers::text like '%903999999%'"
    ).fetchall()
    assert rows == 0, "the number stands nowhere in plain"


def test_two_trucks_on_one_phone_are_told_apart_by_the_end_of_the_plate(phone: Phone):
    one, two = told(phone), told(phone)
    [(kind, params)] = phone.writes("2")
    assert kind == "reply_which"
    assert set(params["plates"].split(", ")) == {"12C00001", "12C00002"}
    assert phone.kinds("1 00002") == ["reply_accepted"]
    assert (slot(phone, one)[0], slot(phone, two)[0]) == (False, True)
    assert phone.kinds("2 0001") == ["cancelled"]
    assert phone.outcome == ("cancelled", "cannot_come", one)


def test_a_driver_changed_on_the_way_answers_for_nothing_any_more(phone: Phone):
    trip = told(phone)
    wish = TripChange(phone=THEIRS)
    change(phone.place.conn, phone.place.site, KEYS, trip, wish, by="op", now=MORNING)
    [(kind, params)] = phone.writes("2")
    assert kind == "reply_former"
    assert set(params) == {"driver"}, "it goes to who wrote"
    assert phone.outcome == ("former", "cannot_come", trip)
    assert phone.kinds("1", phone=THEIRS) == ["reply_accepted"]
    back = TripChange(phone=MINE)
    change(phone.place.conn, phone.place.site, KEYS, trip, back, by="op", now=MORNING)
    assert phone.kinds("1") == ["reply_accepted"]


def test_the_same_text_brought_twice_acts_once(phone: Phone):
    trip = told(phone)
    assert phone.kinds("3 60", ref="7") == ["reply_moved"]
    assert phone.kinds("3 60", ref="7") == []
    assert extended(phone, trip) == after(120)
    assert phone.kinds("?", ref=None) == ["reply_status"]
    assert phone.kinds("?", ref=None, at=after(0.9)) == []
    assert phone.outcome[0] == "repeated"
    assert phone.kinds("?", ref=None, at=after(2)) == ["reply_status"]


def test_a_number_that_writes_without_end_is_answered_no_more(phone: Phone):
    told(phone)
    for _ in range(PARAMS.most_per_h):
        assert phone.kinds("1") == ["reply_accepted"]
    assert phone.kinds("1") == []
    assert phone.outcome[0] == "too_many"
    assert phone.kinds("1", at=after(61)) == ["reply_accepted"]


def test_stop_and_start(phone: Phone):
    told(phone)
    silent = "select silent_since from drivers"
    assert phone.kinds("STOP") == ["reply_stopped"]
    assert phone.place.conn.execute(silent).fetchall() == [(MORNING,)]
    assert phone.kinds("Nhận tin") == ["reply_started"]
    assert phone.place.conn.execute(silent).fetchall() == [(None,)]


def test_every_reply_reaches_who_wrote_as_one_text(phone: Phone, database: str):
    """Each kind finds in its row all that its text names."""
    gateway = KeptGateway()
    trip = told(phone)
    for text in ("?", "1", "3", "3 20", "3 60", "3 60", "?!x", "STOP", "START"):
        phone.writes(text)
    phone.place.release(trip, -5, until=60)
    phone.writes("?")
    second = told(phone)
    phone.writes("1")
    for one in (trip, second):
        wish = TripChange(phone=THEIRS)
        change(phone.place.conn, phone.place.site, KEYS, one, wish, by="op", now=MORNING)
    phone.writes("2")
    phone.place.trip(phone=MINE)
    phone.writes("?")
    phone.writes("2")
    phone.place.conn.execute("delete from former_drivers")
    phone.writes("1")
    send_all(database, phone.place.site, gateway)
    replies = {kind for kind in MESSAGE_KINDS if kind.startswith("reply_")}
    took = {message.kind: message for message in gateway.took}
    assert replies <= took.keys()
    assert all(len(message.text) <= 160 and message.text.isascii() for message in gateway.took)
    assert took["reply_former"].to == MINE
    assert "12C00001" in took["reply_former"].text
    assert "so nay khong con di voi xe" in took["reply_former"].text.lower()
    states = "select count(*) from outbox where kind like 'reply%' and state <> 'sent'"
    assert phone.place.conn.execute(states).fetchone() == (0,)


def test_what_was_written_is_forgotten_with_the_number(phone: Phone):
    trip = told(phone)
    change(
        phone.place.conn,
        phone.place.site,
        KEYS,
        trip,
        TripChange(phone=THEIRS),
        by="op",
        now=MORNING,
    )
    phone.writes("1")
    phone.writes("1", phone="+84903888888")
    later = MORNING + timedelta(days=phone.place.site.numbers_kept_days + 1)
    forget_ended(phone.place.conn, phone.place.site, later)
    kept = "select count(*) from sms_answers"
    assert phone.place.conn.execute(kept).fetchall() == [(1,)], "the stranger's is gone"
    cancel(phone.place.conn, phone.place.site, trip, by="op", now=MORNING)
    forget_ended(phone.place.conn, phone.place.site, later)
    assert phone.place.conn.execute(kept).fetchall() == [(0,)]
    hashes = phone.place.conn.execute("select phone_hash from drivers").fetchall()
    assert set(hashes) == {(None,)}


def test_many_who_ask_at_once_where_they_are_cost_one_look_at_all_trips(phone: Phone):
    place, order = phone.place, Order()
    first = place.trip()
    assert [trip.id for trip in order.look(place.conn, place.site, MORNING)] == [first]
    second = place.trip(phone=THEIRS)
    soon, later = (MORNING + timedelta(seconds=s) for s in (9, 11))
    assert [trip.id for trip in order.look(place.conn, place.site, soon)] == [first]
    assert [trip.id for trip in order.look(place.conn, place.site, later)] == [first, second]
