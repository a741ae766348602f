"""Blocks of fixes as the bytes a sender posts, written column-wise so that sending costs little.

Text is of fixed width: numbers are padded by spaces, which JSON takes before any value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

UID_DIGITS = 7
_UID = "bench-"


class Format(StrEnum):
    """What the own batch is posted as."""

    COLUMNAR = "columnar"
    JSON = "json"
    MSGPACK = "msgpack"


@dataclass(frozen=True, slots=True)
class Body:
    """What is posted: its bytes and their type."""

    content_type: str
    content: bytes


def uid_of(truck: int) -> str:
    """Return the identifier of a truck's device."""
    return f"{_UID}{truck:0{UID_DIGITS}}"


def body(rows: NDArray[np.void], form: Format) -> Body:
    """Return one request's body with rows of dtype `disorder.BLOCK_FIX`, shape [n]."""
    return _FORMS[form](rows)


def osmand_queries(rows: NDArray[np.void]) -> list[bytes]:
    """Return for each row the query of a request as a tracker's app sends it; speed in knots."""
    lines = _filled(
        b"id=@&lat=@&lon=@&timestamp=@&speed=@&bearing=@",
        _uids(rows),
        _decimals(rows["lat"], 2, 6, _ZERO),
        _decimals(rows["lon"], 3, 6, _ZERO),
        _digits(rows["fixed_at_ms"], 13),
        _decimals(rows["speed_mps"] / (1852 / 3600), 2, 2, _ZERO),
        _decimals(rows["heading_deg"], 3, 1, _ZERO),
    )
    return [line.tobytes() for line in lines]


def _columnar(rows: NDArray[np.void]) -> Body:
    columns = {
        "device": _filled(b'"@",', _uids(rows)),
        "fixed_at": _filled(b"@,", _digits(rows["fixed_at_ms"], 13)),
        **{name: _filled(b"@,", text) for name, text in _numbers(rows).items()},
    }
    parts = [f'"{name}":['.encode() + text.tobytes()[:-1] + b"]" for name, text in columns.items()]
    return Body("application/json", b'{"columns":{' + b",".join(parts) + b"}}")


def _json(rows: NDArray[np.void]) -> Body:
    moments = np.datetime_as_string(rows["fixed_at_ms"].view("M8[ms]")).astype("S23")
    text = _filled(
        b'{"device":"@","fixed_at":"@Z","lon":@,"lat":@,"speed_mps":@,"heading_deg":@},',
        _uids(rows),
        moments.view(np.uint8).reshape(len(rows), 23),
        *_numbers(rows).values(),
    )
    return Body("application/json", b"[" + text.tobytes()[:-1] + b"]")


def _msgpack(rows: NDArray[np.void]) -> Body:
    """Write an array of maps; the marks are those of the MessagePack specification."""
    layout: list[tuple[str, str]] = [("map", "S1")]
    for name, (_, kind) in _PACKED.items():
        layout += [(f"key_{name}", f"S{len(name) + 1}"), (f"mark_{name}", "S1"), (name, kind)]
    out = np.empty(len(rows), dtype=layout)
    out["map"] = bytes([0x80 + len(_PACKED)])
    for name, (mark, _) in _PACKED.items():
        out[f"key_{name}"] = bytes([0xA0 + len(name)]) + name.encode()
        out[f"mark_{name}"] = mark
    out["device"] = _uids(rows).view(f"S{len(uid_of(0))}")[:, 0]
    out["fixed_at"] = rows["fixed_at_ms"]
    for name in _NUMBERS:
        out[name] = rows[name]
    return Body("application/msgpack", b"\xdd" + len(rows).to_bytes(4, "big") + out.tobytes())


_NUMBERS = ("lon", "lat", "speed_mps", "heading_deg")
_PACKED: Mapping[str, tuple[bytes, str]] = {
    "device": (bytes([0xA0 + len(uid_of(0))]), f"S{len(uid_of(0))}"),
    "fixed_at": (b"\xcf", ">u8"),
    **dict.fromkeys(_NUMBERS, (b"\xcb", ">f8")),
}
_FORMS: Mapping[Format, Callable[[NDArray[np.void]], Body]] = {
    Format.COLUMNAR: _columnar,
    Format.JSON: _json,
    Format.MSGPACK: _msgpack,
}


# --- Text of fixed width, one row a fix -----------------------------------------------------------

_ZERO, _SPACE, _POINT = (np.uint8(ord(sign)) for sign in "0 .")
_GROUP = 4
_GROUPS = np.frombuffer(b"".join(b"%04d" % n for n in range(10**_GROUP)), dtype=np.uint32)
"""The digits of every number below ten thousand, four bytes each: four digits are one look-up."""


def _uids(rows: NDArray[np.void]) -> Bytes:
    return _filled(_UID.encode() + b"@", _digits(rows["truck"], UID_DIGITS))


def _numbers(rows: NDArray[np.void]) -> dict[str, Bytes]:
    return {
        "lon": _decimals(rows["lon"], 3, 6),
        "lat": _decimals(rows["lat"], 2, 6),
        "speed_mps": _decimals(rows["speed_mps"], 2, 2),
        "heading_deg": _decimals(rows["heading_deg"], 3, 1),
    }


def _digits(values: NDArray[np.int64], width: int) -> Bytes:
    """Return the decimal digits of values not below zero, zeros in front; shape [n, width]."""
    groups = -(-width // _GROUP)
    out = np.empty((len(values), groups), dtype=np.uint32)
    rest = np.ascontiguousarray(values)
    for group in reversed(range(groups)):
        above = rest // 10**_GROUP
        out[:, group] = _GROUPS.take(rest - above * 10**_GROUP)
        rest = above
    return out.view(np.uint8)[:, -width:]


def _decimals(
    values: NDArray[np.float64], whole: int, places: int, fill: np.uint8 = _SPACE
) -> Bytes:
    """Return values not below zero, ``whole`` digits before the point, ``places`` behind."""
    # Cut, not rounded: 99.996 must not become 100.00, for which there is no room.
    digits = _digits((values * 10**places).astype(np.int64), whole + places)
    out = np.empty((len(values), whole + 1 + places), dtype=np.uint8)
    out[:, :whole], out[:, whole], out[:, whole + 1 :] = (
        digits[:, :whole],
        _POINT,
        digits[:, whole:],
    )
    if fill != _ZERO:
        for place in range(whole - 1):
            out[values < 10 ** (whole - 1 - place), place] = fill
    return out


def _filled(template: bytes, *fields: Bytes) -> Bytes:
    """Return the template once a row, with a field's text in place of each @; shape [n, width]."""
    texts = template.split(b"@")
    width = sum(map(len, texts)) + sum(field.shape[1] for field in fields)
    out = np.empty((len(fields[0]), width), dtype=np.uint8)
    at = 0
    for text, field in zip(texts, (*fields, None), strict=True):
        out[:, at : at + len(text)] = np.frombuffer(text, np.uint8)
        at += len(text)
        if field is not None:
            out[:, at : at + field.shape[1]] = field
            at += field.shape[1]
    return out
