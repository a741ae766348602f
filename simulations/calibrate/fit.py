"""A scenario fitted to what is stored of some days: who came when, how long things took.

What cannot be fitted, for want of trucks or because nothing stored says it, keeps the default of
the scenario's schema and is named in the findings.
"""

from collections.abc import Sequence

from flowctl.errors import FlowctlError
from flowctl.site import Site
from flowctl.storage.calibration import SeenDay
from simulations.calibrate.demand import fit_counts, fit_gate
from simulations.calibrate.findings import DEFAULTS, CalibrateParams, Calibration, came
from simulations.calibrate.times import fit_checks, fit_services, fit_shares, services
from simulations.calibrate.ways import fit_ways


def calibrate(
    days: Sequence[SeenDay], site: Site, *, params: CalibrateParams = DEFAULTS
) -> Calibration:
    """Return the scenario of a day as these days were.

    Parameters
    ----------
    days
        Local days in order, as `read_days` yields them.

    Raises
    ------
    FlowctlError
        Nothing is stored of any truck on these days.
    """
    seen = [day for day in days if came(day) or day.stood or day.record.imports]
    if not seen:
        first, last = (f"{day.date:%Y-%m-%d}" for day in (days[0], days[-1]))
        raise FlowctlError(
            f"Nothing is stored of trucks that came to {site.id} from {first} to {last}: there is"
            " nothing to fit. Choose other days with --from and --to."
        )
    found = Calibration(
        table={},
        days=tuple(day.date for day in seen),
        empty=tuple(day.date for day in days if day not in seen),
        stood=sum(len(day.stood) for day in seen),
    )
    name = f"calibrated-{seen[0].date}-{seen[-1].date}"
    found.table = {
        "id": name,
        "name": f"{site.id}, {seen[0].date} – {seen[-1].date}",
        "site": site.id,
        "day": seen[-1].date,
        "timezone": site.timezone.key,
    }
    trips = {trip.id: trip for day in seen for trip in day.record.trips}
    arrived = [trip for day in seen for trip in came(day)]
    found.table["gates"] = {}
    for gate in site.gate_by_id:
        fit_gate(found, gate, seen, site, params)
    if not found.table["gates"]:
        raise FlowctlError(f"No truck of these days came to a gate and a yard that {site.id} has.")
    fit_counts(found, seen, params)
    fit_checks(found, arrived, params)
    fit_services(found, services(trips.values(), seen, params), params)
    fit_shares(found, arrived, params)
    ways = {trip: way for day in seen for trip, way in day.ways.items()}
    fit_ways(found, trips, ways, site, params)
    for key, why in _UNSEEN.items():
        found.default(key, "schema default", 0, why)
    return found


_UNSEEN = {
    "drivers.lateness": "slots told and kept are not stored side by side",
    "drivers.eta_error_min": "announced arrivals are not stored",
    "drivers.turn_back": "trucks that went home are not told from trips that were cancelled",
    "inspections": "a closer look is not told from a long screening: it is in the screening's law",
    "gps": "trackers' faults are not fitted, but for the share of trucks without one",
}
