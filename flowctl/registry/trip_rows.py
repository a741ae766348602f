"""Rows of a table as declarations: columns, cells as people write them, what is wrong where. Pure.

A heading is a field's name, or what a form of ours calls it in any of its languages. A choice is
its code or its name; a moment without zone is the site's.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flowctl.errors import FlowctlError, Refusal
from flowctl.registry.rules import Declaration
from flowctl.registry.table_file import Cell, Formula, Row
from flowctl.state import Cargo, Direction

Names = Mapping[str, str]
"""A name by language."""
COLUMNS = (
    *("plate", "trailer", "phone", "language", "driver_name", "licence", "licence_until"),
    *("consent", "direction", "gates", "ready_at", "load", "cargo", "goods", "goods_class"),
    *("goods_code", "weight_t", "weight_class", "value_vnd", "keeps_h", "temperature_c"),
    *("handover", "pair_plate", "declaration", "customer", "device", "haulier", "convoy"),
    *("needs", "returns_within_h", "nationality"),
)
NEEDED = ("plate", "phone", "direction", "gates", "ready_at")
_YES = frozenset({"1", "x", "yes", "true", "y", "có", "co", "是", "đồng ý", "同意"})
_NO = frozenset({"", "0", "no", "false", "n", "không", "khong", "否"})
_FORMS = ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %Hh%M", "%H:%M %d/%m/%Y")
_DATES = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
_BARE_PHONE = re.compile(r"[35789]\d{8}")
"""A Vietnamese mobile number whose 0 a spreadsheet took away."""
_COLUMN_OF = {
    "barred": "plate",
    "plate_active": "plate",
    "no_plate": "plate",
    **dict.fromkeys(("no_phone", "phone_abroad", "phone_landline"), "phone"),
    **dict.fromkeys(("ready_long_ago", "ready_far", "closed_day"), "ready_at"),
    **dict.fromkeys(("return_of_import", "return_limit", "return_gates"), "returns_within_h"),
    **dict.fromkeys(("no_convoy", "convoy_of_nobody", "others_convoy"), "convoy"),
    "gate_twice": "gates",
    "weight_out": "weight_t",
    "no_reference": "declaration",
    "no_bay": "needs",
    **dict.fromkeys(("device_active", "device_long"), "device"),
    "declaration_active": "declaration",
    "no_gate": "gates",
    "gate_missing": "gates",
    "no_licence": "licence",
    "licence_out": "licence_until",
    "consent_missing": "consent",
    "no_goods_code": "goods_code",
    "nationality_form": "nationality",
    "weight_class_other": "weight_t",
    **dict.fromkeys(("pair_missing", "pair_without"), "pair_plate"),
    "handover_unknown": "handover",
    "handover_switched": "handover",
    "haulier_long": "haulier",
}
"""The column where a refusal is mended, where it does not name its field."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row, and in which column where it is one's."""

    row: int
    column: str | None
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Choices:
    """What cells may choose from, by field: codes, each with its names by language."""

    of: Mapping[str, Mapping[str, Names]]

    def find(self, field: str, text: str) -> str | None:
        """Return the code that a cell means, None for none."""
        wanted = _plain(text)
        for code, names in self.of.get(field, {}).items():
            if wanted in {_plain(code), *map(_plain, names.values())}:
                return code
        return None


def read_heading(heading: Row, labels: Mapping[str, Names]) -> list[str | None]:
    """Return the field of each column, None for one without heading.

    ``labels`` are what forms call fields, by language.

    Raises
    ------
    FlowctlError
        A column is unknown or stands twice, or one that is needed lacks.
    """
    meant = {_plain(name): field for field in COLUMNS for name in _called(field, labels)}
    fields: list[str | None] = []
    for cell in heading.cells:
        text = str(cell or "").strip().removesuffix("*").strip()
        field = meant.get(_plain(text))
        if text and field is None:
            raise FlowctlError(
                f"There is no column {text[:40]!r}; known: {', '.join(COLUMNS)}.",
                kind="table_column",
                values={"column": text[:40]},
            )
        if field is not None and field in fields:
            raise FlowctlError(
                f"The column {field} stands twice.",
                kind="table_column_twice",
                values={"field": field},
            )
        fields.append(field)
    for field in NEEDED:
        if field not in fields:
            raise FlowctlError(
                f"The column {field} is missing; take the form.",
                kind="table_column_missing",
                values={"field": field},
            )
    return fields


def read_row(
    row: Row, fields: Sequence[str | None], choices: Choices, zone: ZoneInfo
) -> Declaration | list[Fault]:
    """Return what a row declares, or everything that is wrong in its cells."""
    said: dict[str, Any] = {}
    faults = []
    for number, cell in enumerate(row.cells):
        field = fields[number] if number < len(fields) else None
        if cell is None or cell == "":
            continue
        if field is None:
            refusal = Refusal(
                f"There is something in column {number + 1}, which has no heading.",
                kind="cell_unheaded",
                values={"value": str(cell)[:40]},
            )
            faults.append(Fault(row.number, None, refusal))
            continue
        try:
            said[field] = _value(field, cell, choices, zone)
        except FlowctlError as error:
            faults.append(Fault(row.number, field, error.refusal))
    bad = {fault.column for fault in faults}
    faults += [
        Fault(row.number, field, _missing(field))
        for field in NEEDED
        if not said.get(field) and field not in bad
    ]
    if faults:
        return faults
    said.setdefault("language", "vi")
    said.setdefault("cargo", Cargo.NORMAL)
    return Declaration(**said)


def fault_of(row: int, error: FlowctlError) -> Fault:
    """Return what a refusal of a whole row is a fault of."""
    refusal = error.refusal
    named = refusal.values.get("field")
    column = named if isinstance(named, str) else _COLUMN_OF.get(refusal.kind or "")
    return Fault(row, column, refusal)


def _value(field: str, cell: Cell, choices: Choices, zone: ZoneInfo) -> object:
    if isinstance(cell, Formula):
        raise FlowctlError(
            f"{field} is a formula, which is not worked out here; write its value.",
            kind="cell_formula",
            values={"field": field},
        )
    read = _READERS.get(field)
    if read is not None:
        return read(field, cell, zone)
    text = _text(cell)
    if field == "phone" and _BARE_PHONE.fullmatch(text) and not isinstance(cell, str):
        return f"0{text}"
    if field in choices.of:
        if field == "gates":
            return tuple(_choice(field, one, choices) for one in _split_gates(text, choices))
        return _typed(field, _choice(field, text, choices))
    return text


def _typed(field: str, code: str) -> object:
    return {"direction": Direction, "cargo": Cargo}.get(field, str)(code)


def _split_gates(text: str, choices: Choices) -> list[str]:
    # A gate's name has spaces and may stand alone; several are parted by what no name has.
    if choices.find("gates", text) is not None:
        return [text]
    parts = [one.strip() for one in re.split(r"[,;+/|\n]", text) if one.strip()]
    if len(parts) > 1:
        return parts
    words = text.split()
    # What is no gate is refused as it was typed: of "Móng Cái" nobody typed "Móng".
    return words if all(choices.find("gates", one) is not None for one in words) else [text]


def _choice(field: str, text: str, choices: Choices) -> str:
    code = choices.find(field, text)
    if code is None:
        raise FlowctlError(
            f"{field} {text[:40]!r} is not known here; known: {', '.join(choices.of[field])}.",
            kind="choice_unknown",
            values={"field": field, "value": text[:40]},
        )
    return code


def _number(field: str, cell: Cell, _zone: ZoneInfo) -> float:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    text = re.sub(r"[\s_']", "", str(cell))
    plain = re.sub(r",(?=\d+$)", ".", text)
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,6})?", plain):
        raise _no_number(field, cell)
    return float(plain)


def _whole(field: str, cell: Cell, _zone: ZoneInfo) -> int:
    """Return a sum of money; dots and commas between thousands say nothing."""
    if isinstance(cell, int | float) and not isinstance(cell, bool) and float(cell).is_integer():
        return int(cell)
    plain = re.sub(r"(?<=\d)[.,\s](?=\d{3}(?:\D|$))", "", str(cell).strip())
    if not re.fullmatch(r"-?\d{1,15}", plain):
        raise _no_number(field, cell)
    return int(plain)


def _no_number(field: str, cell: Cell) -> FlowctlError:
    return FlowctlError(
        f"{field} {str(cell)[:40]!r} is no number.",
        kind="cell_number",
        values={"field": field, "value": str(cell)[:40]},
    )


def _yes(field: str, cell: Cell, _zone: ZoneInfo) -> bool:
    text = "1" if cell is True else str(cell).strip().casefold()
    if text in _YES or text in _NO:
        return text in _YES
    raise FlowctlError(
        f"{field} {text[:40]!r} is neither yes nor no.",
        kind="choice_unknown",
        values={"field": field, "value": text[:40]},
    )


def _moment(field: str, cell: Cell, zone: ZoneInfo) -> datetime:
    found = cell if isinstance(cell, datetime) else _read_moment(str(cell).strip())
    if found is None or isinstance(cell, time):
        raise FlowctlError(
            f"{field} {str(cell)[:40]!r} is no moment; write 23/01/2024 07:00.",
            kind="cell_moment",
            values={"field": field, "value": str(cell)[:40]},
        )
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _read_moment(text: str) -> datetime | None:
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is the site's
        except ValueError:
            continue
    # A date alone would be read as midnight, which nobody meant.
    try:
        return datetime.fromisoformat(text) if len(text) > len("2024-01-23") else None
    except ValueError:
        return None


def _date(field: str, cell: Cell, _zone: ZoneInfo) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = str(cell).strip()
    for form in _DATES:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FlowctlError(
            f"{field} {text[:40]!r} is no date; write 31/12/2026.",
            kind="cell_date",
            values={"field": field, "value": text[:40]},
        ) from error


def _text(cell: Cell) -> str:
    """Return a cell as it was meant: a plate or a number of papers that a spreadsheet counts."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _missing(field: str) -> Refusal:
    return Refusal(f"{field} is missing.", kind="cell_missing", values={"field": field})


def _called(field: str, labels: Mapping[str, Names]) -> Iterable[str]:
    return (field, *(name for name in labels.get(field, {}).values()))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


_READERS: Mapping[str, Callable[[str, Cell, ZoneInfo], object]] = {
    **dict.fromkeys(("weight_t", "keeps_h", "temperature_c", "returns_within_h"), _number),
    "value_vnd": _whole,
    "consent": _yes,
    "ready_at": _moment,
    "licence_until": _date,
}
