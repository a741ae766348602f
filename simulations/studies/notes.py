"""What has to be said of a run beside its figures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from flowctl.errors import Value
from flowctl.scenarios.scenario import Scenario
from flowctl.scenarios.steering import Rule, Steering
from simulations.measures_places import open_place_s
from simulations.records import Records

_OVERLOAD = 1.0


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence in English, with its kind and values for those who say it in other words."""

    kind: str
    text: str
    values: Mapping[str, Value] = field(default_factory=dict)


def notes_before(scenario: Scenario, steering: Steering) -> Iterator[Note]:
    """Yield what a scenario asks for that a run under a policy does not play."""
    gps = scenario.gps
    goes_out = gps.outage_from_h < min(gps.outage_until_h, scenario.until_h)
    if goes_out and steering.rule is not Rule.NONE:
        yield Note(
            "gps_not_played",
            f"The GPS outage from {gps.outage_from_h:g} h to {gps.outage_until_h:g} h is not"
            " played: here the policy sees every truck, so the outage changes nothing. With"
            " positions such a day is played by flowctl demo.",
            {"from_h": gps.outage_from_h, "until_h": gps.outage_until_h},
        )


def notes_on(records: Records) -> Iterator[Note]:
    """Yield what a replication shows: gates that nobody can pass, or too many want to."""
    for number, gate in enumerate(records.gates):
        rows = records.gate == number
        export = rows & ~records.is_import
        came = int(np.count_nonzero(~np.isnan(records.yard_at[export])))
        held = int(np.count_nonzero(~np.isnan(records.ready_at[export])))
        open_s = open_place_s(records, number, records.starts)
        if open_s == 0:
            if rows.any():
                text = f"The gate {gate} is not open in this time: nobody passes it."
                yield Note("never_opens", text, {"gate": gate})
            continue
        called = ~np.isnan(records.released_at) | ~np.isnan(records.ignored_at)
        if held and not np.any(called & export):
            yield Note(
                "never_releases",
                f"Not one of the {held} trucks that stood ready for {gate} was let go: what steers"
                " the day never releases.",
                {"gate": gate, "trucks": held},
            )
        service = (records.clear_at - records.start_at)[rows]
        if np.all(np.isnan(service)):
            continue
        wants = came + int(np.count_nonzero(rows & records.is_import))
        takes = open_s / float(np.nanmean(service))
        if wants > _OVERLOAD * takes:
            yield Note(
                "overload",
                f"{wants:,} trucks want to pass {gate}, which can take about {takes:,.0f} in its"
                f" open hours: {wants / takes:.2g} times as many. Waits are as long as the day.",
                {"gate": gate, "trucks": wants, "capacity": round(takes), "times": wants / takes},
            )


def cancelled(done: int, asked: int) -> Note:
    """Say that a run was ended before it was over."""
    return Note(
        "cancelled",
        f"Ended early: {done} of {asked} replications were finished and are shown.",
        {"done": done, "asked": asked},
    )


def worker_lost(done: int, asked: int, why: str) -> Note:
    """Say that a run could not go on."""
    return Note(
        "worker_lost",
        f"{why} {done} of {asked} replications were finished and are shown.",
        {"done": done, "asked": asked},
    )


def width_not_reached(measure: str, share: float, reached: float | None, done: int) -> Note:
    """Say that so many replications did not make an interval as narrow as it was to be."""
    found = "it has none" if reached is None else f"it is ±{reached:.1%}"
    return Note(
        "width_not_reached",
        f"The interval of {measure} was to be ±{share:.1%} of its mean; after {done} replications"
        f" {found}.",
        {"measure": measure, "share": share, "reached": reached, "done": done},
    )
