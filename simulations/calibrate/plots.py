"""Pictures of a calibration: arrivals by hour, durations beside the laws that were fitted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from flowctl.pictures import style
from flowctl.site import Site
from simulations.calibrate.findings import Calibration, Sample, law_text
from simulations.calibrate.laws import kaplan_meier
from simulations.durations import duration_s

_COLUMNS = 3
_MOST_SHOWN = 0.995
"""The share of a law's trucks that its picture shows: a long tail would hide the rest."""


def save_arrivals(found: Calibration, path: Path, *, site: Site) -> None:
    """Draw the mean trucks of each hour, a row a gate, a column a direction, as a PNG."""
    gates = list(dict.fromkeys(gate for gate, _ in found.hourly))
    figure = style.new_figure(10.0, 2.8 * len(gates) + 0.6)
    axes = figure.subplots(len(gates), 2, sharex=True, squeeze=False)
    for row, gate in enumerate(gates):
        for column, way in enumerate(("export", "import")):
            axis, counts = axes[row, column], found.hourly[gate, way]
            axis.bar(np.arange(24) + 0.5, counts, width=0.9, color=style.LINE_COLOURS[column])
            axis.set_title(f"{site.gate_by_id[gate].name['en']}, {way}s", color=style.TEXT)
            axis.set_xlim(0, 24)
            axis.set_xticks(range(0, 25, 3))
            axis.set_ylim(0, max(1.0, 1.08 * float(counts.max())))
            if column == 0:
                axis.set_ylabel("trucks an hour", color=style.TEXT)
            if row == len(gates) - 1:
                axis.set_xlabel("local hour", color=style.TEXT)
    style.title(figure, f"Arrivals, mean of {len(found.days)} days from {found.days[0]}")
    style.save(figure, path)


def save_laws(samples: Sequence[Sample], path: Path) -> None:
    """Draw for each sample the share that had ended by a time, and the law's, as a PNG."""
    rows = -(-len(samples) // _COLUMNS)
    figure = style.new_figure(4.2 * min(len(samples), _COLUMNS), 3.2 * rows + 0.6)
    axes = figure.subplots(rows, min(len(samples), _COLUMNS), squeeze=False).ravel()
    chances = np.linspace(0.001, _MOST_SHOWN, 400)
    for axis, one in zip(axes, samples, strict=False):
        at, share = kaplan_meier(np.sort(one.ended), one.cut)
        axis.step(at, share, where="post", color=style.LINE_COLOURS[0], lw=2.2, label="seen")
        law_min = duration_s(one.fit.law, chances) / 60.0
        axis.plot(law_min, chances, color=style.LINE_COLOURS[1], lw=1.4, label="law")
        seen_most = float(at[share <= max(_MOST_SHOWN, share[0])][-1])
        axis.set_xlim(0, 1.05 * max(seen_most, float(law_min[-1])))
        axis.set_ylim(0, 1.02)
        axis.set_title(
            f"{one.name}, {one.fit.count:,} trucks\n{law_text(one.fit.law)}",
            color=style.TEXT,
            fontsize=9,
        )
        axis.set_xlabel("minutes", color=style.TEXT)
        axis.legend(loc="lower right", frameon=False)
    for axis in axes[len(samples) :]:
        axis.set_visible(False)
    style.title(figure, "Durations: the share that had ended, and the laws fitted")
    style.save(figure, path)
