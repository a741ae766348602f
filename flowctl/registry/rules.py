"""What a trip's declaration must keep to, checked against the site. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from flowctl.errors import FlowctlError
from flowctl.registry.papers import (
    Load,
    check_amounts,
    check_driver,
    check_goods_code,
    check_licence_until,
    check_line,
    check_nationality,
    check_other_plate,
    refuse_goods_of_empty,
)
from flowctl.registry.phones import parse_phone
from flowctl.registry.plates import Plate, parse_plate
from flowctl.site import Site
from flowctl.state import Cargo, Direction

LANGUAGES = ("vi", "zh", "en")
_LONGEST_READY_AGO = timedelta(days=30)  # the longest queue on record (December 2021) took weeks
_LONGEST_DEVICE = 64
_LONGEST_HAULIER = 80
_HEAVIEST_T = 150.0  # thrice what a truck may weigh in all (Circular 07/2010/TT-BGTVT: 48 t)
_LONGEST_AWAY_H = 720.0  # a month; the limits in force are 24 h, and 36 h for two-way haul
_CONVOY = re.compile(r"[A-Z0-9][A-Z0-9-]{0,23}")
_REFERENCE = re.compile(r"[A-Z0-9][A-Z0-9/.-]{2,39}")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared trip; as it was typed before `check_declaration`, in one spelling after it.

    ``phone`` is None for a truck registered where it stands whose driver gave no number.
    ``haulier`` names who sends the truck, ``weight_t`` is its weight in tonnes, and trucks of one
    ``convoy``, a code, cross together. ``needs`` is the kind of bay it must be screened in.
    The truck comes back by the same gate, ``returns_within_h`` hours after it crossed at most.
    ``declaration`` is the number of the customs declaration, or what papers name the journey by.

    ``trailer`` and ``pair_plate``, the other truck of a transshipment, are plates. The driver's
    name and licence, which holds until ``licence_until``, need the driver's ``consent``.
    ``goods_class``, ``weight_class``, ``handover`` are ids of the site's workflow, ``goods_code``
    is one of the tariff (HS); the goods keep for ``keeps_h`` hours, at ``temperature_c``.
    ``nationality`` None: as the plate's form says. ``customer`` is whose goods they are, as the
    haulier names him; ``draft`` is what the declaration was written in, with its documents.
    """

    plate: str
    phone: str | None
    language: str
    direction: Direction
    cargo: Cargo
    gates: tuple[str, ...]
    ready_at: datetime
    device: str | None = None
    haulier: str | None = None
    weight_t: float | None = None
    convoy: str | None = None
    needs: str | None = None
    returns_within_h: float | None = None
    declaration: str | None = None
    trailer: str | None = None
    driver_name: str | None = None
    licence: str | None = None
    licence_until: date | None = None
    consent: bool = False
    goods: str | None = None
    goods_class: str | None = None
    goods_code: str | None = None
    weight_class: str | None = None
    value_vnd: int | None = None
    keeps_h: float | None = None
    temperature_c: float | None = None
    load: str = Load.LADEN
    nationality: str | None = None
    handover: str | None = None
    pair_plate: str | None = None
    customer: str | None = None
    draft: UUID | None = None


GOODS = ("goods", "goods_class", "goods_code", "value_vnd", "keeps_h", "temperature_c")
"""The fields that speak of goods."""


def check_declaration(site: Site, declaration: Declaration, *, now: datetime) -> Declaration:
    """Return the declaration with plate and phone in their one spelling.

    Raises
    ------
    FlowctlError
        Something in it cannot be; the sentence names what, and what would do.
    """
    check_gates(site, declaration.gates)
    check_ready(site, declaration.gates, declaration.ready_at, now=now)
    check_language(declaration.language)
    check_needs(site, declaration.gates, declaration.needs)
    check_return(
        site, declaration.gates, declaration.returns_within_h, direction=declaration.direction
    )
    haulier = check_haulier(declaration.haulier)
    plate = parse_plate(declaration.plate)
    return replace(
        check_papers(site, declaration, plate),
        plate=plate.text,
        phone=None if declaration.phone is None else parse_phone(declaration.phone),
        device=check_device(declaration.device),
        haulier=haulier,
        weight_t=check_weight(declaration.weight_t),
        convoy=check_convoy(declaration.convoy, haulier),
        declaration=check_reference(declaration.declaration),
    )


def check_papers(site: Site, declaration: Declaration, plate: Plate) -> Declaration:
    """Return the declaration with what the order does not rest on in one spelling.

    What the site's workflow knows is checked against it by `flowctl.registry.catalogue`.
    """
    name, licence = check_driver(
        declaration.driver_name,
        declaration.licence,
        declaration.licence_until,
        consent=declaration.consent,
    )
    check_licence_until(site, declaration.licence_until, declaration.ready_at)
    check_amounts(declaration.value_vnd, declaration.keeps_h, declaration.temperature_c)
    given = [field for field in GOODS if getattr(declaration, field) is not None]
    refuse_goods_of_empty(declaration.load, given)
    return replace(
        declaration,
        driver_name=name,
        licence=licence,
        trailer=check_other_plate(declaration.trailer, plate.text, field="trailer"),
        pair_plate=check_other_plate(declaration.pair_plate, plate.text, field="pair_plate"),
        nationality=check_nationality(plate, declaration.nationality),
        goods=check_line("goods", declaration.goods),
        goods_code=check_goods_code(declaration.goods_code),
        customer=check_line("customer", declaration.customer),
    )


def check_gates(site: Site, gates: Sequence[str]) -> None:
    """Refuse no gate, a gate this site has not, and one named twice."""
    if not gates:
        raise FlowctlError(
            f"The trip names no gate; {site.id} has {_named(site)}.", kind="gate_missing"
        )
    for gate in gates:
        if gate not in site.gate_by_id:
            raise FlowctlError(
                f"There is no gate {gate[:40]!r}; {site.id} has {_named(site)}.",
                kind="no_gate",
                values={"gate": gate[:40]},
            )
    if len(set(gates)) < len(gates):
        raise FlowctlError(
            "The trip names a gate twice; name each once, the preferred first.", kind="gate_twice"
        )


def check_ready(site: Site, gates: Sequence[str], ready_at: datetime, *, now: datetime) -> None:
    """Refuse a ready moment without zone, out of reach, or on a day all its gates are closed."""
    if ready_at.tzinfo is None:
        raise FlowctlError("ready_at has no time zone; write it as 2024-01-23T07:00:00+07:00.")
    if ready_at < now - _LONGEST_READY_AGO:
        raise FlowctlError(
            f"ready_at {_local(site, ready_at)} is more than {_LONGEST_READY_AGO.days} days ago.",
            kind="ready_long_ago",
            values={"ready": ready_at, "days": _LONGEST_READY_AGO.days},
        )
    horizon = timedelta(days=site.dispatch.horizon_days)
    if ready_at > now + horizon:
        raise FlowctlError(
            f"ready_at {_local(site, ready_at)} is more than {horizon.days} days ahead; "
            "register the truck nearer to its day.",
            kind="ready_far",
            values={"ready": ready_at, "days": horizon.days},
        )
    if ready_at > now:
        _check_open_day(site, gates, ready_at)


def _check_open_day(site: Site, gates: Sequence[str], ready_at: datetime) -> None:
    day = ready_at.astimezone(site.timezone).date()
    openings = [site.gate_by_id[gate].opening for gate in gates]
    if any(opening.windows(day) for opening in openings):
        return
    later = (day + timedelta(days=n) for n in range(1, 32))
    next_day = next((d for d in later if any(opening.windows(d) for opening in openings)), None)
    closed = " and ".join(gates)
    advice = "no open day is known" if next_day is None else f"the next open day is {next_day}"
    raise FlowctlError(
        f"{day} is a closed day at {closed}; {advice}.",
        kind="closed_day",
        values={
            "gates": tuple(gates),
            "day": day.isoformat(),
            "next": None if next_day is None else next_day.isoformat(),
        },
    )


def check_language(language: str) -> None:
    """Refuse a language in which nothing can be told."""
    if language not in LANGUAGES:
        raise FlowctlError(
            f"There are no texts in the language {language[:10]!r}; choose vi, zh or en."
        )


def check_device(device: str | None) -> str | None:
    """Return the device's id without spaces around it; refuse one that is empty or too long."""
    if device is None:
        return None
    uid = device.strip()
    if not 0 < len(uid) <= _LONGEST_DEVICE or not uid.isprintable():
        raise FlowctlError(
            f"The device is empty or longer than {_LONGEST_DEVICE} characters; give the id its "
            "tracker sends, or null for a truck without one.",
            kind="device_long",
            values={"most": _LONGEST_DEVICE},
        )
    return uid


def check_haulier(haulier: str | None) -> str | None:
    """Return the haulier's name without spaces around it; refuse one that is empty or too long."""
    if haulier is None:
        return None
    name = haulier.strip()
    if not 0 < len(name) <= _LONGEST_HAULIER or not name.isprintable():
        raise FlowctlError(
            f"The haulier is empty or longer than {_LONGEST_HAULIER} characters; give its name, or"
            " null where it is not known.",
            kind="haulier_long",
            values={"most": _LONGEST_HAULIER},
        )
    return name


def check_weight(weight_t: float | None) -> float | None:
    """Return the weight; refuse what no truck weighs."""
    if weight_t is not None and not 0 < weight_t <= _HEAVIEST_T:
        raise FlowctlError(
            f"weight_t {weight_t:g} must lie above 0 and within {_HEAVIEST_T:g} tonnes.",
            kind="weight_out",
            values={"weight_t": weight_t, "most": _HEAVIEST_T},
        )
    return weight_t


def check_convoy(convoy: str | None, haulier: str | None) -> str | None:
    """Return a convoy's code in capitals; refuse what is no code, and a convoy of nobody's."""
    if convoy is None:
        return None
    code = convoy.strip().upper()
    if not _CONVOY.fullmatch(code):
        raise FlowctlError(
            f"{convoy[:24]!r} is no code of a convoy; give 1 to 24 letters, digits and hyphens.",
            kind="no_convoy",
            values={"convoy": convoy[:24]},
        )
    if haulier is None:
        raise FlowctlError(
            f"The convoy {code} has no haulier; a convoy is of one haulier, so name it.",
            kind="convoy_of_nobody",
            values={"convoy": code},
        )
    return code


def check_reference(declaration: str | None) -> str | None:
    """Return a declaration's number in capitals, without spaces; refuse what is none."""
    if declaration is None:
        return None
    number = "".join(declaration.split()).upper()
    if not _REFERENCE.fullmatch(number):
        raise FlowctlError(
            f"{declaration[:40]!r} is no number of a declaration; give 3 to 40 letters, digits,"
            " hyphens, dots and strokes.",
            kind="no_reference",
            values={"declaration": declaration[:40]},
        )
    return number


def check_needs(site: Site, gates: Sequence[str], kind: str | None) -> None:
    """Refuse a kind of bay that none of the trip's gates has."""
    if kind is None:
        return
    having = [gate.id for gate in site.gates if kind in {bay.kind for bay in gate.bays}]
    if set(having).isdisjoint(gates):
        known = f"it is at {' and '.join(having)}" if having else f"{site.id} has none"
        raise FlowctlError(
            f"None of the trip's gates has a bay {kind[:40]!r}; {known}.",
            kind="no_bay",
            values={"needs": kind[:40]},
        )


def check_return(
    site: Site, gates: Sequence[str], within_h: float | None, *, direction: Direction | str
) -> None:
    """Refuse a limit nobody can keep or nobody set, and a return by gates without imports."""
    if within_h is None:
        return
    if direction != Direction.EXPORT:
        raise FlowctlError(
            "returns_within_h is for exports; an import is on its way back already.",
            kind="return_of_import",
        )
    least_h = site.dispatch.return_after_s / 3600
    # The plan goes by what is declared, the alarm by the site's limit: one lies within the other.
    most_h = site.policy.away.two_way_h or _LONGEST_AWAY_H
    if not least_h < within_h <= most_h:
        raise FlowctlError(
            f"returns_within_h {within_h:g} must lie above {least_h:g} hours, before which nobody "
            f"is back, and within {most_h:g}.",
            kind="return_limit",
            values={"least_h": least_h, "most_h": most_h},
        )
    if not any("import" in site.gate_by_id[gate].directions for gate in gates):
        raise FlowctlError(
            f"The truck could not come back: {' and '.join(gates)} takes no imports; "
            "name another gate, or leave returns_within_h out.",
            kind="return_gates",
            values={"gates": tuple(gates)},
        )


def _named(site: Site) -> str:
    return " and ".join(gate.id for gate in site.gates)


def _local(site: Site, moment: datetime) -> str:
    return moment.astimezone(site.timezone).isoformat(timespec="minutes")
