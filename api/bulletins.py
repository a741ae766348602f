"""The daily bulletins: a list of those made, and each in the form and language asked for."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.errors import Problem
from api.transaction import transaction
from flowctl.bulletin.figures import SETTLED, bounds
from flowctl.bulletin.forms import FORMS, write_bulletin
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.site import Site
from flowctl.storage.bulletins import (
    Bulletin,
    count_running,
    find_bulletin,
    get_range,
    list_newest,
)
from flowctl.storage.closures import open_site

router = APIRouter(tags=["bulletins"])

_NAME = re.compile(r"(\d{4}-\d\d-\d\d|running)\.([a-z]+)")
_RUNNING = "running"
_SHOWN = 40
_MOST = 400


@dataclass(frozen=True, slots=True)
class BulletinListed:
    """A bulletin of a day in a few figures; ``changed`` counts what its last version changed."""

    day: date
    version: int
    made_at: datetime
    changed: int
    cleared_export: int
    cleared_import: int
    arrived: int
    waiting: int


@dataclass(frozen=True, slots=True)
class BulletinNext:
    """The day that runs: when its bulletin is made, and its figures so far."""

    day: date
    comes_at: datetime
    counted_at: datetime
    timezone: str
    cleared_export: int
    cleared_import: int
    arrived: int
    waiting: int


@router.get("/v1/bulletins")
def get_bulletins(
    request: Request, limit: Annotated[int, Query(ge=1, le=_MOST)] = 60
) -> list[BulletinListed]:
    """List the newest versions of the last days, the newest day first."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        return [_listed(one) for one in list_newest(conn, site.id, limit)]


def _listed(one: Bulletin) -> BulletinListed:
    return BulletinListed(
        day=one.day,
        version=one.version,
        made_at=one.made_at,
        changed=len(one.changed),
        **_in_all(one),
    )


def _in_all(one: Bulletin) -> dict[str, int]:
    """Return a few figures of all gates together."""
    gates = one.figures.gates
    return {
        name: sum(getattr(gate, name) for gate in gates)
        for name in ("cleared_export", "cleared_import", "arrived", "waiting")
    }


@router.get("/v1/bulletins/next")
def get_next(request: Request) -> BulletinNext:
    """Return when the next bulletin comes, and what its day came to so far."""
    state = request.app.state
    site: Site = state.site
    now = state.clock.now()
    with transaction(request) as conn:
        found = count_running(conn, open_site(conn, site, now), now)
    return BulletinNext(
        day=found.day,
        comes_at=(bounds(found.day, site.timezone)[1] + SETTLED).astimezone(UTC),
        counted_at=now,
        timezone=site.timezone.key,
        **_in_all(found),
    )


@router.get("/v1/bulletins/{name}")
def get_bulletin(
    request: Request,
    name: str,
    lang: str = "vi",
    until: date | None = None,
    version: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Return the bulletin ``DAY.FORM``, or the sum of the days up to ``until``.

    A day that is over and was never counted is counted now. ``version`` asks for an earlier one.
    The day ``running`` is the one that is not over: its figures so far, marked as such.
    """
    day, form = _read_name(name)
    state = request.app.state
    site: Site = state.site
    now = state.clock.now()
    with transaction(request) as conn:
        if day is None:
            _take_alone(until, version)
            found = count_running(conn, open_site(conn, site, now), now)
        elif version is None:
            found = get_range(conn, open_site(conn, site, now), day, until or day, now)
        else:
            found = _get_version(find_bulletin(conn, site.id, day, version), day, version)
    file = write_bulletin(found, form, lang)
    shown = "inline" if form == "html" else "attachment"
    headers = {"Content-Disposition": f'{shown}; filename="{file.name}"'}
    return Response(file.content, headers=headers, media_type=file.content_type)


def _take_alone(until: date | None, version: int | None) -> None:
    if until is not None or version is not None:
        raise FlowctlError("The day that runs has neither versions nor days after it.")


def _get_version(found: Bulletin | None, day: date, version: int) -> Bulletin:
    if found is None:
        raise NotFoundError(
            f"There is no version {version} of the bulletin of {day}.", kind="no_bulletin_version"
        )
    return found


def _read_name(name: str) -> tuple[date | None, str]:
    """Return the day and the form that a name says; no day is the one that runs."""
    named = _NAME.fullmatch(name)
    try:
        if named is not None and named[2] in FORMS:
            return None if named[1] == _RUNNING else date.fromisoformat(named[1]), named[2]
    except ValueError:
        pass
    raise Problem(
        404,
        "Not found",
        f"There is no bulletin {name[:_SHOWN]!r}; ask for one such as 2024-01-23.html, with one of"
        f" {', '.join(FORMS)}.",
    )
