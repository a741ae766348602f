"""Versions of a site's zones: who published what and when, and taking back what has not begun."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request

from api.asked import NO_BODY
from api.record import record
from api.transaction import transaction
from flowctl.storage import site_versions
from flowctl.storage.site_versions import SiteVersion
from flowctl.zone_drafts import Feature, features_of

router = APIRouter(tags=["zones"])

Number = Annotated[int, Path(ge=1, lt=2**63)]


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of the zones: the one in force is ``present``, one yet to begin is ``ahead``."""

    id: int
    starts_at: datetime
    made_at: datetime
    by: str
    why: str
    state: str


@dataclass(frozen=True, slots=True)
class DrawnZones:
    """Zones as they are drawn and imported: GeoJSON with what the site's files say of each."""

    type: Literal["FeatureCollection"]
    features: list[Feature]


@router.get("/v1/zone-versions")
def get_versions(
    request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 30
) -> list[VersionLine]:
    """Return the newest versions of the zones, and who made them."""
    now = request.app.state.clock.now()
    with transaction(request) as conn:
        versions = site_versions.list_versions(conn, request.app.state.site.id, most=limit)
    present = next((one.id for one in versions if not one.is_ahead(now)), None)
    return [version_line(one, present, now) for one in versions]


@router.get("/v1/zone-versions/{version}")
def get_version(request: Request, version: Number) -> DrawnZones:
    """Return the zones of a version as GeoJSON, as they can be imported again."""
    with transaction(request) as conn:
        site_versions.get_version(conn, request.app.state.site.id, version)
        source = site_versions.get_source(conn, version)
    return DrawnZones("FeatureCollection", features_of(source, where=f"version {version}"))


@router.delete("/v1/zone-versions/{version}", status_code=204, dependencies=[NO_BODY])
def take_version_back(request: Request, version: Number) -> None:
    """Take a version back that has not begun."""
    site, now = request.app.state.site.id, request.app.state.clock.now()
    with transaction(request) as conn:
        gone = site_versions.take_back(conn, site, version, now)
        before = {"version": version, "starts_at": gone.starts_at.isoformat(), "why": gone.why}
        record(request, conn, "zone.take_back", f"zones:{version}", before=before)


def version_line(version: SiteVersion, present: int | None, now: datetime) -> VersionLine:
    """Return a version as it is shown, ``present`` being the one in force."""
    state = "ahead" if version.is_ahead(now) else "present" if version.id == present else "past"
    return VersionLine(
        version.id, version.starts_at, version.made_at, version.made_by, version.why, state
    )
