"""From when on a condition of a border needs somebody's eye, and when it is over again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlarmParams:
    """Limits, durations in seconds, lengths in metres, shares between 0 and 1.

    A condition is raised at one limit and over only at another, so that what wavers between the
    two is one episode. All are assumed but for those with a source.

    Attributes
    ----------
    yard_share, yard_clear_share
        A yard is nearly full from this share of its places on, until it is below the second.
    queue_look_s
        A queue's trend is taken over so long: the median slope between its looks of each minute.
    queue_growth_per_h, queue_clear_per_h
        It grows from so many trucks an hour on, until it grows by fewer than the second.
    queue_least
        Fewer trucks than this before a gate are no matter.
    unfollowed_s
        A truck that still stands in its yard so long after its call-up did not set out; the rules
        for no-shows judge it after ``no_show_s`` of the site's policy (20 min).
    missed_s
        A call-up that was missed is shown so long, unless the truck is called again.
    silent_parked_s
        A truck in a yard may be silent so long: a parked tracker reports every 15 min (Circular
        09/2015/TT-BGTVT), and four reports are not lost by chance.
    silent_called_s
        A truck that was called up and left may be silent so long: one that moves reports every
        30 s, and to the authority within 2 min (same circular).
    silent_clear_share
        It is heard again once its newest fix is younger than this share of the limit.
    silent_many, silent_many_share
        Where so many trucks, and this share of those watched, are silent at once, it is the line
        and not the trucks: one alarm instead of one a truck.
    off_way_m, back_m
        A called-up truck is off its way beyond this distance of every road to its gate, until it
        is nearer than the second: roads are drawn by hand, ± 100-700 m.
    off_corridor_m
        A truck that comes in by a corridor has left it beyond this distance.
    off_s, off_fixes
        It must be off for so long, by so many fixes.
    off_look_s
        How far back a track is looked at.
    bound_s
        Trucks on corridors are looked at from so long before their slot.
    process_late_s
        A process of ours beats every second, the controller every 30 s.
    positions_late_s
        The newest position of all may be so old while trucks are watched.
    escalate_s
        An alarm of the highest severity that nobody looks into for so long is marked and sounds
        again.
    snooze_most_s
        An alert may be put aside for so long: a shift.
    """

    yard_share: float = 0.90
    yard_clear_share: float = 0.85
    queue_look_s: float = 1800.0
    queue_growth_per_h: float = 12.0
    queue_clear_per_h: float = 3.0
    queue_least: int = 10
    unfollowed_s: float = 900.0
    missed_s: float = 7200.0
    silent_parked_s: float = 3600.0
    silent_called_s: float = 900.0
    silent_clear_share: float = 0.5
    silent_many: int = 10
    silent_many_share: float = 0.3
    off_way_m: float = 1000.0
    back_m: float = 700.0
    off_corridor_m: float = 2000.0
    off_s: float = 300.0
    off_fixes: int = 4
    off_look_s: float = 1800.0
    bound_s: float = 10_800.0
    process_late_s: float = 120.0
    positions_late_s: float = 300.0
    escalate_s: float = 600.0
    snooze_most_s: float = 43_200.0
