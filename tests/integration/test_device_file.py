from collections.abc import Iterator

import psycopg
import pytest
from border import MORNING, Border, after, border

from flowctl.errors import FlowctlError
from flowctl.registry.device_file import import_devices, read_device_file
from flowctl.registry.devices import register_device
from flowctl.registry.sources import add_source, get_source
from flowctl.storage.device_lines import Imported
from flowctl.storage.devices import DeviceRow, list_devices


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        add_source(place.conn, name="acme")
        add_source(place.conn, name="other")
        yield place


def take(place: Border, *lines: str) -> Imported:
    with place.conn.transaction():
        return import_devices(
            place.conn,
            [f"{line}\n" for line in lines],
            since=MORNING,
            by="the test",
            progress=lambda _step: None,
        )


def registered(place: Border) -> list[DeviceRow]:
    return list_devices(place.conn, moment=after(1))


def test_a_file_enters_devices_for_their_sources_on_their_trucks(place: Border):
    done = take(
        place,
        "uid,plate,source",
        "VN-1, 12c-123.45 ,acme",
        "VN-2,,acme",
        '"nguyen, phone",桂F·12345,',
        "",
    )
    assert done == Imported(devices=3, new=3, claimed=0, assigned=2)
    assert registered(place) == [
        DeviceRow("VN-1", "acme", "12C12345", None),
        DeviceRow("VN-2", "acme", None, None),
        DeviceRow("nguyen, phone", None, "桂F12345", None),
    ]


def test_a_file_entered_again_changes_nothing(place: Border):
    lines = ("uid,plate,source", "VN-1,12C12345,acme")
    take(place, *lines)
    before = registered(place)
    assert take(place, *lines) == Imported(devices=1, new=0, claimed=0, assigned=0)
    assert registered(place) == before


def test_a_device_that_was_anybodys_is_claimed(place: Border):
    register_device(place.conn, "VN-1")
    assert take(place, "source,uid", "acme,VN-1").claimed == 1
    assert [row.source for row in registered(place)] == ["acme"]


def test_of_two_devices_of_one_truck_the_first_line_is_primary(place: Border):
    take(place, "uid,plate", "VN-2,12C12345", "VN-1,12C12345")
    take(place, "uid,plate", "VN-3,12C12345")
    rows = place.conn.execute(
        "select uid, is_primary from device_trucks join devices d on d.id = device_id order by uid"
    ).fetchall()
    assert rows == [("VN-1", False), ("VN-2", True), ("VN-3", False)]


def test_every_wrong_line_is_named_and_nothing_is_entered(place: Border):
    register_device(place.conn, "VN-9", source=get_source(place.conn, "other"))
    with pytest.raises(FlowctlError) as refused:
        take(
            place,
            "uid,plate,source",
            "VN-1,12C12345,acme",
            ",12C99999,acme",
            "VN-3,?,acme",
            "VN-4,12C99999,acne",
            "VN-1,12C99999,acme",
            "VN-9,,acme",
        )
    sentences = str(refused.value).splitlines()
    assert len(sentences) == 6
    for sentence, start, says in zip(
        sentences,
        ("Line 3: ", "Line 4: ", "Line 5: ", "Line 6: ", "Line 7: ", "Nothing was entered"),
        ("device", "number plate", "no source 'acne'", "stands in line 2", "source other", ""),
        strict=True,
    ):
        assert sentence.startswith(start)
        assert says in sentence
    assert [row.uid for row in registered(place)] == ["VN-9"]


def test_of_very_many_wrong_lines_the_first_are_named_and_the_rest_counted(place: Border):
    with pytest.raises(FlowctlError, match="and 950 lines more") as refused:
        take(place, "uid,plate", *(f"VN-{n},?" for n in range(1000)))
    assert len(str(refused.value)) < 20_000


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "must name the columns"),
        (["VN-1,12C12345\n"], "must name the columns"),
        (["uid,plate,colour\n"], "must name the columns"),
        (["uid\n", "VN-1,12C12345\n"], "Line 2 has more fields"),
        (["uid\n", '"VN-1\n'], "no CSV at line 1 or after"),
        (["uid\n", "x" * 200_000 + "\n"], "no CSV at line"),
    ],
)
def test_what_is_no_such_file_is_refused_in_a_sentence(lines: list[str], says: str):
    with pytest.raises(FlowctlError, match=says):
        read_device_file(lines, {})


def test_a_fleet_of_thousands_is_entered_at_once(place: Border):
    lines = [f"VN-{n},12C{n:05d},acme" for n in range(5000)]
    assert take(place, "uid,plate,source", *lines) == Imported(5000, 5000, 0, 5000)


def test_a_broken_import_leaves_the_connection_fit_for_the_next(place: Border):
    with pytest.raises(FlowctlError):
        take(place, "uid,plate", "VN-1,?")
    assert take(place, "uid", "VN-1").new == 1
    with pytest.raises(psycopg.errors.UndefinedTable):
        place.conn.execute("select * from device_lines")
