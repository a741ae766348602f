"""A trip's one declaration: what stands beside what the order rests on; entered, changed, shown."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flowctl.errors import NotFoundError
from flowctl.registry.catalogue import check_catalogue, refuse_pair, refuse_weight
from flowctl.registry.courses import Course
from flowctl.registry.edits import refuse_fixed
from flowctl.registry.keys import Keys, decrypt_phone
from flowctl.registry.papers import LICENCE_EXPIRED, marks_of
from flowctl.registry.persons import seal, unseal
from flowctl.registry.plates import parse_plate
from flowctl.registry.rules import Declaration, check_papers
from flowctl.site import Site
from flowctl.state import Cargo, Direction
from flowctl.storage import declarations as stored
from flowctl.storage.declarations import Connection, Papers
from flowctl.storage.trips import TripRecord, TripValues
from flowctl.storage.workflows import find_workflow, get_workflow
from flowctl.workflow.catalogue import Workflow

_TYPED = (
    *("trailer", "goods", "goods_class", "goods_code", "weight_class", "value_vnd", "keeps_h"),
    *("temperature_c", "load", "nationality", "handover", "pair_plate", "customer"),
    "licence_until",
)
"""The fields of `Papers` that are typed as they stand."""
_OF_DRIVER = ("driver_name", "licence", "licence_until")


@dataclass(frozen=True, slots=True)
class Driver:
    """What a declaration says of its driver; None: it was not said, or is erased."""

    name: str | None = None
    licence: str | None = None


def enter(
    conn: Connection,
    site: Site,
    keys: Keys,
    trip_id: int,
    checked: Declaration,
    *,
    driver_id: int,
    by: str,
    origins: Mapping[str, str],
    course: Course | None,
    now: datetime,
) -> None:
    """Enter what a new trip's checked declaration says beside its place in the order.

    ``course`` is how it begins; None where its site has no workflow.

    Raises
    ------
    NotFoundError
        ``by`` has no such draft, or it was declared before.
    """
    cipher = seal_driver(conn, keys, driver_id, Driver(checked.driver_name, checked.licence))
    papers = papers_of(site, checked, driver_cipher=cipher, now=now)
    stored.insert_declaration(
        conn,
        trip_id,
        papers,
        origins=origins,
        workflow_id=None if course is None else course.trip.workflow_id,
        variant=None if course is None else course.variant.id,
        now=now,
    )
    if checked.draft is not None and not stored.adopt_draft(
        conn, site.id, checked.draft, trip_id, account=by
    ):
        raise NotFoundError(
            f"There is no draft {checked.draft} of yours, or it was declared already.",
            kind="no_draft",
        )


@dataclass(frozen=True, slots=True)
class Person:
    """A trip's driver, as far as it is known and may be seen."""

    phone: str | None = None
    name: str | None = None
    licence: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is anything to be seen."""
        return (self.phone, self.name, self.licence) != (None, None, None)


def open_person(
    conn: Connection, keys: Keys, trip_id: int, papers: Papers, *, phone: bool
) -> Person:
    """Return who drives a trip's truck; ``phone``: the number too. Who asks is written down."""
    found = stored.find_person(conn, trip_id)
    if found is None:
        return Person()
    driver_id, cipher = found
    driver = open_driver(conn, keys, driver_id, papers.driver_cipher)
    number = decrypt_phone(keys, bytes(cipher)) if phone and cipher is not None else None
    return Person(number, driver.name, driver.licence)


@dataclass(frozen=True, slots=True)
class Whole:
    """A trip's declaration as it stands; see `flowctl.storage.declarations.DeclarationRow`."""

    papers: Papers
    marks: list[str]
    origins: Mapping[str, str]
    settled: Mapping[str, str]
    customs_number: str | None = None
    workflow_id: int | None = None
    variant: str | None = None
    revision: int = 0


def find_whole(conn: Connection, trip_id: int, plate: str, *, today: date) -> Whole:
    """Return a trip's declaration; one of before declarations were kept says nothing."""
    row = stored.find_declaration(conn, trip_id)
    papers = before_declarations(plate) if row is None else row.papers
    # A licence runs out by itself.
    marks = marks_of(plate, papers.licence_until, today)
    marks += [mark for mark in papers.marks if mark not in {*marks, LICENCE_EXPIRED}]
    if row is None:
        return Whole(papers, marks, {}, {})
    return Whole(
        papers,
        marks,
        row.origins,
        row.settled,
        row.customs_number,
        row.workflow_id,
        row.variant,
        row.revision,
    )


@dataclass(frozen=True, slots=True)
class Merged:
    """A declaration as it will stand, and which fields changed."""

    papers: Papers
    changed: frozenset[str]
    origins: Mapping[str, str]

    def marked(self, fields: Collection[str], origin: str) -> "Merged":
        """Return it with fields marked as come from somebody else."""
        return replace(self, origins={**self.origins, **dict.fromkeys(sorted(fields), origin)})


def merge(
    conn: Connection,
    site: Site,
    keys: Keys,
    trip: TripRecord,
    values: TripValues,
    wish: Mapping[str, object],
    *,
    now: datetime,
) -> Merged:
    """Return a trip's declaration with ``wish`` (by field; None takes one away) put into it.

    What was said of a driver goes with the driver. A weight of another class changes the class,
    but where a stage settled it.

    Raises
    ------
    FlowctlError
        A value cannot be.
    ConflictError
        A stage settled a field, or the trip began with it.
    """
    row = stored.find_declaration(conn, trip.id)
    was = before_declarations(trip.plate) if row is None else row.papers
    settled = {} if row is None else row.settled
    driver = open_driver(conn, keys, trip.driver_id, was.driver_cipher)
    said = _said(was, driver)
    refuse_fixed(settled, {name for name, value in wish.items() if value != said[name]})
    if values.driver_id != trip.driver_id:
        said |= dict.fromkeys(_OF_DRIVER) | {"consent": False}
    if values.weight_t != trip.weight_t and "weight_class" not in settled:
        said["weight_class"] = None
    if values.plate != trip.plate:
        said["nationality"] = None
    declared = Declaration(
        plate=values.plate,
        phone=None,
        language=trip.language,
        direction=Direction(values.direction),
        cargo=Cargo(values.cargo),
        gates=values.gates,
        ready_at=values.ready_at,
        weight_t=values.weight_t,
        **said | dict(wish),
    )
    workflow = _workflow(conn, site, None if row is None else row.workflow_id, now)
    checked = check_papers(site, declared, parse_plate(values.plate))
    if values.weight_t != trip.weight_t and "weight_class" in settled:
        refuse_weight(workflow, values.weight_t, was.weight_class, settled["weight_class"])
    if checked.pair_plate != was.pair_plate:
        refuse_pair(was.handover, checked.pair_plate)
    # What a stage settled is the agency's word, even where it fits no weight.
    judged = replace(checked, weight_t=None) if "weight_class" in settled else checked
    checked = check_catalogue(workflow, judged)
    told = Driver(checked.driver_name, checked.licence)
    cipher = was.driver_cipher
    if told != driver or values.driver_id != trip.driver_id:
        cipher = seal_driver(conn, keys, values.driver_id, told)
    papers = papers_of(site, checked, driver_cipher=cipher, now=now)
    if was.consent_at is not None and papers.consent_at is not None:
        papers = replace(papers, consent_at=was.consent_at)
    after = _said(papers, told)
    changed = {name for name, value in _said(was, driver).items() if after[name] != value}
    origins = {} if row is None else row.origins
    kept = {name: origin for name, origin in origins.items() if name not in changed}
    return Merged(papers, frozenset(changed), kept)


def _said(papers: Papers, driver: Driver) -> dict[str, Any]:
    """Return what is declared by field, as `flowctl.registry.rules.Declaration` names them."""
    said = {name: getattr(papers, name) for name in _TYPED}
    consent = papers.consent_at is not None
    return said | {"driver_name": driver.name, "licence": driver.licence, "consent": consent}


def _workflow(
    conn: Connection, site: Site, workflow_id: int | None, now: datetime
) -> Workflow | None:
    """Return the workflow a trip began with; of one that began with none, the one in force."""
    if workflow_id is not None:
        return get_workflow(conn, workflow_id)
    found = find_workflow(conn, site.id, now)
    return None if found is None else found[1]


def keep(
    conn: Connection, trip_id: int, merged: Merged, changed: Collection[str], *, now: datetime
) -> None:
    """Write a declaration of which anything ``changed``, so that whoever reads on sees it."""
    if changed:
        stored.update_declaration(conn, trip_id, merged.papers, origins=merged.origins, now=now)


def before_declarations(plate: str) -> Papers:
    """Return what a trip of before declarations were kept counts as having said."""
    return Papers(nationality=parse_plate(plate).form.value)


def papers_of(
    site: Site, checked: Declaration, *, driver_cipher: bytes | None, now: datetime
) -> Papers:
    """Return what is kept of a checked declaration."""
    until = checked.licence_until
    today = now.astimezone(site.timezone).date()
    return Papers(
        handover=checked.handover,
        trailer=checked.trailer,
        nationality=checked.nationality or "other",
        load=checked.load,
        goods=checked.goods,
        goods_class=checked.goods_class,
        goods_code=checked.goods_code,
        weight_class=checked.weight_class,
        value_vnd=checked.value_vnd,
        keeps_h=checked.keeps_h,
        temperature_c=checked.temperature_c,
        pair_plate=checked.pair_plate,
        customer=checked.customer,
        driver_cipher=driver_cipher,
        licence_until=until,
        consent_at=now if checked.consent else None,
        marks=tuple(marks_of(checked.plate, until, today)),
    )


def seal_driver(conn: Connection, keys: Keys, driver_id: int, driver: Driver) -> bytes | None:
    """Return what is said of a driver, sealed by the driver's own key; None where that is none."""
    if driver == Driver():
        return None
    said = {"name": driver.name, "licence": driver.licence}
    return seal(conn, keys, driver_id, json.dumps(said, ensure_ascii=False))


def open_driver(conn: Connection, keys: Keys, driver_id: int, cipher: bytes | None) -> Driver:
    """Return what is said of a driver, as far as it is not erased."""
    text = None if cipher is None else unseal(conn, keys, driver_id, cipher)
    return Driver() if text is None else Driver(**json.loads(text))
