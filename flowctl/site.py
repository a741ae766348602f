"""A site: its gates, yards, zones, corridors, opening hours and rules. Pure values.

All coordinates are WGS 84 lon/lat in degrees, durations are in seconds (``_s``), rates per hour
(``_per_h``). The files behind these values are read by `flowctl.site_files`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

import shapely

from flowctl.lanes import Bay, LaneClass
from flowctl.opening import Opening
from flowctl.policy import Policy
from geo.zones import Zone


@dataclass(frozen=True, slots=True)
class LaneLoss:
    """From ``starts_at`` to ``ends_at`` only ``share`` of a gate's usual places work (0 < .. < 1).

    The places that are left are a whole number at least 1; none left is a closure.
    """

    starts_at: datetime
    ends_at: datetime
    share: float


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate with its freight road.

    ``inspection_places`` are the trucks that can be screened side by side, whatever the number of
    road ``lanes``; both directions share them. ``capacity_prior_per_h`` (trucks of both directions
    in an open hour) is what is believed before the gate has been watched, worth
    ``capacity_prior_weight_h`` hours of watching. Where lanes are lost now, places and prior are
    those that are left; ``losses`` are the known ones, in order. ``lane_classes`` share the usual
    places out (none: every truck may use every lane); ``bays`` are the equipment some trucks need.
    """

    id: str
    name: Mapping[str, str]
    lanes: int
    inspection_places: int
    capacity_prior_per_h: float
    capacity_prior_weight_h: float
    import_prior_per_h: float
    opening: Opening
    directions: tuple[str, ...] = ("export", "import")
    losses: tuple[LaneLoss, ...] = ()
    lane_classes: tuple[LaneClass, ...] = ()
    bays: tuple[Bay, ...] = ()

    def find_loss(self, moment: datetime) -> LaneLoss | None:
        """Return the worst loss of lanes at a moment, None where all lanes work."""
        there = [loss for loss in self.losses if loss.starts_at <= moment < loss.ends_at]
        return min(there, key=lambda loss: loss.share, default=None)

    def share_at(self, moment: datetime) -> float:
        """Return which share of the usual places works at a moment, 1 where all do."""
        loss = self.find_loss(moment)
        return 1.0 if loss is None else loss.share


@dataclass(frozen=True, slots=True)
class Access:
    """The way from a staging yard to a gate it feeds.

    ``travel_s`` runs from the driver's message to the entry of the gate's queue, reaction
    included; ``travel_cv`` is its coefficient of variation. Where trucks pass through an in-gate
    yard ``via`` and are called again there, it is the sum of both ways, the second being that
    yard's own; ``via_s`` is the first, from the message to the entry of that yard.
    """

    gate: str
    travel_s: float
    travel_cv: float
    via: str | None = None
    via_s: float | None = None


@dataclass(frozen=True, slots=True)
class Yard:
    """A staging yard: the zone of the same id, its places, and the gates it feeds."""

    id: str
    name: Mapping[str, str]
    capacity: int
    access: tuple[Access, ...]

    def access_to(self, gate: str) -> Access | None:
        """Return the way to ``gate``, or None where this yard does not feed it."""
        return next((way for way in self.access if way.gate == gate), None)


@dataclass(frozen=True, slots=True)
class WayPiece:
    """One drawn piece of road on a way; ``turned`` where the way runs against its drawing."""

    road: str
    turned: bool
    length_m: float
    speed_mps: float


@dataclass(frozen=True, slots=True)
class Corridor:
    """The road trucks come by: ``line`` (lon/lat) ends in ``yard``; ``speed_mps`` is nominal."""

    id: str
    yard: str
    line: shapely.LineString
    length_m: float
    speed_mps: float
    pieces: tuple[WayPiece, ...]


@dataclass(frozen=True, slots=True)
class FreightRoad:
    """The way of a called truck: from inside ``yard`` through queue and lane to beyond ``gate``.

    ``line`` is lon/lat in driving direction. ``queue_m`` and ``lane_m`` are the (first, last)
    metres along it that lie in the gate's queue zones and lane zones.
    """

    id: str
    yard: str
    gate: str
    line: shapely.LineString
    length_m: float
    speed_mps: float
    queue_m: tuple[float, float]
    lane_m: tuple[float, float]
    pieces: tuple[WayPiece, ...]


@dataclass(frozen=True, slots=True)
class VisitParams:
    """How fixes become visits; metres, seconds, metres a second. The defaults are assumed.

    A zone shrunk by ``inner_m`` is its inner boundary, grown by ``outer_m`` its outer one; between
    the two a truck stays what it was. A fix less accurate than ``inner_m`` by some factor must lie
    deeper, or further away, by that factor. A truck is in a yard once ``enter_fixes`` of the last
    ``enter_of`` fixes were inside and ``dwell_s`` have passed since the first; other zones are
    passed through, and one fix is enough. It is out after ``exit_fixes`` fixes outside over
    ``exit_dwell_s``, the last at least ``away_m`` from where it was last seen within, which is more
    than the errors of two fixes; nearer by, after ``linger_fixes``. Between two fixes that lie
    outside, a line through ``least_chord_m`` of such a zone counts as having been there.

    Nothing on the road is faster than ``jump_mps``. Above ``moving_mps`` a truck moves: silence for
    ``moving_silence_s`` then says nothing yet, of a parked one ``parked_silence_s`` (Circular
    09/2015/TT-BGTVT lets a parked tracker be silent for 15 minutes); longer, and what happened in
    between is unknown. After ``forget_s`` without a sign a stay is over, after ``absent_s`` the
    device is met as if for the first time. A fix received within ``lag_limit_s`` is proof of where
    the truck was when it says so; one received later proves it only of the moment of reception.
    """

    inner_m: float = 15.0
    outer_m: float = 30.0
    dwell_s: float = 60.0
    exit_dwell_s: float = 30.0
    enter_fixes: int = 2
    enter_of: int = 3
    exit_fixes: int = 2
    linger_fixes: int = 8
    away_m: float = 100.0
    least_chord_m: float = 20.0
    jump_mps: float = 50.0
    moving_mps: float = 1.4
    moving_silence_s: float = 180.0
    parked_silence_s: float = 1200.0
    forget_s: float = 43_200.0
    absent_s: float = 691_200.0
    lag_limit_s: float = 900.0


@dataclass(frozen=True, slots=True)
class TrafficParams:
    """How the state of traffic is measured; defaults are assumed unless a source is named.

    A piece of road is cut into stretches of about ``corridor_stretch_m``, or ``freight_stretch_m``
    where called trucks drive on it, and looked at in windows of ``window_s``. A truck is on a way
    within ``on_way_m`` of its line (roads are drawn by hand, ± 100-700 m). Two fixes of a truck are
    one movement where no more than ``gap_s`` lies between them (a moving tracker reports every
    30 s, with 2 min to the authority: Circular 09/2015/TT-BGTVT), it went at most ``slack_m`` back
    (errors of position) and at most ``fastest_mps``. A window is measured again for fixes that come
    within ``settled_s`` of its moments. Live speed forgets by half in ``half_life_s``, and
    ``prior_trucks`` at nominal speed stand for what nobody drove; it is never below ``least_mps``.

    A truck slower than ``slow_mps`` (5 km/h) stands in a queue, which ends where the next one
    stands more than ``queue_gap_m`` further back: room for trucks without a tracker. One that moved
    counts for ``silent_moving_s`` after its last fix, one that stood for ``silent_parked_s`` (a
    parked tracker reports every 15 min, the same circular). Lanes are summed up over
    ``lanes_window_s``.
    """

    corridor_stretch_m: float = 500.0
    freight_stretch_m: float = 100.0
    window_s: int = 300
    on_way_m: float = 500.0
    gap_s: float = 180.0
    slack_m: float = 50.0
    fastest_mps: float = 50.0
    settled_s: int = 3600
    half_life_s: float = 600.0
    prior_trucks: float = 1.0
    least_mps: float = 0.5
    slow_mps: float = 1.39
    queue_gap_m: float = 200.0
    silent_moving_s: float = 180.0
    silent_parked_s: float = 1200.0
    lanes_window_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class DispatchParams:
    """The site's rules for slots and releases; times in seconds, costs without unit.

    A slot is told from ``tell_ahead_s`` before the truck is expected at a yard. What was told is
    changed when the plan is ``late_tolerance_s`` later or ``least_change_s`` earlier, and off by at
    least ``change_share`` of the time left; without an outer reason only once the slot is
    ``notice_s`` ahead, and not within ``quiet_s`` of the last word. A slot within ``freeze_s`` is
    left alone. A delay of d slots costs weight * (``delay_linear`` d + ``delay_squared`` d^2),
    another gate than the preferred one ``diversion_cost``, a change of what was told
    ``change_cost``. A slot in a later hour than that of the tolerance's end costs ``late_cost``
    besides: assumed, as if a reefer stood an hour more (4 slots of weight 2 at 10), for its driver
    has laid out his day. A place left empty now costs ``idle_cost``, one ``idle_s`` ahead nothing:
    assumed, so that within the hour a slot gained outweighs a diversion (a quarter of 40 and the 11
    of its delay, beside 20), which fills an idle gate, while further ahead delay alone decides. How
    far a gate is from its usual capacity counts half after ``capacity_fade_s`` of open time.
    ``release_most`` trucks leave for a gate in one tick. A driver is to be called so early that a
    share ``call_up_quantile`` of trucks is there when the slot begins. A truck that passes through
    an in-gate yard is taken to stand there for ``via_stay_s``. No truck that crosses is back within
    ``return_after_s``, and trucks that come back can count on ``return_share`` of the places kept
    for imports (both assumed: time to unload and load; half of the imports are others). What a unit
    of cost is worth follows from ``reefer_day_vnd``, a reefer's day of waiting (reported by
    hauliers at the gates of Lạng Sơn), see ``unit_vnd``.
    """

    slot_s: int = 900
    horizon_days: int = 7
    plan_interval_s: int = 300
    meter_interval_s: int = 30
    freeze_s: int = 1800
    late_tolerance_s: int = 3600
    release_expiry_s: int = 3600
    least_change_s: int = 1800
    ready_margin_s: int = 300
    tell_ahead_s: int = 3600
    change_share: float = 0.2
    notice_s: int = 7200
    quiet_s: int = 7200
    release_most: int = 20
    call_up_quantile: float = 0.9
    weight_normal: int = 1
    weight_reefer: int = 2
    weight_perishable: int = 4
    delay_linear: int = 10
    delay_squared: int = 1
    diversion_cost: int = 20
    change_cost: int = 100
    late_cost: int = 80
    idle_cost: int = 40
    idle_s: int = 3600
    capacity_fade_s: int = 7200
    via_stay_s: int = 1800
    return_after_s: int = 7200
    return_share: float = 0.5
    reefer_day_vnd: int = 700_000

    @property
    def unit_vnd(self) -> float:
        """What a unit of a plan's cost is worth, VND.

        A slot of delay of a reefer costs its weight times the linear share, and as much of a day at
        the price of a reefer's day. The square, which makes long waits dearer, is no money anyone
        pays: it is what uneven waiting is held to be worth.
        """
        per_slot = self.weight_reefer * self.delay_linear
        return self.reefer_day_vnd * self.slot_s / 86_400 / max(per_slot, 1)


class UnknownDevices(StrEnum):
    """What becomes of a fix whose device nobody has registered.

    A device of a source that enrols is registered by its first fix and never unknown.
    """

    HOLD = "hold"
    """It is kept aside, and taken in once the device is registered."""
    REFUSE = "refuse"
    """Its sender is told so; it stays aside."""


@dataclass(frozen=True)
class Site:
    """Everything that is true of a place and is not a truck.

    ``roads`` are the pieces of road as drawn, for a map, with their names in ``road_names``;
    ``corridors`` and ``freight_roads`` are ways put together from them. Stored fixes are kept for
    ``fixes_kept_days``, those set aside for ``aside_kept_days``; a trip that ended, with all that
    hangs on it, for ``trips_kept_days``, and its driver's number for ``numbers_kept_days``; what
    its documents hold for ``documents_kept_days``, its driver's name and licence for
    ``persons_kept_days``. Drafts that nobody touches are kept for ``drafts_kept_days``, what
    partners reported, and knew of journeys that nobody declared, for ``foreknown_kept_days``,
    crossings for ``crossings_kept_days``.
    ``policy`` are the rules for places in the order that are in force. ``other_timezone`` is what
    clocks beyond the border show, which drivers from there read beside the gates' time.
    """

    id: str
    name: Mapping[str, str]
    timezone: ZoneInfo
    epsg: int
    gates: tuple[Gate, ...]
    yards: tuple[Yard, ...]
    zones: tuple[Zone, ...]
    corridors: tuple[Corridor, ...]
    roads: tuple[tuple[str, shapely.LineString], ...]
    lateness_limit_s: int
    future_limit_s: int
    visit: VisitParams
    dispatch: DispatchParams
    freight_roads: tuple[FreightRoad, ...] = ()
    road_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unknown_devices: UnknownDevices = UnknownDevices.HOLD
    fixes_kept_days: int = 365
    aside_kept_days: int = 90
    trips_kept_days: int = 365
    numbers_kept_days: int = 30
    documents_kept_days: int = 90
    persons_kept_days: int = 90
    drafts_kept_days: int = 30
    foreknown_kept_days: int = 30
    crossings_kept_days: int = 1826
    other_timezone: ZoneInfo | None = None
    traffic: TrafficParams = TrafficParams()
    policy: Policy = field(default_factory=Policy)

    @cached_property
    def gate_by_id(self) -> Mapping[str, Gate]:
        """Gates by id."""
        return {gate.id: gate for gate in self.gates}

    @cached_property
    def yard_by_id(self) -> Mapping[str, Yard]:
        """Yards by id."""
        return {yard.id: yard for yard in self.yards}

    @cached_property
    def zone_by_id(self) -> Mapping[str, Zone]:
        """Zones by id."""
        return {zone.id: zone for zone in self.zones}

    def find_freight_road(self, yard: str, gate: str) -> FreightRoad | None:
        """Return the way from ``yard`` to beyond ``gate``, or None where the yard feeds it not."""
        return next((r for r in self.freight_roads if (r.yard, r.gate) == (yard, gate)), None)
