"""How many inspection places of each gate truly work, from when on."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from flowctl.scenarios.scenario import Scenario
from flowctl.site import Gate, Site
from simulations.gates import Limit, instant
from simulations.streams import stream

Step = tuple[float, int]
"""From this moment on (epoch s) so many places work, until the next step."""

_HOUR_S, _MINUTE_S = 3600.0, 60.0


def staffing(scenario: Scenario, true: Site, seed: int) -> dict[str, tuple[Step, ...]]:
    """Return the steps of each gate of the scenario, the first at the day's start.

    Rosters and losses are the true site's; where several hold, the fewest places work. Machines
    that break down under ``seed`` are fewer of those.
    """
    found = {}
    for name in scenario.gates:
        gate = true.gate_by_id[name]
        spans = list(broken(scenario, name, seed))
        moments = {scenario.start.timestamp()}
        moments |= {at.timestamp() for loss in gate.losses for at in (loss.starts_at, loss.ends_at)}
        moments |= {at for since, until, _ in spans for at in (since, until)}
        steps: list[Step] = []
        for at in sorted(moment for moment in moments if moment >= scenario.start.timestamp()):
            places = _left(gate, at) - sum(n for since, until, n in spans if since <= at < until)
            if not steps or steps[-1][1] != max(places, 0):
                steps.append((at, max(places, 0)))
        found[name] = tuple(steps)
    return found


def places_at(steps: Sequence[Step], at: float) -> int:
    """Return how many places work at a moment; before the first step as many as at it."""
    return steps[max(bisect_right(steps, (at, 1 << 30)) - 1, 0)][1]


def losses(steps: Sequence[Step], usual: int, ends: float) -> tuple[tuple[float, float, int], ...]:
    """Return when how many places were left (from, until, places) up to ``ends``, where fewer."""
    until = [min(at, ends) for at, _ in steps[1:]] + [ends]
    return tuple(
        (since, before, places)
        for (since, places), before in zip(steps, until, strict=True)
        if places < usual and since < before
    )


def broken(scenario: Scenario, gate: str, seed: int) -> Iterator[tuple[float, float, int]]:
    """Yield when how many places of a gate are broken down (from, until, places), epoch s."""
    starts, ends = scenario.start.timestamp(), scenario.closes.timestamp()
    for number, row in enumerate(scenario.breakdowns):
        if row.gate != gate:
            continue
        rng = stream(seed, f"breakdown {number} of {gate}")
        at = starts + rng.exponential(row.mean_between_h * _HOUR_S)
        while at < ends:
            mended = at + rng.exponential(row.mean_repair_min * _MINUTE_S)
            yield float(at), float(mended), row.places
            at = mended + rng.exponential(row.mean_between_h * _HOUR_S)


def limits(scenario: Scenario, gate: str) -> tuple[Limit, ...]:
    """Return when the other side takes exports of a gate how far apart."""
    starts = scenario.start.timestamp()
    return tuple(
        Limit(
            starts + row.from_h * _HOUR_S,
            starts + row.until_h * _HOUR_S,
            _HOUR_S / row.most_per_h if row.most_per_h else float("inf"),
        )
        for row in scenario.other_side
        if row.gate == gate
    )


def _left(gate: Gate, at: float) -> int:
    return max(round(gate.inspection_places * gate.share_at(instant(at))), 1)
