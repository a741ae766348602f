"""Whatever a body of our own formats holds, it is read or refused, and in all forms alike."""

import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowctl.telemetry.formats import own
from flowctl.telemetry.formats.decoded import Decoded, MalformedError
from flowctl.telemetry.formats.inflate import TooLargeError, gunzip

AT_ONCE = settings(max_examples=100, deadline=timedelta(seconds=2))
LIMIT = 10_000
DECODERS = [own.decode_json, own.decode_ndjson, own.decode_msgpack]

Item = dict[str, object]

FIX: Item = {
    "device": "桂F12345",
    "fixed_at": "2024-01-23T01:02:03Z",
    "lon": 106.7,
    "lat": 21.94,
    "speed_mps": 11.5,
    "heading_deg": 12,
    "altitude_m": -3.5,
    "accuracy_m": 8,
    "ignition": True,
}


def columns(fixes: list[Item]) -> Item:
    return {"columns": {name: [fix.get(name) for fix in fixes] for name in FIX}}


def array_body(fixes: list[Item]) -> bytes:
    return json.dumps(fixes).encode()


def lines_body(fixes: list[Item]) -> bytes:
    return "\n".join(map(json.dumps, fixes)).encode()


FORMS: dict[str, tuple[Callable[[bytes], Decoded], Callable[[list[Item]], bytes]]] = {
    "array": (own.decode_json, array_body),
    "lines": (own.decode_ndjson, lines_body),
    "msgpack": (own.decode_msgpack, msgspec.msgpack.encode),
    "columns": (own.decode_json, lambda fixes: json.dumps(columns(fixes)).encode()),
    "msgpack columns": (
        own.decode_msgpack,
        lambda fixes: msgspec.msgpack.encode(columns(fixes)),
    ),
}


def check(decoded: Decoded, count: int | None = None) -> None:
    """Check that every item is a row or a misfit, once, and that every row has a device."""
    indexes = sorted([*decoded.item.tolist(), *(misfit.index for misfit in decoded.misfits)])
    assert indexes == list(range(len(indexes) if count is None else count))
    assert len(decoded.rows) == len(decoded.item)
    assert decoded.item.tolist() == sorted(decoded.item.tolist())
    if len(decoded.rows):
        assert decoded.rows["device"].max() < len(decoded.devices)


def read_or_refuse(decode: Callable[[bytes], Decoded], body: bytes) -> None:
    try:
        decoded = decode(body)
    except MalformedError:
        return
    check(decoded)


CRUMBS = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\",
        b"\n",
        b"\r",
        b" ",
        b"NaN",
        b"-Infinity",
        b"1e9",
    ),
    *(
        b'"columns"',
        b'"device"',
        b'"lon"',
        rb'"\ud800"',
        b'"a"',
        b"null",
        b"true",
        b"-",
        rb"\udc00",
    ),
    *(b"\x91", b"\x81", b"\xa1a", b"\xdc\x00\x02", b"\xdd", b"\xd6\xff", b"\xff"),
)


@pytest.mark.parametrize("decode", DECODERS)
@AT_ONCE
@given(st.data())
def test_any_bytes_are_read_or_refused(decode: Callable[[bytes], Decoded], data: st.DataObject):
    anything = st.binary(max_size=300)
    almost = st.lists(st.sampled_from(CRUMBS), max_size=60).map(b"".join)
    read_or_refuse(decode, data.draw(anything | almost))


@pytest.mark.parametrize("form", FORMS)
@AT_ONCE
@given(
    count=st.integers(1, 4),
    changes=st.lists(
        st.tuples(st.integers(0, 2_000), st.integers(0, 3), st.binary(max_size=4)),
        min_size=1,
        max_size=4,
    ),
)
def test_a_damaged_body_is_read_or_refused(
    form: str, count: int, changes: list[tuple[int, int, bytes]]
):
    decode, write = FORMS[form]
    body = write([FIX] * count)
    for place, cut, put in changes:
        at = place % (len(body) + 1)
        body = body[:at] + put + body[at + cut :]
    read_or_refuse(decode, body)


@pytest.mark.parametrize("form", FORMS)
@AT_ONCE
@given(length=st.integers(0, 400))
def test_a_body_cut_short_is_read_or_refused(form: str, length: int):
    decode, write = FORMS[form]
    read_or_refuse(decode, write([FIX] * 2)[:length])


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=70)
odd_values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.sampled_from(["2024-01-23T01:02:03", "2024-01-23T01:02:03.5Z", "2024-01-23 01:02:03+07"])
    | st.lists(st.integers(0, 3), max_size=2)
    | st.dictionaries(texts, st.none(), max_size=2)
)
moments = st.integers(-(10**12), 10**13) | st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001 - given a zone below
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from(
        [UTC, timezone(timedelta(hours=7)), timezone(-timedelta(hours=3, minutes=30))]
    ),
).map(datetime.isoformat)


def number(least: float, most: float) -> st.SearchStrategy[float | int]:
    return st.floats(least, most) | st.integers(int(least), int(most))


good_items = st.fixed_dictionaries(
    {
        "device": st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=64),
        "fixed_at": moments,
        "lon": st.floats(allow_nan=False, allow_infinity=False),
        "lat": number(-90, 90),
    },
    optional={
        "speed_mps": st.none() | number(0, 1_000),
        "heading_deg": st.none() | number(0, 360),
        "altitude_m": st.none() | number(-1e6, 1e6),
        "accuracy_m": st.none() | number(0, 1e6),
        "ignition": st.none() | st.booleans(),
    },
)
damaged_items = st.builds(
    lambda item, name, value: {**item, name: value},
    good_items,
    st.sampled_from(list(FIX)),
    odd_values,
)


def same(one: Decoded, other: Decoded) -> bool:
    return (
        one.devices == other.devices
        and one.item.tolist() == other.item.tolist()
        and all(
            np.array_equal(
                one.rows[name], other.rows[name], equal_nan=one.rows[name].dtype.kind == "f"
            )
            for name in one.rows.dtype.names or ()
        )
    )


@AT_ONCE
@given(st.lists(good_items, max_size=20))
@example([FIX | {"fixed_at": "0001-01-01T00:00:00+07:00"}] * 2)
def test_good_fixes_are_read_and_read_the_same_in_every_form(fixes: list[Item]):
    array, *others = [decode(write(fixes)) for decode, write in FORMS.values()]
    check(array, len(fixes))
    assert array.misfits == ()
    assert all(same(array, other) for other in others)
    told = [array.devices[index] for index in array.rows["device"]]
    assert told == [fix["device"] for fix in fixes]
    assert array.rows["lon"].tolist() == [fix["lon"] for fix in fixes]


@AT_ONCE
@given(st.lists(good_items | damaged_items, max_size=12))
def test_every_form_comes_to_the_same_verdict_for_each_item(fixes: list[Item]):
    read = [decode(write(fixes)) for decode, write in FORMS.values()]
    for decoded in read:
        check(decoded, len(fixes))
        assert same(read[0], decoded)
        assert [misfit.index for misfit in decoded.misfits] == [
            misfit.index for misfit in read[0].misfits
        ]
        assert all(misfit.detail for misfit in decoded.misfits)


@pytest.mark.parametrize("form", FORMS)
@AT_ONCE
@given(fixes=st.lists(good_items, min_size=1, max_size=8))
def test_fixes_are_read_the_same_beside_a_bad_one(form: str, fixes: list[Item]):
    decode, write = FORMS[form]
    bad = {**FIX, "lat": "north"}
    alone, beside = decode(write(fixes)), decode(write([*fixes, bad]))
    assert same(alone, beside)
    assert [misfit.index for misfit in beside.misfits] == [len(fixes)]


@AT_ONCE
@given(st.lists(good_items | damaged_items, max_size=6), st.sampled_from(["NaN", "-Infinity"]))
def test_a_number_json_does_not_have_spoils_no_other_item(fixes: list[Item], odd: str):
    spoilt = json.dumps(FIX).replace("106.7", odd)
    parts = [*map(json.dumps, fixes), spoilt]
    decoded = own.decode_json(f"[{','.join(parts)}]".encode())
    check(decoded, len(fixes) + 1)
    *others, last = decoded.misfits
    assert (last.index, last.raw) == (len(fixes), spoilt.encode())
    alone = own.decode_json(array_body(fixes))
    assert others == list(alone.misfits)
    assert same(alone, decoded)


@AT_ONCE
@given(
    parts=st.lists(st.binary(max_size=2_000), min_size=1, max_size=3),
    place=st.integers(0, 5_000),
    cut=st.integers(0, 3),
    put=st.binary(max_size=4),
    limit=st.integers(0, 8_000),
)
def test_a_gzip_body_is_taken_out_within_its_limit_or_refused(
    parts: list[bytes], place: int, cut: int, put: bytes, limit: int
):
    whole = b"".join(parts)
    body = b"".join(gzip.compress(part, 1) for part in parts)
    assert gunzip(body, len(whole)) == whole
    at = place % (len(body) + 1)
    try:
        plain = gunzip(body[:at] + put + body[at + cut :], limit)
    except (MalformedError, TooLargeError):
        return
    assert len(plain) <= limit


@AT_ONCE
@given(st.binary(max_size=500))
def test_any_bytes_are_taken_out_or_refused(body: bytes):
    for damaged in (body, b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + body, gzip.compress(body)[:-3]):
        try:
            gunzip(damaged, LIMIT)
        except (MalformedError, TooLargeError):
            continue
        assert zlib.decompress(damaged, 31)


@pytest.mark.parametrize(
    ("decode", "body"),
    [
        (own.decode_json, b"[" + b"0," * 500_000 + b"0]"),
        (own.decode_json, b"[" + b"[]," * 300_000 + b"0]"),
        (own.decode_json, b'{"columns":{"device":[' + b'"a",' * 250_000 + b'"a"]}}'),
        (own.decode_json, b"[" * 1_000_000),
        (own.decode_json, b'["' + rb"\ud800" * 50_000 + b'"]'),
        (own.decode_json, b"[NaN" + b'"a",' * 250_000),
        (own.decode_ndjson, b"0\n" * 500_000),
        (own.decode_ndjson, b"\n" * 1_000_000 + b"0"),
        (own.decode_msgpack, b"\xdd\x00\x0f\x42\x40" + bytes(1_000_000)),
        (own.decode_msgpack, b"\x81\xa7columns\x81\xa6device\xdd\x00\x0f\x42\x40" + bytes(10**6)),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else value.__name__,
)
def test_memory_stays_in_proportion_to_the_body(decode: Callable[[bytes], Decoded], body: bytes):
    assert peak_bytes(decode, body) < 60 * len(body)


def test_memory_stays_in_proportion_to_the_items_that_do_not_fit():
    count = 20_000
    assert peak_bytes(own.decode_json, b"[" + b"NaN," * count + b"0]") < 700 * count
    assert peak_bytes(own.decode_ndjson, b"0\n" * count) < 700 * count


def peak_bytes(decode: Callable[[bytes], Decoded], body: bytes) -> int:
    tracemalloc.start()
    read_or_refuse(decode, body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    "body",
    [
        b"[NaN" + b'"a",' * 1_000_000,
        b"[NaN" + b"-NI" * 1_000_000,
        b'[NaN"' + rb"\"" * 1_500_000,
        b'[NaN"' + rb"\"" * 1_500_000 + b"\\",
        rb"[\ud" + rb"\u" * 1_500_000,
        rb"[\ud" + b"\\" * 3_000_001,
        b"[" + b"NaN" * 1_000_000,
        b'["' + rb"\ud800" * 500_000,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_past_mending_takes_no_longer_than_its_length(body: bytes):
    started = time.perf_counter()
    read_or_refuse(own.decode_json, body)
    assert time.perf_counter() - started < 5
