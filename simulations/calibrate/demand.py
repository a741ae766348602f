"""Who came when: counts, hours and cargo of each gate."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import mean
from typing import Any

import numpy as np

from flowctl.scenarios.laws import CARGOES
from flowctl.site import Site
from flowctl.storage.calibration import SeenDay
from flowctl.storage.recorded_day import RecordedTrip
from simulations.calibrate.findings import (
    CalibrateParams,
    Calibration,
    Finding,
    came,
    days_text,
    gate_of,
    within,
)

_HOURS = 24


def fit_gate(
    found: Calibration, gate: str, days: Sequence[SeenDay], site: Site, params: CalibrateParams
) -> None:
    """Fit the counts and profiles of one gate; a gate without trucks gets no table."""
    exports = [
        [trip for trip in came(day) if gate_of(trip) == gate and trip.yard in site.yard_by_id]
        for day in days
    ]
    imports = [_imports_at(day, gate) for day in days]
    stood = [_standing(day, gate, site) for day in days]
    if not any(exports) and not any(imports) and not any(stood):
        found.default(f"gates.{gate}", "left out", 0, "no truck of it is stored")
        return
    yards = Counter(trip.yard for of_day in (*exports, *stood) for trip in of_day if trip.yard)
    feeding = [yard.id for yard in site.yards if yard.access_to(gate) is not None]
    if not yards and not feeding:
        found.default(f"gates.{gate}", "left out", 0, "no yard of the site feeds it")
        return
    row: dict[str, Any] = {
        "standing": round(mean(map(len, stood))),
        "arrivals": round(mean(map(len, exports))),
        "yard": yards.most_common(1)[0][0] if yards else feeding[0],
        "imports": round(mean(map(len, imports))),
    }
    standing_yards = sorted({trip.yard for of_day in stood for trip in of_day if trip.yard})
    if standing_yards:
        row["standing_yards"] = standing_yards
    found.table["gates"][gate] = row
    unseen = sum(
        trip.id in day.stood for day, there in zip(days, stood, strict=True) for trip in there
    )
    for key, per_day in (("standing", stood), ("arrivals", exports), ("imports", imports)):
        said = f"mean of {days_text(len(days))}, {min(map(len, per_day))}–{max(map(len, per_day))}"
        if key == "standing" and unseen:
            said += f"; {unseen} were there when storing began"
        count = sum(map(len, per_day))
        found.findings.append(Finding(f"gates.{gate}.{key}", f"{row[key]} trucks", count, said))
    arrivals = [trip.arrived_at for of_day in exports for trip in of_day if trip.arrived_at]
    crossings = [at for of_day in imports for at in of_day]
    for key, moments in (("export_profile", arrivals), ("import_profile", crossings)):
        _fit_profile(found, gate, key, moments, len(days), site, params)
    _fit_cargo(found, gate, [trip for of_day in exports for trip in of_day], params)


def _imports_at(day: SeenDay, gate: str) -> list[datetime]:
    """Return when the imports of a day came, at the latest: some were only seen to leave."""
    moments = [one.entered_at or one.cleared_at for one in day.record.imports if one.gate == gate]
    return [at for at in moments if at is not None and within(at, [day])]


def _standing(day: SeenDay, gate: str, site: Site) -> list[RecordedTrip]:
    """Return the exports that stood in a yard when a day began, or when storing began on it."""
    since = day.record.since
    return [
        trip
        for trip in day.record.trips
        if trip.arrived_at is not None and (trip.arrived_at < since or trip.id in day.stood)
        if trip.cleared_at is None or trip.cleared_at > since
        if gate_of(trip) == gate and trip.yard in site.yard_by_id
    ]


def _fit_profile(
    found: Calibration,
    gate: str,
    key: str,
    moments: Sequence[datetime],
    days: int,
    site: Site,
    params: CalibrateParams,
) -> None:
    path = f"gates.{gate}.{key}"
    hours = [at.astimezone(site.timezone).hour for at in moments]
    counts = np.bincount(np.array(hours, np.int64), minlength=_HOURS) / days
    found.hourly[gate, key.partition("_")[0]] = counts
    if len(moments) < params.least_trucks:
        why = f"a profile needs {params.least_trucks} trucks"
        found.default(path, "even over the day", len(moments), why)
        return
    hourly = [round(float(count), 3) for count in counts]
    found.table["gates"][gate][key] = {"hourly": hourly}
    busiest = int(counts.argmax())
    said = f"busiest {busiest:02d}–{busiest + 1:02d} h"
    found.findings.append(Finding(path, said, len(moments), "mean trucks of each hour"))


def _fit_cargo(
    found: Calibration, gate: str, trips: Sequence[RecordedTrip], params: CalibrateParams
) -> None:
    path = f"gates.{gate}.cargo"
    if len(trips) < params.least:
        found.default(path, "all normal", len(trips), f"shares need {params.least} trucks")
        return
    shares = shares_of(Counter(trip.cargo for trip in trips), CARGOES)
    found.table["gates"][gate]["cargo"] = shares
    said = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())
    found.findings.append(Finding(path, said, len(trips), "shares of the arrivals"))


def shares_of(counts: Counter[str], names: Iterable[str]) -> dict[str, float]:
    """Return shares that sum to 1 exactly as they are written."""
    known = {name: counts[name] for name in names if counts[name]}
    total = sum(known.values())
    shares = {name: round(count / total, 4) for name, count in known.items()}
    largest = max(shares, key=lambda name: shares[name])
    shares[largest] = round(1.0 - sum(v for k, v in shares.items() if k != largest), 4)
    return shares


def fit_counts(found: Calibration, days: Sequence[SeenDay], params: CalibrateParams) -> None:
    """Choose between exact and Poisson counts by how much the days' totals differ."""
    totals = np.array([len(came(day)) for day in days], np.float64)
    if len(days) < params.least_days:
        why = f"the spread between days needs {params.least_days} of them"
        found.default("counts", "exact", len(days), why)
        return
    ratio = float(totals.var(ddof=1) / max(totals.mean(), 1e-9))
    found.table["counts"] = "poisson"
    said = f"variance over mean of the days' totals {ratio:.1f}; Poisson has 1"
    found.findings.append(Finding("counts", "poisson", len(days), said))
