from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import shapely
from drawn_roads import edge, lon_lat, network
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.network import RoadError, RoadNetwork
from geo.routes import Cost, Place, Router, line_of, twins

# Two carriageways 30 m apart between A and B, joined at both ends, and a road on from B to C.
PAIR = {"A": (0.0, 0.0), "B": (1000.0, 0.0), "C": (2000.0, 0.0)}
CARRIAGEWAYS = network(PAIR, ["A>B", "B>A", "B-C"], via={"B>A": [(990.0, 30.0), (10.0, 30.0)]})
# A block of 100 m by 100 m, one-way clockwise.
BLOCK = network(
    {"A": (0.0, 0.0), "B": (0.0, 100.0), "C": (100.0, 100.0), "D": (100.0, 0.0)},
    ["A>B", "B>C", "C>D", "D>A"],
)


def length(net: RoadNetwork, start: Place, goal: Place, cost: Cost = Cost.DISTANCE) -> float:
    way = Router(net, cost).between(start, goal)
    assert way is not None
    return way.length_m


def test_a_point_between_two_carriageways_is_given_the_nearer_first():
    lon, lat = lon_lat(400.0, 20.0)
    snaps = CARRIAGEWAYS.snap(lon, lat, k=9, radius_m=100.0)
    assert snaps.edge.tolist() == [edge(CARRIAGEWAYS, "B>A"), edge(CARRIAGEWAYS, "A>B")]
    assert snaps.offset_m == pytest.approx([10.0, 20.0], abs=0.1)
    assert snaps.along_m[1] == pytest.approx(400.0, abs=1.0)


def test_a_road_open_both_ways_is_two_edges_at_every_place():
    snaps = CARRIAGEWAYS.nearest(*lon_lat(1300.0, -5.0))
    assert sorted(snaps.edge) == sorted(
        [edge(CARRIAGEWAYS, "B-C"), edge(CARRIAGEWAYS, "B-C", back=True)]
    )
    assert sorted(snaps.along_m) == pytest.approx([300.0, 700.0], abs=1.0)


def test_no_more_places_are_given_than_were_asked_for_and_none_beyond_the_radius():
    here = [lon_lat(400.0, 20.0), lon_lat(400.0, 500.0), lon_lat(1500.0, 0.0)]
    lon, lat = np.array(here).T
    snaps = CARRIAGEWAYS.snap(lon, lat, k=1, radius_m=100.0)
    assert snaps.point.tolist() == [0, 2]
    assert CARRIAGEWAYS.snap(lon, lat, k=9, radius_m=15.0).point.tolist() == [0, 2, 2]


def test_a_place_that_is_not_known_is_near_nothing():
    assert len(CARRIAGEWAYS.snap([np.nan], [21.9], k=3, radius_m=1e6).edge) == 0
    with pytest.raises(RoadError, match="longitude and a latitude"):
        CARRIAGEWAYS.nearest(np.nan, 21.9)


def test_the_heading_of_a_road_is_that_of_its_direction():
    edges = [edge(CARRIAGEWAYS, "B-C"), edge(CARRIAGEWAYS, "B-C", back=True)]
    assert CARRIAGEWAYS.heading_deg(edges, [0.0, 500.0]) == pytest.approx([90, 270], abs=1.0)


def test_a_way_on_one_edge_is_the_part_of_it():
    here = edge(CARRIAGEWAYS, "A>B")
    assert length(CARRIAGEWAYS, Place(here, 100.0), Place(here, 350.0)) == pytest.approx(250.0)


def test_a_place_behind_on_a_one_way_street_is_reached_round_the_block():
    here = edge(BLOCK, "A>B")
    way = Router(BLOCK, Cost.DISTANCE).between(Place(here, 60.0), Place(here, 40.0))
    assert way is not None
    assert [BLOCK.road_name(e) for e in way.edges] == ["A>B", "B>C", "C>D", "D>A", "A>B"]
    assert way.length_m == pytest.approx(380.0, abs=1.0)
    assert way.duration_s == pytest.approx(38.0, abs=0.1)


def test_a_truck_turns_round_only_where_the_road_ends():
    out, back = edge(CARRIAGEWAYS, "B-C"), edge(CARRIAGEWAYS, "B-C", back=True)
    way = Router(CARRIAGEWAYS, Cost.DISTANCE).between(Place(out, 900.0), Place(back, 500.0))
    assert way is not None
    assert way.edges == (out, back)  # round at C, the end
    other = Router(CARRIAGEWAYS, Cost.DISTANCE).between(Place(back, 900.0), Place(out, 500.0))
    assert other is not None
    names = [CARRIAGEWAYS.road_name(e) for e in other.edges]
    assert names == ["B-C", "B>A", "A>B", "B-C"]  # not round at B


def test_each_direction_of_a_road_knows_the_other_and_parallel_roads_stay_apart():
    net = network(
        {"A": (0, 0), "B": (100, 0)}, ["A-B", "A-B'", "A>B"], via={"A-B'": [(50.0, 40.0)]}
    )
    twin = twins(net)
    assert twin[edge(net, "A-B")] == edge(net, "A-B", back=True)
    assert twin[edge(net, "A-B'")] == edge(net, "A-B'", back=True)
    assert twin[edge(net, "A>B")] == -1


def test_of_parallel_roads_the_shorter_is_driven_or_the_faster():
    nodes = {"Z": (-100.0, 0.0), "A": (0.0, 0.0), "B": (1000.0, 0.0), "C": (1100.0, 0.0)}
    net = network(
        nodes,
        ["Z-A", "A-B", "A-B'", "B-C"],
        speed_mps={"A-B": 5.0, "A-B'": 20.0},
        via={"A-B'": [(500.0, 200.0)]},
    )
    ends = Place(edge(net, "Z-A"), 0.0), Place(edge(net, "B-C"), 50.0)
    by_distance = Router(net, Cost.DISTANCE).between(*ends)
    by_time = Router(net, Cost.TIME).between(*ends)
    assert by_distance is not None
    assert by_time is not None
    assert [net.road_name(e) for e in by_distance.edges] == ["Z-A", "A-B", "B-C"]
    assert [net.road_name(e) for e in by_time.edges] == ["Z-A", "A-B'", "B-C"]
    assert by_time.length_m > by_distance.length_m
    assert by_time.duration_s < by_distance.duration_s


def test_where_no_way_leads_there_is_none():
    net = network(PAIR, ["A>B", "B>C"])
    router = Router(net, Cost.DISTANCE)
    assert router.between(Place(edge(net, "B>C"), 10.0), Place(edge(net, "A>B"), 10.0)) is None
    assert router.between(Place(edge(net, "A>B"), 10.0), Place(edge(net, "A>B"), 5.0)) is None
    ahead = Place(edge(net, "A>B"), 10.0), Place(edge(net, "B>C"), 10.0)
    assert router.between(*ahead, limit=500.0) is None
    assert router.between(*ahead, limit=1100.0) is not None


def test_between_two_places_the_better_carriageway_is_chosen():
    router = Router(CARRIAGEWAYS, Cost.DISTANCE)
    west, east = (CARRIAGEWAYS.nearest(*lon_lat(x, 1.0)) for x in (1200.0, 1700.0))
    there, back = router.shortest(west, east), router.shortest(east, west)
    assert there is not None
    assert back is not None
    assert there.length_m == pytest.approx(500.0, abs=1.0)
    assert back.length_m == pytest.approx(500.0, abs=1.0)


def test_the_line_of_a_way_goes_from_place_to_place():
    way = Router(BLOCK, Cost.DISTANCE).between(
        Place(edge(BLOCK, "A>B"), 50.0), Place(edge(BLOCK, "B>C"), 30.0)
    )
    assert way is not None
    line = shapely.get_coordinates(line_of(BLOCK, way))
    expected = np.array([lon_lat(0, 50), lon_lat(0, 100), lon_lat(30, 100)])
    assert np.unique(line.round(5), axis=0) == pytest.approx(
        np.unique(expected.round(5), axis=0), abs=2e-5
    )


def test_a_stored_network_is_read_back_as_it_was(tmp_path: Path):
    path = tmp_path / "roads.npz"
    CARRIAGEWAYS.save(path)
    again = RoadNetwork.load(path)
    for name, part in RoadNetwork.__dataclass_fields__.items():
        if part.init:
            assert np.array_equal(getattr(again, name), getattr(CARRIAGEWAYS, name)), name
    assert [file.name for file in tmp_path.iterdir()] == ["roads.npz"]


def test_a_file_cut_short_is_refused_by_name(tmp_path: Path):
    path = tmp_path / "roads.npz"
    CARRIAGEWAYS.save(path)
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:cut])
        with pytest.raises(RoadError, match=r"roads\.npz is no road network"):
            RoadNetwork.load(path)


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "roads.npz"
    CARRIAGEWAYS.save(path)
    before = path.read_bytes()
    broken = network(PAIR, ["A>B"])
    object.__setattr__(broken, "names", None)
    object.__delattr__(broken, "names")
    with pytest.raises(AttributeError):
        broken.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["roads.npz"]


def test_arrays_that_contradict_each_other_are_refused():
    parts = {
        name: getattr(BLOCK, name)
        for name, part in RoadNetwork.__dataclass_fields__.items()
        if part.init
    }
    for name, wrong, said in (
        ("end", BLOCK.end + 1, "not there"),
        ("length_m", BLOCK.length_m * 0, "above 0"),
        ("speed_mps", BLOCK.speed_mps[1:], "every edge"),
        ("first", BLOCK.first[:-1], "two corners"),
        ("lat", BLOCK.lat[1:], "longitude and a latitude"),
    ):
        with pytest.raises(RoadError, match=said):
            RoadNetwork(**{**parts, name: wrong})


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_ways_are_as_short_as_a_plain_search_over_turns_finds(data: st.DataObject):
    names = "ABCDEF"
    nodes = {name: (float(i % 3) * 200, float(i // 3) * 150) for i, name in enumerate(names)}
    pairs = [a + sign + b for a in names for b in names if a < b for sign in "->"]
    roads = data.draw(st.lists(st.sampled_from(pairs), min_size=2, max_size=10, unique=True))
    net = network(nodes, roads)
    edges = range(len(net.start))
    twin = twins(net)
    graph = nx.DiGraph()
    graph.add_nodes_from(edges)
    for one in edges:
        onward = [other for other in edges if net.start[other] == net.end[one]]
        graph.add_weighted_edges_from(
            (one, other, net.length_m[one])
            for other in onward
            if other != twin[one] or len(onward) == 1
        )
    start, goal = (data.draw(st.sampled_from(list(edges))) for _ in range(2))
    begin, end = (data.draw(st.floats(0, 1)) * net.length_m[e] for e in (start, goal))
    found = Router(net, Cost.DISTANCE).between(Place(start, begin), Place(goal, end))
    expected = _plainly(graph, net, (start, begin), (goal, end))
    assert (None if found is None else found.length_m) == (
        expected if expected is None else pytest.approx(expected, abs=1e-6)
    )


def _plainly(
    graph: nx.DiGraph, net: RoadNetwork, start: tuple[int, float], goal: tuple[int, float]
) -> float | None:
    if start[0] == goal[0] and start[1] <= goal[1]:
        return goal[1] - start[1]
    reached = [
        nx.dijkstra_path_length(graph, start[0], last) + net.length_m[last]
        for last in graph.predecessors(goal[0])
        if nx.has_path(graph, start[0], last)
    ]
    return min(reached) - start[1] + goal[1] if reached else None
