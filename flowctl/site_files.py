"""A site's three files (site.toml, zones.geojson, roads.geojson) and how they become a `Site`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from flowctl.errors import SiteError
from flowctl.site import Site
from flowctl.site_rules import site_faults
from flowctl.site_shapes import read_features, read_roads, read_zones
from flowctl.site_tables import Table
from flowctl.site_toml import Drawn, read_plane, read_site

TOML, ZONES, ROADS = "site.toml", "zones.geojson", "roads.geojson"


@dataclass(frozen=True, slots=True)
class SiteSource:
    """The texts of a site's three files."""

    toml: str
    zones: str
    roads: str


def read_source(directory: Path) -> SiteSource:
    """Read a site's files.

    Raises
    ------
    SiteError
        Where a file is missing or is no text in UTF-8.
    """
    texts = []
    for name in (TOML, ZONES, ROADS):
        try:
            texts.append((directory / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SiteError(f"{directory / name} is missing; a site needs it") from None
        except (OSError, UnicodeDecodeError) as error:
            raise SiteError(f"{directory / name} cannot be read as UTF-8 text: {error}") from error
    return SiteSource(*texts)


def load_site(directory: Path) -> Site:
    """Read the site in ``directory``.

    Raises
    ------
    SiteError
        Where a file is missing or anything in one is wrong; names all problems, one a line.
    """
    return parse_site(read_source(directory), where=str(directory))


def parse_site(source: SiteSource, *, where: str) -> Site:
    """Make the site of its files' texts; ``where`` names their origin in sentences.

    Raises
    ------
    SiteError
        Where anything in the texts is wrong; names all problems, one a line.
    """
    site, problems = _read(source, where)
    if site is None or problems:
        raise SiteError("\n".join(problems))
    return site


def check(directory: Path) -> list[str]:
    """Return every problem of the site in ``directory``, a sentence each; empty is fit for use."""
    try:
        source = read_source(directory)
    except SiteError as error:
        return [str(error)]
    return _read(source, str(directory))[1]


def _read(source: SiteSource, where: str) -> tuple[Site | None, list[str]]:
    """Read everything; the site is only fit for use where the list of problems is empty."""
    problems: list[str] = []
    values = _toml(source.toml, f"{where}/{TOML}", problems)
    zones = read_features(source.zones, f"{where}/{ZONES}", problems)
    roads = read_features(source.roads, f"{where}/{ROADS}", problems)
    if values is None or zones is None or roads is None:
        return None, problems  # what leans on a file nobody can read would all be called wrong
    table = Table(values, f"{where}/{TOML}", problems)
    plane = read_plane(table)
    drawn = Drawn(
        zones=read_zones(zones, f"{where}/{ZONES}", plane, problems),
        pieces=read_roads(roads, f"{where}/{ROADS}", plane, problems),
        plane=plane,
    )
    site = read_site(table, drawn)
    problems.extend(site_faults(site, where))
    return site, problems


def _toml(text: str, where: str, problems: list[str]) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{where}: is no TOML: {error}")
        return None
