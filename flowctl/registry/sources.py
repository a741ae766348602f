"""Who may send: sources, and the tokens they show, which are random and stored hashed only.

A token speaks for a whole source or for one device of it. Rotating gives a new one and lets the
former ones go on for a while, so that a provider can change over without losing a fix.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry.accounts import hash_token
from flowctl.registry.devices import register_device
from flowctl.registry.rules import check_device
from flowctl.site import Site
from flowctl.storage import sources as stored
from flowctl.storage.sources import (
    POSITIONS_ONLY,
    Connection,
    Scope,
    ScreeningOverrides,
    Source,
    TokenRecord,
)
from flowctl.workflow.stages import Desk

GRACE = timedelta(hours=24)
"""How long former tokens stay good after a rotation, unless said otherwise."""

_LONGEST_NAME = 40
_NAME = re.compile(rf"[\w.-]{{1,{_LONGEST_NAME}}}")
_LEAST_LATENESS_S = 60
_LEAST_ACCURACY_M, _MOST_ACCURACY_M = 1.0, 10_000.0
_MOST_RATE_PER_S = 1_000_000.0


def check_screening(site: Site, wish: ScreeningOverrides) -> ScreeningOverrides:
    """Return a source's own limits; in time they may only be narrower than the site's.

    Raises
    ------
    FlowctlError
        A limit is out of its bounds, which are named.
    """
    _check_within(
        "The lateness limit", wish.lateness_limit_s, _LEAST_LATENESS_S, site.lateness_limit_s, "s"
    )
    _check_within("The future limit", wish.future_limit_s, 0, site.future_limit_s, "s")
    _check_within(
        "The accuracy limit", wish.accuracy_limit_m, _LEAST_ACCURACY_M, _MOST_ACCURACY_M, "m"
    )
    _check_within("The lag limit", wish.lag_limit_s, 0, site.lateness_limit_s, "s")
    return wish


def _check_within(what: str, value: float | None, least: float, most: float, unit: str) -> None:
    if value is not None and not least <= value <= most:
        raise FlowctlError(
            f"{what} of a source must lie within {least:g} and {most:g} {unit}; {value:g} does not."
        )


def add_source(
    conn: Connection,
    *,
    name: str,
    enrols: bool = False,
    rate_per_s: float | None = None,
    screening: ScreeningOverrides | None = None,
    scopes: Iterable[Scope] = POSITIONS_ONLY,
    agency: Desk | None = None,
) -> str:
    """Enter a machine that posts positions or events; returns its bearer token, once.

    ``screening`` has passed `check_screening`; ``scopes`` is what it may do, ``agency`` the desk it
    speaks for.

    Raises
    ------
    FlowctlError
        The name, the rate or the agency cannot be.
    ConflictError
        A source of that name exists.
    """
    plain = name.strip()
    if not _NAME.fullmatch(plain):
        raise FlowctlError(
            f"{plain[:_LONGEST_NAME]!r} cannot be a source's name: give 1 to {_LONGEST_NAME}"
            " letters, digits, dots, hyphens and underscores; commands and metrics name it so.",
            kind="source_name",
            values={"most": _LONGEST_NAME},
        )
    source_id = stored.insert_source(
        conn,
        name=plain,
        enrols=enrols,
        screening=screening or ScreeningOverrides(),
        rate_per_s=_checked_rate(rate_per_s),
        scopes=scopes,
        agency=_checked_agency(agency),
    )
    if source_id is None:
        raise ConflictError(
            f"There is a source {plain!r} already; choose another name.",
            kind="source_taken",
            values={"source": plain},
        )
    return _new_token(conn, source_id, device=None, expires_wall_at=None)


def get_source(conn: Connection, name: str) -> Source:
    """Return the source of this name.

    Raises
    ------
    NotFoundError
        There is none; the sentence names those there are.
    """
    found = stored.find_source_named(conn, name.strip())
    if found is not None:
        return found
    names = ", ".join(source.name for source in stored.list_sources(conn)[:20])
    raise NotFoundError(
        f"There is no source {name[:_LONGEST_NAME]!r}; there are: {names or 'none'}.",
        kind="no_source",
        values={"source": name[:_LONGEST_NAME]},
    )


def set_terms(
    conn: Connection,
    name: str,
    *,
    enrols: bool | None = None,
    rate_per_s: float | None = None,
    screening: ScreeningOverrides | None = None,
    scopes: Iterable[Scope] | None = None,
    agency: Desk | None = None,
    drop_agency: bool = False,
) -> Source:
    """Change what a source may do, None leaving it as it is; a rate of 0 takes the limit away.

    With ``drop_agency`` it speaks for no desk.

    Raises
    ------
    NotFoundError, FlowctlError
        There is no such source, or the rate or the agency cannot be.
    """
    source = get_source(conn, name)
    if enrols is not None:
        source = replace(source, enrols=enrols)
    if rate_per_s is not None:
        source = replace(source, rate_per_s=_checked_rate(rate_per_s or None))
    if screening is not None:
        source = replace(source, screening=screening)
    if scopes is not None:
        source = replace(source, scopes=frozenset(scopes))
    if agency is not None or drop_agency:
        source = replace(source, agency=None if drop_agency else _checked_agency(agency))
    stored.update_source(conn, source)
    return source


def add_token(
    conn: Connection,
    name: str,
    *,
    wall_now: datetime,
    device: str | None = None,
    lasts: timedelta | None = None,
    scopes: Iterable[Scope] | None = None,
) -> str:
    """Return one more token of a source, once; that of a device claims the device for the source.

    ``scopes`` is what it may do at most; None: whatever its source may.

    Raises
    ------
    NotFoundError, ConflictError
        There is no such source, or the device belongs to another one.
    FlowctlError
        The source may not do all that.
    """
    source = get_source(conn, name)
    narrow = None if scopes is None else _within(source, scopes)
    uid = check_device(device)
    if uid is not None:
        register_device(conn, uid, source=source)
    ends = None if lasts is None else wall_now + lasts
    return _new_token(conn, source.id, device=uid, expires_wall_at=ends, scopes=narrow)


def narrow_token(
    conn: Connection, token_id: UUID, scopes: Iterable[Scope], *, wall_now: datetime
) -> None:
    """Let a token do less than before.

    Raises
    ------
    NotFoundError
        There is no such token, or it has ended.
    FlowctlError
        It would be more than before, or nothing.
    """
    token = get_token(conn, token_id, wall_now=wall_now)
    name = stored.find_source_name(conn, token.source_id)
    source = get_source(conn, name or "")
    before = source.scopes if token.scopes is None else frozenset(map(Scope, token.scopes))
    if token.device_uid is not None:
        before = POSITIONS_ONLY
    stored.narrow_token(conn, token_id, _within(replace(source, scopes=before), scopes))


def end_token(conn: Connection, token_id: UUID, *, wall_now: datetime) -> None:
    """End one token at once.

    Raises
    ------
    NotFoundError
        There is no such token, or it has ended.
    """
    get_token(conn, token_id, wall_now=wall_now)
    stored.end_token(conn, token_id, wall_at=wall_now)


def get_token(conn: Connection, token_id: UUID, *, wall_now: datetime) -> TokenRecord:
    """Return a token that is good.

    Raises
    ------
    NotFoundError
        There is none, or it has ended.
    """
    token = stored.find_token(conn, token_id, wall_now=wall_now)
    if token is None:
        raise NotFoundError(f"There is no key {token_id}, or it has ended.", kind="no_key")
    return token


def rotate_token(
    conn: Connection,
    name: str,
    *,
    wall_now: datetime,
    device: str | None = None,
    grace: timedelta = GRACE,
) -> str:
    """Return a new token of a source, or of its device; the former ones end after ``grace``.

    Raises
    ------
    NotFoundError
        There is no such source, or no token of that device.
    """
    source = get_source(conn, name)
    uid = check_device(device)
    ended = stored.end_tokens(conn, source.id, device_uid=uid, wall_at=wall_now + grace)
    if uid is not None and ended == 0 and not _has_token(conn, source, uid, wall_now):
        raise NotFoundError(
            f"The source {source.name} has no token for the device {uid!r}; make one with:"
            f" flowctl source token {source.name} --device {uid}"
        )
    return _new_token(conn, source.id, device=uid, expires_wall_at=None)


def withdraw_tokens(
    conn: Connection, name: str, *, wall_now: datetime, device: str | None = None
) -> int:
    """End every token of a source, or those of one device, at once; returns how many ended.

    Raises
    ------
    NotFoundError
        There is no such source.
    """
    source = get_source(conn, name)
    uid = check_device(device)
    if uid is None:
        return stored.end_all_tokens(conn, source.id, wall_at=wall_now)
    return stored.end_tokens(conn, source.id, device_uid=uid, wall_at=wall_now)


def _has_token(conn: Connection, source: Source, uid: str, wall_now: datetime) -> bool:
    tokens = stored.list_tokens(conn, wall_now=wall_now)
    return any((one.source_id, one.device_uid) == (source.id, uid) for one in tokens)


def _within(source: Source, scopes: Iterable[Scope]) -> frozenset[Scope]:
    wish = frozenset(scopes)
    if not wish:
        raise FlowctlError(
            "A key that may do nothing is none; end it in place of that.", kind="key_nothing"
        )
    if not wish <= source.scopes:
        raise FlowctlError(
            f"The source {source.name} may not {', '.join(sorted(wish - source.scopes))}, so its"
            f" key cannot; it may: {', '.join(sorted(source.scopes))}.",
            kind="key_wider",
            values={"source": source.name},
        )
    return wish


def _new_token(
    conn: Connection,
    source_id: int,
    *,
    device: str | None,
    expires_wall_at: datetime | None,
    scopes: Iterable[Scope] | None = None,
) -> str:
    token = secrets.token_urlsafe(32)
    stored.insert_token(
        conn,
        token_hash=hash_token(token),
        source_id=source_id,
        device_uid=device,
        expires_wall_at=expires_wall_at,
        scopes=scopes,
    )
    return token


def _checked_agency(agency: Desk | None) -> Desk | None:
    if agency is Desk.HAULIER:
        raise FlowctlError(
            "A source speaks for an agency or the yard; hauliers answer under their own accounts.",
            kind="source_agency",
        )
    return agency


def _checked_rate(rate_per_s: float | None) -> float | None:
    if rate_per_s is not None and not 0 < rate_per_s <= _MOST_RATE_PER_S:
        raise FlowctlError(
            f"A source's rate must lie between 0 and {_MOST_RATE_PER_S:,.0f} fixes a second;"
            f" {rate_per_s:g} does not.",
            kind="source_rate",
            values={"most": _MOST_RATE_PER_S},
        )
    return rate_per_s
