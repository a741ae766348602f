"""UFMS messages as hexadecimal bytes, written by hand from the field numbers of the contract."""

import struct

import numpy as np
import pytest

from flowctl.telemetry.fixes import Note
from flowctl.telemetry.formats import ufms
from flowctl.telemetry.formats.decoded import MalformedError

# msgType 100; WayPoint: 29H12345, driver 790123456789, 36 km/h, 2024-01-23T01:02:03Z,
# x 106.7, y 21.94, z 260, heading 12, ignition, door, aircon.
GOLDEN = bytes.fromhex(
    "0864"
    "a20645"
    "0a083239483132333435"
    "120c373930313233343536373839"
    "1d00001042"
    "208ba0bcad06"
    "29cdccccccccac5a40"
    "31713d0ad7a3f03540"
    "3d00008243"
    "4500004041"
    "4801"
    "5000"
    "5801"
)
DRIVER = b"790123456789"


def key(number: int, wire: int) -> bytes:
    return varint(number << 3 | wire)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def text(number: int, value: bytes) -> bytes:
    return key(number, 2) + varint(len(value)) + value


def double(number: int, value: float) -> bytes:
    return key(number, 1) + struct.pack("<d", value)


def message(*fields: bytes, kind: int = 100) -> bytes:
    return key(1, 0) + varint(kind) + text(kind, b"".join(fields))


PLATE = text(1, b"29H12345")
LICENCE = text(2, DRIVER)
MOMENT = key(4, 0) + varint(1_705_971_723)
PLACE = double(5, 106.7) + double(6, 21.94)


def test_a_way_point_is_read_column_by_column():
    decoded = ufms.decode(GOLDEN)
    [row] = decoded.rows
    assert decoded.devices == ("29H12345",)
    assert row["fixed_at"] == 1_705_971_723_000_000
    assert (row["lon"], row["lat"]) == (106.7, 21.94)
    assert (row["altitude_m"], row["heading_deg"]) == (260, 12)
    assert np.isnan(row["accuracy_m"])
    assert (row["ignition"], row["notes"]) == (1, 0)


def test_speed_is_in_kilometres_an_hour():
    [row] = ufms.decode(GOLDEN).rows
    assert row["speed_mps"] == 10


def test_a_swapped_position_is_set_right_and_noted():
    [row] = ufms.decode(message(PLATE, MOMENT, double(5, 21.94), double(6, 106.7))).rows
    assert (row["lon"], row["lat"], row["notes"]) == (106.7, 21.94, Note.SWAPPED)


@pytest.mark.parametrize(("x", "y"), [(21.94, 50.0), (60.0, 106.7), (24.1, 106.7), (0.0, 0.0)])
def test_only_what_must_be_swapped_is_swapped(x: float, y: float):
    [row] = ufms.decode(message(PLATE, MOMENT, double(5, x), double(6, y))).rows
    assert (row["lon"], row["lat"], row["notes"]) == (x, y, 0)


@pytest.mark.parametrize(
    ("said", "uid"),
    [
        ("29H12345", "29H12345"),
        ("29h-123.45", "29H12345"),
        (" 29H 123,45 ", "29H12345"),
        ("29H*12345_\n", "29H12345"),
        ("桂F·12345", "桂F12345"),
        ("桂F12345", "桂F12345"),
        ("50LĐ-123.45", "50LĐ12345"),
    ],
)
def test_a_plate_has_one_spelling(said: str, uid: str):
    assert ufms.decode(message(text(1, said.encode()), MOMENT, PLACE)).devices == (uid,)


def test_what_a_message_leaves_out_is_absent():
    [row] = ufms.decode(message(PLATE, MOMENT, PLACE)).rows
    assert np.isnan([row["speed_mps"], row["heading_deg"], row["altitude_m"]]).all()
    assert row["ignition"] == -1


@pytest.mark.parametrize("kind", [0, 400, 410, 420, 9999])
def test_other_messages_are_no_items(kind: int):
    body = key(1, 0) + varint(kind) + text(max(kind, 7), b"\x0a\x01x")
    decoded = ufms.decode(body)
    assert (len(decoded.rows), decoded.misfits) == (0, ())


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ((MOMENT, PLACE), "vehicle"),
        ((PLATE, PLACE), "datetime"),
        ((PLATE, MOMENT, double(5, 106.7)), "y"),
        ((text(1, b"\xff\xfe"), MOMENT, PLACE), "plate"),
        ((text(1, b" -.- "), MOMENT, PLACE), "plate"),
        ((text(1, b"9" * 65), MOMENT, PLACE), "plate"),
        ((text(1, b"9" * 100_000), MOMENT, PLACE), "plate"),
        ((), "vehicle, datetime, x, y"),
    ],
)
def test_a_way_point_that_is_no_fix_is_kept_without_its_driver(
    fields: tuple[bytes, ...], named: str
):
    decoded = ufms.decode(message(*fields, LICENCE, text(14, b"driver " + DRIVER)))
    [misfit] = decoded.misfits
    assert len(decoded.rows) == 0
    assert named in misfit.detail
    assert DRIVER not in misfit.raw
    assert misfit.raw == ufms.decode(misfit.raw).misfits[0].raw


def test_the_driver_is_nowhere_in_what_is_taken():
    decoded = ufms.decode(GOLDEN)
    assert DRIVER in GOLDEN
    assert DRIVER not in decoded.rows.tobytes()
    assert decoded.devices == ("29H12345",)


def test_of_several_messages_in_a_row_the_last_is_read():
    later = message(key(4, 0) + varint(1_705_971_783))
    [row] = ufms.decode(GOLDEN + later).rows
    assert row["fixed_at"] == 1_705_971_783_000_000


@pytest.mark.parametrize("bad", [b"", b"\xff" * 20, GOLDEN[:-3], b'{"a": 1}', text(100, PLATE)])
def test_bytes_that_are_no_message_are_refused(bad: bytes):
    with pytest.raises(MalformedError):
        ufms.decode(bad)
