"""The order of a gate as it is printed, and the check of its sheet."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import at, on_the_road, small_gate, small_site, snapshot, staged
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.hand import Act, ActKind
from flowctl.ledger.chain import Head, genesis
from flowctl.ledger.codes import code_of
from flowctl.paper.order import Line, Order, SignedOrder, canonical, order_of, sign_order
from flowctl.paper.sheet import check_sheet, qr_text, sheet
from flowctl.site import Access, Yard
from flowctl.state import LiveTrip, Slot

NOON = at("12:00")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HEAD = Head("somewhere", 812, genesis("somewhere"), NOON)
YARDS = (
    Yard("yard", {"vi": "Bãi Một", "zh": "一号"}, 500, (Access("north", 600.0, 0.25),)),
    Yard("far", {"vi": "Bãi Xa"}, 500, (Access("north", 900.0, 0.25), Access("south", 60.0, 0.2))),
)
SITE = small_site((small_gate(), small_gate("south")), yards=YARDS)


def order(*trips: LiveTrip, gate: str = "north", target: float | None = 17.9) -> Order:
    plates = {trip.id: f"12C0000{trip.id}" for trip in trips}
    seen = snapshot(trips, NOON, site=SITE)
    return order_of(seen, gate, plates, head=HEAD, n_target=target)


def numbers(*trips: LiveTrip, gate: str = "north") -> list[tuple[int | None, int, str]]:
    return [(line.number, line.trip, line.place) for line in order(*trips, gate=gate).lines]


def slot(clock: str, gate: str = "north") -> Slot:
    return Slot(gate, at(clock))


EARLY = staged(1, arrived=at("06:00"), told=slot("13:00"))
LATE = staged(2, arrived=at("05:00"), told=slot("14:00"))
NO_SLOT = staged(3, arrived=at("04:00"))
CALLED = staged(4, arrived=at("06:30"), told=slot("12:30"))._replace(
    yard=None,
    released_at=at("11:40"),
    released_gate="north",
    release_expires_at=at("12:40"),
)
QUEUED = CALLED._replace(id=5, queued_at=at("11:55"))
INSPECTED = CALLED._replace(id=6, queued_at=at("11:30"), lane_at=at("11:50"))
COMING = on_the_road(
    7, registered=at("10:00"), eta=at("13:30"), ready=at("13:00"), told=slot("13:30")
)


def test_numbers_go_by_who_is_there_then_who_was_called_then_slot_then_seniority():
    assert numbers(NO_SLOT, LATE, EARLY, COMING, CALLED, QUEUED, INSPECTED) == [
        (None, 6, "in_lane"),
        (1, 5, "at_gate"),
        (2, 4, "called"),
        (3, 1, "yard"),
        (4, 7, "road"),
        (5, 2, "yard"),
        (6, 3, "yard"),
    ]


def test_of_trucks_with_one_slot_the_senior_comes_first_and_penalties_count():
    first, second = (LATE._replace(id=n, arrived_at=at(f"0{n}:00")) for n in (2, 3))
    assert [trip for _, trip, _ in numbers(second, first)] == [2, 3]
    fined = first._replace(penalty_s=7200.0)
    assert [trip for _, trip, _ in numbers(second, fined)] == [3, 2]
    assert order(fined).lines[0].seniority == at("04:00")


def test_a_truck_is_in_the_order_of_the_gate_it_is_bound_for_alone():
    elsewhere = staged(
        1, arrived=at("06:00"), gates=("north", "south"), told=slot("13:00", "south")
    )
    only_way = staged(2, arrived=at("06:00"), gates=("south", "north"))  # its yard feeds north only
    assert [trip for _, trip, _ in numbers(elsewhere, only_way)] == [2]
    assert [trip for _, trip, _ in numbers(elsewhere, only_way, gate="south")] == [1]


def test_who_is_on_the_road_without_a_slot_or_has_crossed_is_not_in_it():
    unplanned = on_the_road(1, registered=at("10:00"), eta=None, ready=at("13:00"))
    far_off = COMING._replace(told=Slot("north", NOON + timedelta(hours=13)))
    crossed = QUEUED._replace(lane_at=at("11:56"), cleared_at=at("11:59"))
    assert numbers(unplanned, far_off, crossed) == []


def test_who_did_not_leave_when_called_comes_last():
    asleep = EARLY._replace(
        released_at=at("11:00"),
        released_gate="north",
        release_expires_at=at("11:20"),
        release_ended="no_show",
    )
    assert numbers(asleep, LATE) == [(1, 2, "yard"), (2, 1, "yard")]


def test_the_target_is_a_whole_number_of_trucks_or_not_known():
    assert order(EARLY).n_target == 17
    assert order(EARLY, target=0.4).n_target == 1
    assert order(EARLY, target=None).n_target is None


SIGNED = sign_order(order(INSPECTED, CALLED, EARLY, LATE, NO_SLOT, COMING), KEY)
PUBLIC = KEY.public_key().public_bytes_raw()


@pytest.mark.parametrize("yard", [None, "yard", "far"])
def test_a_sheet_is_whole_as_it_was_made_also_where_line_ends_were_turned(yard: str | None):
    made = sheet(SIGNED, yard)
    for text in (made, made.replace("\n", "\r\n")):
        checked = check_sheet(text, public=PUBLIC)
        assert checked.fault is None
        assert checked.signed == SIGNED


@pytest.mark.parametrize(
    ("was", "is_now", "sentence"),
    [
        (">12C00001<", ">12C00009<", "2 12C00009 13:00"),
        ('class="number">3<', 'class="number">4<', "was changed: it says"),
        ("13:00", "12:00", "was changed: it says"),
        ('"plate":"12C00001"', '"plate":"12C00009"', "changed after it was signed"),
        ('"n_target":17', '"n_target":70', "changed after it was signed"),
        ('"number":3,', '"number":"3",', "cannot be read"),
        ('"form":2', '"form":1', "reads form 2"),
        ('"yard":"yard"}\n</script>', '"yard":"none"}\n</script>', "cannot be read"),
        ("N* = 17", "N* = 71", "“Số xe trên đường"),
    ],
)
def test_a_changed_digit_shows(was: str, is_now: str, sentence: str):
    made = sheet(SIGNED, "yard")
    changed = made.replace(was, is_now, 1)
    assert changed != made
    fault = check_sheet(changed, public=PUBLIC).fault
    assert fault is not None
    assert sentence in fault


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_torn_sheet_is_called_torn(share: float):
    made = sheet(SIGNED)
    fault = check_sheet(made[: int(share * len(made))]).fault
    assert fault is not None
    assert "is missing" in fault


def test_a_sheet_nobody_signed_or_somebody_else_did_is_no_sheet_of_the_site():
    bare = SignedOrder(SIGNED.order)
    assert "bears no signature" in str(check_sheet(sheet(bare)).fault)
    assert "NOT signed" in sheet(bare)
    other = sign_order(SIGNED.order, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert check_sheet(sheet(other)).fault is None
    assert "somebody else made it" in str(check_sheet(sheet(other), public=PUBLIC).fault)


def test_a_yards_sheet_shows_who_stands_there_or_is_to_come_and_all_numbers_agree():
    def plates(yard: str | None) -> set[str]:
        text = sheet(SIGNED, yard).split('<script type="application/json"')[0]
        return {line.plate for line in SIGNED.order.lines if f">{line.plate}<" in text}

    assert len(plates(None)) == 6
    assert plates("yard") == {"12C00001", "12C00002", "12C00003", "12C00007"}
    assert plates("far") == {"12C00007"}
    assert check_sheet(sheet(SIGNED, "far")).signed == SIGNED


def test_a_sheet_asks_nothing_of_anywhere_and_speaks_three_languages():
    made = sheet(SIGNED)
    assert "http" not in made
    assert "src=" not in made
    assert "url(" not in made
    for said in ("gọi số tiếp theo", "放行下一号", "call the next number", SIGNED.code, "812"):
        assert said in made


def test_what_is_written_in_a_plate_or_convoy_is_no_markup():
    [line] = order(EARLY._replace(convoy="</script><b>&")).lines
    signed = sign_order(_with(line), KEY)
    made = sheet(signed)
    assert "<b>&" not in made
    assert made.count("</script>") == 1
    assert check_sheet(made).fault is None


def _with(line: Line) -> Order:
    whole = order(EARLY)
    return Order(
        **{name: getattr(whole, name) for name in Order.__struct_fields__} | {"lines": (line,)}
    )


def test_an_order_without_trucks_says_so():
    made = sheet(sign_order(order(target=None), KEY))
    assert "There are no trucks." in made
    assert "tổng số xe trên đường và ở cửa khẩu: như hiện nay." in made
    assert "途中和口岸的车辆总数：与现在相同。" in made
    assert "Trucks on the way and at the gate together: as many as now." in made
    assert check_sheet(made).fault is None


def test_a_phone_reads_the_orders_code_the_ledgers_head_and_the_signature_from_the_sheet():
    made, said = sheet(SIGNED), qr_text(SIGNED)
    assert "<svg" in made
    assert f"order {SIGNED.code}" in said
    assert f"ledger {SIGNED.order.head_seq} {SIGNED.order.head_hash}" in said
    assert SIGNED.signature is not None
    assert SIGNED.signature.hex() in said
    head = code_of(bytes.fromhex(SIGNED.order.head_hash))
    assert f"flowctl ledger verify --against {head}" in made


def test_a_truck_that_is_held_is_on_no_sheet_until_it_was_called():
    def held(trip: int) -> Act:
        return Act(ActKind.HOLD_TRUCK, "papers", "lan", NOON, id=trip, trip_id=trip)

    seen = snapshot((EARLY, LATE, COMING, CALLED), NOON, site=SITE)
    seen = replace(seen, acts=(held(EARLY.id), held(COMING.id), held(CALLED.id)))
    made = order_of(seen, "north", dict.fromkeys(range(9), "12C"), head=HEAD, n_target=None)
    assert [line.trip for line in made.lines] == [CALLED.id, LATE.id]


def test_a_truck_that_waits_for_an_agency_keeps_its_number_and_is_marked():
    waits = EARLY._replace(locked=("gate", "release"))
    made = order(waits, LATE)
    assert [(line.trip, line.unconfirmed) for line in made.lines] == [(1, True), (2, False)]
    printed = sheet(sign_order(made, KEY))
    assert printed.count("chờ xác nhận") == 1
    assert check_sheet(printed).fault is None


def test_an_order_of_before_there_were_agencies_has_the_digest_it_had():
    assert b"unconfirmed" not in canonical(order(EARLY, LATE))
