"""Days that can be played: found by their name or file, with the site they are of."""

import tomllib
from pathlib import Path

from flowctl.data_files import data_dir
from flowctl.errors import NotFoundError
from flowctl.scenarios.scenario import Scenario, check_names, load_scenario
from flowctl.site import Site
from flowctl.site_files import TOML, SiteSource, parse_site, read_source


def find_day(name: str) -> Path:
    """Return the file of a scenario that is named by its path, or as one that ships."""
    shipped = data_dir() / "scenarios" / f"{name}.toml"
    return shipped if Path(name).name == name and shipped.is_file() else Path(name)


def load_day(name: str) -> tuple[Scenario, SiteSource, Site]:
    """Return a scenario, from a file or of those that ship, and its site, with its texts.

    Raises
    ------
    FlowctlError
        There is none, or either is not fit for use.
    """
    path = find_day(name)
    if path.suffix != ".toml" and not path.exists():
        days = ", ".join(one.stem for one in sorted((data_dir() / "scenarios").glob("*.toml")))
        raise NotFoundError(f"There is no scenario {name}; there are: {days}. Or name its file.")
    day = load_scenario(path)
    folder = _site_folder(path, day.site)
    source = read_source(folder)
    site = parse_site(source, where=str(folder))
    check_names(day, site)
    return day, source, site


def _site_folder(day: Path, site: str) -> Path:
    """Return the folder of the site a scenario's file is of: beside it, or of those that ship."""
    if _site_id(day.parent / TOML) == site:
        return day.parent
    shipped = data_dir() / "sites" / site
    if not shipped.is_dir():
        raise NotFoundError(
            f"{day} is a day of the site '{site}', of which there are no files beside it and none"
            f" in {shipped.parent}."
        )
    return shipped


def _site_id(path: Path) -> object:
    """Return what a site.toml calls its site; None where there is none or it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("id")
    except (OSError, ValueError):
        return None
