"""What a scenario says of drivers, their trackers, their telephones and the roads they come on."""

from dataclasses import dataclass

from flowctl.errors import Refusal
from flowctl.scenarios.rows import bounded, span_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """How drivers behave; where no source is named in the scenario every figure is assumed.

    ``reaction`` runs from the call-up to the engine's start (lognormal); a driver who does not
    comply needs ``late_reaction_s`` instead. ``no_show_share`` do not follow their first call-up
    at all. ``lateness_share`` of those who were told a slot are not there when it begins, but
    lognormal ``lateness_min`` later (``lateness_cv``). What a driver announces of the arrival at
    the yard is wrong by a normal error of ``eta_error_min``. Speeds vary by ``speed_cv``.

    ``turn_back_share`` of the exports have a patience, lognormal with the mean
    ``turn_back_after_h``: from ready for the gate plus patience on they go home at the first moment
    at which they stand in their yard and are not called up, or stand in the queue.
    """

    reaction_s: float = bounded(least=0.001, default=300.0)
    reaction_cv: float = bounded(least=0.001, default=0.5)
    compliance_share: float = bounded(most=1.0, default=0.98)
    late_reaction_s: float = bounded(default=1800.0)
    speed_cv: float = bounded(least=0.001, default=0.15)
    seen_before_least_min: float = bounded(default=60.0)
    seen_before_most_min: float = bounded(default=90.0)
    registered_before_least_h: float = bounded(default=2.0)
    registered_before_most_h: float = bounded(default=8.0)
    no_show_share: float = bounded(most=1.0, default=0.0)
    lateness_share: float = bounded(most=1.0, default=0.0)
    lateness_min: float = bounded(least=0.001, most=1440.0, default=30.0)
    lateness_cv: float = bounded(least=0.001, most=10.0, default=0.5)
    eta_error_min: float = bounded(most=720.0, default=0.0)
    turn_back_share: float = bounded(most=1.0, default=0.0)
    turn_back_after_h: float = bounded(least=0.01, most=240.0, default=24.0)
    turn_back_cv: float = bounded(least=0.001, most=10.0, default=0.3)

    def fault(self) -> Refusal | None:
        """Return what contradicts itself."""
        return span_fault(
            "seen_before", self.seen_before_least_min, self.seen_before_most_min
        ) or span_fault(
            "registered_before", self.registered_before_least_h, self.registered_before_most_h
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Hours of the day in which something does not work; by its defaults there are none."""

    outage_from_h: float = bounded(most=168.0, default=0.0)
    outage_until_h: float = bounded(most=168.0, default=0.0)

    def fault(self) -> Refusal | None:
        """Return what contradicts itself."""
        return span_fault("outage", self.outage_from_h, self.outage_until_h)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gps(Outage):
    """What trackers send and what goes wrong with it.

    ``noise_m`` is the root mean square distance of a fix from the truth. ``late_share`` of a
    tracker's windows of ``late_window_s`` have no network: their fixes come in one batch at the
    window's end, or spread over ``backlog_s`` after it, the newest first, while new ones go out as
    they are taken. ``without_share`` of the exports have no tracker; officers count them. What
    would be taken during the outage is lost.
    """

    moving_interval_s: float = bounded(least=1.0, default=30.0)
    parked_interval_s: float = bounded(least=1.0, default=900.0)
    noise_m: float = bounded(default=10.0)
    lost_share: float = bounded(most=1.0, default=0.01)
    late_share: float = bounded(most=1.0, default=0.05)
    late_window_s: float = bounded(least=1.0, default=300.0)
    duplicate_share: float = bounded(most=1.0, default=0.02)
    without_share: float = bounded(most=1.0, default=0.0)
    post_interval_s: float = bounded(least=1.0, default=20.0)
    backlog_s: float = bounded(default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages(Outage):
    """How drivers hear: a call-up sent during the outage is read when it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Congestion:
    """What slows trucks on the corridors beside their drivers' own pace; every figure is assumed.

    Two rush hours around ``morning_h`` and ``evening_h`` take up to ``rush_loss`` of the speed
    within ``town_km`` of each of ``towns`` evenly spaced towns. Each of ``incidents_per_day`` takes
    ``incident_loss`` from ``incident_km`` of road for a time uniform between the two bounds.
    ``rough_cv`` is what differs between trucks from one stretch to the next. ``slow_share`` of the
    trucks drive at ``slow_pace`` of the speed of others; ``stop_share`` of them stop once, for a
    meal or the rest that four hours of driving ask for (Law on Road Traffic 23/2008/QH12, art. 65).
    """

    morning_h: float = bounded(most=24.0, default=7.5)
    evening_h: float = bounded(most=24.0, default=17.0)
    rush_sd_h: float = bounded(least=0.01, default=1.0)
    rush_loss: float = bounded(most=0.9, default=0.5)
    towns: int = bounded(default=5)
    town_km: float = bounded(least=0.1, default=5.0)
    incidents_per_day: int = bounded(default=20)
    incident_loss: float = bounded(most=0.95, default=0.7)
    incident_km: float = bounded(least=0.1, default=3.0)
    incident_least_min: float = bounded(default=20.0)
    incident_most_min: float = bounded(default=120.0)
    rough_cv: float = bounded(least=0.001, default=0.15)
    slow_share: float = bounded(most=1.0, default=0.15)
    slow_pace: float = bounded(least=0.1, most=1.0, default=0.7)
    stop_share: float = bounded(most=1.0, default=0.15)
    stop_least_min: float = bounded(default=5.0)
    stop_most_min: float = bounded(default=20.0)
