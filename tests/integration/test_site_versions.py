"""A site's texts in versions: the one of the moment holds, one to come does not act early."""

import json
from dataclasses import replace
from typing import Any

import pytest
from border import SITE, Border, after, border

from flowctl.errors import ConflictError
from flowctl.site import Site
from flowctl.site_files import SiteSource, read_source
from flowctl.storage.site_versions import find_newest, list_versions, take_back
from flowctl.storage.sites import (
    find_loaded_at,
    find_newer_site,
    get_site,
    list_zone_versions,
    save_site,
)
from flowctl.telemetry.fixes import microseconds
from geo.zones import Zone

TOMORROW = 24 * 60.0
YARD = "yard_bao_nguyen"


def renamed(name: str) -> SiteSource:
    """Return the site's texts with another name for a yard."""
    source = read_source(SITE)
    zones = json.loads(source.zones)
    [yard] = [one for one in zones["features"] if one["id"] == YARD]
    yard["properties"]["name"]["en"] = name
    return replace(source, zones=json.dumps(zones))


def save(place: Border, name: str, now: float, starts: float | None = None) -> Site:
    with place.conn.transaction():
        return save_site(
            place.conn,
            renamed(name),
            where="the test",
            now=after(now),
            starts_at=None if starts is None else after(starts),
            by="lan",
            why="the yard grew",
        )


def name_at(place: Border, minute: float) -> str:
    return get_site(place.conn, place.site.id, after(minute)).zone_by_id[YARD].name["en"]


def versions_of_yard(place: Border) -> list[Zone]:
    return [zone for zone in list_zone_versions(place.conn, place.site) if zone.id == YARD]


def test_a_version_to_come_is_known_at_once_and_holds_from_its_moment_on(database: str):
    with border(database) as place:
        loaded: Any = find_loaded_at(place.conn, place.site.id, after(0))
        save(place, "Later", 1, TOMORROW)
        newer = find_newer_site(place.conn, place.site.id, loaded, after(1))
        assert newer is not None
        assert newer[1].zone_by_id[YARD].name["en"] != "Later"
        assert name_at(place, TOMORROW - 1) != "Later"
        assert name_at(place, TOMORROW) == "Later"
        begun = find_newer_site(place.conn, place.site.id, newer[0], after(TOMORROW))
        assert begun is not None
        assert begun[1].zone_by_id[YARD].name["en"] == "Later"
        former, present = versions_of_yard(place)
        assert former.valid_until_us == present.valid_from_us == microseconds(after(TOMORROW))


def test_a_version_to_come_that_is_taken_back_leaves_everything_as_it_was(database: str):
    with border(database) as place:
        before = versions_of_yard(place)
        save(place, "Never", 1, TOMORROW)
        newest = find_newest(place.conn, place.site.id)
        assert newest is not None
        assert (newest.made_by, newest.why) == ("lan", "the yard grew")
        with place.conn.transaction():
            take_back(place.conn, place.site.id, newest.id, after(2))
        assert versions_of_yard(place) == before
        assert name_at(place, TOMORROW) != "Never"
        assert len(list_versions(place.conn, place.site.id, most=9)) == 1


def test_a_version_that_began_is_not_taken_back(database: str):
    with border(database) as place:
        save(place, "Now", 1)
        newest = find_newest(place.conn, place.site.id)
        assert newest is not None
        with pytest.raises(ConflictError, match="cannot be taken back any more"):
            take_back(place.conn, place.site.id, newest.id, after(2))


def test_nothing_is_slipped_in_before_a_version_to_come(database: str):
    with border(database) as place:
        save(place, "Later", 1, TOMORROW)
        with pytest.raises(ConflictError, match="lan has published zones"):
            save(place, "Sooner", 2)
        assert name_at(place, 3) not in {"Later", "Sooner"}


def test_the_same_text_once_more_is_no_other_version(database: str):
    with border(database) as place:
        save(place, "Once", 1)
        save(place, "Once", 2)
        assert len(list_versions(place.conn, place.site.id, most=9)) == 2
