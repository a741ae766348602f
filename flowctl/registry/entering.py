"""What stands behind a declaration: its driver, its device; and who is in its way."""

from datetime import datetime

from flowctl.errors import ConflictError
from flowctl.registry.devices import register_device
from flowctl.registry.keys import Keys, encrypt_phone, hash_phone
from flowctl.registry.plates import strip_mark
from flowctl.registry.rotation import adopt_number
from flowctl.registry.rules import Declaration
from flowctl.site import Site
from flowctl.storage import trips as stored
from flowctl.storage.declarations import find_trip_of_declaration
from flowctl.storage.devices import Device, find_device, primary_device
from flowctl.storage.penalties import find_ban
from flowctl.storage.trips import Connection, TripValues


def refuse_banned(conn: Connection, site: Site, plate: str, now: datetime) -> None:
    """Refuse a plate that is barred."""
    ban = find_ban(conn, site.id, plate, now)
    if ban is not None and ban.banned_until is not None:
        until = ban.banned_until.astimezone(site.timezone)
        raise ConflictError(
            f"The plate {plate} is barred until {until.isoformat(sep=' ', timespec='minutes')}:"
            f" too many offences of the kind {ban.kind}, the last one with trip {ban.trip_id}."
            " An operator can lift a penalty that was given wrongly.",
            kind="barred",
            values={"plate": plate, "until": ban.banned_until},
        )


def refuse_over_quota(
    conn: Connection, site: Site, haulier: str | None, *, beside: int = 0
) -> None:
    """Refuse one trip more than a haulier may have under way; who registers waits its turn.

    ``beside`` are trips that would be made too.
    """
    most = site.policy.fair_use.active_per_haulier
    if most == 0 or haulier is None:
        return
    stored.lock_haulier(conn, site.id, haulier)
    active = beside + stored.count_active_of(conn, site.id, haulier)
    if active >= most:
        raise ConflictError(
            f"{haulier} has {active} trips under way, and {most} is the most a haulier may have;"
            " another can be declared when one has ended.",
            kind="quota_full",
            values={"active": active, "quota": most},
        )


def refuse_active(conn: Connection, *, plate: str | None, device: str | None) -> None:
    """Refuse a plate or a device that has an active trip."""
    trip = None if plate is None else stored.find_active_trip_of_plate(conn, strip_mark(plate))
    if plate is not None and trip is not None:
        raise _plate_active(strip_mark(plate), trip)
    known = None if not device else find_device(conn, device.strip())
    trip = None if known is None else stored.find_active_trip_of_device(conn, known.id)
    if known is not None and trip is not None:
        raise _device_active(f"The device {known.uid}", trip)


def refuse_strangers(conn: Connection, site: Site, convoy: str | None, haulier: str | None) -> None:
    """Refuse a truck in a convoy that is another haulier's."""
    members = [] if convoy is None else stored.list_convoy(conn, site.id, convoy)
    if any(other != haulier for _, other in members):
        raise ConflictError(
            f"The convoy {convoy} is another haulier's; choose another code for your own.",
            kind="others_convoy",
            values={"convoy": convoy},
        )


def declared_device(conn: Connection, checked: Declaration, now: datetime) -> Device | None:
    """Return the device a declaration names, entered if need be, or else its truck's primary."""
    if checked.device is None:
        return primary_device(conn, checked.plate, now)
    return register_device(conn, checked.device)


def enter_driver(conn: Connection, keys: Keys, phone: str | None, language: str) -> int:
    """Enter a driver, or find the one of this number; returns the id."""
    if phone is None:
        return stored.insert_numberless_driver(conn, language=language)
    adopt_number(conn, keys, phone)
    return stored.upsert_driver(
        conn,
        phone_cipher=encrypt_phone(keys, phone),
        phone_hash=hash_phone(keys, phone),
        language=language,
    )


def taken(
    conn: Connection,
    site: Site,
    values: TripValues,
    device: Device | None,
    *,
    implied: bool = False,
    but: int | None = None,
) -> ConflictError:
    """Return what says which active trip has the plate, the declaration or the device already.

    ``implied``: the registry named the device, not the declaration. ``but``: not this trip.
    """
    trip = stored.find_active_trip_of_plate(conn, values.plate)
    if trip not in {None, but}:
        return _plate_active(values.plate, trip)
    if values.declaration is not None:
        trip = find_trip_of_declaration(conn, site.id, values.declaration)
        if trip not in {None, but}:
            return ConflictError(
                _has_one(f"The declaration {values.declaration}", trip),
                kind="declaration_active",
                values={"declaration": values.declaration},
            )
    trip = None if device is None else stored.find_active_trip_of_device(conn, device.id)
    if device is None or trip in {None, but}:
        # Between the attempt and this look the other trip ended.
        return _plate_active(values.plate, None)
    known = ", by the registry the truck's own," if implied else ""
    return _device_active(f"The device {device.uid}{known}", trip)


def _plate_active(plate: str, trip: int | None) -> ConflictError:
    return ConflictError(
        _has_one(f"The plate {plate}", trip), kind="plate_active", values={"plate": plate}
    )


def _device_active(device: str, trip: int | None) -> ConflictError:
    return ConflictError(_has_one(device, trip), kind="device_active")


def _has_one(what: str, trip: int | None) -> str:
    which = "an active trip" if trip is None else f"the active trip {trip}"
    return f"{what} has {which} already; change that one, or cancel it first."
