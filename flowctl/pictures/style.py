"""What all pictures share: local time, closed hours, colours that the colour-blind can tell apart.

Single colours are of Okabe and Ito's palette (Color Universal Design, 2008), scales are viridis
and cividis (Nuñez et al., PLOS ONE 13, 2018).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import HOURLY, DateFormatter, RRuleLocator, date2num, rrulewrapper
from matplotlib.figure import Figure

from flowctl.errors import FlowctlError
from flowctl.site import Site
from flowctl.traffic.spacetime import closed_hours
from geo.zones import Role

TEXT, QUIET, GRID = "#1f2937", "#6b7280", "#d1d5db"
CLOSED = "#e5e7eb"
ROLE_COLOURS = {
    Role.APPROACH: "#999999",
    Role.YARD: "#0072b2",
    Role.QUEUE: "#e69f00",
    Role.LANE: "#d55e00",
    Role.BEYOND: "#009e73",
}
LINE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
SPEED_COLOURS = "viridis"
TIME_COLOURS = "cividis"
MOST_KMH = 80.0
"""Where the scale of speed ends: the legal limit of heavy trucks outside towns and motorways."""

_DPI = 150
_FEW_HOURS, _MANY_HOURS = 4.0, 36.0
_STEPS_H = (1, 2, 3, 4, 6, 12, 24)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in a site's local time, aware instants."""

    since: datetime
    until: datetime

    @property
    def hours(self) -> float:
        """How long it is."""
        return (self.until - self.since) / timedelta(hours=1)


def day_span(site: Site, day: date) -> Span:
    """Return a local day, midnight to midnight."""
    begins = datetime.combine(day, time(), site.timezone)
    ends = datetime.combine(day + timedelta(days=1), time(), site.timezone)
    return Span(begins.astimezone(UTC), ends.astimezone(UTC))


def whole_hours(span: Span, first: float, last: float) -> Span:
    """Cut a span to the full hours around two moments (epoch seconds) in it."""
    hour = timedelta(hours=1)
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (first, last))
    begin = begin.replace(minute=0, second=0, microsecond=0)
    end = end.replace(minute=0, second=0, microsecond=0) + hour
    return Span(max(span.since, begin), min(span.until, end))


def new_figure(width_in: float, height_in: float) -> Figure:
    """Return an empty figure, drawn without a screen."""
    figure = Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def writable(path: Path) -> Path:
    """Return a path; refuse one no picture can be written to, before anything is drawn.

    Raises
    ------
    FlowctlError
        There is no such folder, it is not writable, or the path is a folder.
    """
    if path.is_dir():
        raise FlowctlError(f"{path} is a folder; name a file in it, such as {path / 'day.png'}.")
    if not path.parent.is_dir():
        raise FlowctlError(f"There is no folder {path.parent} for the picture; make it first.")
    fresh = not path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise FlowctlError(f"The picture cannot be written to {path}: {error.strerror}.") from error
    if fresh:
        path.unlink()
    return path


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, or as SVG where the path ends so; whole or not at all.

    Raises
    ------
    FlowctlError
        The file cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        figure.savefig(partial, format="svg" if path.suffix == ".svg" else "png")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FlowctlError(f"The picture cannot be written to {path}: {error.strerror}.") from error


def number(at: datetime | float) -> float:
    """Return a moment (aware, or epoch seconds) as matplotlib counts it, in days."""
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return float(date2num(moment))  # type: ignore[no-untyped-call] # matplotlib types no dates


def time_axis(
    axis: Axes, site: Site, span: Span, *, labelled: bool = True, most_ticks: int = 12
) -> None:
    """Give an axis the local hours of a span, and the days of one that is longer than a day."""
    zone = site.timezone
    minutes = range(0, 60, 15) if span.hours <= _FEW_HOURS else (0,)
    step_h = next((step for step in _STEPS_H if span.hours <= most_ticks * step), _STEPS_H[-1])
    hours = range(0, 24, step_h)
    ticks = RRuleLocator(rrulewrapper(HOURLY, byhour=hours, byminute=minutes, bysecond=0), zone)  # type: ignore[no-untyped-call]
    axis.xaxis.set_major_locator(ticks)
    form = "%H:%M\n%d/%m" if span.hours > _MANY_HOURS else "%H:%M"
    axis.xaxis.set_major_formatter(DateFormatter(form, tz=zone))  # type: ignore[no-untyped-call]
    axis.set_xlim(number(span.since), number(span.until))
    axis.grid(axis="both", color=GRID, linewidth=0.5)
    axis.tick_params(colors=TEXT)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    if labelled:
        axis.set_xlabel(f"local time ({zone.key})", color=TEXT)


def shade_closed(axis: Axes, site: Site, gates: Sequence[str], span: Span) -> bool:
    """Shade the hours in which none of the gates is open; tells whether there are any."""
    shaded = False
    for begin, end in closed_hours(site, gates, span.since, span.until):
        axis.axvspan(number(begin), number(end), color=CLOSED, zorder=0, lw=0)
        shaded = True
    return shaded


def title(figure: Figure, text: str) -> None:
    """Head a figure."""
    figure.suptitle(text, x=0.01, ha="left", color=TEXT, fontsize=13)


def caption(figure: Figure, text: str) -> None:
    """Say below a figure what is counted in it."""
    figure.supxlabel(text, x=0.01, ha="left", color=QUIET, fontsize=9)
