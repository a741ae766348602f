"""A picture of a matched track on its roads."""

from pathlib import Path

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from geo.matching import Match
from geo.network import RoadNetwork
from geo.tracks import Track

_MARGIN = 0.05  # of the track's extent, around it
_LEAST_DEG = 0.001


def save_match(network: RoadNetwork, track: Track, found: Match, path: Path) -> None:
    """Draw the roads, the fixes and the matched way into ``path`` (.png).

    Raises
    ------
    OSError
        The place cannot be written.
    """
    figure = Figure(figsize=(9, 9), dpi=150)
    axes = figure.add_subplot()
    axes.add_collection(
        LineCollection(
            [network.corners(edge) for edge in range(len(network.start))],
            colors="#bbbbbb",
            linewidths=0.6,
        )
    )
    driven = [network.corners(int(edge)) for piece in found.pieces for edge in piece.edges]
    axes.add_collection(LineCollection(driven, colors="#c2410c", linewidths=2.2, alpha=0.7))
    on_road = found.edge >= 0
    axes.plot(track.lon[on_road], track.lat[on_road], ".", color="#1d4ed8", markersize=3)
    axes.plot(track.lon[~on_road], track.lat[~on_road], "x", color="#111111", markersize=5)
    for setter, values in ((axes.set_xlim, track.lon), (axes.set_ylim, track.lat)):
        margin = max(_MARGIN * float(np.ptp(values)), _LEAST_DEG)
        setter(float(values.min()) - margin, float(values.max()) + margin)
    axes.set_aspect(1 / np.cos(np.radians(float(track.lat.mean()))))
    axes.set_xlabel("longitude, degrees")
    axes.set_ylabel("latitude, degrees")
    ratio = "" if found.ratio is None else f", matched/raw {found.ratio:.3f}"
    axes.set_title(f"{len(track.lon)} fixes, {len(found.breaks)} breaks{ratio}", fontsize=10)
    axes.ticklabel_format(useOffset=False)
    axes.text(0.01, 0.01, network.attribution, fontsize=6, transform=axes.transAxes)
    figure.savefig(path, format="png", bbox_inches="tight")
