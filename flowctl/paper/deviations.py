"""Who went before whom although the printed order says otherwise."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flowctl.dispatch.reasons import Reason
from flowctl.paper.entered import Event, Happened
from flowctl.paper.order import Order, Place

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A truck (trip ids) left at ``at`` before ``seniors`` of the printed order, for one reason."""

    trip_id: int
    at: datetime
    reason: Reason
    seniors: tuple[int, ...]


def deviations(
    order: Order,
    happened: Sequence[Happened],
    *,
    gone: Mapping[int, datetime],
    known: Iterable[Pair] = (),
) -> list[Deviation]:
    """Return who was passed on paper, in order of time.

    A truck is passed that stood in a yard with a smaller number when another left, of a yard whose
    sheet was entered: what a sheet that is not here would say is not known. The reason is
    ``no_show`` where the sheet says that it did not leave when called, else ``paper``.

    Parameters
    ----------
    order
        As printed.
    happened
        All that was entered of it, the present rows included.
    gone
        When trips left, ended or were called up by flowctl, of those of which no row says it.
    known
        The pairs (passed, passing) that are in the ledger already.
    """
    left = dict(gone)
    for one in happened:
        if one.event is not Event.NO_SHOW:
            left[one.line.trip] = min(one.at, left.get(one.line.trip, one.at))
    passed = set(known)
    found = []
    for one in sorted(_departures(happened), key=lambda one: (one.at, one.line.number or 0)):
        for reason, seniors in _passed(order, one, happened, left):
            fresh = tuple(s for s in seniors if (s, one.line.trip) not in passed)
            passed.update((senior, one.line.trip) for senior in fresh)
            if fresh:
                found.append(Deviation(one.line.trip, one.at, reason, fresh))
    return found


def _departures(happened: Iterable[Happened]) -> Iterator[Happened]:
    """Yield the first that was written of each truck that was to be called and went."""
    first: dict[int, Happened] = {}
    for one in happened:
        if one.event is Event.NO_SHOW or one.line.place not in (Place.YARD, Place.ROAD):
            continue
        if one.line.trip not in first or one.at < first[one.line.trip].at:
            first[one.line.trip] = one
    yield from first.values()


def _passed(
    order: Order, junior: Happened, happened: Sequence[Happened], left: Mapping[int, datetime]
) -> Iterator[tuple[Reason, tuple[int, ...]]]:
    yards = {one.line.yard for one in happened}
    missed = {one.line.trip: one.at for one in happened if one.event is Event.NO_SHOW}
    by_reason: dict[Reason, list[int]] = {}
    for senior in order.lines:
        if senior.place is not Place.YARD or senior.yard not in yards:
            continue
        if senior.number is None or junior.line.number is None:
            continue
        went = left.get(senior.trip)
        if senior.number < junior.line.number and (went is None or went > junior.at):
            asleep = senior.trip in missed and missed[senior.trip] <= junior.at
            reason = Reason.NO_SHOW if asleep else Reason.PAPER
            by_reason.setdefault(reason, []).append(senior.trip)
    for reason, trips in by_reason.items():
        yield reason, tuple(sorted(trips))
