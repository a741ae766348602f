"""Zones as somebody draws them: drafts, what is wrong with them, and publishing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.asked import NO_BODY
from api.auth import Caller, caller
from api.errors import Problem
from api.geojson import Geometry
from api.moments import Moment
from api.once import MaybeKey, act_once
from api.record import Connection, record
from api.transaction import transaction
from api.zone_versions import Number, VersionLine, version_line
from flowctl.errors import ConflictError, FlowctlError
from flowctl.site import Site
from flowctl.site_files import SiteSource, parse_site
from flowctl.storage import site_versions
from flowctl.storage.audit import By
from flowctl.storage.site_versions import SiteVersion
from flowctl.storage.sites import save_site
from flowctl.storage.zone_drafts import (
    Draft,
    add_draft,
    delete_draft,
    get_draft,
    list_drafts,
    list_trucks,
    save_draft,
)
from flowctl.zone_checks import Checked, Fault, Loss, check
from flowctl.zone_drafts import Feature, carried_over, features_of, read_import, refuse_unfit, split

router = APIRouter(tags=["zones"])

Who = Annotated[Caller, Depends(caller)]

AHEAD_MOST = timedelta(days=366)


class NewDraft(BaseModel):
    """A draft of the present zones, or one that brings the zones of a ``version`` back."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, lt=2**63, strict=True)] | None = None


class DraftZones(BaseModel):
    """What a draft holds now; ``revision`` is the one it was drawn on."""

    model_config = ConfigDict(extra="forbid")

    revision: Annotated[int, Field(ge=1, strict=True)]
    features: list[Any]


class DraftFile(BaseModel):
    """A GeoJSON file's text, to be put in the place of all zones of a draft."""

    model_config = ConfigDict(extra="forbid")

    revision: Annotated[int, Field(ge=1, strict=True)]
    text: str


class Publication(BaseModel):
    """From when on the draft shall hold, now without a moment, and why.

    ``confirmed`` names the yards that may lose over half of their trucks; ``backdated`` says that a
    moment that has passed is meant, since which visits will be judged again.
    """

    model_config = ConfigDict(extra="forbid")

    why: Annotated[str, Field(min_length=1, max_length=200)]
    starts_at: Moment | None = None
    confirmed: list[Annotated[str, Field(max_length=40)]] = []
    backdated: bool = False


class Cut(BaseModel):
    """A polygon and the line along which it is cut, as GeoJSON geometries."""

    model_config = ConfigDict(extra="forbid")

    geometry: dict[str, Any]
    line: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft as others see it."""

    id: int
    by: str
    base: int
    made_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ShownDraft(DraftLine):
    """A draft as it was looked at at ``now``, over the zones it was begun with.

    ``former`` is the version it brings back, ``overtaken`` one that was published meanwhile.
    ``faults`` must be mended before it is published, ``losses`` confirmed; ``inside`` counts the
    trucks in each zone as drawn, ``changed`` are the zones that are drawn otherwise.
    """

    former: int | None
    revision: int
    now: datetime
    overtaken: VersionLine | None
    features: list[Feature]
    base_features: list[Feature]
    faults: list[Fault]
    losses: list[Loss]
    inside: Mapping[str, int]
    changed: list[str]


@router.get("/v1/zone-drafts")
def get_drafts(request: Request) -> list[DraftLine]:
    """Return who is drawing zones, the last to change something first."""
    with transaction(request) as conn:
        drafts = list_drafts(conn, request.app.state.site.id)
    return [DraftLine(d.id, d.made_by, d.base, d.made_at, d.changed_at) for d in drafts]


@router.post("/v1/zone-drafts", status_code=201)
def begin_draft(
    request: Request, response: Response, body: NewDraft, who: Who, key: MaybeKey = None
) -> ShownDraft:
    """Begin to draw from the newest zones, or bring those of a former version back."""
    site = request.app.state.site.id

    def do(conn: Connection, by: By, now: datetime) -> int:
        base = _newest(conn, site)
        if body.version is not None:
            site_versions.get_version(conn, site, body.version)
        features = features_of(
            site_versions.get_source(conn, body.version or base.id), where="the stored zones"
        )
        draft = add_draft(
            conn, site, features, base=base.id, former=body.version, by=who.signature, now=now
        )
        after = {"base": base.id}
        record(request, conn, "zone.draft", f"zone_draft:{draft}", after=after, by=by)
        return draft

    def show(conn: Connection, draft: int) -> ShownDraft:
        return _shown(conn, request, get_draft(conn, site, draft))

    return act_once(request, response, key, body, do=do, show=show)


@router.get("/v1/zone-drafts/{draft}")
def show_draft(request: Request, draft: Number) -> ShownDraft:
    """Return a draft with what is wrong with it."""
    with transaction(request) as conn:
        return _shown(conn, request, get_draft(conn, request.app.state.site.id, draft))


@router.put("/v1/zone-drafts/{draft}")
def change_draft(request: Request, draft: Number, body: DraftZones, who: Who) -> ShownDraft:
    """Keep what is drawn now, and say what is wrong with it."""
    refuse_unfit(body.features)
    return _changed(request, draft, body.revision, body.features, who)


@router.post("/v1/zone-drafts/{draft}/import")
def import_zones(request: Request, draft: Number, body: DraftFile, who: Who) -> ShownDraft:
    """Put the zones of a GeoJSON file in the place of those of a draft."""
    return _changed(request, draft, body.revision, read_import(body.text), who)


@router.post("/v1/zone-drafts/{draft}/rebase", dependencies=[NO_BODY])
def carry_over(request: Request, draft: Number, who: Who) -> ShownDraft:
    """Put what a draft changes upon the newest zones, where others published meanwhile."""
    site, now = request.app.state.site.id, request.app.state.clock.now()
    with transaction(request) as conn:
        known = _own(get_draft(conn, site, draft), who)
        newest = _newest(conn, site)
        features = carried_over(
            features_of(site_versions.get_source(conn, known.base), where="the former zones"),
            known.features,
            features_of(site_versions.get_source(conn, newest.id), where="the newest zones"),
        )
        save_draft(conn, known, features, now, base=newest.id)
        record(
            request,
            conn,
            "zone.rebase",
            f"zone_draft:{draft}",
            before={"base": known.base},
            after={"base": newest.id},
        )
        return _shown(conn, request, get_draft(conn, site, draft))


@router.delete("/v1/zone-drafts/{draft}", status_code=204, dependencies=[NO_BODY])
def throw_away(request: Request, draft: Number, who: Who) -> None:
    """Throw a draft away: one's own, or an administrator anybody's."""
    with transaction(request) as conn:
        known = get_draft(conn, request.app.state.site.id, draft)
        if who.role != "administrator":
            _own(known, who)
        delete_draft(conn, draft)
        record(request, conn, "zone.discard", f"zone_draft:{draft}", before={"by": known.made_by})


@router.post("/v1/zones/split")
def split_zone(body: Cut) -> list[Geometry]:
    """Cut a polygon in two, the larger part first; nothing is kept."""
    refuse_unfit([{"properties": {}, "geometry": body.geometry}])
    return [Geometry(**one) for one in split(body.geometry, body.line)]


@router.post("/v1/zone-drafts/{draft}/publish", status_code=201)
def publish(
    request: Request,
    response: Response,
    draft: Number,
    body: Publication,
    who: Who,
    key: MaybeKey = None,
) -> VersionLine:
    """Let a draft hold, from now or from a moment on."""
    site: Site = request.app.state.site

    def do(conn: Connection, by: By, now: datetime) -> int:
        starts_at = body.starts_at or now
        conn.execute("select from sites where id = %s for update", [site.id])
        known = _own(get_draft(conn, site.id, draft), who)
        newest = _newest(conn, site.id)
        _refuse_late(known, newest, site)
        _refuse_moment(site, newest, starts_at, now, backdated=body.backdated)
        checked = checked_draft(conn, request, known)
        _refuse_unsound(checked, body.confirmed)
        base = features_of(site_versions.get_source(conn, newest.id), where="the newest zones")
        save_site(
            conn,
            checked.source,
            where="the draft",
            now=now,
            starts_at=starts_at,
            by=who.signature,
            why=body.why,
        )
        delete_draft(conn, draft)
        made = _newest(conn, site.id)
        record(
            request,
            conn,
            "zone.version",
            f"zones:{made.id}",
            before={"version": newest.id, "zones": _of(base, checked.changed)},
            after={
                "starts_at": starts_at.isoformat(),
                "why": body.why,
                "zones": _of(known.features, checked.changed),
            },
            by=by,
        )
        return made.id

    def show(conn: Connection, version: int) -> VersionLine:
        now: datetime = request.app.state.clock.now()
        made = site_versions.get_version(conn, site.id, version)
        return version_line(made, None if made.is_ahead(now) else made.id, now)

    return act_once(request, response, key, body, do=do, show=show)


def _changed(
    request: Request, draft: int, revision: int, features: list[Feature], who: Caller
) -> ShownDraft:
    site, now = request.app.state.site.id, request.app.state.clock.now()
    with transaction(request) as conn:
        known = _own(get_draft(conn, site, draft), who)
        if known.revision != revision:
            raise ConflictError(
                f"Draft {draft} was changed in another window meanwhile; open it again.",
                kind="draft_changed",
            )
        save_draft(conn, known, features, now)
        return _shown(conn, request, get_draft(conn, site, draft))


def _own(draft: Draft, who: Caller) -> Draft:
    if draft.made_by != who.signature:
        raise Problem(
            403,
            "Forbidden",
            f"Draft {draft.id} is {draft.made_by}'s to change.",
            kind="draft_not_yours",
            values={"by": draft.made_by},
        )
    return draft


def _newest(conn: psycopg.Connection[Any], site: str) -> SiteVersion:
    return site_versions.list_versions(conn, site, most=1)[0]


def _refuse_late(draft: Draft, newest: SiteVersion, site: Site) -> None:
    if draft.base != newest.id:
        at = newest.made_at.astimezone(site.timezone).strftime("%H:%M %d.%m.%Y")
        raise ConflictError(
            f"{newest.made_by or 'Somebody who loaded the files'} published other zones at {at}:"
            f" {newest.why or 'no reason given'}. Put your changes upon those, look at them again,"
            " and publish then.",
            kind="published_since",
            values={"by": newest.made_by, "at": newest.starts_at},
        )


def _refuse_moment(
    site: Site, newest: SiteVersion, starts_at: datetime, now: datetime, *, backdated: bool
) -> None:
    said = starts_at.isoformat(timespec="minutes")
    if starts_at < now and not backdated:
        raise FlowctlError(
            f"starts_at: {said} has passed. Visits since then would be judged again; say that this"
            " is meant (backdated), or let the zones hold from now on.",
            kind="starts_backdated",
            values={"at": starts_at},
        )
    if (now - starts_at).total_seconds() > site.lateness_limit_s:
        days = site.lateness_limit_s / 86_400
        raise FlowctlError(
            f"starts_at: {said} lies back more than {days:g} days; give a later one.",
            kind="starts_long_back",
            values={"at": starts_at, "days": days},
        )
    if starts_at - now > AHEAD_MOST:
        raise FlowctlError(
            f"starts_at: {said} is more than a year ahead; give an earlier one.",
            kind="starts_year_ahead",
            values={"at": starts_at},
        )
    if starts_at <= newest.starts_at and newest.starts_at != newest.made_at:
        raise FlowctlError(
            f"starts_at: {said} lies before the zones that"
            f" {newest.made_by or 'somebody'} published, which hold from"
            f" {newest.starts_at.isoformat(timespec='minutes')}; begin after them.",
            kind="starts_before_version",
            values={"by": newest.made_by, "at": newest.starts_at},
        )


def _refuse_unsound(checked: Checked, confirmed: list[str]) -> None:
    if checked.faults:
        raise FlowctlError(
            f"The draft cannot hold yet: {fault_sentences(checked)}",
            kind="draft_faulty",
            values={"n": len(checked.faults)},
        )
    if not checked.changed:
        raise FlowctlError(
            "The draft changes nothing, so there is nothing to publish.", kind="draft_unchanged"
        )
    for loss in checked.losses:
        if loss.zone not in confirmed:
            raise FlowctlError(
                f"{loss.left_out} of the {loss.standing} trucks in {loss.zone} would be outside of"
                " it; look again, or confirm that this is meant.",
                kind="draft_loses",
                values={"zone": loss.zone, "left": loss.left_out, "of": loss.standing},
            )


def fault_sentences(checked: Checked) -> str:
    """Return what is wrong with a draft, the first of it."""
    return " ".join(f"{one.zone or 'site'}: {one.text}." for one in checked.faults[:5])


def _of(features: list[Feature], zones: list[str]) -> list[Feature]:
    return [one for one in features if one["properties"].get("id") in zones]


@lru_cache(maxsize=4)
def loaded_site(source: SiteSource) -> Site:
    """Return the site of texts that were loaded; drafts are checked against the same few."""
    return parse_site(source, where="the stored site")


def checked_draft(conn: psycopg.Connection[Any], request: Request, draft: Draft) -> Checked:
    """Return a draft as it was looked at."""
    source = site_versions.get_source(conn, draft.base)
    former = None if draft.former is None else site_versions.get_source(conn, draft.former)
    trucks = list_trucks(conn, request.app.state.site, request.app.state.clock.now())
    return check(draft.features, loaded_site(source), source, former, trucks)


def _shown(conn: psycopg.Connection[Any], request: Request, draft: Draft) -> ShownDraft:
    checked = checked_draft(conn, request, draft)
    newest = _newest(conn, request.app.state.site.id)
    base = site_versions.get_source(conn, draft.base)
    now: datetime = request.app.state.clock.now()
    return ShownDraft(
        id=draft.id,
        base=draft.base,
        former=draft.former,
        by=draft.made_by,
        made_at=draft.made_at,
        changed_at=draft.changed_at,
        revision=draft.revision,
        now=now,
        overtaken=None if newest.id == draft.base else version_line(newest, newest.id, now),
        features=draft.features,
        base_features=features_of(base, where="the stored zones"),
        faults=checked.faults,
        losses=checked.losses,
        inside=checked.inside,
        changed=checked.changed,
    )
