"""Where trucks truly were, told by their paths alone, and how close claimed arrivals come to it.

Nothing here knows of boundaries, dwell or confirmation: inside is inside the polygon as drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.zones import Role, Zone

Column = NDArray[np.float64]

STAY = np.dtype(
    [
        ("truck", "<i8"),
        ("zone", "<i8"),  # index into the zones asked about
        ("entered_at", "<f8"),  # epoch seconds
        ("left_at", "<f8"),  # NaN where the path ends inside
        ("arrived", "?"),  # False where the path begins inside
    ]
)
"""One uninterrupted stay of a truck in a polygon."""


@dataclass(frozen=True, slots=True)
class TruthParams:
    """What counts as a true arrival.

    A truck that is in a yard for less than ``yard_stay_s`` passed through its corner; a zone to be
    driven through is entered by whoever is in it for ``passage_stay_s``.
    """

    yard_stay_s: float = 60.0
    passage_stay_s: float = 10.0
    match_within_s: float = 1_800.0
    """A claim further from every true arrival than this speaks of none of them: twice what a parked
    tracker is silent for, so an arrival whose last fix on the move was lost is late, not wrong.
    """


@dataclass(frozen=True, slots=True)
class Match:
    """Claims against the truth: pairs, claims of nothing, arrivals nobody claimed.

    ``error_s`` has one signed value per pair (claimed less true), in the order of ``claims``.
    ``false`` and ``missed`` are indexes into the claims and the arrivals.
    """

    error_s: Column
    claims: NDArray[np.int64]
    false: NDArray[np.int64]
    missed: NDArray[np.int64]


def true_stays(
    zones: Sequence[Zone], truck: NDArray[np.int64], at: Column, lon: Column, lat: Column
) -> NDArray[np.void]:
    """Return the stays of trucks in zones, rows of `STAY`.

    Parameters
    ----------
    zones
        Whose polygons to ask.
    truck, at, lon, lat
        The true path: shape [n], sorted by truck and moment (epoch s); lon/lat in degrees, WGS 84.
        It must be fine enough that nothing happens between two points: the moment of a crossing is
        the middle between them.
    """
    inside = np.zeros(len(at), np.bool_)
    stays = []
    for number, zone in enumerate(zones):
        shapely.prepare(zone.polygon)
        west, south, east, north = zone.polygon.bounds
        near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        inside[:] = False
        inside[near] = shapely.intersects_xy(zone.polygon, lon[near], lat[near])
        stays.append(_runs(inside, truck, at, number))
    return np.concatenate(stays)


def _runs(
    inside: NDArray[np.bool_], truck: NDArray[np.int64], at: Column, zone: int
) -> NDArray[np.void]:
    """Return a stay for each run of points inside, of one truck."""
    if not len(at):
        return np.empty(0, STAY)
    first = np.r_[True, truck[1:] != truck[:-1]]
    last = np.r_[first[1:], True]
    begins = np.flatnonzero(inside & (first | ~np.r_[False, inside[:-1]]))
    ends = np.flatnonzero(inside & (last | ~np.r_[inside[1:], False]))
    rows = np.empty(len(begins), STAY)
    rows["truck"], rows["zone"] = truck[begins], zone
    rows["arrived"] = ~first[begins]
    rows["entered_at"] = np.where(first[begins], at[begins], (at[begins] + at[begins - 1]) / 2)
    after = np.minimum(ends + 1, len(at) - 1)
    rows["left_at"] = np.where(last[ends], np.nan, (at[ends] + at[after]) / 2)
    return rows


@dataclass(frozen=True, slots=True)
class Truth:
    """True arrivals, rows of `STAY`; those that are ``due`` (shape [n]) must not be missed.

    Whoever cuts the corner of a zone to be driven through for a moment may be seen there or not.
    """

    arrivals: NDArray[np.void]
    due: NDArray[np.bool_]


def truth_of(stays: NDArray[np.void], zones: Sequence[Zone], params: TruthParams) -> Truth:
    """Return which stays (rows of `STAY`) are arrivals: those that begin with an entry and last."""
    yard = np.array([zone.role is Role.YARD for zone in zones], np.bool_)[stays["zone"]]
    # A path that ends inside lasts for as long as anybody knows.
    lasted = np.nan_to_num(stays["left_at"] - stays["entered_at"], nan=np.inf)
    least = np.where(yard, params.yard_stay_s, params.passage_stay_s)
    counts = stays["arrived"] & (~yard | (lasted >= least))
    rows: NDArray[np.void] = stays[counts]
    return Truth(rows, (lasted >= least)[counts])


def naive_entries(
    zones: Sequence[Zone],
    device: NDArray[np.int64],
    fixed_at: Column,
    lon: Column,
    lat: Column,
) -> NDArray[np.void]:
    """Return what the rule of most trackers' servers calls arrivals, as rows of `STAY`.

    The rule: inside the polygon now and not at the fix before, in the order of arrival, each fix an
    event at its own moment. A device's first fix is no event.

    Parameters
    ----------
    device, fixed_at, lon, lat
        Fixes in the order they were delivered, doubles among them; shape [n].
    """
    order = np.argsort(device, kind="stable")
    device, fixed_at, lon, lat = device[order], fixed_at[order], lon[order], lat[order]
    same = np.r_[False, device[1:] == device[:-1]]
    events = []
    for number, zone in enumerate(zones):
        shapely.prepare(zone.polygon)
        inside = shapely.intersects_xy(zone.polygon, lon, lat)
        entry = np.flatnonzero(inside & same & ~np.r_[False, inside[:-1]])
        rows = np.empty(len(entry), STAY)
        rows["truck"], rows["zone"] = device[entry], number
        rows["entered_at"], rows["left_at"] = fixed_at[entry], np.nan
        rows["arrived"] = True
        events.append(rows)
    return np.concatenate(events)


def match(claims: NDArray[np.void], truth: NDArray[np.void], params: TruthParams) -> Match:
    """Pair claims with true arrivals of the same truck and zone, one to one, the closest first.

    Both are rows of `STAY`; only truck, zone and ``entered_at`` are looked at.
    """
    by_key: dict[tuple[int, int], list[int]] = {}
    for number, row in enumerate(truth):
        by_key.setdefault((int(row["truck"]), int(row["zone"])), []).append(number)
    pairs = []
    for claim, row in enumerate(claims):
        for arrival in by_key.get((int(row["truck"]), int(row["zone"])), ()):
            error = float(row["entered_at"] - truth["entered_at"][arrival])
            if abs(error) <= params.match_within_s:
                pairs.append((abs(error), claim, arrival, error))
    taken: dict[int, float] = {}
    found: set[int] = set()
    for _, claim, arrival, error in sorted(pairs):
        if claim not in taken and arrival not in found:
            taken[claim] = error
            found.add(arrival)
    paired = np.array(sorted(taken), np.int64)
    return Match(
        error_s=np.array([taken[claim] for claim in paired.tolist()]),
        claims=paired,
        false=np.setdiff1d(np.arange(len(claims)), paired),
        missed=np.setdiff1d(np.arange(len(truth)), np.array(sorted(found), np.int64)),
    )
