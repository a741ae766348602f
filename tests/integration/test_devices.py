from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from border import MORNING, Border, after, border

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry import devices as registry
from flowctl.registry.sources import add_source, get_source
from flowctl.registry.trips import cancel
from flowctl.storage import devices as stored
from flowctl.storage.devices import Assignment

LATER = after(60)


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def assign(
    place: Border,
    uid: str,
    plate: str,
    *,
    since: datetime = MORNING,
    is_primary: bool | None = None,
) -> Assignment:
    registry.register_device(place.conn, uid)
    return registry.assign(
        place.conn, uid, plate, since=since, is_primary=is_primary, by="the test", now=MORNING
    )


def conflicts(place: Border, since: datetime = MORNING, until: datetime = LATER) -> list[str]:
    return [
        f"{one.kind}: {one.device} on {one.plate}, {one.other_device} on {one.other_plate}"
        for one in stored.list_conflicts(place.conn, since=since, until=until)
    ]


def device_id(place: Border, uid: str) -> int:
    return registry.get_device(place.conn, uid).id


def test_a_registered_device_is_known_and_registering_it_again_does_no_harm(place: Border):
    first = registry.register_device(place.conn, " VN-1 ")
    assert registry.register_device(place.conn, "VN-1") == first
    assert first.source_id is None
    assert stored.find_known(place.conn, ["VN-1", "VN-2"]) == {"VN-1"}


@pytest.mark.parametrize("uid", ["", "  ", "x" * 65, "a\nb"])
def test_an_identifier_that_cannot_be_is_refused(place: Border, uid: str):
    with pytest.raises(FlowctlError, match="device"):
        registry.register_device(place.conn, uid)


def test_a_device_is_claimed_by_one_source_and_those_who_remember_it_are_told(place: Border):
    add_source(place.conn, name="acme")
    add_source(place.conn, name="other")
    acme, other = get_source(place.conn, "acme"), get_source(place.conn, "other")
    registry.register_device(place.conn, "VN-1")
    claimed = registry.register_device(place.conn, "VN-1", source=acme)
    assert claimed.source_id == acme.id
    assert registry.register_device(place.conn, "VN-1", source=acme) == claimed
    with pytest.raises(ConflictError, match="belongs to the source acme, not to other"):
        registry.register_device(place.conn, "VN-1", source=other)
    [(told,)] = place.conn.execute("select rebound_wall_at is not null from devices").fetchall()
    assert told


def test_a_truck_carries_its_device_from_then_until_it_is_ended(place: Border):
    made = assign(place, "VN-1", "12c-123.45", since=after(10))
    assert (made.plate, made.is_primary, made.until) == ("12C12345", True, None)
    ended = registry.end(place.conn, "VN-1", made.id, until=after(20))
    assert ended.until == after(20)
    moments = [after(9.9), after(10), after(19.9), after(20)]
    device = device_id(place, "VN-1")
    assert [stored.truck_at(place.conn, device, moment) for moment in moments] == [
        None,
        "12C12345",
        "12C12345",
        None,
    ]
    primary = [stored.primary_device(place.conn, "12C12345", moment) for moment in moments]
    assert [one is None for one in primary] == [True, False, False, True]


def test_the_same_assignment_again_is_the_one_there_is(place: Border):
    first = assign(place, "VN-1", "12C12345")
    assert assign(place, "VN-1", "12C 123.45", since=after(30)) == first
    registry.end(place.conn, "VN-1", first.id, until=after(40))
    assert assign(place, "VN-1", "12C12345", since=after(50)).id != first.id


def test_a_trucks_first_device_is_its_primary_one_unless_said_otherwise(place: Border):
    assert assign(place, "VN-1", "12C12345").is_primary
    assert not assign(place, "VN-2", "12C12345").is_primary
    assert not assign(place, "VN-3", "12C99999", is_primary=False).is_primary
    assert assign(place, "VN-4", "12C12345", since=after(5), is_primary=True).is_primary
    newest = stored.primary_device(place.conn, "12C12345", after(10))
    assert newest is not None
    assert newest.uid == "VN-4"


def test_what_cannot_be_assigned_is_refused_in_a_sentence(place: Border):
    with pytest.raises(NotFoundError, match="no device 'VN-1'; register it first"):
        registry.assign(place.conn, "VN-1", "12C12345", since=MORNING, by="the test", now=MORNING)
    with pytest.raises(FlowctlError, match="no number plate"):
        assign(place, "VN-1", "?")
    with pytest.raises(FlowctlError, match="next 30 days"):
        assign(place, "VN-1", "12C12345", since=MORNING + timedelta(days=31))


def test_an_assignment_ends_once_and_after_it_began(place: Border):
    made = assign(place, "VN-1", "12C12345")
    assign(place, "VN-2", "12C99999")
    with pytest.raises(FlowctlError, match="only end after"):
        registry.end(place.conn, "VN-1", made.id, until=MORNING)
    with pytest.raises(NotFoundError, match="'VN-2' has no assignment"):
        registry.end(place.conn, "VN-2", made.id, until=LATER)
    registry.end(place.conn, "VN-1", made.id, until=LATER)
    with pytest.raises(ConflictError, match="it stands"):
        registry.end(place.conn, "VN-1", made.id, until=after(90))


def test_two_devices_on_one_plate_are_reported_with_the_primary_one_first(place: Border):
    assign(place, "VN-1", "12C12345")
    assign(place, "VN-2", "12C12345", since=after(30))
    [found] = stored.list_conflicts(place.conn, since=MORNING, until=LATER)
    assert (found.kind, found.device, found.other_device) == ("two_devices", "VN-1", "VN-2")
    assert (found.is_primary, found.other_is_primary) == (True, False)
    assert (found.since, found.until) == (after(30), None)


def test_one_device_on_two_plates_is_reported_for_as_long_as_both_held(place: Border):
    first = assign(place, "VN-1", "12C12345")
    assign(place, "VN-1", "12C99999", since=after(10))
    registry.end(place.conn, "VN-1", first.id, until=after(20))
    [found] = stored.list_conflicts(place.conn, since=MORNING, until=LATER)
    assert (found.kind, found.since, found.until) == ("two_plates", after(10), after(20))
    assert {found.plate, found.other_plate} == {"12C12345", "12C99999"}
    assert conflicts(place, since=after(20)) == []
    assert conflicts(place, until=after(10)) == []


def test_what_follows_on_each_other_is_no_conflict(place: Border):
    first = assign(place, "VN-1", "12C12345")
    registry.end(place.conn, "VN-1", first.id, until=after(10))
    assign(place, "VN-1", "12C99999", since=after(10))
    assign(place, "VN-2", "12C12345", since=after(10))
    assert conflicts(place) == []


def test_a_trip_that_names_a_device_says_that_its_truck_carries_it(place: Border):
    trip = place.trip(plate="12C12345", device="VN-1", at=after(5))
    device = place.device_of(trip)
    assert stored.truck_at(place.conn, device, after(4)) is None
    assert stored.truck_at(place.conn, device, after(5)) == "12C12345"
    [made] = stored.list_assignments(place.conn, device)
    assert made.assigned_by == "the test"


def test_a_trip_keeps_the_assignment_that_holds_already(place: Border):
    made = assign(place, "VN-1", "12C12345")
    trip = place.trip(plate="12C12345", device="VN-1", at=after(5))
    assert stored.list_assignments(place.conn, place.device_of(trip)) == [made]


def test_a_trip_without_a_device_is_followed_by_its_trucks_primary_one(place: Border):
    assign(place, "VN-2", "12C12345", is_primary=False)
    assign(place, "VN-1", "12C12345", is_primary=True)
    trip = place.trip(plate="12C-123.45", device=None, at=after(5))
    assert place.device_of(trip) == device_id(place, "VN-1")


def test_a_trip_is_refused_where_its_trucks_device_is_on_another_trip(place: Border):
    assign(place, "VN-1", "12C12345")
    busy = place.trip(plate="12C99999", device="VN-1")
    with pytest.raises(
        ConflictError, match=rf"VN-1, by the registry the truck's own, has the active trip {busy}"
    ):
        place.trip(plate="12C12345", device=None)
    place.trip(plate="12C12345", device="VN-2")


def test_a_trip_whose_device_is_on_another_plate_is_reported(place: Border):
    made = assign(place, "VN-1", "12C12345")
    trip = place.trip(plate="12C99999", device="VN-1", at=after(5))
    assert conflicts(place) == ["two_plates: VN-1 on 12C99999, VN-1 on 12C12345"]
    [own] = [
        one
        for one in stored.list_assignments(place.conn, device_id(place, "VN-1"))
        if one.id != made.id
    ]
    registry.end(place.conn, "VN-1", own.id, until=after(10))
    assert "trip: VN-1 on 12C12345, VN-1 on 12C99999" in conflicts(place, since=after(10))
    cancel(place.conn, place.site, trip, by="the test", now=after(20))
    assert conflicts(place, since=after(10)) == []


def test_devices_are_listed_page_by_page_with_their_trucks_and_newest_fixes(place: Border):
    add_source(place.conn, name="acme")
    registry.register_device(place.conn, "b", source=get_source(place.conn, "acme"))
    trip = place.trip(plate="12C12345", device="a")
    place.position(trip, 106.7, 21.9, at=3)
    registry.register_device(place.conn, "c")
    rows = stored.list_devices(place.conn, moment=after(1), limit=2)
    assert [(row.uid, row.source, row.plate, row.fixed_at) for row in rows] == [
        ("a", None, "12C12345", after(3)),
        ("b", "acme", None, None),
    ]
    assert [row.uid for row in stored.list_devices(place.conn, moment=after(1), after="b")] == ["c"]
