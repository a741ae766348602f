"""Small road networks for tests, drawn in metres about a place in Lạng Sơn."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import osmium

from geo.crs import Projection
from geo.network import EARTH, RoadNetwork

LON, LAT = 106.7, 21.9
PLANE = Projection(32648)
_X0, _Y0 = (float(one) for one in PLANE.to_metres(LON, LAT))

Metres = tuple[float, float]


def lon_lat(x: float, y: float) -> Metres:
    """Return the degrees of a place x metres east and y metres north of the origin."""
    lon, lat = PLANE.to_degrees(_X0 + x, _Y0 + y)
    return float(lon), float(lat)


def network(
    nodes: Mapping[str, Metres],
    roads: Sequence[str],
    *,
    speed_mps: Mapping[str, float] | None = None,
    via: Mapping[str, Sequence[Metres]] | None = None,
) -> RoadNetwork:
    """Return the network of roads such as ``A-B`` (both ways) and ``A>B`` (one way).

    A road written twice is two parallel roads, the second with a ``'`` after its name; ``via``
    are the corners between a road's ends.
    """
    number = {node: index for index, node in enumerate(nodes)}
    edges: list[tuple[int, int, np.ndarray, float, int]] = []
    for way, road in enumerate(roads, start=1):
        name = road.rstrip("'")
        start, end = name.replace(">", "-").split("-")
        corners = [nodes[start], *(via or {}).get(road, ()), nodes[end]]
        line = np.array([lon_lat(*corner) for corner in corners])
        speed = (speed_mps or {}).get(road, 10.0)
        edges.append((number[start], number[end], line, speed, way))
        if "-" in road:
            edges.append((number[end], number[start], line[::-1], speed, way))
    places = np.array([lon_lat(*at) for at in nodes.values()])
    corners_of = np.vstack([line for _, _, line, _, _ in edges])
    return RoadNetwork(
        node_lon=places[:, 0],
        node_lat=places[:, 1],
        start=np.array([edge[0] for edge in edges], dtype=np.int32),
        end=np.array([edge[1] for edge in edges], dtype=np.int32),
        length_m=np.array([EARTH.line_length(*edge[2].T) for edge in edges]),
        speed_mps=np.array([edge[3] for edge in edges]),
        way=np.array([edge[4] for edge in edges], dtype=np.int64),
        name=np.array([edge[4] - 1 for edge in edges], dtype=np.int32),
        names=np.array(roads, dtype=np.str_),
        lon=corners_of[:, 0].copy(),
        lat=corners_of[:, 1].copy(),
        first=np.r_[0, np.cumsum([len(edge[2]) for edge in edges])].astype(np.int64),
        source="drawn",
        attribution="drawn for a test",
    )


def edge(net: RoadNetwork, road: str, *, back: bool = False) -> int:
    """Return the number of a road's edge, in the direction it is written in or the other."""
    of = np.flatnonzero(net.names[net.name] == road)
    return int(of[1 if back else 0])


def osm(
    path: Path,
    nodes: Mapping[int, Metres],
    ways: Mapping[int, tuple[Sequence[int], dict[str, str]]],
) -> Path:
    """Write an extract of OpenStreetMap: ways are (ids of nodes, tags)."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="test">']
    for node, at in nodes.items():
        lon, lat = lon_lat(*at)
        lines.append(f'<node id="{node}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"/>')
    for way, (corners, tags) in ways.items():
        lines.append(f'<way id="{way}" version="1">')
        lines += [f'<nd ref="{corner}"/>' for corner in corners]
        lines += [f'<tag k="{key}" v="{value}"/>' for key, value in tags.items()]
        lines.append("</way>")
    path.write_text("\n".join([*lines, "</osm>"]), encoding="utf-8")
    return path


def write_extract(path: Path, roads: Path) -> None:
    """Write the roads of a site's roads.geojson as an extract of OpenStreetMap, both ways open."""
    lines = [one["geometry"]["coordinates"] for one in json.loads(roads.read_text())["features"]]
    places = dict.fromkeys(tuple(at) for line in lines for at in line)
    number = {at: n for n, at in enumerate(places, start=1)}
    with osmium.SimpleWriter(str(path)) as file:
        for (lon, lat), node in number.items():
            file.add_node(osmium.osm.mutable.Node(id=node, location=(lon, lat), version=1))
        for way, line in enumerate(lines, start=1):
            nodes = [number[tuple(at)] for at in line]
            tags = {"highway": "primary", "ref": f"CG-{way}"}
            file.add_way(osmium.osm.mutable.Way(id=way, nodes=nodes, tags=tags, version=1))
