"""Pictures in their sequence, and the text of each, written and packed once for all who look."""

import secrets
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import msgspec

from api.picture import GatePicture, Picture
from api.trucks import Truck

GZIP_BEGINS = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""The head of a gzip stream (RFC 1952) without name and time; any of `packed` may follow it."""

_KEPT = 60
"""So many frames can be resumed from: a minute of a line that was away."""
_TEXTS_KEPT = 8
_LEVEL = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with its place in the sequence."""

    sequence: int
    picture: Picture


class Frames:
    """The last frames of one process, and what changed between any two of them."""

    def __init__(self) -> None:
        self._boot = secrets.token_hex(4)
        self._frames: OrderedDict[int, Frame] = OrderedDict()
        self._texts: OrderedDict[tuple[int, int, bool], bytes] = OrderedDict()

    def add(self, picture: Picture) -> Frame:
        """Give a picture its place after all before."""
        frame = Frame(next(reversed(self._frames), 0) + 1, picture)
        self._frames[frame.sequence] = frame
        if len(self._frames) > _KEPT:
            self._frames.popitem(last=False)
        return frame

    def name(self, frame: Frame) -> str:
        """Return what names a frame among those of all processes and their restarts."""
        return f"{self._boot}-{frame.sequence}"

    def find(self, name: str) -> Frame | None:
        """Return the frame of a name; None where it is old, of another process, or made up."""
        return next((one for one in self._frames.values() if self.name(one) == name), None)

    def event(self, frame: Frame, since: Frame | None, *, gzipped: bool) -> bytes:
        """Return a frame as a server-sent event: whole, or what changed ``since``."""
        key = (0 if since is None else since.sequence, frame.sequence, gzipped)
        if key in self._texts:
            return self._texts[key]
        if gzipped:
            text = packed(self.event(frame, since, gzipped=False))
        else:
            document = encode(frame.picture, None if since is None else since.picture)
            text = b"event: live\nid: %s\ndata: %s\n\n" % (self.name(frame).encode(), document)
        self._texts[key] = text
        if len(self._texts) > _TEXTS_KEPT:
            self._texts.popitem(last=False)
        return text


def packed(text: bytes) -> bytes:
    """Return a text as blocks of a gzip stream that refer to nothing before them.

    Whole deflate streams may not follow each other within one answer: browsers stop after the
    first. Blocks that end at a byte and are none of them the last may (RFC 1951, 3.2.3), so that
    one and the same bytes go to every reader, wherever each began.
    """
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)


def encode(picture: Picture, since: Picture | None) -> bytes:
    """Return a picture as JSON, its trucks in columns.

    With ``since`` the columns hold the trucks that changed, and ``gone`` the trips of those that
    are no longer there; without it ``full`` tells that what is not in it is not there.
    """
    before = {} if since is None else since.trucks
    changed = {key: truck for key, truck in picture.trucks.items() if before.get(key) != truck}
    document = {
        "at": picture.at,
        "full": since is None,
        "trucks": _columns(changed),
        "gone": [key for key in before if key not in picture.trucks],
        "yards": picture.yards,
        "gates": [_gate(gate) for gate in picture.gates],
        "alerts": picture.alerts,
        "marks": picture.marks,
    }
    return msgspec.json.encode(document)


_COLUMNS = [field.name for field in fields(Truck)]


def _columns(trucks: Mapping[int, Truck]) -> dict[str, list[Any]]:
    each = trucks.values()
    columns = {name: [getattr(truck, name) for truck in each] for name in _COLUMNS}
    return {"id": list(trucks)} | columns


def _gate(gate: GatePicture) -> dict[str, Any]:
    shown = asdict(gate)
    shown["cleared"] = {"export": gate.cleared.export, "import": gate.cleared.import_}
    del shown["next_change_at"]  # the board's
    return shown
