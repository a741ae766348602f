"""How long things took, and what drivers are like."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from scipy.stats import ks_2samp

from flowctl.scenarios.laws import CARGOES, Law
from flowctl.storage.calibration import SeenDay
from flowctl.storage.recorded_day import RecordedTrip
from simulations.calibrate.demand import shares_of
from simulations.calibrate.findings import (
    CalibrateParams,
    Calibration,
    Finding,
    fit_one,
    gate_of,
    law_table,
    within,
)

Cells = dict[tuple[str, str], tuple[list[float], list[float]]]


def fit_checks(found: Calibration, trips: Sequence[RecordedTrip], params: CalibrateParams) -> None:
    """Fit the time from a yard's entry until ready; who was ready before has nearly none."""
    minutes = [
        max((trip.ready_at - trip.arrived_at) / timedelta(minutes=1), 0.001)
        for trip in trips
        if trip.arrived_at is not None
    ]
    fit_one(found, "checks", minutes, [], params, "checks")


def services(
    trips: Iterable[RecordedTrip], days: Sequence[SeenDay], params: CalibrateParams
) -> Cells:
    """Return minutes in lanes by gate and cargo: those seen to end, and those under way at last."""
    ends = days[-1].record.until
    groups: Cells = {}
    for trip in trips:
        if trip.lane_at is None or not within(trip.lane_at, days):
            continue
        minutes = ((trip.cleared_at or ends) - trip.lane_at) / timedelta(minutes=1)
        if not params.shortest_min <= minutes <= params.longest_min:
            continue
        ended, cut = groups.setdefault((gate_of(trip), trip.cargo), ([], []))
        (cut if trip.cleared_at is None else ended).append(minutes)
    return groups


def fit_services(
    found: Calibration,
    groups: Cells,
    params: CalibrateParams,
) -> None:
    """Fit screenings of all, of each gate, and of cargoes that differ from their gate's others."""
    everybody = [minutes for ended, _ in groups.values() for minutes in ended]
    under_way = [minutes for _, cut in groups.values() for minutes in cut]
    fit_one(found, "screening", everybody, under_way, params, "screening")
    rows: list[dict[str, Any]] = []
    for gate in found.table["gates"]:
        cells = {cargo: groups[gate, cargo] for cargo in CARGOES if (gate, cargo) in groups}
        law = _fit_group(found, f"screening at {gate}", list(cells.values()), params)
        if law is None:
            continue
        rows.append({"gate": gate, **law_table(law)})
        for cargo, (ended, cut) in cells.items():
            others = [minutes for name in cells if name != cargo for minutes in cells[name][0]]
            if min(len(ended), len(others)) < params.least:
                continue
            if ks_2samp(ended, others).pvalue >= params.differ:
                continue
            own = _fit_group(found, f"screening of {cargo} at {gate}", [(ended, cut)], params)
            if own is not None:
                rows.append({"gate": gate, "cargo": cargo, **law_table(own)})
    if rows:
        found.table["screenings"] = rows
    why = "imports are seen from the gate's entry only, their wait included: as exports there"
    found.default("screenings of imports", "those of exports", 0, why)


def _fit_group(
    found: Calibration,
    name: str,
    cells: Sequence[tuple[list[float], list[float]]],
    params: CalibrateParams,
) -> Law | None:
    ended = [minutes for done, _ in cells for minutes in done]
    cut = [minutes for _, still in cells for minutes in still]
    return fit_one(found, None, ended, cut, params, name)


def fit_shares(found: Calibration, came: Sequence[RecordedTrip], params: CalibrateParams) -> None:
    """Fit what shares of the exports have: languages, trackers, no-shows, early papers."""
    if len(came) < params.least:
        for key in ("languages", "drivers.no_show_share", "gps.without_share"):
            found.default(key, "schema default", len(came), f"shares need {params.least} trucks")
        return
    count = len(came)
    languages = Counter(trip.language for trip in came)
    found.table["languages"] = shares_of(languages, languages)
    found.findings.append(
        Finding("languages", _said(found.table["languages"]), count, "shares of the arrivals")
    )
    found.table["gps"] = {"without_share": _share([not trip.tracked for trip in came])}
    hours = [
        max((trip.arrived_at - trip.registered_at) / timedelta(hours=1), 0.0)
        for trip in came
        if trip.arrived_at is not None
    ]
    low, high = (round(float(np.quantile(hours, q)), 2) for q in (0.05, 0.95))
    found.table["drivers"] = {
        "registered_before_least_h": low,
        "registered_before_most_h": high,
    }
    called = [trip for trip in came if trip.no_show or trip.queued_at is not None]
    _fit_no_shows(found, called, params)
    told = {
        "gps.without_share": f"{100 * found.table['gps']['without_share']:.1f} %",
        "drivers.registered_before": f"{low:.1f}–{high:.1f} h",
    }
    hows = ("exports without a tracker", "5–95 % from papers to yard")
    for (key, value), how in zip(told.items(), hows, strict=True):
        found.findings.append(Finding(key, value, count, how))


def _fit_no_shows(
    found: Calibration, called: Sequence[RecordedTrip], params: CalibrateParams
) -> None:
    """Fit the share of no-shows among those who were called up: who came to a gate, or did not."""
    key = "drivers.no_show_share"
    if len(called) < params.least:
        found.default(key, "schema default", len(called), f"shares need {params.least} trucks")
        return
    share = found.table["drivers"]["no_show_share"] = _share([trip.no_show for trip in called])
    how = "of those who came to a gate or ignored a call-up"
    found.findings.append(Finding(key, f"{100 * share:.1f} %", len(called), how))


def _share(flags: Sequence[bool]) -> float:
    return round(sum(flags) / len(flags), 4)


def _said(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
