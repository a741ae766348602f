"""GeoJSON (RFC 7946) as answers have it: degrees of WGS 84, longitude first."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import shapely
from shapely.geometry.base import BaseGeometry

Facts = TypeVar("Facts")
"""What is said of a thing beside where it is."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """A shape; how deep its coordinates are nested goes by its type."""

    type: str
    coordinates: Any


@dataclass(frozen=True, slots=True)
class Feature(Generic[Facts]):
    """A thing and where it is."""

    type: Literal["Feature"]
    properties: Facts
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Collection(Generic[Facts]):
    """Things of one kind."""

    type: Literal["FeatureCollection"]
    features: list[Feature[Facts]]


def collection(things: Iterable[tuple[BaseGeometry, Facts]]) -> Collection[Facts]:
    """Return things that each have a shape, of one piece or several of one kind."""
    features = [
        Feature("Feature", facts, Geometry(**shapely.geometry.mapping(shape)))
        for shape, facts in things
    ]
    return Collection("FeatureCollection", features)
