"""From when on something is more than bad luck: the limits of every kind of alert."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheatingParams:
    """Limits, durations in seconds, lengths in metres, speeds in m/s, shares between 0 and 1.

    All are assumed (no published figures of such offences exist) but for those with a source.

    Attributes
    ----------
    gate_stay_s
        A stay at a gate shorter than this is a truck that drove by.
    expired_grace_s
        A truck may come to the gate so long after its release is over: it was on its way.
    returned_s
        A truck seen beyond the gate within this comes back from there: the other side lets trucks
        stay for 36 hours at most (rule of the Lạng Sơn gates for two-way haul).
    near_slot_s
        A booking is looked at from so long before its slot.
    fastest_mps
        No truck comes nearer faster than this as the crow flies: 90 km/h, above what a truck may
        drive on any road here (Circular 31/2019/TT-BGTVT: 80 km/h off the motorway).
    miss_s
        By so much a truck must be bound to miss the end of its tolerance.
    silent_s
        A truck on its way may be silent so long: a tracker sends every 15 minutes even when parked
        (Circular 09/2015/TT-BGTVT), and sixteen of those are lost together only where it is off.
    clock_s
        A yard's or a gate's clock may be off by so much (as in the view ``arrivals``).
    near_m
        A fix within this of a place's outline, beyond its accuracy, is at the place.
    accuracy_m
        The accuracy of a fix that states none: a phone among buildings.
    least_fixes
        Fewer prove nothing: one that is false must be left out.
    unseen_s
        Fixes further apart than this say nothing of the time between them.
    apart_m, apart_s
        Two devices of one truck may be so far apart, for so long: a driver goes to eat.
    same_moment_s
        Fixes of two devices within this are compared: parked trackers send every 15 minutes.
    two_plates_s
        A device that is declared for another truck within this time did not change hands.
    procedure_s
        A tracker's replacement is entered in the registry within this, in any order.
    weight_share, weight_t
        A truck that leaves heavier than it came by both this share and so many tonnes was loaded
        elsewhere, or is another.
    leg_m, leg_mps
        A leg between two fixes, after their accuracies, at which no truck can have driven:
        50 m/s is the limit by which visits tell a jump.
    legs, legs_s
        So many of them within so long are no error of a receiver, which comes once and goes back.
    hoard_share, hoard_least
        More than this share of a gate's bookings of a day, from so many bookings on.
    dropped, dropped_share, dropped_s
        So many bookings of one haulier cancelled or not shown up within so long, if they are more
        than this share of what it booked.
    """

    gate_stay_s: float = 300.0
    expired_grace_s: float = 1800.0
    returned_s: float = 129_600.0
    near_slot_s: float = 7200.0
    fastest_mps: float = 25.0
    miss_s: float = 1800.0
    silent_s: float = 14_400.0
    clock_s: float = 900.0
    near_m: float = 500.0
    accuracy_m: float = 100.0
    least_fixes: int = 3
    unseen_s: float = 1800.0
    apart_m: float = 5000.0
    apart_s: float = 1800.0
    same_moment_s: float = 900.0
    two_plates_s: float = 21_600.0
    procedure_s: float = 3600.0
    weight_share: float = 0.25
    weight_t: float = 5.0
    leg_m: float = 1000.0
    leg_mps: float = 50.0
    legs: int = 6
    legs_s: float = 1800.0
    hoard_share: float = 0.25
    hoard_least: int = 10
    dropped: int = 5
    dropped_share: float = 0.5
    dropped_s: float = 86_400.0
