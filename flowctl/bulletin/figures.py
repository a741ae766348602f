"""A day's figures at each gate, counted from journeys; a range of days is their sum. Pure.

A day of the bulletin runs from 20:00 to 20:00 local time, as those that are published do: who waits
at its end is who waited at its beginning, and who came, less who passed. That balance is stated
with what it lacks: facts that came late change yesterday's end and not what was printed of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flowctl.errors import FlowctlError

CLOSES = time(20)
"""The local time at which a day of the bulletin ends."""
SETTLED = timedelta(minutes=15)
"""So long after its end a day is counted first: most of what comes late has come by then."""
MOST_DAYS = 366


class Journey(NamedTuple):
    """An export's way past a gate, as it is known now.

    ``found``: the truck stood in a yard when it was seen first, so that nobody knows when it came.
    ``left_at`` is when its trip ended without passing.
    """

    gate: str
    arrived_at: datetime | None
    found: bool
    cleared_at: datetime | None
    left_at: datetime | None

    def waits_at(self, moment: datetime) -> bool:
        """Tell whether the truck had come and was not through at a moment."""
        if self.arrived_at is None or self.arrived_at > moment:
            return False
        gone = (self.cleared_at, self.left_at)
        return all(at is None or at > moment for at in gone)


@dataclass(frozen=True, slots=True)
class GateDay:
    """A gate's figures; ``unseen`` are exports that officers saw pass and no tracker come.

    ``waits_min`` counts trucks through by how many minutes they had waited, from the yard on;
    ``overtakes`` pairs of trucks by reason. ``waiting_before`` is None where records begin within
    the day: who stood there then is among ``found``. ``difference`` is what the balance lacks: the
    facts count so many more, or fewer, than were there at the last bulletin's end and moved since.
    """

    gate: str
    name: Mapping[str, str]
    cleared_export: int
    cleared_import: int
    arrived: int
    found: int
    unseen: int
    left: int
    waiting_before: int | None
    waiting: int
    difference: int
    waits_min: Mapping[int, int]
    no_shows: int
    overtakes: Mapping[str, int]

    @property
    def change(self) -> int | None:
        """How many more wait than at the beginning; None where nobody knows how many did."""
        return None if self.waiting_before is None else self.waiting - self.waiting_before

    @property
    def mean_wait_min(self) -> float | None:
        """Minutes a truck through had waited in the mean; None where none was."""
        n = sum(self.waits_min.values())
        return sum(m * k for m, k in self.waits_min.items()) / n if n else None

    @property
    def p95_wait_min(self) -> int | None:
        """Minutes that 95 of 100 trucks through had waited at most."""
        left = ceil(0.95 * sum(self.waits_min.values()))
        for minutes in sorted(self.waits_min):
            left -= self.waits_min[minutes]
            if left <= 0:
                return minutes
        return None


@dataclass(frozen=True, slots=True)
class Incident:
    """What was out of the ordinary at a gate, or at all of them (``gate`` None).

    ``kind`` is ``closure``, ``lanes``, ``slow``, ``stopped``, ``outage``, which is our own: the
    controller decided nothing meanwhile; or an operator's act: ``capacity`` (``per_h`` trucks),
    ``open_gate`` (hours beyond the calendar) or ``hold_class`` (trucks held, by ``cargo`` or those
    of ``one_haulier``). An open end is None; ``reason`` is text, ``code`` an act's reason.
    """

    kind: str
    gate: str | None
    since: datetime
    until: datetime | None
    reason: str = ""
    places_left: int | None = None
    code: str = ""
    per_h: float | None = None
    cargo: str | None = None
    one_haulier: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """What a day came to, or the days from ``day`` to ``until``: from ``since`` to ``to``.

    ``began_at`` is when records begin, where that was within the first day.
    """

    site: str
    name: Mapping[str, str]
    timezone: str
    day: date
    until: date
    since: datetime
    to: datetime
    gates: tuple[GateDay, ...]
    incidents: tuple[Incident, ...] = ()
    began_at: datetime | None = None

    @property
    def unfinished(self) -> bool:
        """Tell whether the last day was not over when it was counted."""
        return self.to < bounds(self.until, ZoneInfo(self.timezone))[1]


@dataclass(frozen=True, slots=True)
class Seen:
    """What besides journeys is counted of a gate's day."""

    imports: int = 0
    unseen: int = 0
    no_shows: int = 0
    overtakes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that is another one than in the version before."""

    gate: str
    figure: str
    was: int
    now: int


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a day of the bulletin begins and ends."""
    return (
        datetime.combine(day - timedelta(days=1), CLOSES, zone),
        datetime.combine(day, CLOSES, zone),
    )


def last_day(now: datetime, zone: ZoneInfo) -> date:
    """Return the last day that is over and settled."""
    return running_day(now - SETTLED, zone) - timedelta(days=1)


def running_day(now: datetime, zone: ZoneInfo) -> date:
    """Return the day that is not over."""
    today = now.astimezone(zone).date()
    return today if now < bounds(today, zone)[1] else today + timedelta(days=1)


def check_range(day: date, until: date, now: datetime, zone: ZoneInfo) -> None:
    """Refuse days that cannot be counted.

    Raises
    ------
    FlowctlError
        The range runs backwards, is too long, or is not over.
    """
    if until < day:
        raise FlowctlError(
            f"The range ends on {until}, before it begins on {day}; exchange them.",
            kind="range_turned",
        )
    days = (until - day).days + 1
    if days > MOST_DAYS:
        raise FlowctlError(
            f"From {day} to {until} are {days} days; ask for {MOST_DAYS} at most.",
            kind="range_long",
            values={"most": MOST_DAYS},
        )
    if bounds(until, zone)[1] > now:
        local = f"{now.astimezone(zone):%Y-%m-%d %H:%M}"
        raise FlowctlError(
            f"The bulletin of {until} counts until {CLOSES:%H:%M} that day; it is {local} now.",
            kind="bulletin_not_yet",
        )


def count_gate(
    gate: str,
    name: Mapping[str, str],
    journeys: Sequence[Journey],
    seen: Seen,
    *,
    since: datetime,
    to: datetime,
    waiting_before: int | None,
    from_nothing: bool = False,
) -> GateDay:
    """Return a gate's figures of a day.

    Parameters
    ----------
    gate, name
        Which gate.
    journeys
        Those past this gate, whenever they were.
    seen
        What is counted otherwise.
    since, to
        The day: after ``since``, up to ``to``.
    waiting_before
        Who waited at its beginning by the last bulletin; None where there is none, so that it is
        counted now.
    from_nothing
        Records begin within the day: nobody knows who waited at its beginning.
    """
    journeys = [*map(_in_order, journeys)]

    def within(at: datetime | None) -> bool:
        return at is not None and since < at <= to

    came = [one for one in journeys if within(one.arrived_at)]
    through = [one for one in journeys if within(one.cleared_at)]
    waits = Counter(
        round((one.cleared_at - one.arrived_at).total_seconds() / 60)
        for one in through
        if one.arrived_at is not None and one.cleared_at is not None and not one.found
    )
    before: int | None = waiting_before
    if before is None and not from_nothing:
        before = sum(one.waits_at(since) for one in journeys)
    counted = GateDay(
        gate=gate,
        name=name,
        cleared_export=len(through) + seen.unseen,
        cleared_import=seen.imports,
        arrived=sum(not one.found for one in came),
        found=sum(one.found for one in came),
        # Who passed and was never seen to come is out of the balance on both sides.
        unseen=seen.unseen + sum(one.arrived_at is None for one in through),
        left=sum(within(one.left_at) and one.arrived_at is not None for one in journeys),
        waiting_before=before,
        waiting=sum(one.waits_at(to) for one in journeys),
        difference=0,
        waits_min=dict(sorted(waits.items())),
        no_shows=seen.no_shows,
        overtakes=seen.overtakes,
    )
    return _balanced(counted)


def _in_order(one: Journey) -> Journey:
    """Return a journey that comes before it goes: who was gone was not there to be counted."""
    gone = one.cleared_at or one.left_at
    came_after = one.arrived_at is not None and gone is not None and one.arrived_at > gone
    return one._replace(arrived_at=None, found=False) if came_after else one


def _balanced(day: GateDay) -> GateDay:
    came = day.arrived + day.found + day.unseen
    # Where records begin within the day nobody was counted before: who stood there was found.
    there = 0 if day.waiting_before is None else day.waiting_before
    expected = there + came - day.cleared_export - day.left
    return replace(day, difference=day.waiting - expected)


def add_up(days: Sequence[Figures]) -> Figures:
    """Return the figures of days that follow each other, in order."""
    first, last = days[0], days[-1]
    gates = [gate.gate for gate in last.gates]
    return replace(
        last,
        day=first.day,
        since=first.since,
        began_at=first.began_at,
        gates=tuple(
            _sum([gate for one in days for gate in one.gates if gate.gate == name])
            for name in gates
        ),
        incidents=_joined(incident for one in days for incident in one.incidents),
    )


def _sum(days: Sequence[GateDay]) -> GateDay:
    waits: Counter[int] = Counter()
    overtakes: Counter[str] = Counter()
    for one in days:
        waits.update(one.waits_min)
        overtakes.update(one.overtakes)
    return _balanced(
        replace(
            days[-1],
            cleared_export=sum(one.cleared_export for one in days),
            cleared_import=sum(one.cleared_import for one in days),
            arrived=sum(one.arrived for one in days),
            found=sum(one.found for one in days),
            unseen=sum(one.unseen for one in days),
            left=sum(one.left for one in days),
            waiting_before=days[0].waiting_before,
            waits_min=dict(sorted(waits.items())),
            no_shows=sum(one.no_shows for one in days),
            overtakes=dict(overtakes),
        )
    )


def _joined(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """Return incidents once each: one that lasts over an evening stands in two days."""
    kept: dict[tuple[str, str | None, datetime, str | None, bool], Incident] = {}
    for one in incidents:
        kept[one.kind, one.gate, one.since, one.cargo, one.one_haulier] = one
    return tuple(sorted(kept.values(), key=lambda one: one.since))


_COMPARED = (
    "cleared_export", "cleared_import", "arrived", "found", "unseen", "left", "waiting", "no_shows",
)  # fmt: skip


def changes(was: Figures, now: Figures) -> list[Change]:
    """Return which figures differ, overtakes in all and the incidents' number among them."""
    former = {gate.gate: gate for gate in was.gates}
    found = [
        Change(gate.gate, name, getattr(former[gate.gate], name), getattr(gate, name))
        for gate in now.gates
        if gate.gate in former
        for name in _COMPARED
    ]
    found += [
        Change(gate.gate, "overtakes", *(sum(one.overtakes.values()) for one in (before, gate)))
        for gate in now.gates
        if (before := former.get(gate.gate)) is not None
    ]
    found.append(Change("", "incidents", len(was.incidents), len(now.incidents)))
    return [one for one in found if one.was != one.now]
