"""Commands about roads: import them, match a track to them, find a way on them."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from flowctl.data_files import data_dir, list_sites
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.shell import sentences, telling

if TYPE_CHECKING:  # the other commands do without scipy and shapely, which take a second
    from geo.network import RoadNetwork, Snaps

app = typer.Typer(no_args_is_help=True, help="Roads: import them, match tracks, find ways.")

FILE = "roads.npz"
FAR_M = 5_000.0
"""A place further than this from every road is a slip of the pen."""
MOST_LAT_DEG, MOST_LON_DEG = 90.0, 180.0
KM_PER_DEGREE = 111.32  # of latitude, and of longitude at the equator

Site = Annotated[str | None, typer.Option(help="Site whose roads are meant.")]
Roads = Annotated[Path | None, typer.Option(help="File of roads, instead of a site's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@contextmanager
def _road_sentences() -> Iterator[None]:
    from geo.network import RoadError  # noqa: PLC0415

    with sentences():
        try:
            yield
        except RoadError as error:
            raise FlowctlError(str(error)) from error


@app.command("import")
def import_roads(
    file: Annotated[
        Path | None, typer.Argument(help="Extract of OpenStreetMap: .osm.pbf, .osm.gz, .osm.")
    ] = None,
    place: Annotated[
        str | None, typer.Option(help="Download this place instead, such as 'Lạng Sơn, Vietnam'.")
    ] = None,
    site: Site = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of roads.npz; by default the site's own.")
    ] = None,
    around_km: Annotated[
        float | None,
        typer.Option(min=1.0, help="Of a large extract, take only what is this near to the site."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take the roads trucks may use out of OpenStreetMap's data."""
    from geo import roads  # noqa: PLC0415 - the other commands do without osmium

    with _road_sentences():
        if (file is None) == (place is None):
            raise FlowctlError("Name either an extract of OpenStreetMap or a --place to download.")
        _refuse_no_extract(file, around_km)
        folder = _folder(site, out)
        within = None if around_km is None else _around(site, around_km)
        replaced = _find_source(folder / FILE)
        with _bar(roads.STAGES) as progress:
            network, counts = (
                roads.download_roads(place, progress=progress)
                if file is None and place is not None
                else roads.read_roads(Path(file or ""), within=within, progress=progress)
            )
        network.save(folder / FILE)
        if site is not None:
            _warn_where_elsewhere(site, network)
        if within is not None and not counts.outside and not counts.cut:
            typer.echo(f"All of {file} is that near: --around-km left nothing out.", err=True)
        if replaced is not None:
            typer.echo(f"{folder / FILE} held {replaced}; these roads replace it.", err=True)
        if as_json:
            found = {name: getattr(counts, name) for name in counts.__dataclass_fields__}
            answer = {**found, "file": str(folder / FILE), "attribution": network.attribution}
            typer.echo(json.dumps(answer, ensure_ascii=False))
            return
        typer.echo(
            f"{folder / FILE}: {counts.edges:,} directed edges between {counts.nodes:,} nodes,"
            f" {counts.km:,.1f} km.\n"
            f"Of {counts.ways:,} ways with a highway tag {counts.closed:,} are closed to trucks or"
            f" no roads; {counts.cut:,} were cut at the edge of the extract, {counts.outside:,} lie"
            f" outside it; {counts.detached:,} pieces do not hang together with the others and were"
            f" left out; {counts.no_return:,} edges lead only out or only in.\n"
            f"{network.attribution}"
        )


@app.command("match")
def match_track(
    file: Annotated[Path, typer.Argument(help="Track: .gpx, or .csv with a header.")],
    site: Site = None,
    roads: Roads = None,
    device: Annotated[
        str | None, typer.Option(help="Of several devices in a CSV, the one to match.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="CSV column of a field, such as lon=longitude.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Zone of moments that carry none.")] = "UTC",
    png: Annotated[Path | None, typer.Option(help="Save a picture here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell which roads a recorded track was driven on."""
    from flowctl import road_answers  # noqa: PLC0415
    from flowctl.recorded import read_points  # noqa: PLC0415
    from geo.matching import match  # noqa: PLC0415
    from geo.routes import Cost, Router  # noqa: PLC0415

    with _road_sentences():
        with telling("reading roads") as tell:
            network = _network(site, roads)
            tell("reading the track")
            track = read_points(file, device=device, columns=column or [], timezone=timezone)
            tell(f"matching {len(track.lon):,} fixes")
            found = match(Router(network, Cost.DISTANCE), track)
            if png is not None:
                from flowctl.road_picture import save_match  # noqa: PLC0415 - takes a second

                tell("drawing")
                save_match(network, track, found, png)
        if as_json:
            typer.echo(json.dumps(road_answers.match_json(network, found), ensure_ascii=False))
            return
        console = Console()
        for piece in found.pieces:
            console.print(road_answers.roads_table(network, piece))
        for one in found.breaks:
            console.print(f"Break between fixes {one.before + 1} and {one.after + 1}: {one.reason}")
        typer.echo(road_answers.summary(found))
        typer.echo(network.attribution)


@app.command("route")
def route(
    start: Annotated[str, typer.Argument(help="Latitude,longitude in degrees.")],
    goal: Annotated[str, typer.Argument(help="Latitude,longitude in degrees.")],
    site: Site = None,
    roads: Roads = None,
    by: Annotated[Literal["time", "distance"], typer.Option(help="What is to be short.")] = "time",
    as_json: AsJson = False,
) -> None:
    """Find the shortest way for a truck between two places."""
    from flowctl import road_answers  # noqa: PLC0415
    from geo.routes import Cost, Router  # noqa: PLC0415

    with _road_sentences():
        with telling("reading roads"):
            network = _network(site, roads)
        ends = [_on_a_road(network, text) for text in (start, goal)]
        found = Router(network, Cost(by)).shortest(*ends)
        if found is None:
            raise FlowctlError(
                f"No way for trucks leads from {start} to {goal} on the roads of {network.source}."
            )
        answer = road_answers.route_json(network, found, *ends)
        if as_json:
            typer.echo(json.dumps(answer, ensure_ascii=False))
            return
        typer.echo(
            f"{found.length_m:,.0f} m, {found.duration_s / 60:.1f} min for a loaded truck on free"
            f" roads; {answer['start_offset_m']:.0f} m and {answer['goal_offset_m']:.0f} m from the"
            f" places named.\n{' → '.join(answer['roads'])}\n{network.attribution}"
        )


def _on_a_road(network: "RoadNetwork", place: str) -> "Snaps":
    """Return the nearest places on roads; refused where there is none for kilometres."""
    found = network.nearest(*_lon_lat(place))
    offset_m = float(found.offset_m.min())
    if offset_m > FAR_M:
        raise FlowctlError(
            f"{place} is {offset_m / 1000:,.0f} km from any road of {network.source}; a place is"
            " latitude,longitude in degrees: are the two swapped?"
        )
    return found


def _refuse_no_extract(file: Path | None, around_km: float | None) -> None:
    """Refuse what names no file to read, and a part of what is not read from a file."""
    if file is None:
        if around_km is not None:
            raise FlowctlError(
                "--around-km takes a part of an extract; of a --place all is taken, so name a"
                " smaller place."
            )
    elif file.is_dir():
        raise FlowctlError(f"{file} is a folder; name the extract of OpenStreetMap in it.")
    elif not file.is_file():
        raise NotFoundError(f"There is no file {file}.")


def _find_source(path: Path) -> str | None:
    """Return what a file of roads was made of; None where there is none yet."""
    from geo.network import RoadError, RoadNetwork  # noqa: PLC0415

    if not path.exists():
        return None
    if path.is_dir():
        raise FlowctlError(f"{path} is a folder, where the roads would go; remove or rename it.")
    try:
        return f"the roads of {RoadNetwork.load(path).source}"
    except RoadError:
        return "something that was no road network"


def _folder(site: str | None, out: Path | None) -> Path:
    """Return where the roads go, made if it is not there; refused before the work begins."""
    own = None if site is None else _site_folder(site)
    folder = out or own
    if folder is None:
        raise FlowctlError("Name the --site the roads are for, or a folder with --out.")
    if folder.is_file():
        raise FlowctlError(f"{folder} is a file; --out names the folder that {FILE} goes into.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{FILE}.part").open("wb"):
            pass
        (folder / f"{FILE}.part").unlink()
    except OSError as error:
        raise FlowctlError(
            f"{folder} cannot be written ({error.strerror}); name another folder with --out."
        ) from error
    return folder


def _site_folder(site: str) -> Path:
    if site not in list_sites():
        raise NotFoundError(f"There is no site {site}; there are: {', '.join(list_sites())}.")
    return data_dir() / "sites" / site


def _network(site: str | None, roads: Path | None) -> "RoadNetwork":
    if (site is None) == (roads is None):
        raise FlowctlError("Name either the --site or a file of --roads.")
    from geo.network import RoadNetwork  # noqa: PLC0415

    path = roads if roads is not None else _site_folder(str(site)) / FILE
    if not path.is_file():
        raise NotFoundError(
            f"There are no roads at {path}; make them with: flowctl roads import FILE.osm.pbf"
        )
    return RoadNetwork.load(path)


def _around(site: str | None, km: float) -> tuple[float, float, float, float]:
    """Return west, south, east and north of what is within ``km`` of a site's zones and ways."""
    import shapely  # noqa: PLC0415

    from flowctl.site_files import load_site  # noqa: PLC0415

    if site is None:
        raise FlowctlError("--around-km is measured from a --site; name it, or leave both out.")
    own = load_site(_site_folder(site))
    corridors = [corridor.line for corridor in own.corridors]
    freight = [road.line for road in own.freight_roads]
    zones = [zone.polygon for zone in own.zones]
    west, south, east, north = shapely.total_bounds([*zones, *corridors, *freight])
    up = km / KM_PER_DEGREE
    across = up / math.cos(math.radians(max(abs(south), abs(north))))
    return float(west - across), float(south - up), float(east + across), float(north + up)


def _warn_where_elsewhere(site: str, network: "RoadNetwork") -> None:
    """Say so where none of the site's zones lies within the roads."""
    from flowctl.site_files import load_site  # noqa: PLC0415 - reading a site takes shapely's time

    west, south, east, north = network.bounds
    zones = load_site(_site_folder(site)).zones
    boxes = [zone.polygon.bounds for zone in zones]
    if not any(w <= east and e >= west and s <= north and n >= south for w, s, e, n in boxes):
        typer.echo(
            f"Warning: no zone of {site} lies within these roads ({south:.3f}, {west:.3f} to"
            f" {north:.3f}, {east:.3f}); is this the extract of another place?",
            err=True,
        )


@contextmanager
def _bar(stages: tuple[str, ...]) -> Iterator[Callable[[str, float], None]]:
    """Show a bar on standard error that fills stage by stage; in a log, a line for each."""
    console = Console(stderr=True)
    if not console.is_terminal:
        with telling("importing roads") as tell:
            yield lambda stage, share: tell(f"importing roads, {stage}: {share:.0%}")
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Importing roads", total=len(stages))

        def told(stage: str, share: float) -> None:
            done = stages.index(stage) + share
            bar.update(task, completed=done, description=f"Importing roads: {stage}")

        yield told


def _lon_lat(text: str) -> tuple[float, float]:
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError:
        raise FlowctlError(f"A place is latitude,longitude in degrees; not {text!r}.") from None
    if not (abs(lat) <= MOST_LAT_DEG and abs(lon) <= MOST_LON_DEG):
        raise FlowctlError(
            f"{text} is no place: a latitude is at most 90 and a longitude at most 180 degrees."
        )
    return lon, lat
