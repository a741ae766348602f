"""What may be changed of a trip after its registration, by the rules it was registered by."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from border import KEYS, Border, after, border

from flowctl.errors import ConflictError, FlowctlError
from flowctl.lanes import Bay
from flowctl.policy import Policy, SlotRules
from flowctl.registry.changes import TripChange, change
from flowctl.registry.requests import extend
from flowctl.storage.trips import find_trip_locked


@pytest.fixture
def scanned(database: str) -> Iterator[Border]:
    """Yield the border with a scanner at Hữu Nghị alone."""
    with border(database) as place:
        bay = Bay("scanner", places=1, slots=1)
        place.site = replace(
            place.site,
            gates=tuple(
                replace(gate, bays=(bay,)) if gate.id == "huu_nghi" else gate
                for gate in place.site.gates
            ),
        )
        yield place


def test_more_time_asked_for_twice_before_the_next_plan_is_twice_the_time(database: str):
    with border(database) as place:
        rules = SlotRules(extension_s=3600, extensions_per_day=2)
        site = replace(place.site, policy=Policy(slot=rules))
        trip = place.trip()
        place.tell(trip, after(60))
        asked = [extend(place.conn, site, trip, by="driver", now=after(n)) for n in (1, 2)]
        assert asked == [after(120), after(180)]
        with pytest.raises(ConflictError, match="used up its 2 extensions"):
            extend(place.conn, site, trip, by="driver", now=after(3))


def test_a_truck_that_needs_a_bay_is_not_sent_to_gates_without_it(scanned: Border):
    trip = scanned.trip(gates=("huu_nghi",), needs="scanner")

    def move(*gates: str) -> None:
        wish = TripChange(gates=gates)
        change(scanned.conn, scanned.site, KEYS, trip, wish, by="the test", now=after(1))

    with pytest.raises(FlowctlError, match="has a bay 'scanner'; it is at huu_nghi"):
        move("tan_thanh")
    move("tan_thanh", "huu_nghi")
    with scanned.conn.transaction():
        record = find_trip_locked(scanned.conn, trip, site=scanned.site.id)
    assert record is not None
    assert (record.gates, record.needs) == (["tan_thanh", "huu_nghi"], "scanner")


def test_what_a_truck_needs_is_changed_where_a_gate_has_it_until_it_is_called(scanned: Border):
    trip = scanned.trip(gates=("tan_thanh", "huu_nghi"))

    def need(kind: str | None) -> None:
        wish = TripChange(needs=kind, drop_needs=kind is None)
        with scanned.conn.transaction():
            change(scanned.conn, scanned.site, KEYS, trip, wish, by="the test", now=after(1))

    with pytest.raises(FlowctlError, match="has a bay 'plug'"):
        need("plug")
    need("scanner")
    need(None)
    rows = scanned.conn.execute(
        "select details->>'needs' from ledger where kind = 'changed' order by seq"
    ).fetchall()
    assert rows == [("scanner",), ("none",)]
    scanned.release(trip, 1, until=30)
    with pytest.raises(ConflictError, match="the bay it needs stand"):
        need("scanner")
