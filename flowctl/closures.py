"""Closures of gates and losses of lanes that nobody's calendar holds, and what they leave open.

An operator or officer enters them; the site with them in is what every reader of opening hours and
inspection places is given, so that none needs to know of closures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from flowctl.errors import FlowctlError, Value
from flowctl.opening import united
from flowctl.policy import ClosureRules
from flowctl.site import Gate, LaneLoss, Site

LONGEST_AGO = timedelta(days=1)
"""How far back a closure may be entered: what was decided since then stands."""
LONGEST = timedelta(days=60)
"""Longer than any closure announced so far; a typing error is longer."""


class Closure(NamedTuple):
    """A gate takes no goods from ``starts_at`` until ``ends_at`` (None: nobody knows).

    Where ``places_left`` is not 0 the gate goes on with so many inspection places. ``reason`` is a
    short text of who entered it (``entered_by``, an account's signature); ``changed_at`` is when
    it was entered or last changed. ``ended_by`` opened the gate again before its time.
    """

    id: int
    gate: str
    starts_at: datetime
    ends_at: datetime | None
    places_left: int
    reason: str
    entered_by: str
    changed_at: datetime
    ended_by: str | None = None


class ExtraHours(NamedTuple):
    """A gate takes goods beyond its calendar, both sides having agreed: a closure's opposite."""

    gate: str
    starts_at: datetime
    ends_at: datetime


def taken_end(closure: Closure, rules: ClosureRules, now: datetime) -> datetime:
    """Return when a closure ends, or is taken to end: an unknown end moves on while it lasts."""
    if closure.ends_at is not None:
        return closure.ends_at
    return max(closure.starts_at, now) + timedelta(seconds=rules.unknown_end_s)


def with_closures(
    site: Site, closures: Iterable[Closure], now: datetime, extra: Iterable[ExtraHours] = ()
) -> Site:
    """Return the site with its gates open, and with places, as closures leave them.

    A gate is open in its ``extra`` hours too, but where a closure shuts it.

    Parameters
    ----------
    site
        As its files say.
    closures
        Those of the site's gates; of other gates they mean nothing.
    now
        The present moment, from which an unknown end is counted.
    extra
        Hours in which gates are open whatever their calendars say.

    Returns
    -------
    Site
        The same where there is no closure and no extra hour.
    """
    more: dict[str, list[tuple[datetime, datetime]]] = {}
    for one in extra:
        more.setdefault(one.gate, []).append((one.starts_at, one.ends_at))
    by_gate: dict[str, list[Closure]] = {}
    for closure in closures:
        by_gate.setdefault(closure.gate, []).append(closure)
    if not by_gate and not more:
        return site
    rules = site.policy.closure
    gates = tuple(
        _gate(_longer(gate, more.get(gate.id, [])), by_gate.get(gate.id, []), rules, now)
        for gate in site.gates
    )
    return replace(site, gates=gates)


def _longer(gate: Gate, extra: Sequence[tuple[datetime, datetime]]) -> Gate:
    if not extra:
        return gate
    return replace(gate, opening=replace(gate.opening, extra=united(extra)))


def _gate(gate: Gate, closures: Sequence[Closure], rules: ClosureRules, now: datetime) -> Gate:
    whole = gate.inspection_places
    shut = [one for one in closures if one.places_left == 0]
    losses = tuple(
        LaneLoss(one.starts_at, taken_end(one, rules, now), one.places_left / whole)
        for one in sorted(closures, key=lambda one: one.starts_at)
        if 0 < one.places_left < whole
    )
    spans = united([*gate.opening.closed, *((c.starts_at, taken_end(c, rules, now)) for c in shut)])
    found = replace(gate, opening=replace(gate.opening, closed=spans), losses=losses)
    share = found.share_at(now)
    return replace(
        found,
        inspection_places=max(round(whole * share), 1),
        capacity_prior_per_h=gate.capacity_prior_per_h * share,
    )


def closed_for_unknown(closures: Iterable[Closure], now: datetime) -> frozenset[str]:
    """Return the gates that are closed now and of which nobody knows when they open again."""
    return frozenset(
        one.gate
        for one in closures
        if one.places_left == 0 and one.ends_at is None and one.starts_at <= now
    )


def check_closure(site: Site, closure: Closure, others: Iterable[Closure], now: datetime) -> None:
    """Refuse a closure that contradicts itself, the site, or one that stands.

    Raises
    ------
    FlowctlError
        One sentence: what is wrong, and what to do.
    """
    gate = site.gate_by_id.get(closure.gate)
    if gate is None:
        known = " and ".join(site.gate_by_id)
        raise FlowctlError(
            f"There is no gate {closure.gate[:40]!r}; {site.id} has {known}.",
            kind="no_gate",
            values={"gate": closure.gate[:40]},
        )
    if closure.places_left >= gate.inspection_places:
        raise FlowctlError(
            f"{closure.gate} has {gate.inspection_places} inspection places, so"
            f" {closure.places_left} left is no loss; give how many still work, 0 for none.",
            kind="no_loss",
            values={"gate": closure.gate, "places": gate.inspection_places},
        )
    _check_times(site, closure, now)
    for other in others:
        if other.id != closure.id and other.gate == closure.gate and _overlap(closure, other):
            until = "an unknown end" if other.ends_at is None else _local(site, other.ends_at)
            sentence = (
                f"Closure {other.id} of {other.gate} stands from {_local(site, other.starts_at)} to"
                f" {until}; change or end that one, or choose another time."
            )
            values: dict[str, Value] = {
                "gate": other.gate,
                "by": other.entered_by,
                "start": other.starts_at,
            }
            if other.ends_at is None:
                raise FlowctlError(sentence, kind="closure_overlaps_open", values=values)
            values["end"] = other.ends_at
            raise FlowctlError(sentence, kind="closure_overlaps", values=values)


def _check_times(site: Site, closure: Closure, now: datetime) -> None:
    if closure.starts_at < now - LONGEST_AGO:
        raise FlowctlError(
            f"starts_at {_local(site, closure.starts_at)} is more than a day ago; what was decided"
            " since then cannot be undone.",
            kind="starts_long_ago",
            values={"at": closure.starts_at},
        )
    if closure.starts_at > now + LONGEST:
        raise FlowctlError(
            f"starts_at {_local(site, closure.starts_at)} is more than {LONGEST.days} days ahead;"
            " put it into the site's calendar.",
            kind="starts_far",
            values={"at": closure.starts_at, "days": LONGEST.days},
        )
    if closure.ends_at is None:
        return
    if closure.ends_at <= closure.starts_at:
        raise FlowctlError(
            f"ends_at {_local(site, closure.ends_at)} is not after starts_at"
            f" {_local(site, closure.starts_at)}; leave ends_at out where nobody knows the end.",
            kind="ends_before_start",
            values={"start": closure.starts_at, "end": closure.ends_at},
        )
    if closure.ends_at - closure.starts_at > LONGEST:
        raise FlowctlError(
            f"From {_local(site, closure.starts_at)} to {_local(site, closure.ends_at)} is longer"
            f" than {LONGEST.days} days; put it into the site's calendar.",
            kind="closure_too_long",
            values={"days": LONGEST.days},
        )


def _overlap(one: Closure, other: Closure) -> bool:
    """Tell whether two closures have a moment in common, an unknown end being never."""
    before = one.ends_at is not None and one.ends_at <= other.starts_at
    after = other.ends_at is not None and other.ends_at <= one.starts_at
    return not before and not after


def _local(site: Site, moment: datetime) -> str:
    return f"{moment.astimezone(site.timezone):%Y-%m-%d %H:%M}"
