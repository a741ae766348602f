"""What the commands about roads answer: tables for people, objects for programs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from geo.matching import Match, MatchedPiece
from geo.network import RoadNetwork, Snaps
from geo.routes import Route


def names(network: RoadNetwork, edges: Sequence[int]) -> list[str]:
    """Return the roads' names in driving order, each once in a row."""
    every = [network.road_name(edge) or "(no name)" for edge in edges]
    return [name for name, before in zip(every, ["", *every], strict=False) if name != before]


def roads_table(network: RoadNetwork, piece: MatchedPiece) -> Table:
    """Return the roads of a piece in driving order."""
    table = Table("road", "edge", "way", "m", "entered", "left")
    for row in _edges_json(network, piece):
        cells = (row["name"] or "", row["edge"], row["way"], f"{row['length_m']:.0f}")
        moments = (row["entered_at"] or "", row["left_at"] or "")
        table.add_row(*(str(cell) for cell in (*cells, *moments)))
    return table


def _edges_json(network: RoadNetwork, piece: MatchedPiece) -> list[dict[str, Any]]:
    moments = [
        [None] * len(piece.edges) if column is None else [_iso(int(at)) for at in column]
        for column in (piece.entered_us, piece.left_us)
    ]
    return [
        {
            "edge": int(edge),
            "way": int(network.way[edge]),
            "name": network.road_name(int(edge)),
            "length_m": round(float(network.length_m[edge]), 1),
            "entered_at": entered,
            "left_at": left,
        }
        for edge, entered, left in zip(piece.edges, *moments, strict=True)
    ]


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="milliseconds")


def match_json(network: RoadNetwork, found: Match) -> dict[str, Any]:
    """Return a match as one object; fixes are counted from 0, moments are UTC."""
    return {
        "fixes": len(found.edge),
        "matched_fixes": int((found.edge >= 0).sum()),
        "matched_m": round(found.matched_m, 1),
        "raw_m": round(found.raw_m, 1),
        "track_m": round(found.track_m, 1),
        "ratio": None if found.ratio is None else round(found.ratio, 4),
        "breaks": [
            {"before": one.before, "after": one.after, "reason": one.reason} for one in found.breaks
        ],
        "pieces": [
            {
                "first_fix": piece.first_fix,
                "last_fix": piece.last_fix,
                "length_m": round(piece.length_m, 1),
                "edges": _edges_json(network, piece),
            }
            for piece in found.pieces
        ],
        "attribution": network.attribution,
    }


def summary(found: Match) -> str:
    """Return a match in one sentence."""
    ratio = "no two fixes are apart" if found.ratio is None else f"ratio {found.ratio:.3f}"
    return (
        f"{(found.edge >= 0).sum()} of {len(found.edge)} fixes lie on roads; matched"
        f" {found.matched_m:,.0f} m, raw {found.raw_m:,.0f} m, {ratio}; breaks:"
        f" {len(found.breaks)}."
    )


def route_json(network: RoadNetwork, found: Route, start: Snaps, goal: Snaps) -> dict[str, Any]:
    """Return a route as one object; the offsets are from the places asked about to their roads."""
    return {
        "length_m": round(found.length_m, 1),
        "duration_s": round(found.duration_s, 1),
        "edges": len(found.edges),
        "start_offset_m": round(float(start.offset_m[0]), 1),
        "goal_offset_m": round(float(goal.offset_m[0]), 1),
        "roads": names(network, found.edges),
        "attribution": network.attribution,
    }
