"""Sites at rest: the texts of their files as loaded, so that every process reads the same."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from shapely import MultiPolygon, Polygon
from shapely.geometry import mapping, shape

from flowctl.errors import NotFoundError
from flowctl.policy import Policy
from flowctl.site import Site
from flowctl.site_files import SiteSource, parse_site
from flowctl.storage.fees import add_schedule
from flowctl.storage.policies import add_policy, find_policy
from flowctl.storage.site_versions import add_version, find_source
from flowctl.storage.workflows import add_workflow
from geo.zones import Role, Zone

Connection = psycopg.Connection[Any]


def save_site(
    conn: Connection,
    source: SiteSource,
    *,
    where: str,
    now: datetime,
    starts_at: datetime | None = None,
    by: str = "",
    why: str = "",
) -> Site:
    """Check a site's texts and store them under the site's id.

    A zone that was drawn otherwise before ends in its former form when this one begins. What a
    file says of the time of a zone's versions it says of all time. Returns the site with the rules
    that are in force at ``now``.

    Parameters
    ----------
    starts_at
        From when on it holds, ``now`` where it is None: what is measured, planned and shown goes by
        the former texts until then.
    by, why
        Who stores it, and what for.

    Raises
    ------
    SiteError
        The site is not fit for use, or a version of its rules was loaded with another text before.
    ConflictError
        It would begin before a version that is yet to begin.
    """
    site = parse_site(source, where=where)
    conn.execute(
        "insert into sites (id, loaded_at) values (%s, %s)"
        " on conflict (id) do update set loaded_at = excluded.loaded_at",
        [site.id, now],
    )
    former, since = find_source(conn, site.id, None), starts_at or now
    add_version(conn, site.id, source, starts_at=since, now=now, by=by, why=why)
    if former is not None and not _open_versions(conn, site.id):
        # It was loaded when versions were not kept yet.
        known = parse_site(former, where=f"site {site.id} in the database")
        _open(conn, site.id, _drawings(known.zones), None)
    _keep_versions(conn, site, None if former is None else since)
    add_policy(conn, site, source.policy, now=now)
    if source.workflow:
        add_workflow(conn, site, source.workflow, by=by or "flowctl", now=now)
    if source.fees:
        add_schedule(conn, site, source.fees, by=by, now=now)
    return _in_force(conn, site, now)


def _in_force(conn: Connection, site: Site, now: datetime) -> Site:
    """Return a site with the rules in force at ``now``."""
    return replace(site, policy=find_policy(conn, site.id, now) or Policy())


def _keep_versions(conn: Connection, site: Site, now: datetime | None) -> None:
    """Close the versions of zones that are drawn otherwise now, and open the present ones."""
    present, known = _drawings(site.zones), _open_versions(conn, site.id)
    ended = [zone for zone, drawing in known.items() if present.get(zone) != drawing]
    # A version that begins no earlier than it would end, after the clock was set back, never was.
    conn.execute(
        "delete from zone_versions where site = %s and zone = any(%s) and valid_until is null"
        " and valid_from >= %s",
        [site.id, ended, now],
    )
    conn.execute(
        "update zone_versions set valid_until = %s"
        " where site = %s and zone = any(%s) and valid_until is null",
        [now, site.id, ended],
    )
    new = {zone: drawing for zone, drawing in present.items() if known.get(zone) != drawing}
    dated = {zone: drawing for zone, drawing in new.items() if _is_dated(drawing)}
    conn.execute(
        "delete from zone_versions where site = %s and zone = any(%s)", [site.id, list(dated)]
    )
    _open(conn, site.id, dated, None)
    _open(conn, site.id, {zone: new[zone] for zone in new.keys() - dated.keys()}, now)


def _is_dated(drawing: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell whether a zone's file says from when to when its versions hold."""
    said = [feature["properties"] for feature in drawing["features"]]
    return any(one["valid_from_us"] or one["valid_until_us"] for one in said)


def _open_versions(conn: Connection, site: str) -> dict[str, Any]:
    return dict(
        conn.execute(
            "select zone, feature from zone_versions where site = %s and valid_until is null",
            [site],
        ).fetchall()
    )


def _open(conn: Connection, site: str, drawings: dict[str, Any], since: datetime | None) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into zone_versions (site, zone, valid_from, feature)"
            " select %(site)s, %(zone)s, case when %(since)s < until then until else %(since)s end,"
            " %(feature)s from (select max(valid_until) as until from zone_versions"
            "  where site = %(site)s and zone = %(zone)s) former",
            [
                {"site": site, "zone": zone, "since": since, "feature": Jsonb(feature)}
                for zone, feature in drawings.items()
            ],
        )


def _drawings(zones: Iterable[Zone]) -> dict[str, Any]:
    """Return what is drawn of each zone, as JSON: a feature for each version its file tells of."""
    drawn: dict[str, Any] = {}
    for zone in zones:
        properties = {
            "name": zone.name,
            "role": str(zone.role),
            "gate": zone.gate,
            "uncertainty_m": zone.uncertainty_m,
            "survey": zone.survey,
            "valid_from_us": zone.valid_from_us,
            "valid_until_us": zone.valid_until_us,
        }
        geometry = json.loads(json.dumps(mapping(zone.polygon)))
        feature = {"type": "Feature", "properties": properties, "geometry": geometry}
        collection = drawn.setdefault(zone.id, {"type": "FeatureCollection", "features": []})
        collection["features"].append(feature)
    return drawn


def list_zone_versions(conn: Connection, site: Site) -> list[Zone]:
    """Return a site's zones in all their versions, those that are no more too."""
    rows = conn.execute(
        "select zone, (extract(epoch from valid_from) * 1000000)::bigint,"
        " (extract(epoch from valid_until) * 1000000)::bigint, feature"
        " from zone_versions where site = %s order by zone, valid_from nulls first",
        [site.id],
    ).fetchall()
    versions = [
        version
        for zone, since, until, drawing in rows
        for feature in drawing["features"]
        for version in _versions(zone, since, until, feature)
    ]
    return versions or list(site.zones)


def _versions(zone: str, since: int | None, until: int | None, feature: Any) -> list[Zone]:  # noqa: ANN401 - JSON
    """Return the zone of a feature for the time it was loaded and says itself, if there is any."""
    said = dict(feature["properties"])
    since = max((at for at in (since, said.pop("valid_from_us")) if at is not None), default=None)
    until = min((at for at in (until, said.pop("valid_until_us")) if at is not None), default=None)
    if since is not None and until is not None and since >= until:
        return []
    role = Role(said.pop("role"))
    polygon = shape(feature["geometry"])
    assert isinstance(polygon, Polygon | MultiPolygon)  # noqa: S101 - as `_drawings` wrote it
    return [
        Zone(zone, role=role, polygon=polygon, valid_from_us=since, valid_until_us=until, **said)
    ]


def find_loaded_at(conn: Connection, site: str, now: datetime | None = None) -> datetime | None:
    """Return when a site was last loaded, or None where it never was.

    With ``now`` rules and zones that came into force by then without a new load count as a load.
    """
    row = conn.execute(
        "select greatest(loaded_at, (select max(valid_from) from policies"
        "  where policies.site = sites.id and valid_from <= %(now)s),"
        " (select max(starts_at) from site_versions v where v.site = sites.id"
        "  and starts_at <= %(now)s)) from sites where id = %(site)s",
        {"site": site, "now": now},
    ).fetchone()
    return None if row is None else row[0]


def find_newer_site(
    conn: Connection, site: str, loaded_at: datetime | None, now: datetime | None = None
) -> tuple[datetime, Site] | None:
    """Return when a site was last loaded and the site, or None where ``loaded_at`` was that.

    With ``now`` it comes with the rules in force then, also where only these are newer.
    """
    newest = find_loaded_at(conn, site, now)
    return None if newest is None or newest == loaded_at else (newest, get_site(conn, site, now))


def get_loaded_site(
    conn: Connection, site: str, now: datetime | None = None
) -> tuple[datetime | None, Site]:
    """Return when a site was last loaded, and the site; with ``now`` by the rules in force then.

    Raises
    ------
    NotFoundError
        It never was.
    """
    # In this order a site that is loaded in between is read once more, not missed.
    return find_loaded_at(conn, site, now), get_site(conn, site, now)


def get_site(conn: Connection, site: str, now: datetime | None = None) -> Site:
    """Return a stored site by the zones and rules in force at ``now``, or else those loaded last.

    Raises
    ------
    NotFoundError
        No site of this id was loaded.
    """
    source = find_source(conn, site, now)
    if source is None:
        raise NotFoundError(
            f"The database holds no site {site}; load it with: flowctl site load data/sites/{site}"
        )
    found = parse_site(source, where=f"site {site} in the database")
    return found if now is None else _in_force(conn, found, now)
