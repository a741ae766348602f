"""A trip's one declaration: what stands beside what the order rests on; entered, changed, shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flowctl.errors import NotFoundError
from flowctl.registry.keys import Keys
from flowctl.registry.papers import marks_of
from flowctl.registry.persons import seal, unseal
from flowctl.registry.rules import Declaration
from flowctl.site import Site
from flowctl.storage import declarations as stored
from flowctl.storage.declarations import Connection, Papers


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
    now: datetime,
) -> None:
    """Enter what a new trip's checked declaration says beside its place in the order.

    Raises
    ------
    NotFoundError
        ``by`` has no such draft, or it was declared before.
    """
    cipher = seal_driver(conn, keys, driver_id, Driver(checked.driver_name, checked.licence))
    papers = papers_of(site, checked, driver_cipher=cipher, now=now)
    stored.insert_declaration(conn, trip_id, papers, origins=origins, now=now)
    if checked.draft is not None and not stored.adopt_draft(
        conn, site.id, checked.draft, trip_id, account=by
    ):
        raise NotFoundError(
            f"There is no draft {checked.draft} of yours, or it was declared already.",
            kind="no_draft",
        )


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
