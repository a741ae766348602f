"""What devices say against words of hands: looked for every minute, written down where found."""

from datetime import datetime
from typing import Any

import numpy as np
import psycopg
import shapely

from flowctl.dispatch.reasons import Reason
from flowctl.ledger.entries import Entry, Kind
from flowctl.site import Site
from flowctl.storage.hand_words import WatchedWord, contradict_word, list_watched
from flowctl.storage.ledger import append
from flowctl.telemetry.fixes import microseconds
from flowctl.visits.by_hand import Sighting, contradicts
from geo.crs import Projection

Connection = psycopg.Connection[Any]

_MOST_FIXES = 500


def judge_words(conn: Connection, site: Site, now: datetime) -> int:
    """End or deny words that trucks' own devices contradict; returns how many were denied.

    In the caller's transaction; a denial is an entry of the ledger, for the order rested on it.
    """
    denied = []
    for word in list_watched(conn, site.id, most=_MOST_FIXES):
        found = contradicts(word.what, word.at, _sightings(site, word))
        if found is None:
            continue
        contradict_word(conn, word.id, over_at=found.over_at, is_false=found.is_false, now=now)
        if found.is_false:
            details: dict[str, int | str] = {
                "word": word.id,
                "what": word.what,
                "yard": word.yard,
                "over_at": found.over_at.isoformat(),
            }
            denied.append(
                Entry(Kind.HAND_DENIED, now, word.trip_id, reason=Reason.BY_HAND, details=details)
            )
    append(conn, site.id, site.policy.version, denied, now=now)
    return len(denied)


def _sightings(site: Site, word: WatchedWord) -> list[Sighting]:
    """Return a device's fixes with how far outside the word's yard they lie; none without one."""
    at_us = microseconds(word.at)
    zone = next((z for z in site.zones if z.id == word.yard and z.is_valid_at(at_us)), None)
    if zone is None:
        return []
    plane = Projection(site.epsg)
    outline = plane.metres_of(zone.polygon)
    shapely.prepare(outline)
    points = shapely.points(np.column_stack(plane.to_metres(word.lon, word.lat)))
    away = np.where(
        shapely.contains(outline, points),
        -shapely.distance(outline.boundary, points),
        shapely.distance(outline, points),
    )
    return [Sighting(at, float(outside)) for at, outside in zip(word.fixed_at, away, strict=True)]
