"""What a bulletin says, in one language: tables and sentences, whatever form they take. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flowctl.bulletin.figures import Change, Figures, GateDay, Incident

LANGUAGES = ("vi", "zh", "en")

Cell = str | int | float | None
Words = Mapping[str, str]


class Table(NamedTuple):
    """A table; ``key`` names it to programs, ``sheet`` in a workbook, where names are short."""

    key: str
    title: str
    sheet: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A bulletin in words. ``gates`` has a table of each gate by itself, by its name."""

    title: str
    lines: tuple[str, ...]
    summary: Table
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    gates: Mapping[str, Table]
    language: str


def cell_text(value: Cell, language: str) -> str:
    """Return a cell as people read it, thousands parted as the pages part them.

    >>> cell_text(66802, "vi"), cell_text(66802, "en"), cell_text(None, "en")
    ('66.802', '66,802', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "." if language == "vi" else ",")
    return str(value)


Figure = Callable[[GateDay], Cell]

FIGURES: Mapping[str, Figure] = {
    "cleared_export": lambda gate: gate.cleared_export,
    "cleared_import": lambda gate: gate.cleared_import,
    "arrived": lambda gate: gate.arrived,
    "found": lambda gate: gate.found,
    "unseen": lambda gate: gate.unseen,
    "left": lambda gate: gate.left,
    "waiting_before": lambda gate: gate.waiting_before,
    "waiting": lambda gate: gate.waiting,
    "change": lambda gate: gate.change,
    "difference": lambda gate: gate.difference,
    "mean_wait": lambda gate: None if gate.mean_wait_min is None else round(gate.mean_wait_min),
    "p95_wait": lambda gate: gate.p95_wait_min,
    "no_shows": lambda gate: gate.no_shows,
    "overtakes": lambda gate: sum(gate.overtakes.values()),
}
"""The figures of a gate in their order."""
_NOT_SUMMED = ("mean_wait", "p95_wait")


def write_document(
    figures: Figures,
    page: Mapping[str, Any],
    language: str,
    *,
    version: int,
    made_at: datetime,
    changed: Sequence[Change] = (),
) -> Document:
    """Return a bulletin in words.

    Parameters
    ----------
    figures
        Of a day, or of several added up (``version`` 0).
    page
        The catalogue's words of pages.
    language
        Whose they are.
    version, made_at, changed
        Which bulletin this is.
    """
    words: Words = page["bulletin"]
    zone = ZoneInfo(figures.timezone)
    tables = [_overtakes(figures, words, page["overtake"], language)]
    tables.append(_incidents(figures, page, language, zone))
    if changed:
        tables.append(_changed(figures, changed, words, language))
    return Document(
        title=f"{figures.name[language]} · {_title(figures, words)}",
        lines=(
            _fill(words["span"], since=_moment(figures.since, zone), to=_moment(figures.to, zone)),
            _fill(words[_how(figures, version)], version=version, made=_moment(made_at, zone)),
        ),
        summary=_summary(figures, words, language),
        tables=tuple(tables),
        notes=tuple(_notes(figures, words, language)),
        gates={
            gate.name[language]: _gate(gate, figures, words, page, language)
            for gate in figures.gates
        },
        language=language,
    )


def _how(figures: Figures, version: int) -> str:
    if figures.unfinished:
        return "unfinished"
    return "made" if version else "summed"


def _title(figures: Figures, words: Words) -> str:
    if figures.unfinished:
        return _fill(words["title_unfinished"], day=day_text(figures.day))
    if figures.day == figures.until:
        return _fill(words["title_day"], day=day_text(figures.day))
    return _fill(words["title_range"], day=day_text(figures.day), until=day_text(figures.until))


def _name(figure: str, figures: Figures) -> str:
    """Return the word for a figure: who waits before the day is over does not wait at its end."""
    return "waiting_now" if figure == "waiting" and figures.unfinished else figure


def _summary(figures: Figures, words: Words, language: str) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (gate.name[language], *(value(gate) for value in FIGURES.values()))
        for gate in figures.gates
    ]
    totals: list[Cell] = [
        None if name in _NOT_SUMMED else _sum(value(gate) for gate in figures.gates)
        for name, value in FIGURES.items()
    ]
    rows.append((words["total"], *totals))
    return Table(
        "summary",
        words["gate"],
        words["sheet_summary"],
        (words["gate"], *(words[_name(name, figures)] for name in FIGURES)),
        tuple(rows),
    )


def _sum(values: Iterator[Cell]) -> int | None:
    """Return the sum, None where a part of it is not known."""
    known = list(values)
    return None if None in known else sum(value for value in known if isinstance(value, int))


def _gate(
    gate: GateDay, figures: Figures, words: Words, page: Mapping[str, Any], language: str
) -> Table:
    rows: list[tuple[Cell, Cell]] = [
        (words[_name(name, figures)], value(gate)) for name, value in FIGURES.items()
    ]
    rows += [
        (f"{words['overtakes']}: {page['overtake'].get(reason, reason)}", n)
        for reason, n in sorted(gate.overtakes.items())
    ]
    name = gate.name[language]
    return Table(gate.gate, name, name, (words["figure"], words["number"]), tuple(rows))


def _overtakes(figures: Figures, words: Words, reasons: Words, language: str) -> Table:
    rows = tuple(
        (gate.name[language], reasons.get(reason, reasons["other"]), n)
        for gate in figures.gates
        for reason, n in sorted(gate.overtakes.items(), key=lambda one: -one[1])
    )
    head = (words["gate"], words["reason"], words["number"])
    return Table("overtakes", words["overtakes_by"], words["sheet_overtakes"], head, rows)


def _incidents(figures: Figures, page: Mapping[str, Any], language: str, zone: ZoneInfo) -> Table:
    words: Words = page["bulletin"]
    names = {gate.gate: gate.name[language] for gate in figures.gates}

    def row(one: Incident) -> tuple[Cell, ...]:
        gate = words["everywhere"] if one.gate is None else names.get(one.gate, one.gate)
        until = words["open_end"] if one.until is None else _moment(one.until, zone)
        note = " · ".join(_said(one, page))
        return (words[f"incident_{one.kind}"], gate, _moment(one.since, zone), until, note)

    head = ("kind", "gate", "since", "until", "note")
    return Table(
        "incidents",
        words["incidents"],
        words["sheet_incidents"],
        tuple(words[name] for name in head),
        tuple(row(one) for one in figures.incidents),
    )


def _said(one: Incident, page: Mapping[str, Any]) -> Iterator[str]:
    """Yield what else is known of an incident."""
    words: Words = page["bulletin"]
    if one.places_left is not None:
        yield _fill(words["places_left"], n=one.places_left)
    if one.per_h is not None:
        yield _fill(words["per_h"], n=f"{one.per_h:g}")
    if one.cargo is not None:
        yield page["cargo"][one.cargo]
    if one.one_haulier:
        yield words["one_haulier"]
    # What a note says of it is for colleagues: "other" by itself says nothing.
    if one.code and one.code != "other":
        yield page["act_reason"][one.code]
    if one.reason:
        yield one.reason


def _changed(figures: Figures, changed: Sequence[Change], words: Words, language: str) -> Table:
    names = {gate.gate: gate.name[language] for gate in figures.gates}
    head = tuple(words[name] for name in ("gate", "figure", "was", "now"))
    rows = tuple(
        (names.get(one.gate, words["everywhere"]), words[one.figure], one.was, one.now)
        for one in changed
    )
    return Table("changed", words["changed"], words["sheet_changed"], head, rows)


def _notes(figures: Figures, words: Words, language: str) -> Iterator[str]:
    yield words["balance"]
    if figures.began_at is not None:
        began = _moment(figures.began_at, ZoneInfo(figures.timezone))
        yield _fill(words["began_within"], began=began)
    for gate in figures.gates:
        if gate.difference:
            yield _fill(
                words["balance_open"],
                gate=gate.name[language],
                n=cell_text(gate.difference, language),
            )
    yield words["waits_of"]


def day_text(day: date) -> str:
    """Return a day as it is written at a Vietnamese gate."""
    return f"{day:%d/%m/%Y}"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M %d/%m/%Y}"


def _fill(text: str, **values: object) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
