"""From OpenStreetMap to a road network for trucks.

The only module that speaks OSMnx, and it does so late: importing it takes seconds.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import osmium
import shapely
from osmium.osm import NODE, WAY, Node, Way, mutable

from geo.crs import Column
from geo.network import EARTH, RoadError, RoadNetwork
from geo.truck_tags import Tags, TruckRules, direction, may_drive, speed_mps

Position: TypeAlias = tuple[float, float]
Box: TypeAlias = tuple[float, float, float, float]
Progress: TypeAlias = Callable[[str, float], None]

ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0 (https://www.openstreetmap.org/copyright)"
SUFFIXES = (".osm.pbf", ".osm.gz", ".osm.bz2", ".osm", ".pbf")
_READ, _NODES, _GRAPH, _ARRAYS = "ways", "corners", "graph", "arrays"
STAGES = (_READ, _NODES, _GRAPH, _ARRAYS)


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What became of a file's ways and roads."""

    ways: int = 0
    """With a highway tag."""
    closed: int = 0
    """No roads for trucks: other kinds of highway, areas, closed by their access tags."""
    cut: int = 0
    """Partly outside the file: of these the longest piece inside was taken."""
    outside: int = 0
    """With fewer than two of their corners in the file: dropped."""
    detached: int = 0
    """Directed pieces between two corners that do not hang together with the others: dropped."""
    no_return: int = 0
    """Directed edges that can be reached or left, not both: kept, as trucks do drive there."""
    edges: int = 0
    nodes: int = 0
    km: float = 0.0
    """Of directed edges."""


@dataclass(slots=True)
class _Way:
    """A road for trucks as the file has it; ``corners`` are ids of OpenStreetMap's nodes."""

    id: int
    corners: list[int]
    tags: dict[str, str]
    cut: bool = False


def read_roads(
    path: Path,
    *,
    rules: TruckRules | None = None,
    within: Box | None = None,
    progress: Progress | None = None,
) -> tuple[RoadNetwork, ImportCounts]:
    """Read the roads for trucks of an OpenStreetMap extract.

    Turn restrictions and conditions by hour (``hgv:conditional``) are not read.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm.gz``, ``.osm.bz2`` or ``.osm``. Ways clipped at the edge of the
        extract are cut to their longest piece inside it.
    rules
        How tags are read; by default for a loaded truck.
    within
        West, south, east and north, degrees, beyond which nothing is taken: of a whole country a
        site needs a part, and that part alone fits into memory.
    progress
        Told the stage (of `STAGES`) and the share of it that is done.

    Raises
    ------
    RoadError
        The file is no OpenStreetMap data, is damaged, or holds no roads for trucks that hang
        together; a sentence that names the file.
    OSError
        The file is not there or cannot be read.
    """
    rules = rules or TruckRules()
    told: Progress = progress or (lambda _stage, _share: None)
    if not path.name.lower().endswith(SUFFIXES):
        raise RoadError(f"{path} is no OpenStreetMap extract; take one of {', '.join(SUFFIXES)}.")
    with path.open("rb") as file:  # osmium would say the same less clearly
        if not file.read(1):
            raise RoadError(f"{path} is empty; download the extract again.")
    try:
        found, counts = _truck_ways(path, rules)
        told(_READ, 1.0)
        places = _places(path, found, within)
    except (RuntimeError, osmium.InvalidLocationError) as error:
        raise RoadError(
            f"{path} cannot be read as OpenStreetMap data: {error}. It is damaged or of another"
            " kind; download the extract again."
        ) from error
    told(_NODES, 1.0)
    ways = [way for way in (_inside(way, places) for way in found) if len(way.corners) > 1]
    counts = replace(counts, cut=sum(way.cut for way in ways), outside=len(found) - len(ways))
    if not ways:
        raise RoadError(
            f"{path} holds no road open to trucks: {_fate(counts, within)}. Take an extract that"
            " covers the site with its roads (highway=*) and their nodes."
        )
    graph = _graph(ways, places)
    told(_GRAPH, 0.5)
    tags = {way.id: way.tags for way in ways}
    return _network(graph, tags, rules=rules, source=path.name, counts=counts, told=told)


def download_roads(
    place: str, *, rules: TruckRules | None = None, progress: Progress | None = None
) -> tuple[RoadNetwork, ImportCounts]:
    """Fetch the roads for trucks of a named place from OpenStreetMap's public servers.

    Parameters
    ----------
    place
        As one would type it into a map, such as ``Lạng Sơn, Vietnam``.

    Raises
    ------
    RoadError
        No server answers, none knows the place, or it has no roads for trucks.
    """
    import osmnx  # noqa: PLC0415 - its import takes seconds
    import requests  # noqa: PLC0415 - as OSMnx does
    from osmnx._errors import InsufficientResponseError  # noqa: PLC0415

    told: Progress = progress or (lambda _stage, _share: None)
    rules = rules or TruckRules()
    keys = {*rules.access_keys, "highway", "area", "junction", "oneway", "maxspeed", "maxspeed:hgv"}
    osmnx.settings.use_cache = False  # it would write a folder into the working directory
    osmnx.settings.useful_tags_way = sorted(keys | {"name"})
    roads = f'["highway"~"^({"|".join(rules.class_kmh)})$"]'
    try:
        graph = osmnx.graph_from_place(place, simplify=False, retain_all=True, custom_filter=roads)
    except requests.RequestException as error:
        raise RoadError(
            f"OpenStreetMap's servers do not answer ({type(error).__name__}); give a downloaded"
            " extract instead, such as FILE.osm.pbf."
        ) from error
    except (InsufficientResponseError, TypeError) as error:
        raise RoadError(f"OpenStreetMap knows no roads at {place!r}: {error}.") from error
    told(_NODES, 1.0)
    tags = {edge["osmid"]: dict(edge) for *_, edge in graph.edges(data=True)}
    closed = {way for way, its in tags.items() if not may_drive(its, rules)}
    shut = [arc for *arc, way in graph.edges(keys=True, data="osmid") if way in closed]
    graph.remove_edges_from(shut)
    counts = ImportCounts(ways=len(tags), closed=len(closed))
    if not graph.number_of_edges():
        raise RoadError(f"{place} has no road open to trucks: {_fate(counts)}.")
    return _network(graph, tags, rules=rules, source=place, counts=counts, told=told)


def _truck_ways(path: Path, rules: TruckRules) -> tuple[list[_Way], ImportCounts]:
    ways: list[_Way] = []
    highways = 0
    named = osmium.filter.KeyFilter("highway")
    for way in osmium.FileProcessor(str(path), WAY).with_filter(named):
        if not isinstance(way, Way):
            continue
        highways += 1
        tags = {tag.k: tag.v for tag in way.tags}
        if may_drive(tags, rules):
            ways.append(_Way(way.id, [node.ref for node in way.nodes], tags))
    return ways, ImportCounts(ways=highways, closed=highways - len(ways))


def _places(path: Path, ways: Sequence[_Way], within: Box | None) -> dict[int, Position]:
    """Return lon/lat, degrees, of the corners that are in the file and the box."""
    west, south, east, north = within or (-180.0, -90.0, 180.0, 90.0)
    wanted = osmium.IdTracker()
    for way in ways:
        for corner in way.corners:
            wanted.add_node(corner)
    places: dict[int, Position] = {}
    for node in osmium.FileProcessor(str(path), NODE).with_filter(wanted.id_filter()):
        if isinstance(node, Node) and node.location.valid():
            lon, lat = node.location.lon, node.location.lat
            if west <= lon <= east and south <= lat <= north:
                places[node.id] = lon, lat
    return places


def _inside(way: _Way, places: dict[int, Position]) -> _Way:
    """Cut a way to its longest run of corners that are in the file."""
    runs: list[list[int]] = [[]]
    for corner in way.corners:
        if corner in places:
            runs[-1].append(corner)
        elif runs[-1]:
            runs.append([])
    longest = max(runs, key=len)
    return _Way(way.id, longest, way.tags, cut=len(longest) < len(way.corners))


def _fate(counts: ImportCounts, within: Box | None = None) -> str:
    if not counts.ways:
        return "no way in it has a highway tag"
    beyond = ""
    if within is not None:
        west, south, east, north = within
        beyond = f" or the part wanted, {south:.2f}, {west:.2f} to {north:.2f}, {east:.2f}"
    return (
        f"of {counts.ways:,} ways with a highway tag {counts.closed:,} are closed to trucks or no"
        f" roads, {counts.outside:,} lie outside the extract{beyond}"
    )


def _graph(ways: Sequence[_Way], places: Mapping[int, Position]) -> Any:  # noqa: ANN401 - networkx
    """Return OSMnx's graph of the ways, a directed edge between each two corners."""
    import osmnx  # noqa: PLC0415 - its import takes seconds

    with tempfile.TemporaryDirectory(prefix="flowctl-roads-") as folder:
        written = Path(folder) / "roads.osm"
        with osmium.SimpleWriter(str(written)) as writer:
            for corner in sorted({corner for way in ways for corner in way.corners}):
                writer.add_node(mutable.Node(id=corner, location=places[corner], version=1))
            for way in ways:
                one_way = direction(way.tags)  # said in one manner, the implied one-ways as well
                drawn = way.corners[::-1] if one_way < 0 else way.corners
                tags = {"highway": way.tags["highway"], "oneway": "yes" if one_way else "no"}
                writer.add_way(mutable.Way(id=way.id, nodes=drawn, tags=tags, version=1))
        return osmnx.graph_from_xml(written, simplify=False, retain_all=True)


def _network(
    whole: Any,  # noqa: ANN401 - networkx is untyped
    tags: Mapping[int, Tags],
    *,
    rules: TruckRules,
    source: str,
    counts: ImportCounts,
    told: Progress,
) -> tuple[RoadNetwork, ImportCounts]:
    """Keep the largest connected part, merge what no turn parts, lay it out.

    Connected without regard to direction: a carriageway cut at the edge of the extract can only be
    left, or only be reached, and without it its traffic would be matched to the other one.
    """
    import osmnx  # noqa: PLC0415 - its import takes seconds

    graph = osmnx.truncate.largest_component(whole, strongly=False)
    detached = whole.number_of_edges() - graph.number_of_edges()
    told(_GRAPH, 0.7)
    # A merged edge is of one way, so that it has one speed and one name.
    graph = osmnx.simplify_graph(graph, edge_attrs_differ=["osmid"])
    told(_GRAPH, 1.0)
    network = _arrays(graph, tags, rules, source)
    core = osmnx.truncate.largest_component(graph, strongly=True).number_of_edges()
    told(_ARRAYS, 1.0)
    return network, replace(
        counts,
        detached=detached,
        no_return=graph.number_of_edges() - core,
        edges=len(network.start),
        nodes=len(network.node_lon),
        km=float(network.length_m.sum()) / 1000,
    )


def _arrays(graph: Any, tags: Mapping[int, Tags], rules: TruckRules, source: str) -> RoadNetwork:  # noqa: ANN401 - networkx is untyped
    """Lay a simplified graph out in arrays; lengths are geodesic, measured anew."""
    number = {node: index for index, node in enumerate(graph)}
    places = np.array([(at["x"], at["y"]) for _, at in graph.nodes(data=True)], dtype=np.float64)
    drawn = [
        (number[start], number[end], edge["osmid"], _line(edge, places, number[start], number[end]))
        for start, end, edge in graph.edges(data=True)
    ]
    kept = [one for one in drawn if EARTH.line_length(*one[3].T) > 0]
    ways = [way for _, _, way, _ in kept]
    corners = np.vstack([line for *_, line in kept])
    names = sorted({tags[way]["name"] for way in ways if "name" in tags[way]})
    name_at = {name: index for index, name in enumerate(names)}
    return RoadNetwork(
        node_lon=places[:, 0].copy(),
        node_lat=places[:, 1].copy(),
        start=np.array([start for start, *_ in kept], dtype=np.int32),
        end=np.array([end for _, end, *_ in kept], dtype=np.int32),
        length_m=np.array([EARTH.line_length(*line.T) for *_, line in kept]),
        speed_mps=np.array([speed_mps(tags[way], rules) for way in ways]),
        way=np.array(ways, dtype=np.int64),
        name=np.array([name_at.get(tags[way].get("name", ""), -1) for way in ways], dtype=np.int32),
        names=np.array(names, dtype=np.str_),
        lon=corners[:, 0].copy(),
        lat=corners[:, 1].copy(),
        first=np.r_[0, np.cumsum([len(line) for *_, line in kept])].astype(np.int64),
        source=source,
        attribution=ATTRIBUTION,
    )


def _line(edge: Mapping[str, Any], places: Column, start: int, end: int) -> Column:
    """Return the drawing of an edge, lon/lat in degrees, shape [corners, 2]."""
    if "geometry" in edge:
        return shapely.get_coordinates(edge["geometry"])
    return places[[start, end]]
