"""What is kept of a driver: found, handed out to him, erased; and who has looked at it.

Each of these is for an administrator, and is written down as an access.
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry.declarations import open_driver
from flowctl.registry.drafts import Form, list_forms_that, take_out
from flowctl.registry.keys import Keys, decrypt_answer, decrypt_phone, phone_hashes
from flowctl.registry.phones import parse_phone
from flowctl.registry.plates import parse_plate
from flowctl.storage import persons as stored
from flowctl.storage.audit import AuditRecord, Wanted, list_records
from flowctl.storage.documents import erase_documents
from flowctl.storage.ended import forget_number
from flowctl.storage.persons import Connection, Person

ACCESSES = (
    "person.seen",
    "person.find",
    "person.export",
    "person.erase",
    "document.opened",
    "trip.track",
)
"""Acts by which somebody looked at what is personal, or took it away."""
_MOST_ACCESSES = 10_000
_PERSONAL = ("phone", "driver_name", "licence", "licence_until", "consent")
"""What of a form is its driver's own."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of a driver, by how many there were.

    ``trips`` go without his name, ``documents`` hold nothing, ``forms`` (drafts and templates) name
    him no more.
    """

    person: int
    trips: int
    documents: int
    forms: int


def find_persons(
    conn: Connection, keys: Keys, site: str, *, phone: str | None = None, plate: str | None = None
) -> list[Person]:
    """Return the drivers of a number or of a truck, the latest first.

    Raises
    ------
    FlowctlError
        Neither or both are given, or one cannot be.
    """
    if phone is not None and plate is None:
        return stored.list_persons(conn, site, phone_hashes=phone_hashes(keys, parse_phone(phone)))
    if plate is not None and phone is None:
        return stored.list_persons(conn, site, plate=parse_plate(plate).text)
    raise FlowctlError("Name either a phone number or a plate.", kind="person_by")


def get_person(conn: Connection, site: str, driver_id: int) -> Person:
    """Return a driver.

    Raises
    ------
    NotFoundError
        There is none.
    """
    found = stored.list_persons(conn, site, driver_id=driver_id)
    if not found:
        raise NotFoundError(f"There is no person {driver_id}.", kind="no_person")
    return found[0]


def export_person(
    conn: Connection, keys: Keys, site: str, driver_id: int, *, now: datetime
) -> dict[str, Any]:
    """Return all that is kept of a driver, opened, by the kind of it; moments are datetimes.

    Raises
    ------
    NotFoundError
        There is none.
    """
    person = get_person(conn, site, driver_id)
    trips = stored.list_trip_ids(conn, site, driver_id)
    own = stored.list_own(conn, site, driver_id, trips)
    _open_drivers(conn, keys, driver_id, own["declarations"])
    for one in own["answers"]:
        one["text"] = decrypt_answer(keys, one.pop("cipher"))
    phone = _phone(conn, keys, driver_id)
    named = list_forms_that(conn, site, keys, _naming(phone, _licences(own["declarations"])))
    return {
        "person": driver_id,
        "made_at": now,
        "site": site,
        "phone": phone,
        "language": person.language,
        **own,
        "forms": [
            {"account": row.account, "template": row.template, "changed_at": row.changed_at}
            | {name: form[name] for name in _PERSONAL if name in form}
            for row, form in named
        ],
        "accesses": _accesses(conn, site, driver_id),
    }


def erase_person(conn: Connection, keys: Keys, site: str, driver_id: int) -> Erased:
    """Erase what is a driver's own, in the caller's transaction: nothing of it opens any more.

    His key and his number go, with what he wrote; his name and licence, also from drafts and
    templates that name them; what the documents of his trips hold. The trips stay without him, for
    the order and its proofs, until the site's days.

    Raises
    ------
    NotFoundError
        There is none.
    ConflictError
        A trip of his runs.
    """
    person = get_person(conn, site, driver_id)
    stored.lock_person(conn, driver_id)
    running = stored.find_active_trip(conn, driver_id)
    if running is not None:
        raise ConflictError(
            f"The trip {running} of this driver runs, and he must be told of his slot; erase him"
            " once it has ended or is cancelled.",
            kind="person_active",
            values={"trip": running},
        )
    own = stored.list_own(conn, site, driver_id, stored.list_trip_ids(conn, site, driver_id))
    _open_drivers(conn, keys, driver_id, own["declarations"])
    names_him = _naming(_phone(conn, keys, driver_id), _licences(own["declarations"]))
    forms = list_forms_that(conn, site, keys, names_him)
    for row, form in forms:
        take_out(conn, site, keys, row, form, _PERSONAL)
    documents = stored.erase_own(conn, driver_id)
    erase_documents(conn, documents)
    forget_number(conn, driver_id)
    return Erased(driver_id, person.trips, len(documents), len(forms))


def subjects_of(
    conn: Connection, site: str, *, trip: int | None = None, person: int | None = None
) -> list[str] | None:
    """Return what acts name that are about a trip, or about a driver; None: about anything."""
    if trip is None and person is None:
        return None
    subjects = [] if person is None else [f"person:{person}"]
    trips = [] if person is None else stored.list_trip_ids(conn, site, person)
    trips += [] if trip is None else [trip]
    subjects += [f"trip:{one}" for one in trips]
    return subjects + [f"document:{one}" for one in stored.list_document_ids(conn, trips)]


def trip_of(act: AuditRecord) -> int | None:
    """Return the trip that an access was about."""
    what, _, number = act.subject.partition(":")
    if what == "trip":
        return int(number)
    named = (act.after or {}).get("trip")
    return named if isinstance(named, int) else None


def _phone(conn: Connection, keys: Keys, driver_id: int) -> str | None:
    cipher = stored.find_phone(conn, driver_id)
    return None if cipher is None else decrypt_phone(keys, cipher)


def _open_drivers(
    conn: Connection, keys: Keys, driver_id: int, declarations: Iterable[dict[str, Any]]
) -> None:
    """Put name and licence into declarations in place of their ciphers."""
    for one in declarations:
        driver = open_driver(conn, keys, driver_id, one.pop("driver_cipher"))
        one |= {"driver_name": driver.name, "licence": driver.licence}


def _licences(declarations: Iterable[dict[str, Any]]) -> set[str]:
    return {one["licence"] for one in declarations if one["licence"] is not None}


def _naming(phone: str | None, licences: Container[str]) -> Callable[[Form], bool]:
    """Return what tells whether a form names the driver of a number or of one of some licences."""

    def names(form: Form) -> bool:
        licence = form.get("licence")
        if isinstance(licence, str) and "".join(licence.split()).upper() in licences:
            return True
        try:
            return phone is not None and parse_phone(str(form.get("phone", ""))) == phone
        except FlowctlError:
            return False  # what is typed so far is no number

    return names


def _accesses(conn: Connection, site: str, driver_id: int) -> list[dict[str, Any]]:
    """Return who looked at what is a driver's, the newest first."""
    wanted = Wanted(subjects=subjects_of(conn, site, person=driver_id), acts=ACCESSES)
    found = list_records(conn, site, wanted, limit=_MOST_ACCESSES)
    return [
        {"at": one.at, "account": one.account, "role": one.role, "act": one.act, "to": one.subject}
        for one in found
    ]
