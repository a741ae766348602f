"""The commands that draw a day: a truck's track, the zones' occupancy, a road's space and time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from flowctl.clock import clock
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.registry.plates import parse_plate
from flowctl.shell import database, get_settings
from flowctl.site import Site
from flowctl.storage import pictures as stored
from flowctl.storage.sites import get_site

zones_app = typer.Typer(no_args_is_help=True, help="Zones: how full they were.")

_DAY_STEP_S = 60.0
"""One fix a minute of each truck is enough for a day's lines."""

_FEW_MINUTES = 2  # shorter stays are told in seconds

Day = Annotated[str, typer.Option(help="Local day, such as 2024-01-23; 'today' works as well.")]
Png = Annotated[
    Path | None,
    typer.Option(
        help="Where the picture goes.",
        show_default="a file here named after what it shows and the day",
    ),
]
SiteId = Annotated[str | None, typer.Option("--site", help="Site; the settings' if not given.")]


class Colour(StrEnum):
    """What a track's colour means."""

    TIME = "time"
    SPEED = "speed"


@zones_app.callback()
def zones() -> None:
    """Zones: how full they were."""


def track(
    plate: str,
    png: Png = None,
    day: Day = "today",
    colour: Annotated[Colour, typer.Option(help="What the track's colour means.")] = Colour.TIME,
    site_id: SiteId = None,
) -> None:
    """Draw where a truck was on a day, and list its visits."""
    with _drawing(site_id, day) as (conn, site, chosen, console):
        from flowctl.pictures import style  # noqa: PLC0415 - matplotlib takes a second to load
        from flowctl.pictures.track import TrackDay, save_track  # noqa: PLC0415

        span = style.day_span(site, chosen)
        text = parse_plate(plate).text
        path = style.writable(png or Path(f"track-{text}-{chosen}.png"))
        carried = stored.list_carried(conn, site.id, text, span.since, span.until)
        if not carried:
            raise NotFoundError(_no_device(conn, site, text, chosen))
        # The device that was heard most speaks for the truck: two cannot be drawn as one track.
        tracks = [
            (stored.list_day_track(conn, one.device_id, one.since, one.until), one)
            for one in carried
        ]
        fixes, device = max(tracks, key=lambda pair: len(pair[0]))
        if not len(fixes):
            raise NotFoundError(f"{text} has no fix on {chosen}; try another --day.")
        stays = stored.list_stays(conn, device.device_id, device.since, device.until)
        if len(fixes) == 1:
            console.print(f"{text} has one fix on {chosen}: a point and no track.")
        shown = style.whole_hours(span, float(fixes["at"][0]), float(fixes["at"][-1]))
        with console.status(f"drawing {len(fixes):,} fixes", spinner="line"):
            drawn = TrackDay(site, text, chosen, shown, fixes, stays)
            save_track(drawn, path, colours=colour.value)
        others = [one.uid for _, one in tracks if one is not device]
        _print_stays(site, text, device.uid, stays, others)
        typer.echo(f"Picture: {path}")


@zones_app.command("occupancy")
def occupancy(
    png: Png = None,
    day: Day = "today",
    zone: Annotated[
        list[str] | None, typer.Option(help="Zone, again for more; yards and queues if none.")
    ] = None,
    site_id: SiteId = None,
) -> None:
    """Draw how many trucks stood in the zones over a day, and the places of the yards."""
    with _drawing(site_id, day) as (conn, site, chosen, console):
        from flowctl.pictures import occupancy as drawn  # noqa: PLC0415
        from flowctl.pictures import style  # noqa: PLC0415

        for name in zone or ():
            if name not in site.zone_by_id:
                known = ", ".join(site.zone_by_id)
                raise NotFoundError(f"There is no zone {name!r}; {site.id} has {known}.")
        path = style.writable(png or Path(f"zones-{chosen}.png"))
        span = style.day_span(site, chosen)
        now = clock(get_settings().clock_file).now()
        if span.since >= now:
            raise FlowctlError(f"{chosen} has not begun at {site.name['en']}; choose a past day.")
        span = style.Span(span.since, min(span.until, now))
        chosen_zones = drawn.shown_zones(site, zone or ())
        stays = stored.list_zone_stays(conn, [z.id for z in chosen_zones], span.since, span.until)
        if not stays:
            raise NotFoundError(f"Nobody was seen in these zones on {chosen}; try another --day.")
        by_zone = {
            one.id: drawn.occupancy_of([s for s in stays if s.zone == one.id], span)
            for one in chosen_zones
        }
        with console.status(f"drawing {len(stays):,} visits", spinner="line"):
            drawn.save_occupancy(drawn.ZonesDay(site, chosen, span, by_zone), path)
        names = ("zone", "found there", "arrived", "left", "at the end", "most at once")
        table = Table(*names, box=None)
        for name, one in by_zone.items():
            most, last = int(one.inside.max()), int(one.inside[-1])
            counts = (one.found, one.entered, one.left, last, most)
            table.add_row(site.zone_by_id[name].name["en"], *map(str, counts))
        Console().print(table)
        typer.echo(drawn.COUNTED)
        typer.echo(f"Picture: {path}")


def corridor(way: str, png: Png = None, day: Day = "today", site_id: SiteId = None) -> None:
    """Draw distance to the gate over time on a corridor or freight road, one line a truck."""
    with _drawing(site_id, day) as (conn, site, chosen, console):
        from flowctl.pictures import spacetime as drawn  # noqa: PLC0415
        from flowctl.pictures import style  # noqa: PLC0415
        from flowctl.traffic.spacetime import get_way  # noqa: PLC0415

        stretches = get_way(site, way)
        path = style.writable(png or Path(f"corridor-{way}-{chosen}.png"))
        span = style.day_span(site, chosen)
        with console.status("reading fixes", spinner="line") as status:
            lines = stored.list_lines(
                conn, site, stretches, span.since, span.until, step_s=_DAY_STEP_S
            )
            if not lines:
                raise NotFoundError(f"No truck was seen on {way} on {chosen}; try another --day.")
            status.update(f"drawing {len(lines):,} lines")
            moments = np.concatenate([line.at[[0, -1]] for line in lines])
            shown = style.whole_hours(span, float(moments.min()), float(moments.max()))
            devices = sorted({line.device for line in lines})
            journeys = stored.list_journeys(conn, site.id, devices, span.since, span.until)
            elsewhere = stored.bound_elsewhere(site, stretches, journeys)
            picture = drawn.Spacetime(site, stretches, chosen, shown, lines, elsewhere)
            drawn.save_spacetime(picture, path)
        typer.echo(f"{drawn.way_name(site, stretches)}, {chosen}")
        typer.echo(drawn.drawn_in_words(picture))
        typer.echo(f"Picture: {path}")


@contextmanager
def _drawing(
    site_id: str | None, day: str
) -> Iterator[tuple[psycopg.Connection[Any], Site, date, Console]]:
    """Yield what a drawing command needs."""
    with database() as conn:
        site = get_site(conn, site_id or get_settings().site)
        yield conn, site, _local_day(site, day), Console(stderr=True)


def _local_day(site: Site, text: str) -> date:
    if text == "today":
        return clock(get_settings().clock_file).now().astimezone(site.timezone).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FlowctlError(
            f"--day takes a day such as 2024-01-23, or today; not {text!r}."
        ) from error


def _no_device(conn: psycopg.Connection[Any], site: Site, plate: str, day: date) -> str:
    if not stored.list_unknown(conn, site.id, [plate]):
        return f"{plate} carried no device on {day}, so nobody knows where it was."
    return f"No trip and no device names the plate {plate}; is it spelt right?"


def _print_stays(
    site: Site, plate: str, device: str, stays: list[stored.Stay], others: list[str]
) -> None:
    table = Table("zone", "entered", "left", "stayed", title=f"{plate} ({device})", box=None)
    for stay in stays:
        zone = site.zone_by_id.get(stay.zone)
        entered = stay.entered_at.astimezone(site.timezone)
        left = None if stay.left_at is None else stay.left_at.astimezone(site.timezone)
        stayed = "–" if left is None else _lasted((left - entered).total_seconds())
        table.add_row(
            stay.zone if zone is None else zone.name["en"],
            f"{entered:%H:%M:%S}" + (" (was inside)" if stay.seen_inside else ""),
            "–" if left is None else f"{left:%H:%M:%S}",
            stayed,
        )
    Console(markup=False).print(table if stays else f"{plate} ({device}) was in no zone.")
    if others:
        typer.echo(f"It carried {', '.join(others)} as well, which said less.")


def _lasted(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:.0f} s" if minutes < _FEW_MINUTES else f"{minutes:.0f} min"
