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

from flowctl.telemetry.edge import intake
from flowctl.telemetry.formats import own
from flowctl.telemetry.formats.decoded import Decoded, MalformedError
from flowctl.telemetry.formats.inflate import MOST_MEMBERS, TooLargeError, gunzip
from flowctl.telemetry.formats.lists import MOST_ITEMS
from flowctl.telemetry.screening import ScreeningParams

NOW_US = 1_705_971_723_000_000  # 2024-01-23T01:02:03Z
NOW_MS = NOW_US // 1_000
GOOD = {"device": "VN-7781", "fixed_at": "2024-01-23T01:02:03Z", "lon": 106.7, "lat": 21.94}
OPTIONAL = ("speed_mps", "heading_deg", "altitude_m", "accuracy_m", "ignition")

GOLDEN_ARRAY = (
    '[{"device":"桂F12345","fixed_at":"2024-01-23T08:02:03.250+07:00","lon":106.7,"lat":21.94,'
    '"speed_mps":11.5,"heading_deg":12,"altitude_m":-3.5,"accuracy_m":8,"ignition":true},'
    '{"device":"VN-7781","fixed_at":1705971723250,"lon":-0.5,"lat":-21.94,'
    '"speed_mps":0,"heading_deg":360,"altitude_m":260,"accuracy_m":0.5,"ignition":false}]'
).encode()
GOLDEN_LINES = GOLDEN_ARRAY[1:-1].replace(b"},{", b"}\n{") + b"\n"
GOLDEN_COLUMNS = (
    '{"columns":{"device":["桂F12345","VN-7781"],"fixed_at":[1705971723250,1705971723250],'
    '"lon":[106.7,-0.5],"lat":[21.94,-21.94],"speed_mps":[11.5,0],"heading_deg":[12,360],'
    '"altitude_m":[-3.5,260],"accuracy_m":[8,0.5],"ignition":[true,false]}}'
).encode()
GOLDEN_MSGPACK = bytes.fromhex(
    "92"  # two fixes
    "89"  # of nine fields
    "a6 646576696365  a9 e6a182463132333435"  # device 桂F12345
    "a8 66697865645f6174  d7ff 3b9aca0065af100b"  # fixed_at: seconds and 250,000,000 ns
    "a3 6c6f6e  cb 405aaccccccccccd"  # lon 106.7
    "a3 6c6174  cb 4035f0a3d70a3d71"  # lat 21.94
    "a9 73706565645f6d7073  cb 4027000000000000"  # speed_mps 11.5
    "ab 68656164696e675f646567  0c"  # heading_deg 12
    "aa 616c7469747564655f6d  ca c0600000"  # altitude_m -3.5
    "aa 61636375726163795f6d  08"  # accuracy_m 8
    "a8 69676e6974696f6e  c3"  # ignition true
    "89"
    "a6 646576696365  a7 564e2d37373831"  # device VN-7781
    "a8 66697865645f6174  cf 0000018d33d6abf2"  # fixed_at in milliseconds
    "a3 6c6f6e  cb bfe0000000000000"  # lon -0.5
    "a3 6c6174  cb c035f0a3d70a3d71"  # lat -21.94
    "a9 73706565645f6d7073  00"
    "ab 68656164696e675f646567  cd 0168"
    "aa 616c7469747564655f6d  cd 0104"
    "aa 61636375726163795f6d  ca 3f000000"
    "a8 69676e6974696f6e  c2"
)

Decoder = Callable[[bytes], Decoded]


def array(*fixes: object) -> bytes:
    return json.dumps(fixes).encode()


def lines(*fixes: object) -> bytes:
    return "\n".join(map(json.dumps, fixes)).encode()


def packed(*fixes: object) -> bytes:
    return msgspec.msgpack.encode(fixes)


def columns(*fixes: dict[str, object]) -> dict[str, object]:
    names = dict.fromkeys(name for fix in fixes for name in fix)
    return {"columns": {name: [fix.get(name) for fix in fixes] for name in names}}


def columns_in_json(*fixes: dict[str, object]) -> bytes:
    return json.dumps(columns(*fixes)).encode()


def columns_in_msgpack(*fixes: dict[str, object]) -> bytes:
    return msgspec.msgpack.encode(columns(*fixes))


OF_ITEMS = [
    pytest.param(own.decode_json, array, id="array"),
    pytest.param(own.decode_ndjson, lines, id="lines"),
    pytest.param(own.decode_msgpack, packed, id="msgpack"),
]
ALL_FORMS = [
    *OF_ITEMS,
    pytest.param(own.decode_json, columns_in_json, id="columns"),
    pytest.param(own.decode_msgpack, columns_in_msgpack, id="msgpack columns"),
]
Write = Callable[..., bytes]
in_all_forms = pytest.mark.parametrize(("decode", "write"), ALL_FORMS)


@pytest.mark.parametrize(
    ("decode", "body"),
    [
        (own.decode_json, GOLDEN_ARRAY),
        (own.decode_ndjson, GOLDEN_LINES),
        (own.decode_msgpack, GOLDEN_MSGPACK),
        (own.decode_json, GOLDEN_COLUMNS),
        (own.decode_msgpack, msgspec.msgpack.encode(msgspec.json.decode(GOLDEN_COLUMNS))),
    ],
    ids=["array", "lines", "msgpack", "columns", "msgpack columns"],
)
def test_every_field_is_read_as_it_was_written(decode: Decoder, body: bytes):
    decoded = decode(body)
    assert decoded.devices == ("桂F12345", "VN-7781")
    assert decoded.misfits == ()
    assert decoded.item.tolist() == [0, 1]
    fields = {name: decoded.rows[name].tolist() for name in decoded.rows.dtype.names or ()}
    assert fields == {
        "device": [0, 1],
        "source_id": [0, 0],
        "received_at": [0, 0],
        "fixed_at": [NOW_US + 250_000, NOW_US + 250_000],
        "lon": [106.7, -0.5],
        "lat": [21.94, -21.94],
        "speed_mps": [11.5, 0.0],
        "heading_deg": [12.0, 360.0],
        "altitude_m": [-3.5, 260.0],
        "accuracy_m": [8.0, 0.5],
        "ignition": [1, 0],
        "notes": [0, 0],
    }


@in_all_forms
@pytest.mark.parametrize("said", [{}, dict.fromkeys(OPTIONAL)], ids=["left out", "null"])
def test_what_a_fix_does_not_say_is_absent_and_not_zero(
    decode: Decoder, write: Write, said: dict[str, None]
):
    [row] = decode(write({**GOOD, **said})).rows
    assert np.isnan([row[name] for name in OPTIONAL[:-1]]).all()
    assert row["ignition"] == -1


@in_all_forms
def test_a_field_that_some_fixes_have_is_absent_in_the_others(decode: Decoder, write: Write):
    decoded = decode(write({**GOOD, "speed_mps": 3, "ignition": True}, GOOD))
    assert decoded.misfits == ()
    assert decoded.rows["speed_mps"].tolist()[0] == 3
    assert np.isnan(decoded.rows["speed_mps"][1])
    assert decoded.rows["ignition"].tolist() == [1, -1]


@in_all_forms
@pytest.mark.parametrize(
    "change",
    [
        {"device": ""},
        {"device": None},
        {"device": 7},
        {"device": "x" * 65},
        {"device": "a\x00b"},
        {"device": "a\x85b"},
        {"lat": "north"},
        {"lon": True},
        {"fixed_at": "yesterday"},
        {"fixed_at": "2024-01-23T01:02:03"},
        {"fixed_at": "2024-02-30T01:02:03Z"},
        {"fixed_at": "0000-01-01T00:00:00Z"},
        {"fixed_at": "2024-01-23T01:02:03Z2024-01-23T01:02:03Z"},
        {"fixed_at": "2024-01-23T01:02:03Z\n2024-01-23T01:02:03Z"},
        {"fixed_at": NOW_MS + 0.5},
        {"fixed_at": 10**15},
        {"fixed_at": -(10**15)},
        {"fixed_at": True},
        {"fixed_at": None},
        {"speed_mps": -4},
        {"speed_mps": 1e300},
        {"heading_deg": 720},
        {"altitude_m": -1.1e6},
        {"accuracy_m": -1},
        {"ignition": 1},
    ],
    ids=str,
)
def test_one_bad_item_is_named_and_the_others_are_taken(
    decode: Decoder, write: Write, change: dict[str, object]
):
    bad = {**GOOD, **change}
    decoded = decode(write(GOOD, bad, GOOD))
    assert decoded.item.tolist() == [0, 2]
    assert decoded.rows["fixed_at"].tolist() == [NOW_US, NOW_US]
    [misfit] = decoded.misfits
    assert misfit.index == 1
    assert misfit.detail
    assert misfit.device == (None if "device" in change else "VN-7781")
    read = msgspec.msgpack.decode if decode is own.decode_msgpack else msgspec.json.decode
    assert read(misfit.raw) == bad


@pytest.mark.parametrize(("decode", "write"), OF_ITEMS)
@pytest.mark.parametrize("bad", [17, None, "x", [], {}, {"device": "VN-7781"}], ids=str)
def test_an_item_that_is_no_fix_is_a_misfit(decode: Decoder, write: Write, bad: object):
    decoded = decode(write(bad, GOOD))
    assert decoded.item.tolist() == [1]
    assert [misfit.index for misfit in decoded.misfits] == [0]


@in_all_forms
def test_no_fixes_are_nothing_wrong(decode: Decoder, write: Write):
    del write
    for body in (b"[]", b'{"columns":{"device":[],"fixed_at":[],"lon":[],"lat":[]}}'):
        if decode is own.decode_msgpack:
            body = msgspec.msgpack.encode(msgspec.json.decode(body))  # noqa: PLW2901
        elif decode is own.decode_ndjson:
            body = b"\r\n \n"  # noqa: PLW2901
        decoded = decode(body)
        assert len(decoded.rows) == len(decoded.item) == len(decoded.misfits) == 0


@pytest.mark.parametrize(
    ("text", "moment_us"),
    [
        ("2024-01-23T01:02:03Z", NOW_US),
        ("2024-01-23t01:02:03z", NOW_US),
        ("2024-01-23 01:02:03Z", NOW_US),
        ("2024-01-23T08:02:03+07:00", NOW_US),
        ("2024-01-22T20:32:03-04:30", NOW_US),
        ("2024-01-23T01:02:03.5Z", NOW_US + 500_000),
        ("2024-01-23T01:02:03.000001+00:00", NOW_US + 1),
        ("2024-01-23T01:02:03.123456789Z", NOW_US + 123_457),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        (0, 0),
        (-1, -1_000),
        (NOW_MS, NOW_US),
    ],
)
@pytest.mark.parametrize("others", [(), ("2024-01-23T01:02:03Z",), (NOW_MS,)], ids=str)
@in_all_forms
def test_a_moment_is_read_to_the_microsecond_in_whatever_company(
    decode: Decoder,
    write: Write,
    others: tuple[str | int, ...],
    text: str | int,
    moment_us: int,
):
    moments = [text, *others, text]
    decoded = decode(write(*({**GOOD, "fixed_at": moment} for moment in moments)))
    assert decoded.rows["fixed_at"].tolist() == [moment_us, *(NOW_US for _ in others), moment_us]


def test_zones_may_differ_from_fix_to_fix():
    texts = ["2024-01-23T01:02:03+00:00", "2024-01-23T08:02:03+07:00", "2024-01-23T09:02:03+08:00"]
    decoded = own.decode_json(array(*({**GOOD, "fixed_at": text} for text in texts)))
    assert decoded.rows["fixed_at"].tolist() == [NOW_US] * 3


def test_timestamps_of_messagepack_may_stand_among_texts_and_milliseconds():
    stamped = datetime(2024, 1, 23, 8, 2, 3, tzinfo=timezone(timedelta(hours=7))).astimezone(UTC)
    ext = msgspec.msgpack.Ext(-1, int(stamped.timestamp()).to_bytes(4))
    moments = [ext, "2024-01-23T01:02:03Z", NOW_MS]
    fixes = [{**GOOD, "fixed_at": moment} for moment in moments]
    for body in (packed(*fixes), columns_in_msgpack(*fixes)):
        assert own.decode_msgpack(body).rows["fixed_at"].tolist() == [NOW_US] * 3


@pytest.mark.parametrize("bad", [b"", b"{", b"[" * 10_000_000, b"\xff\xfe", b"17", b"[1", b"[] 1"])
def test_a_body_that_is_no_array_is_refused_as_a_whole(bad: bytes):
    with pytest.raises(MalformedError, match="not a JSON array"):
        own.decode_json(bad)


@pytest.mark.parametrize("bad", [b"", b"\x92\x01", b"\x91" * 1_000_000, b"\xc1", b"\x90\x90", b"x"])
def test_a_body_that_is_no_messagepack_array_is_refused_as_a_whole(bad: bytes):
    with pytest.raises(MalformedError, match="not a MessagePack array"):
        own.decode_msgpack(bad)


@pytest.mark.parametrize("of", [b"\xdd\xff\xff\xff\xff", b"\xdd\x05\x00\x00\x00\x01"])
def test_a_count_that_cannot_be_is_believed_by_nobody(of: bytes):
    with pytest.raises(MalformedError, match="more than 200,000"):
        own.decode_msgpack(of)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lat": [21.94, 21.95, 21.96]}, "column lat has 3 entries, but device has 2"),
        ({"ignition": [True]}, "column ignition has 1 entries, but device has 2"),
        ({"lon": 106.7}, "column lon is not an array"),
        ({"lon": None}, "column lon is not an array"),
        ({"speed_mps": "fast"}, "column speed_mps is not an array"),
        ({"velocity": [1, 2]}, "unknown field `velocity`"),
    ],
)
def test_columns_that_do_not_fit_together_are_named(change: dict[str, object], named: str):
    body = columns(GOOD, GOOD)
    body["columns"] |= change  # type: ignore[operator]
    with pytest.raises(MalformedError, match=named):
        own.decode_json(json.dumps(body).encode())
    with pytest.raises(MalformedError, match=named):
        own.decode_msgpack(msgspec.msgpack.encode(body))


@pytest.mark.parametrize("missing", GOOD)
def test_a_column_every_fix_needs_is_missed_by_name(missing: str):
    body = columns({name: value for name, value in GOOD.items() if name != missing})
    with pytest.raises(MalformedError, match=f"missing required field `{missing}`"):
        own.decode_json(json.dumps(body).encode())


@pytest.mark.parametrize("body", [{"fixes": []}, {"columns": [], "device": "x"}, GOOD], ids=str)
def test_an_object_without_columns_alone_is_refused(body: dict[str, object]):
    with pytest.raises(MalformedError, match="nor an object of columns"):
        own.decode_json(json.dumps(body).encode())
    with pytest.raises(MalformedError, match="nor a map of columns"):
        own.decode_msgpack(msgspec.msgpack.encode(body))


def test_an_optional_column_may_be_null():
    [row] = own.decode_json(
        json.dumps({"columns": {**columns(GOOD)["columns"], "speed_mps": None}}).encode()
    ).rows
    assert np.isnan(row["speed_mps"])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\r\n \r\n", " \n\t"], ids=repr)
@pytest.mark.parametrize("last", ["", "\n", "\r\n\r\n"], ids=repr)
def test_lines_may_end_in_many_ways(end: str, last: str):
    text = json.dumps(GOOD)
    decoded = own.decode_ndjson((end.join([text, text, text]) + last).encode())
    assert decoded.item.tolist() == [0, 1, 2]
    decoded = own.decode_ndjson((end.join([text, "{", text]) + last).encode())
    assert decoded.item.tolist() == [0, 2]
    assert [(misfit.index, misfit.raw) for misfit in decoded.misfits] == [(1, b"{")]


@pytest.mark.parametrize(
    "middle",
    [
        lines(GOOD) + b" " + lines(GOOD),  # two on a line
        lines(GOOD) + b"," + lines(GOOD),
        lines(GOOD)[1:],
        b"nonsense",
    ],
)
def test_a_line_that_is_not_one_fix_is_one_misfit(middle: bytes):
    decoded = own.decode_ndjson(b"\n".join([lines(GOOD), middle, lines(GOOD)]))
    assert decoded.item.tolist() == [0, 2]
    assert [(misfit.index, misfit.raw) for misfit in decoded.misfits] == [(1, middle)]


def test_a_fix_over_two_lines_is_two_misfits_even_beside_two_fixes_on_one():
    one = lines(GOOD)
    whole = one + b" " + one
    body = b"\n".join([whole, *one.replace(b", ", b",\n", 1).split(b"\n")])
    decoded = own.decode_ndjson(body)
    assert len(decoded.rows) == 0
    assert [misfit.index for misfit in decoded.misfits] == [0, 1, 2]


@pytest.mark.parametrize(
    "name", [b"VN-\xff", rb"VN-\ud800", rb"\uDC00-1", rb"\ud800\ud83d\ude9a", rb"\udc00\\ud83d"]
)
def test_an_item_that_is_no_text_costs_the_others_nothing(name: bytes):
    good = json.dumps({**GOOD, "device": "\\ud800 🚚"}).encode()
    bad = good.replace(json.dumps("\\ud800 🚚")[1:-1].encode(), name)
    decoded = own.decode_json(b"[" + good + b"," + bad + b"," + good + b"]")
    assert decoded.devices == ("\\ud800 🚚",)
    assert decoded.item.tolist() == [0, 2]
    assert [(misfit.index, misfit.raw) for misfit in decoded.misfits] == [(1, bad)]


def test_a_name_that_is_no_text_in_messagepack_costs_the_others_nothing():
    good = packed(GOOD)[1:]
    bad = good.replace(b"VN-7781", b"VN-\xed\xa0\x801")
    decoded = own.decode_msgpack(b"\x93" + good + bad + good)
    assert decoded.item.tolist() == [0, 2]
    assert [(misfit.index, misfit.raw) for misfit in decoded.misfits] == [(1, bad)]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_json_does_not_have_costs_only_its_own_fix(number: str):
    odd = json.dumps(GOOD).replace("106.7", number)
    good = json.dumps({**GOOD, "device": 'a "NaN" \\'})
    decoded = own.decode_json(f"[{good},{odd},{good}]".encode())
    assert decoded.devices == ('a "NaN" \\',)
    assert decoded.item.tolist() == [0, 2]
    [misfit] = decoded.misfits
    assert (misfit.index, misfit.raw) == (1, odd.encode())
    assert f"JSON has no {number};" in misfit.detail
    in_columns = columns_in_json(GOOD, GOOD, GOOD).replace(b"106.7,", number.encode() + b",", 1)
    decoded = own.decode_json(in_columns)
    assert decoded.item.tolist() == [1, 2]
    [misfit] = decoded.misfits
    assert number.encode() in misfit.raw


def test_a_number_messagepack_has_and_no_place_has_is_screened():
    decoded = own.decode_msgpack(
        packed({**GOOD, "lon": float("nan")}, {**GOOD, "lat": float("-inf")})
    )
    taken = intake(decoded, source_id=1, received_at_us=NOW_US, params=ScreeningParams())
    assert [rejection.reason for rejection in taken.rejected] == ["not_finite", "not_finite"]
    decoded = own.decode_msgpack(packed({**GOOD, "speed_mps": float("nan")}, GOOD))
    assert [misfit.index for misfit in decoded.misfits] == [0]


def test_fields_of_the_sender_s_own_are_passed_over():
    own_fields = {"hdop": [1, {"a": None}], "路": "G322"}
    assert len(own.decode_json(array({**GOOD, **own_fields})).rows) == 1
    assert len(own.decode_msgpack(packed({**GOOD, **own_fields})).rows) == 1


def test_what_is_nested_too_deep_is_refused_and_not_followed():
    deep = lines(GOOD)[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(MalformedError):
        own.decode_json(b"[" + deep + b"]")
    decoded = own.decode_ndjson(lines(GOOD) + b"\n" + deep)
    assert decoded.item.tolist() == [0]
    assert [misfit.index for misfit in decoded.misfits] == [1]


@in_all_forms
def test_a_hundred_thousand_fixes_are_one_body(decode: Decoder, write: Write):
    fixes = [{**GOOD, "device": f"VN-{i % 5_000}", "fixed_at": NOW_MS + i} for i in range(100_000)]
    decoded = decode(write(*fixes))
    assert len(decoded.devices) == 5_000
    assert decoded.rows["fixed_at"].tolist() == [NOW_US + 1_000 * i for i in range(100_000)]
    assert decoded.rows["device"].tolist() == [i % 5_000 for i in range(100_000)]
    assert (decoded.rows["lat"] == 21.94).all()


def test_more_items_than_a_body_may_hold_are_refused_in_every_form():
    count = MOST_ITEMS + 1
    bodies = [
        (own.decode_json, b"[" + b"0," * MOST_ITEMS + b"0]"),
        (own.decode_json, b"[" + b"0," * 4_999_999 + b"0]"),
        (own.decode_ndjson, b"0\n" * count + b"0"),
        (own.decode_msgpack, b"\xdd" + count.to_bytes(4) + bytes(count)),
        (own.decode_json, json.dumps({"columns": {name: [0] * count for name in GOOD}}).encode()),
        (
            own.decode_msgpack,
            msgspec.msgpack.encode({"columns": {name: [0] * count for name in GOOD}}),
        ),
    ]
    for decode, body in bodies:
        with pytest.raises(MalformedError, match="more than 200,000"):
            decode(body)


def members(*parts: bytes) -> bytes:
    return b"".join(gzip.compress(part, 1, mtime=0) for part in parts)


def test_a_gzip_body_is_taken_out():
    written = bytes.fromhex("1f8b0800000000000003 8b8e0500 29bb4c0d 02000000".replace(" ", ""))
    assert gunzip(written, 10) == b"[]"


@pytest.mark.parametrize("size", [0, 1, 16_383, 300_000, 1_000_000])
def test_what_was_compressed_comes_out_again(size: int):
    plain = np.random.default_rng(size).integers(0, 4, size).astype(np.uint8).tobytes()
    assert gunzip(members(plain), size) == plain
    assert gunzip(members(plain, b"", plain), 2 * size) == plain + plain
    if size:
        with pytest.raises(TooLargeError, match=f"more than {size - 1:,} bytes"):
            gunzip(members(plain), size - 1)


def test_a_gzip_body_cut_short_anywhere_is_refused():
    whole = members(GOLDEN_ARRAY, GOLDEN_ARRAY)
    boundary = len(members(GOLDEN_ARRAY))
    for length in range(len(whole)):
        if length == boundary:
            continue  # one member is a whole body
        with pytest.raises(MalformedError, match="cut short"):
            gunzip(whole[:length], 10_000)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        zlib.compress(b"[]"),
        members(b"[]") + b"x",
        members(b"[]") + b"\0",
        members(b"[]") + b"\x1f\x8c" + b"x" * 20,
        members(b"[]")[:-8] + bytes(8),
        b"\x1f\x8b\x07" + bytes(30),
    ],
)
def test_what_is_no_gzip_or_goes_on_after_it_is_refused(body: bytes):
    with pytest.raises(MalformedError):
        gunzip(body, 10_000)


def bomb_of(millions: int) -> bytes:
    """Return a gzip body of so many million zeros; its check sum is missing, which nobody reads."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    return head + (packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)) * millions


def test_a_bomb_goes_off_in_neither_time_nor_memory():
    bomb = bomb_of(1_000)
    limit = 10_000_000
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(TooLargeError):
        gunzip(bomb, limit)
    took = time.perf_counter() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 0.5
    assert peak < 1.5 * limit


def test_a_body_of_many_empty_members_is_refused_at_once():
    empty = members(b"")
    assert gunzip(empty * MOST_MEMBERS, 1) == b""
    started = time.perf_counter()
    with pytest.raises(MalformedError, match="1,000 members"):
        gunzip(empty * 500_000, 10_000_000)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_no_calendar_holds_in_utc_costs_the_other_items_nothing(moment: str):
    items = [GOOD, {**GOOD, "fixed_at": moment}, {"device": 5}]
    for decoded in (
        own.decode_json(msgspec.json.encode(items)),
        own.decode_ndjson(b"\n".join(msgspec.json.encode(item) for item in items)),
    ):
        assert decoded.item.tolist() == [0]
        assert [misfit.index for misfit in decoded.misfits] == [1, 2]
