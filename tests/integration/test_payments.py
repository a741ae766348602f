"""What is paid for trips, with a real database behind it: once, numbered, given back once."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from border import MORNING, SITE, Border, after, border
from small_workflow import WORKFLOW

from flowctl.errors import ConflictError, FlowctlError, SiteError
from flowctl.registry import stages
from flowctl.registry.dues import Bill, find_bill
from flowctl.registry.fees import bill, pay, refund
from flowctl.site_files import read_source
from flowctl.storage import fees as stored
from flowctl.storage.sites import save_site
from flowctl.workflow.stages import Act, Desk, Origin, Proof

FEES = """
version = "1"
valid_from = 2024-01-01T00:00:00+07:00

[[service]]
id = "way"
name = { vi = "Phí đường", zh = "道路费", en = "Way" }
[[service.rate]]
amount_vnd = 100_000
applies = { weight_class = ["light"] }
[[service.rate]]
amount_vnd = 300_000
applies = { weight_class = ["heavy"] }

[[service]]
id = "fruit"
name = { vi = "Kiểm dịch", zh = "检疫", en = "Fruit" }
after = "customs_check"
applies = { goods_class = ["fruit"] }
[[service.rate]]
amount_vnd = 50_000

[[service]]
id = "parking"
name = { vi = "Lưu bãi", zh = "停车", en = "Parking" }
per = "day"
free_h = 4
[[service.rate]]
amount_vnd = 40_000
"""


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    """Yield the border with a small workflow and a small schedule of fees."""
    with border(database, workflow=WORKFLOW, fees=FEES) as place:
        yield place


def declared(place: Border, weight: str | None = "light", **changes: Any) -> int:  # noqa: ANN401
    """Declare a truck of a weight class in the yard and return its trip, billed."""
    trip = place.trip(gates=("huu_nghi",), weight_class=weight, **changes)
    place.visit(trip, "yard_viettel", entered=0)
    bill(place.conn, place.site, trip, now=MORNING)
    in_yard(place, trip, MORNING)
    return trip


def in_yard(place: Border, trip: int, now: datetime) -> None:
    origin = Origin.VISIT
    stages.prove(
        place.conn, place.site, trip, Proof.YARD_IN, origin=origin, by="flowctl", at=now, now=now
    )


def customs(place: Border, trip: int, goods: str = "steel", *, at: datetime = MORNING) -> None:
    stages.say(
        place.conn,
        place.site,
        trip,
        "customs_check",
        Act.CONFIRMED,
        origin=Origin.HAND,
        by="customs",
        desk=Desk.CUSTOMS,
        at=at,
        now=at,
        settled={"goods_class": goods},
    )


def paid(
    place: Border,
    trip: int,
    amount: int,
    reference: str | None = None,
    *,
    minute: float = 5,
    conn: psycopg.Connection[Any] | None = None,
    **changes: Any,  # noqa: ANN401
) -> int:
    values: dict[str, Any] = {
        "method": "cash" if reference is None else "transfer",
        "by": "tax",
        "origin": Origin.HAND,
        "paid_at": after(minute),
        **changes,
    }
    with (conn or place.conn).transaction():
        return pay(
            conn or place.conn,
            place.site,
            trip,
            reference=reference,
            amount_vnd=amount,
            now=after(minute),
            **values,
        )


def owed(place: Border, trip: int, minute: float = 5) -> Bill:
    found = find_bill(place.conn, place.site, trip, now=after(minute))
    assert found is not None
    return found


def state_of(place: Border, trip: int, stage: str = "fees_paid") -> str:
    [(state,)] = place.conn.execute(
        "select state from trip_stages where trip_id = %s and stage = %s", [trip, stage]
    ).fetchall()
    return str(state)


def receipts(place: Border) -> list[tuple[str, int]]:
    found = stored.list_payments_recorded(place.conn, place.site.id, after(-999), after(999_999))
    return [(one.number, one.amount_vnd) for one in found]


def test_paying_what_is_due_confirms_the_stage_of_fees_and_says_by_what(place: Border):
    trip = declared(place)
    customs(place, trip)
    assert state_of(place, trip) == "ready"
    paid(place, trip, 60_000)
    assert (owed(place, trip).due_vnd, state_of(place, trip)) == (40_000, "ready")
    paid(place, trip, 40_000)
    assert (owed(place, trip).due_vnd, state_of(place, trip)) == (0, "confirmed")
    [(origin, evidence)] = place.conn.execute(
        "select origin, evidence from stage_records where stage = 'fees_paid'"
    ).fetchall()
    assert (origin, evidence) == ("payment", {"due_vnd": 0, "paid_vnd": 100_000})
    assert receipts(place) == [("2024-000001", 60_000), ("2024-000002", 40_000)]


def test_the_fee_of_fruit_is_due_once_customs_said_that_it_is_fruit(place: Border):
    trip = declared(place, goods_class="fruit")
    assert [one.stage for one in owed(place, trip).record.dues.withheld] == ["customs_check"]
    assert owed(place, trip).due_vnd == 100_000
    customs(place, trip, "fruit")
    assert owed(place, trip).due_vnd == 150_000
    assert stored.find_dues(place.conn, trip) == owed(place, trip, 0).record


def test_a_truck_without_its_weight_class_is_not_settled_with_nothing_paid(place: Border):
    trip = declared(place, None)
    customs(place, trip)
    assert (owed(place, trip).due_vnd, state_of(place, trip)) == (0, "ready")
    assert [one.fact for one in owed(place, trip).record.dues.withheld] == ["weight_class"]


def test_nothing_due_confirms_the_stage_without_anybody(place: Border):
    free = FEES.replace("100_000", "0").replace('"1"', '"2"')
    later = free.replace("2024-01-01", "2024-01-24")
    stored.add_schedule(place.conn, place.site, later, by="the test", now=after(1))
    tomorrow = datetime(2024, 1, 24, 1, 0, tzinfo=UTC)
    trip = place.trip(gates=("huu_nghi",), weight_class="light", at=tomorrow)
    in_yard(place, trip, tomorrow)
    customs(place, trip, at=tomorrow)
    assert state_of(place, trip) == "confirmed"


def test_days_in_the_yard_are_counted_until_it_is_paid_and_no_further(place: Border):
    trip = declared(place)
    customs(place, trip)
    assert owed(place, trip, 60 * 3.9).due_vnd == 100_000
    assert owed(place, trip, 60 * 5).due_vnd == 140_000
    paid(place, trip, 140_000, minute=60 * 5)
    assert owed(place, trip, 60 * 99).due_vnd == 0
    assert state_of(place, trip) == "confirmed"


def test_who_pays_before_the_checks_pays_for_the_days_until_they_are_done(place: Border):
    trip = declared(place)
    paid(place, trip, 100_000)
    assert (owed(place, trip).is_settled, state_of(place, trip)) == (True, "waiting")
    assert owed(place, trip, 60 * 30).due_vnd == 80_000, "26 hours beyond the free ones"
    customs(place, trip, at=after(60 * 30))
    assert state_of(place, trip) == "ready"
    paid(place, trip, 80_000, minute=60 * 30)
    assert state_of(place, trip) == "confirmed"
    assert owed(place, trip, 60 * 99).due_vnd == 0


def test_who_paid_before_the_checks_and_is_in_time_waits_for_nobody_at_the_till(place: Border):
    trip = declared(place)
    paid(place, trip, 100_000)
    customs(place, trip, at=after(60))
    assert state_of(place, trip) == "confirmed"
    assert owed(place, trip, 60 * 99).due_vnd == 0


def test_a_change_after_payment_shows_what_is_due_and_locks_again(place: Border):
    trip = declared(place)
    customs(place, trip)
    paid(place, trip, 100_000)
    place.conn.execute("update declarations set weight_class = 'heavy'")
    bill(place.conn, place.site, trip, now=after(6))
    assert (owed(place, trip, 6).due_vnd, state_of(place, trip)) == (200_000, "ready")
    paid(place, trip, 200_000, minute=7)
    assert state_of(place, trip) == "confirmed"
    place.conn.execute("update declarations set weight_class = 'light'")
    bill(place.conn, place.site, trip, now=after(8))
    assert (owed(place, trip, 8).due_vnd, state_of(place, trip)) == (-200_000, "confirmed")


def test_what_the_tax_desk_confirmed_by_hand_stands(place: Border):
    trip = declared(place)
    customs(place, trip)
    stages.say(
        place.conn,
        place.site,
        trip,
        "fees_paid",
        Act.CONFIRMED,
        origin=Origin.HAND,
        by="tax",
        desk=Desk.TAX,
        at=after(2),
        now=after(2),
    )
    bill(place.conn, place.site, trip, now=after(3))
    stages.refresh(place.conn, place.site, trip, now=after(3))
    assert state_of(place, trip) == "confirmed"


@pytest.mark.parametrize("amount", [0, -100_000, 10**10, 2**62])
def test_sums_that_no_fee_has_are_refused(place: Border, amount: int):
    trip = declared(place)
    with pytest.raises(FlowctlError, match="A payment is between 1 and 1000000000 VND"):
        paid(place, trip, amount)
    assert receipts(place) == []


def test_more_than_is_due_is_refused_with_what_is_due(place: Border):
    trip = declared(place)
    with pytest.raises(ConflictError, match="100000 VND are due, so 100001 cannot be taken"):
        paid(place, trip, 100_001)
    paid(place, trip, 100_000)
    with pytest.raises(ConflictError, match="Nothing is due"):
        paid(place, trip, 1)
    assert receipts(place) == [("2024-000001", 100_000)]


def test_a_reference_is_taken_once_whatever_trip_it_is_for(place: Border):
    first, second = declared(place), declared(place)
    paid(place, first, 50_000, "FT-1")
    for trip in (first, second):
        with pytest.raises(ConflictError, match="FT-1 of transfer was entered before, with receip"):
            paid(place, trip, 50_000, "FT-1")
    paid(place, second, 50_000, "FT-1", method="card")
    assert [amount for _, amount in receipts(place)] == [50_000, 50_000]


def test_a_providers_message_that_comes_again_is_the_payment_it_was(place: Border):
    trip = declared(place)
    told = {"method": "vnpay", "origin": Origin.PAYMENT, "by": "source:bank"}
    payment = paid(place, trip, 100_000, "VN-1", **told)
    assert paid(place, trip, 100_000, "VN-1", minute=9, **told) == payment
    assert receipts(place) == [("2024-000001", 100_000)]


def test_a_providers_message_after_a_payment_by_hand_takes_nothing(place: Border):
    trip = declared(place)
    paid(place, trip, 100_000)
    with pytest.raises(ConflictError, match="Nothing is due"):
        paid(place, trip, 100_000, "VN-1", method="vnpay", origin=Origin.PAYMENT)


def test_a_transfer_without_reference_and_a_payment_yet_to_be_made_are_refused(place: Border):
    trip = declared(place)
    with pytest.raises(FlowctlError, match="needs the reference"):
        paid(place, trip, 100_000, " ")
    with pytest.raises(FlowctlError, match="lies ahead"):
        paid(place, trip, 100_000, paid_at=after(60))


def test_two_cashiers_at_once_take_what_is_due_once(place: Border, database: str):
    trip = declared(place)
    outcomes: list[str] = []

    def take(number: int) -> None:
        with psycopg.connect(database) as conn:
            try:
                paid(place, trip, 100_000, f"FT-{number}", conn=conn)
            except ConflictError as error:
                outcomes.append(str(error.refusal.kind))
            else:
                outcomes.append("taken")

    cashiers = [threading.Thread(target=take, args=[number]) for number in range(6)]
    for one in cashiers:
        one.start()
    for one in cashiers:
        one.join()
    assert sorted(outcomes) == ["nothing_due"] * 5 + ["taken"]
    assert receipts(place) == [("2024-000001", 100_000)]


def test_cashiers_of_many_trips_at_once_leave_no_gap_in_the_receipts(place: Border, database: str):
    trips = [declared(place) for _ in range(6)]

    def take(trip: int) -> None:
        with psycopg.connect(database) as conn:
            for _ in range(5):
                paid(place, trip, 20_000, conn=conn)

    cashiers = [threading.Thread(target=take, args=[trip]) for trip in trips]
    for one in cashiers:
        one.start()
    for one in cashiers:
        one.join()
    assert [number for number, _ in receipts(place)] == [f"2024-{n:06d}" for n in range(1, 31)]


def test_a_payment_is_given_back_once_with_its_reason_and_a_receipt_of_its_own(place: Border):
    trip = declared(place)
    customs(place, trip)
    payment = paid(place, trip, 100_000)
    give = {"by": "tax", "now": after(9)}
    with pytest.raises(FlowctlError, match="needs a reason"):
        refund(place.conn, place.site, payment, reason="  ", **give)
    with pytest.raises(FlowctlError, match="1 to 100000 VND can be given back"):
        refund(place.conn, place.site, payment, reason="Sai", amount_vnd=100_001, **give)
    given = refund(place.conn, place.site, payment, reason="Thu nhầm xe", **give)
    assert receipts(place) == [("2024-000001", 100_000), ("2024-000002", -100_000)]
    assert (owed(place, trip, 9).due_vnd, state_of(place, trip)) == (100_000, "ready")
    with pytest.raises(ConflictError, match="2024-000001 was given back already, with 2024-000002"):
        refund(place.conn, place.site, payment, reason="Sai", **give)
    with pytest.raises(ConflictError, match="is itself a refund"):
        refund(place.conn, place.site, given, reason="Sai", **give)
    paid(place, trip, 100_000, minute=10)
    assert state_of(place, trip) == "confirmed"


def test_the_difference_of_a_cheaper_class_is_given_back_of_the_service_paid_too_much(
    place: Border,
):
    trip = declared(place, "heavy")
    customs(place, trip)
    payment = paid(place, trip, 300_000)
    place.conn.execute("update declarations set weight_class = 'light'")
    bill(place.conn, place.site, trip, now=after(6))
    given = refund(
        place.conn, place.site, payment, reason="Sai", amount_vnd=200_000, by="tax", now=after(7)
    )
    record = stored.find_payment(place.conn, place.site.id, given)
    assert record is not None
    assert (record.amount_vnd, record.services) == (-200_000, {"way": -200_000})
    assert (owed(place, trip, 7).due_vnd, state_of(place, trip)) == (0, "confirmed")


def test_receipts_begin_anew_with_the_sites_year(place: Border):
    trip = declared(place)
    paid(place, trip, 10_000)
    eve = datetime(2024, 12, 31, 16, 59, tzinfo=UTC)
    for minutes in (0, 2):
        now = eve + timedelta(minutes=minutes)
        paid(place, trip, 10_000, minute=(now - MORNING).total_seconds() / 60)
    assert [number for number, _ in receipts(place)] == [
        "2024-000001",
        "2024-000002",
        "2025-000001",
    ]


def test_a_trip_is_billed_to_its_end_by_the_fees_it_was_declared_under(place: Border):
    trip = declared(place)
    dearer = FEES.replace('"1"', '"2"').replace("100_000", "900_000")
    text = dearer.replace("2024-01-01T00", "2024-01-23T08")
    with pytest.raises(SiteError, match="version 2 holds from 2024-01-23 08:00"):
        stored.add_schedule(place.conn, place.site, text, by="the test", now=after(3))
    text = dearer.replace("2024-01-01T00", "2024-01-23T09")
    stored.add_schedule(place.conn, place.site, text, by="the test", now=after(3))
    later = place.trip(gates=("huu_nghi",), weight_class="light", at=after(61))
    bill(place.conn, place.site, later, now=after(61))
    assert (owed(place, trip, 62).due_vnd, owed(place, later, 62).due_vnd) == (100_000, 900_000)


def test_a_version_that_was_loaded_stands_with_its_text(place: Border):
    def load(text: str) -> None:
        stored.add_schedule(place.conn, place.site, text, by="the test", now=after(3))

    load(FEES)
    with pytest.raises(SiteError, match=r"version 1 was loaded on .* with another text"):
        load(FEES.replace("100_000", "900_000"))
    with pytest.raises(SiteError, match="was loaded already; give it a later valid_from"):
        load(FEES.replace('"1"', '"0"').replace("2024-01-01", "2023-01-01"))
    assert [one.version for one in stored.list_schedules(place.conn, place.site.id)] == ["1"]


def test_a_schedule_that_contradicts_the_sites_workflow_is_not_loaded(place: Border):
    source = replace(read_source(SITE), workflow=WORKFLOW, fees=FEES.replace("customs_check", "x"))
    with pytest.raises(SiteError, match=r'"x" is no stage of workflow\.toml'):
        save_site(place.conn, source, where="the test", now=after(1))
