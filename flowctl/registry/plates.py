"""Number plates: one spelling for each, whatever a form was filled with."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from flowctl.errors import FlowctlError


class PlateForm(StrEnum):
    """Whose plate it looks like; ``OTHER`` marks a form that is not known here."""

    VN = "VN"
    CN = "CN"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate without separators, in upper case."""

    text: str
    form: PlateForm


# Vietnam: province number, one or two series letters (Circular 24/2023/TT-BCA; trailers R),
# at times a series digit, four to six digits.
_VN = re.compile(r"\d{2}[A-ZĐ]{1,2}\d{4,6}")
# China: province character, office letter, five places (six for new energy vehicles; GA 36-2018),
# of which the last may name a use such as 挂 (trailer).
_CN = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][A-Z0-9]{4,5}[A-Z0-9挂学警港澳]"
)
_OTHER = re.compile(r"(?=.*\d)[0-9A-ZĐ一-鿿]{4,12}")
_SEPARATORS = re.compile(r"[\s.\-_/·・•‧:]+")


def strip_mark(text: str) -> str:
    """Return a plate or an officer's mark in its one spelling: no separators, upper case.

    Full-width letters, which Chinese keyboards give, become plain ones.
    """
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def parse_part(text: str) -> str:
    """Return a part of a plate, in the one spelling, to look for.

    Raises
    ------
    FlowctlError
        Nothing of it is left, which would be a part of every plate.
    """
    plain = strip_mark(text)
    if not plain:
        raise FlowctlError(
            f"The part of a plate {text[:20]!r} has no letter or digit to look for; give at least"
            " one, or leave it out.",
            kind="search_short",
            values={"least": 1},
        )
    return plain


def parse_plate(text: str) -> Plate:
    """Return the plate that was meant.

    Raises
    ------
    FlowctlError
        Where it cannot be a plate of any country.
    """
    plain = strip_mark(text)
    if _VN.fullmatch(plain):
        return Plate(plain, PlateForm.VN)
    if _CN.fullmatch(plain):
        return Plate(plain, PlateForm.CN)
    if _OTHER.fullmatch(plain):
        return Plate(plain, PlateForm.OTHER)
    raise FlowctlError(
        f"The plate {text[:20]!r} is no number plate: 4 to 12 letters and digits are expected, "
        "such as 12C-123.45 or 桂F·12345.",
        kind="no_plate",
        values={"plate": text[:20]},
    )
