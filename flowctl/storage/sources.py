"""Sources of positions and events at rest: their tokens, their limits; moments are wall time."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from flowctl.telemetry.screening import ScreeningParams
from flowctl.workflow.stages import Desk

Connection = psycopg.Connection[Any]


class Scope(StrEnum):
    """What a machine may do; see `api.permissions` for which paths that is."""

    POSITIONS = "positions"
    WITNESS = "witness"
    """Say what passes at gates, which makes their capacity and ends trips."""
    SITE = "site"
    TRIPS_READ = "trips:read"
    TRIPS_WRITE = "trips:write"
    METRICS = "metrics"
    DECLARATIONS_READ = "declarations:read"
    STAGES_READ = "stages:read"
    STAGES_WRITE = "stages:write"
    """Confirm, refuse and ask back for the desk that the source speaks for."""
    FACTS_WRITE = "facts:write"
    """Say what it knows of journeys and their goods."""
    CROSSINGS_READ = "crossings:read"
    CROSSINGS_WRITE = "crossings:write"
    HOOKS = "hooks"
    """Send signed messages: what its cameras read, what was paid, what its desk decided."""


POSITIONS_ONLY = frozenset({Scope.POSITIONS})
"""What a source may do unless more is said, and all that one device's token is good for."""


@dataclass(frozen=True, slots=True)
class ScreeningOverrides:
    """A source's own limits; None is the site's. Seconds and metres.

    A fix that comes in within ``lag_limit_s`` proves where a truck was at its moment; see
    `flowctl.site.VisitParams`.
    """

    lateness_limit_s: int | None = None
    future_limit_s: int | None = None
    accuracy_limit_m: float | None = None
    lag_limit_s: float | None = None

    def over(self, site: ScreeningParams) -> ScreeningParams:
        """Return the limits that hold for this source.

        Limits in time are never wider than the site's, also where the site's were narrowed since.
        """
        lateness, future, accuracy = (
            self.lateness_limit_s,
            self.future_limit_s,
            self.accuracy_limit_m,
        )
        return replace(
            site,
            lateness_limit_s=site.lateness_limit_s
            if lateness is None
            else min(lateness, site.lateness_limit_s),
            future_limit_s=site.future_limit_s
            if future is None
            else min(future, site.future_limit_s),
            accuracy_limit_m=site.accuracy_limit_m if accuracy is None else accuracy,
        )

    def stated(self) -> dict[str, float]:
        """Return the limits that are not the site's, by name."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Source:
    """A machine that posts to us, as the token it showed lets it.

    Parameters
    ----------
    enrols
        Its unknown devices are registered at their first fix, as its own.
    rate_per_s
        Fixes a second it may send, None for no limit.
    scopes
        What it may do: of a source all of its tokens, of a token no more than its source.
    device_uid
        The one device the token speaks for, None where it speaks for all of the source.
    until_wall_at
        When the token ends, None where it holds until it is withdrawn.
    agency
        The desk whose stages it may decide, None where it speaks for none.
    """

    id: int
    name: str
    enrols: bool = False
    screening: ScreeningOverrides = ScreeningOverrides()
    rate_per_s: float | None = None
    scopes: frozenset[Scope] = POSITIONS_ONLY
    device_uid: str | None = None
    until_wall_at: datetime | None = None
    agency: Desk | None = None


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token as it is kept: for what, since when, until when (None: until withdrawn).

    ``scopes`` is None where it may do all that its source may.
    """

    id: UUID
    source_id: int
    device_uid: str | None
    created_wall_at: datetime
    expires_wall_at: datetime | None
    scopes: list[str] | None


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many of a source's fixes came to one outcome; ``source`` is None for unreadable ones."""

    source: str | None
    outcome: str
    n: int


def insert_source(
    conn: Connection,
    *,
    name: str,
    enrols: bool,
    screening: ScreeningOverrides,
    rate_per_s: float | None,
    scopes: Iterable[Scope],
    agency: Desk | None = None,
) -> int | None:
    """Enter a source without a token; returns its id, or None where the name is taken."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "insert into sources (name, enrols, screening, rate_per_s, scopes, agency)"
            " values (%s, %s, %s, %s, %s, %s) on conflict (name) do nothing returning id",
            [name, enrols, Jsonb(screening.stated()), rate_per_s, sorted(scopes), agency],
        ).fetchone()


def update_source(conn: Connection, source: Source) -> None:
    """Change what a source may do."""
    conn.execute(
        "update sources set enrols = %s, screening = %s, rate_per_s = %s, scopes = %s,"
        " agency = %s where id = %s",
        [
            source.enrols,
            Jsonb(source.screening.stated()),
            source.rate_per_s,
            sorted(source.scopes),
            source.agency,
            source.id,
        ],
    )


def insert_token(
    conn: Connection,
    *,
    token_hash: bytes,
    source_id: int,
    device_uid: str | None,
    expires_wall_at: datetime | None,
    scopes: Iterable[Scope] | None = None,
) -> None:
    """Enter a token of a source, or of one device of it, for no more than ``scopes``."""
    conn.execute(
        "insert into source_tokens (token_hash, source_id, device_uid, expires_wall_at, scopes)"
        " values (%s, %s, %s, %s, %s)",
        [
            token_hash,
            source_id,
            device_uid,
            expires_wall_at,
            None if scopes is None else sorted(scopes),
        ],
    )


def narrow_token(conn: Connection, token_id: UUID, scopes: Iterable[Scope]) -> None:
    """Let a token do no more than this."""
    conn.execute("update source_tokens set scopes = %s where id = %s", [sorted(scopes), token_id])


def end_token(conn: Connection, token_id: UUID, *, wall_at: datetime) -> None:
    """Let one token end."""
    conn.execute(
        "update source_tokens set expires_wall_at = %(at)s where id = %(id)s"
        " and (expires_wall_at is null or expires_wall_at > %(at)s)",
        {"at": wall_at, "id": token_id},
    )


def find_token(conn: Connection, token_id: UUID, *, wall_now: datetime) -> TokenRecord | None:
    """Return a token that is good."""
    with conn.cursor(row_factory=class_row(TokenRecord)) as cursor:
        return cursor.execute(
            "select id, source_id, device_uid, created_wall_at, expires_wall_at, scopes"
            " from source_tokens"
            " where id = %s and (expires_wall_at is null or expires_wall_at > %s)",
            [token_id, wall_now],
        ).fetchone()


def end_tokens(
    conn: Connection, source_id: int, *, device_uid: str | None, wall_at: datetime
) -> int:
    """Let the tokens of a source's one device end, or those of no device; returns how many.

    A token that ends earlier anyway still does.
    """
    return conn.execute(
        "update source_tokens set expires_wall_at = %(at)s where source_id = %(source)s"
        " and device_uid is not distinct from %(device)s"
        " and (expires_wall_at is null or expires_wall_at > %(at)s)",
        {"at": wall_at, "source": source_id, "device": device_uid},
    ).rowcount


def end_all_tokens(conn: Connection, source_id: int, *, wall_at: datetime) -> int:
    """Let every token of a source end, of whatever device; returns how many."""
    return conn.execute(
        "update source_tokens set expires_wall_at = %(at)s where source_id = %(source)s"
        " and (expires_wall_at is null or expires_wall_at > %(at)s)",
        {"at": wall_at, "source": source_id},
    ).rowcount


def end_phone_tokens(conn: Connection, trip_id: int) -> None:
    """Let the tokens end by which a driver's phone follows a trip: another driver has it now."""
    conn.execute(
        "update source_tokens k set expires_wall_at = clock_timestamp()"
        " from trips t join devices v on v.id = t.device_id"
        " where t.id = %s and v.is_phone and k.device_uid = v.uid"
        "  and (k.expires_wall_at is null or k.expires_wall_at > clock_timestamp())",
        [trip_id],
    )


def find_source(conn: Connection, token_hash: bytes, *, wall_now: datetime) -> Source | None:
    """Return the source that holds this token; a token that has ended is nobody's."""
    row = conn.execute(
        "select s.id, name, enrols, screening, rate_per_s, agency,"
        " case when device_uid is not null then array['positions']"
        "  when k.scopes is null then s.scopes"
        "  else array(select unnest(s.scopes) intersect select unnest(k.scopes)) end,"
        " device_uid, expires_wall_at"
        " from sources s join source_tokens k on source_id = s.id"
        " where token_hash = %s and (expires_wall_at is null or expires_wall_at > %s)",
        [token_hash, wall_now],
    ).fetchone()
    return None if row is None else _source(*row)


def find_source_named(conn: Connection, name: str) -> Source | None:
    """Return the source of this name."""
    row = conn.execute(
        "select id, name, enrols, screening, rate_per_s, agency, scopes from sources"
        " where name = %s",
        [name],
    ).fetchone()
    return None if row is None else _source(*row)


def find_source_name(conn: Connection, source_id: int) -> str | None:
    """Return the name of a source."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute("select name from sources where id = %s", [source_id]).fetchone()


def list_sources(conn: Connection) -> list[Source]:
    """Return every source, by name."""
    rows = conn.execute(
        "select id, name, enrols, screening, rate_per_s, agency, scopes from sources order by name"
    ).fetchall()
    return [_source(*row) for row in rows]


def list_tokens(conn: Connection, *, wall_now: datetime) -> list[TokenRecord]:
    """Return the tokens that are good, those of whole sources first, the oldest first."""
    with conn.cursor(row_factory=class_row(TokenRecord)) as cursor:
        return cursor.execute(
            "select id, source_id, device_uid, created_wall_at, expires_wall_at, scopes"
            " from source_tokens"
            " where expires_wall_at is null or expires_wall_at > %s"
            " order by source_id, device_uid nulls first, created_wall_at",
            [wall_now],
        ).fetchall()


def list_outcomes(conn: Connection, *, since: date | None = None) -> list[OutcomeCount]:
    """Return the counters of every source, summed from a day (UTC, of reception) on."""
    with conn.cursor(row_factory=class_row(OutcomeCount)) as cursor:
        return cursor.execute(
            "select name as source, outcome, sum(n)::bigint as n"
            " from ingest_counts left join sources on sources.id = source_id"
            " where %(since)s::date is null or day >= %(since)s"
            " group by name, outcome order by name nulls last, outcome",
            {"since": since},
        ).fetchall()


def list_heard(conn: Connection) -> dict[int, datetime]:
    """Return when the newest fix of each source came in, whatever became of it.

    A source that nobody heard since that is written down is left out.
    """
    rows = conn.execute(
        "select source_id, max(heard_at) from ingest_counts where heard_at is not null"
        " group by source_id"
    ).fetchall()
    return dict(rows)


def _source(
    id_: int,
    name: str,
    enrols: bool,
    screening: dict[str, Any],
    rate_per_s: float | None,
    agency: str | None,
    scopes: list[str],
    device_uid: str | None = None,
    until_wall_at: datetime | None = None,
) -> Source:
    overrides = ScreeningOverrides(**screening)
    may = frozenset(map(Scope, scopes))
    desk = None if agency is None else Desk(agency)
    return Source(id_, name, enrols, overrides, rate_per_s, may, device_uid, until_wall_at, desk)
