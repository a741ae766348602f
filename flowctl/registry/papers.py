"""What a declaration says beside what the order rests on: goods, driver, papers; checked. Pure."""

import re
from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum

from flowctl.errors import FlowctlError
from flowctl.registry.plates import Plate, PlateForm, parse_plate
from flowctl.site import Site

TRANSSHIPMENT = "transshipment"
"""The handover in which goods go from one truck to another, which is named."""
PLATE_FORM, LICENCE_EXPIRED = "plate_form", "licence_expired"
"""Marks: the plate is of no known form; the driver's licence has run out."""
_LONGEST = {"driver_name": 80, "goods": 160, "customer": 80}
_LICENCE = re.compile(r"[0-9A-ZĐ][0-9A-ZĐ/.-]{3,29}")
_GOODS_CODE = re.compile(r"\d{4,12}")
_DEAREST_VND = 10**13
_LONGEST_KEPT_H = 17_520.0  # two years: frozen goods
_COLDEST_C, _WARMEST_C = -60.0, 60.0


class Load(StrEnum):
    """Whether a truck carries goods."""

    LADEN = "laden"
    EMPTY = "empty"


class Nationality(StrEnum):
    """Whose plate a truck has."""

    VN = "VN"
    CN = "CN"
    OTHER = "other"


def check_line(field: str, text: str | None) -> str | None:
    """Return a line of text without spaces around it, None for none; refuse one too long."""
    if text is None:
        return None
    line = " ".join(text.split())
    if len(line) > _LONGEST[field] or not line.isprintable():
        raise FlowctlError(
            f"{field} is longer than {_LONGEST[field]} characters, or has some that cannot be"
            " printed; shorten it.",
            kind="line_long",
            values={"field": field, "most": _LONGEST[field]},
        )
    return line or None


def check_other_plate(text: str | None, plate: str, *, field: str) -> str | None:
    """Return the plate of a trailer, or of the other truck, in its one spelling."""
    if text is None:
        return None
    other = parse_plate(text).text
    if other == plate:
        raise FlowctlError(
            f"{field} is the truck's own plate {plate}; give the other one's.",
            kind="same_plate",
            values={"field": field, "plate": plate},
        )
    return other


def check_nationality(plate: Plate, nationality: Nationality | str | None) -> Nationality:
    """Return whose plate it is: by its form, and by what is said where the form is unknown."""
    by_form = Nationality(plate.form.value)
    if nationality is None:
        return by_form
    if plate.form is not PlateForm.OTHER and nationality != by_form:
        raise FlowctlError(
            f"The plate {plate.text} has the form of {by_form}, not of {nationality}; leave"
            " nationality out.",
            kind="nationality_form",
            values={"plate": plate.text, "nationality": str(by_form)},
        )
    return Nationality(nationality)


def check_driver(
    name: str | None, licence: str | None, until: date | None, *, consent: bool
) -> tuple[str | None, str | None]:
    """Return the driver's name and licence in one spelling.

    Raises
    ------
    FlowctlError
        They are given without the driver's consent, or the licence has no number.
    """
    name = check_line("driver_name", name)
    number = None if licence is None else "".join(licence.split()).upper() or None
    if number is not None and not _LICENCE.fullmatch(number):
        raise FlowctlError(
            f"{number[:30]!r} is no number of a licence; give 4 to 30 letters and digits.",
            kind="no_licence",
            values={"licence": number[:30]},
        )
    if (name is not None or number is not None or until is not None) and not consent:
        raise FlowctlError(
            "The driver's name or licence is given without the driver's consent; ask the driver,"
            " then say so, or leave both out.",
            kind="consent_missing",
        )
    return name, number


def check_licence_until(site: Site, until: date | None, ready_at: datetime) -> None:
    """Refuse a licence that runs out before the truck is ready."""
    ready = ready_at.astimezone(site.timezone).date()
    if until is not None and until < ready:
        raise FlowctlError(
            f"The driver's licence ran out on {until}, before the truck is ready ({ready}); name"
            " another driver, or give the new licence.",
            kind="licence_out",
            values={"until": until.isoformat(), "ready": ready.isoformat()},
        )


def check_goods_code(code: str | None) -> str | None:
    """Return a code of the tariff (HS) in digits alone."""
    if code is None:
        return None
    digits = re.sub(r"[\s.]", "", code)
    if not digits:
        return None
    if not _GOODS_CODE.fullmatch(digits):
        raise FlowctlError(
            f"{code[:20]!r} is no code of goods; give 4 to 12 digits of the tariff (HS).",
            kind="no_goods_code",
            values={"code": code[:20]},
        )
    return digits


def check_within(field: str, value: float | None, least: float, most: float) -> None:
    """Refuse a number that cannot be."""
    if value is not None and not least <= value <= most:
        raise FlowctlError(
            f"{field} {value:g} must lie between {least:g} and {most:g}.",
            kind="number_out",
            values={"field": field, "value": value, "least": least, "most": most},
        )


def check_amounts(
    value_vnd: int | None, keeps_h: float | None, temperature_c: float | None
) -> None:
    """Refuse a value, a time that goods keep, or a temperature that cannot be."""
    check_within("value_vnd", value_vnd, 0, _DEAREST_VND)
    check_within("keeps_h", keeps_h, 0.5, _LONGEST_KEPT_H)
    check_within("temperature_c", temperature_c, _COLDEST_C, _WARMEST_C)


def refuse_goods_of_empty(load: Load | str, given: Collection[str]) -> None:
    """Refuse goods in an empty truck; ``given`` are the fields of goods that were filled in."""
    if load == Load.EMPTY and given:
        first = min(given)
        raise FlowctlError(
            f"The truck is empty, and {first} speaks of goods; leave it out, or declare the truck"
            " laden.",
            kind="empty_with_goods",
            values={"field": first},
        )


def marks_of(plate: str, licence_until: date | None, today: date) -> list[str]:
    """Return what an officer should look at twice."""
    marks = []
    if parse_plate(plate).form is PlateForm.OTHER:
        marks.append(PLATE_FORM)
    if licence_until is not None and licence_until < today:
        marks.append(LICENCE_EXPIRED)
    return marks
