"""What happened by a printed order, as its sheets say: rows read and checked, all or none.

Times are local to the gate. ``HH:MM`` is the first such time after the order was made.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from flowctl.errors import FlowctlError
from flowctl.paper.order import Line, Order

COLUMNS = ("number", "plate", "event", "time", "who")
_NEEDED = ("event", "time", "who")
_CLOCK = re.compile(r"(\d{1,2})[:hH](\d{2})(?::(\d{2}))?")
_SEPARATORS = re.compile(r"[\s.\-_]+")
_LONGEST_WHO = 80
_MOST_NAMED = 50
_DAY = timedelta(days=1)


class Event(StrEnum):
    """What is written down of a truck."""

    RELEASED = "released"
    ENTERED = "entered"
    CLEARED = "cleared"
    NO_SHOW = "no_show"


_SEQUENCE = (Event.RELEASED, Event.ENTERED, Event.CLEARED)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was typed; ``row`` counts as people do, the heading of a file being row 1."""

    row: int
    number: str
    plate: str
    event: str
    time: str
    who: str


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened to a truck of the order, and when; ``who`` wrote it down."""

    line: Line
    event: Event
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is known besides the rows.

    ``entered`` are the moments entered before, ``over`` what ended a trip and when; a trip that is
    in ``erased`` is no longer there at all. ``yards`` are those in which trucks were seen that had
    not come to one when the order was made.
    """

    entered: Mapping[tuple[int, Event], datetime]
    over: Mapping[int, tuple[str, datetime]]
    erased: frozenset[int] = frozenset()
    yards: Mapping[int, str] = field(default_factory=dict)


def read_rows(data: bytes, *, where: str) -> list[Row]:
    """Return the rows of a CSV file: commas, semicolons or tabs; UTF-8, or UTF-16 with its mark.

    Raises
    ------
    FlowctlError
        It is in another encoding, has no heading, or lacks a column.
    """
    text = _text(data, where)
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise FlowctlError(f"{where} cannot be read as CSV: {error}.") from error
    names = [name.strip().lower() for name in lines[0]] if lines else []
    missing = [name for name in _NEEDED if name not in names]
    if "number" not in names and "plate" not in names:
        missing.insert(0, "number or plate")
    if missing:
        raise FlowctlError(
            f"{where} lacks the column {', '.join(missing)}; its first row names the columns:"
            f" {','.join(COLUMNS)}."
        )
    rows = []
    for count, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(names):
            raise FlowctlError(
                f"Row {count} of {where} has {len(cells)} columns, the heading {len(names)}; put"
                " what holds the separator between quotation marks."
            )
        said = dict(zip(names, (cell.strip() for cell in cells), strict=False))
        rows.append(Row(count, *(said.get(name, "") for name in COLUMNS)))
    return rows


def _text(data: bytes, where: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FlowctlError(
            f"{where} is not in UTF-8 (row {line} holds other bytes); save it as “CSV UTF-8”."
        ) from error


def check_rows(order: Order, rows: Sequence[Row], known: Known, *, now: datetime) -> list[Happened]:
    """Return what the rows say, in order of time; what was entered before is in it again.

    Raises
    ------
    FlowctlError
        One row or more cannot be: each is named with what is wrong. Nothing is to be entered then.
    """
    checked = _Rows(order, known, now)
    happened: list[Happened] = []
    problems: list[str] = []
    seen: dict[tuple[int, Event], datetime] = {}
    for row in rows:
        try:
            one = checked.read(row)
            _refuse_twice(one, {**known.entered, **seen}, order)
        except FlowctlError as error:
            problems.append(f"Row {row.row}: {error}")
        else:
            seen[one.line.trip, one.event] = one.at
            happened.append(one)
    if not problems:
        problems += _out_of_sequence(order, happened, {**known.entered, **seen})
    if not rows:
        problems.append("There are no rows.")
    if problems:
        left = len(problems) - _MOST_NAMED
        more = [f"And {left} more."] if left > 0 else []
        raise FlowctlError("\n".join(["Nothing was entered.", *problems[:_MOST_NAMED], *more]))
    return sorted(happened, key=lambda one: (one.at, one.line.trip))


class _Rows:
    """Reads the rows of one order."""

    def __init__(self, order: Order, known: Known, now: datetime) -> None:
        self._order, self._known, self._now = order, known, now
        self._zone = ZoneInfo(order.timezone)
        self._by_number = {str(one.number): one for one in order.lines if one.number is not None}
        self._by_plate = {one.plate: one for one in order.lines}

    def read(self, row: Row) -> Happened:
        """Return what one row says, or refuse it with what is wrong."""
        line = self._line(row)
        if row.event.lower() not in set(Event):
            raise FlowctlError(f"the event {row.event[:20]!r} is none of {', '.join(Event)}.")
        at = self._moment(row.time)
        if not row.who:
            raise FlowctlError("it does not say who wrote it down.")
        if len(row.who) > _LONGEST_WHO or not row.who.isprintable():
            raise FlowctlError(f"who wrote it down takes {_LONGEST_WHO} letters at most.")
        self._refuse_over(line, at)
        event = Event(row.event.lower())
        if event in (Event.RELEASED, Event.NO_SHOW):
            self._refuse_nowhere(line)
        return Happened(line, event, at, row.who)

    def _line(self, row: Row) -> Line:
        number, plate = row.number.lstrip("0").rstrip("."), _mark(row.plate)
        if not number and not plate:
            raise FlowctlError("it names neither a number nor a plate.")
        line = self._by_number.get(number) if number else self._by_plate.get(plate)
        if line is None:
            what = f"number {row.number[:12]!r}" if number else f"plate {row.plate[:20]!r}"
            raise FlowctlError(
                f"the {what} is not in this order. Is it of another sheet? A truck that came later"
                " is registered, and what was seen of it at the gate entered as an officer's event."
            )
        if plate and line.plate != plate:
            raise FlowctlError(
                f"number {row.number} is {line.plate} in this order, and not {row.plate[:20]}."
            )
        return line

    def _moment(self, text: str) -> datetime:
        made, until = self._order.made_at, self._order.valid_until
        at = self._read_moment(text)
        # Written to the minute, while the order was made at some second of it.
        if at < made.replace(second=0, microsecond=0):
            raise FlowctlError(
                f"{text} lies before the order was made at {self._local(made)}: what was before"
                " that, flowctl knows."
            )
        if at > self._now:
            raise FlowctlError(f"{text} lies in the future; it is {self._local(self._now)} now.")
        if at > until:
            raise FlowctlError(
                f"{text} lies after {self._local(until)}, until when the order was valid."
            )
        return max(at, made)

    def _read_moment(self, text: str) -> datetime:
        made = self._order.made_at.astimezone(self._zone)
        try:
            clock = _CLOCK.fullmatch(text)
            if clock is None:
                moment = datetime.fromisoformat(text)
                return moment if moment.tzinfo else moment.replace(tzinfo=self._zone)
            hour, minute, second = (int(part or 0) for part in clock.groups())
            at = made.replace(hour=hour, minute=minute, second=second, microsecond=0)
        except ValueError as error:
            raise FlowctlError(
                f"the time {text[:30]!r} cannot be read; write it as 09:05, or 2024-01-23 09:05."
            ) from error
        return at if at >= made.replace(second=0, microsecond=0) else at + _DAY

    def _refuse_over(self, line: Line, at: datetime) -> None:
        if line.trip in self._known.erased:
            raise FlowctlError(f"the trip of {line.plate} is no longer there.")
        state, ended_at = self._known.over.get(line.trip, ("", None))
        if state == "cancelled" and ended_at is not None and ended_at <= at:
            raise FlowctlError(
                f"the trip of {line.plate} was cancelled at {self._local(ended_at)}; if the truck"
                " crossed all the same, register it and enter an officer's event."
            )

    def _refuse_nowhere(self, line: Line) -> None:
        if line.yard is None and line.called_at is None and line.trip not in self._known.yards:
            raise FlowctlError(
                f"{line.plate} was in no yard when the order was made, and no position shows it in"
                " one since; enter when it was at the gate."
            )

    def _local(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%H:%M on %d/%m}"


def _mark(plate: str) -> str:
    return _SEPARATORS.sub("", plate).upper()


def _refuse_twice(
    one: Happened, entered: Mapping[tuple[int, Event], datetime], order: Order
) -> None:
    before = entered.get((one.line.trip, one.event))
    if before is not None and before != one.at:
        local = before.astimezone(ZoneInfo(order.timezone))
        raise FlowctlError(
            f"{one.line.plate} was entered as {one.event} at {local:%H:%M on %d/%m} before; what"
            " is entered stands."
        )


def _out_of_sequence(
    order: Order,
    happened: Sequence[Happened],
    entered: Mapping[tuple[int, Event], datetime],
) -> Iterator[str]:
    """Yield who came before it left, or left although it did not show up."""
    zone = ZoneInfo(order.timezone)
    for line in dict.fromkeys(one.line for one in happened):
        moments = [(event, entered.get((line.trip, event))) for event in _SEQUENCE]
        there = [(event, at) for event, at in moments if at is not None]
        for (first, before), (then, after) in pairwise(there):
            if after < before:
                yield (
                    f"{line.plate} is {then} at {after.astimezone(zone):%H:%M}, before it is"
                    f" {first} at {before.astimezone(zone):%H:%M}."
                )
        missed = entered.get((line.trip, Event.NO_SHOW))
        gone = next((at for _, at in there), None)
        if missed is not None and gone is not None and missed >= gone:
            yield f"{line.plate} did not show up at {missed.astimezone(zone):%H:%M}, yet had left."
