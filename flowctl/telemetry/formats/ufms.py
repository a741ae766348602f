"""UFMS: what Vietnamese providers of journey recorders publish, as protocol buffers.

One ``BaseMessage`` a body, one fix a message; of several in a row protobuf reads the last value of
each field, as it merges them. ``speed`` is in km/h. A fix is known by the plate (``vehicle``, in
letters and digits as the registry spells it) and ``datetime``, in Unix seconds. Other messages
(registrations of vehicles, drivers, companies) are no items.

``x`` is the longitude and ``y`` the latitude, but some feeds have them the other way round. In
Vietnam the ranges of the two do not meet, so such a fix is set right and noted.

The driver's licence number (field 2) is personal. It has no place in the descriptor, so it is
never read, and unknown fields are dropped before a message is kept aside.

Proto3 senders leave a 0 or false out: what is not in a message is absent here.
"""

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from flowctl.registry.plates import strip_mark
from flowctl.telemetry.fixes import Note
from flowctl.telemetry.formats.decoded import (
    KMH_MPS,
    LONGEST_UID,
    Decoded,
    MalformedError,
    Misfit,
)
from flowctl.telemetry.formats.readings import Reading, epoch_us, gather, reading

_WAY_POINT = 100  # both the type of the message and the number of its field
_LON, _LAT = (102.0, 110.0), (8.0, 24.0)  # Vietnam, degrees WGS 84
_LONGEST_PLATE_BYTES = 4 * LONGEST_UID
_Field = FieldDescriptorProto
_FIELDS = (
    ("vehicle", 1, _Field.TYPE_BYTES),  # a string: read as bytes, so that broken text is a misfit
    ("speed", 3, _Field.TYPE_FLOAT),
    ("datetime", 4, _Field.TYPE_INT32),
    ("x", 5, _Field.TYPE_DOUBLE),
    ("y", 6, _Field.TYPE_DOUBLE),
    ("z", 7, _Field.TYPE_FLOAT),
    ("heading", 8, _Field.TYPE_FLOAT),
    ("ignition", 9, _Field.TYPE_BOOL),
)


def _message_class() -> Any:  # noqa: ANN401 - its attributes come from the descriptor
    """Return the class of ``BaseMessage``; proto2, whose fields tell absent from 0."""
    file = FileDescriptorProto(name="ufms.proto", package="ufms", syntax="proto2")
    point = file.message_type.add(name="WayPoint")
    for name, number, kind in _FIELDS:
        point.field.add(name=name, number=number, type=kind, label=_Field.LABEL_OPTIONAL)
    base = file.message_type.add(name="BaseMessage")
    base.field.add(name="msg_type", number=1, type=_Field.TYPE_INT32, label=_Field.LABEL_OPTIONAL)
    base.field.add(
        name="way_point",
        number=_WAY_POINT,
        type=_Field.TYPE_MESSAGE,
        type_name=".ufms.WayPoint",
        label=_Field.LABEL_OPTIONAL,
    )
    pool: Any = DescriptorPool()  # typed nowhere
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName("ufms.BaseMessage"))


_BaseMessage = _message_class()


def decode(body: bytes) -> Decoded:
    """Read one ``BaseMessage``.

    Raises
    ------
    MalformedError
        The body is no such message.
    """
    try:
        message = _BaseMessage.FromString(body)
    except DecodeError as error:
        raise MalformedError("The body is not a UFMS message (protobuf BaseMessage).") from error
    if not message.HasField("msg_type"):
        raise MalformedError("The body is not a UFMS message: it has no msgType.")
    return gather([_read(message) if message.msg_type == _WAY_POINT else None])


def _read(message: Any) -> Reading | Misfit:  # noqa: ANN401
    point = message.way_point
    plate = _find_plate(point.vehicle)
    absent = [name for name in ("vehicle", "datetime", "x", "y") if not point.HasField(name)]
    if plate is None or absent:
        message.DiscardUnknownFields()
        fault = f"lacks {', '.join(absent)}" if absent else "names no plate of letters and digits"
        return Misfit(0, plate, message.SerializeToString(), f"The WayPoint {fault}.")
    lon, lat, notes = _unswap(point.x, point.y)
    return reading(
        plate,
        epoch_us(point.datetime),
        lon,
        lat,
        speed_mps=_find(point, "speed", KMH_MPS),
        heading_deg=_find(point, "heading"),
        altitude_m=_find(point, "z"),
        accuracy_m=None,
        ignition=point.ignition if point.HasField("ignition") else None,
        notes=notes,
    )


def _find_plate(vehicle: bytes) -> str | None:
    if len(vehicle) > _LONGEST_PLATE_BYTES:
        return None
    try:
        plate = "".join(c for c in strip_mark(vehicle.decode()) if c.isalnum())
    except UnicodeDecodeError:
        return None
    return plate if 1 <= len(plate) <= LONGEST_UID else None


def _find(point: Any, name: str, scale: float = 1.0) -> float | None:  # noqa: ANN401
    return getattr(point, name) * scale if point.HasField(name) else None


def _unswap(x: float, y: float) -> tuple[float, float, int]:
    """Return longitude and latitude in degrees, and the note where they had changed places."""
    if _LAT[0] <= x <= _LAT[1] and _LON[0] <= y <= _LON[1]:
        return y, x, Note.SWAPPED
    return x, y, 0
