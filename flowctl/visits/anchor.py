"""Anchors: moments of a track at which its state is known, whatever was before.

Two neighbouring fixes between which a truck can have driven leave nothing suspect behind, and the
later of them is accepted: it continues either from the last accepted fix or from the suspect the
earlier one has become. So after a fix outside of every zone that follows on such a pair, and after
enough more of them to end every visit and to drop every candidate, a device is in no zone. What
is judged from there on is the same as if the whole track had been judged.
"""

from collections.abc import Sequence

from flowctl.site import VisitParams
from flowctl.visits.jumps import is_plausible
from flowctl.visits.track import SECOND, Sighting, TrackState


def find_anchor(sightings: Sequence[Sighting], params: VisitParams) -> int | None:
    """Return the number of the last fix after which the state of the track is known.

    Parameters
    ----------
    sightings
        A stretch of a track without gaps in it, in ascending order of moments, one a moment.
    params
        The counts and times a visit's end takes.

    Returns
    -------
    None where no moment of the stretch will do.
    """
    needed = max(params.exit_fixes, params.linger_fixes, params.enter_of)
    first: int | None = None  # of the newest run of accepted fixes outside of everything
    for at in range(len(sightings) - 1, 0, -1):
        here = sightings[at]
        clear = not (here.outer or here.unsure)
        if not clear or not is_plausible(sightings[at - 1], here, params.jump_mps):
            first = None
            continue
        if first is None:
            first = at
        spans = sightings[first].at - here.at >= params.exit_dwell_s * SECOND
        if first - at + 1 >= needed and spans:
            return first
    return None


def state_after(anchor: Sighting) -> TrackState:
    """Return the state of a track after the fix that `find_anchor` found."""
    return TrackState(last=anchor)
