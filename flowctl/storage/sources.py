"""Sources of positions and events at rest: their tokens, their limits; moments are wall time."""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

from flowctl.telemetry.screening import ScreeningParams

Connection = psycopg.Connection[Any]


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
    witnesses
        It may say what passes at gates, which makes their capacity and ends trips.
    device_uid
        The one device the token speaks for, None where it speaks for all of the source.
    until_wall_at
        When the token ends, None where it holds until it is withdrawn.
    """

    id: int
    name: str
    enrols: bool = False
    screening: ScreeningOverrides = ScreeningOverrides()
    rate_per_s: float | None = None
    witnesses: bool = False
    device_uid: str | None = None
    until_wall_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token as it is kept: for what, since when, until when (None: until withdrawn)."""

    source_id: int
    device_uid: str | None
    created_wall_at: datetime
    expires_wall_at: datetime | None


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
    witnesses: bool,
) -> int | None:
    """Enter a source without a token; returns its id, or None where the name is taken."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute(
            "insert into sources (name, enrols, screening, rate_per_s, witnesses)"
            " values (%s, %s, %s, %s, %s) on conflict (name) do nothing returning id",
            [name, enrols, Jsonb(screening.stated()), rate_per_s, witnesses],
        ).fetchone()


def update_source(conn: Connection, source: Source) -> None:
    """Change what a source may do."""
    conn.execute(
        "update sources set enrols = %s, screening = %s, rate_per_s = %s, witnesses = %s"
        " where id = %s",
        [
            source.enrols,
            Jsonb(source.screening.stated()),
            source.rate_per_s,
            source.witnesses,
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
) -> None:
    """Enter a token of a source, or of one device of it."""
    conn.execute(
        "insert into source_tokens (token_hash, source_id, device_uid, expires_wall_at)"
        " values (%s, %s, %s, %s)",
        [token_hash, source_id, device_uid, expires_wall_at],
    )


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
        "select id, name, enrols, screening, rate_per_s, witnesses, device_uid, expires_wall_at"
        " from sources join source_tokens on source_id = id"
        " where token_hash = %s and (expires_wall_at is null or expires_wall_at > %s)",
        [token_hash, wall_now],
    ).fetchone()
    return None if row is None else _source(*row)


def find_source_named(conn: Connection, name: str) -> Source | None:
    """Return the source of this name."""
    row = conn.execute(
        "select id, name, enrols, screening, rate_per_s, witnesses from sources where name = %s",
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
        "select id, name, enrols, screening, rate_per_s, witnesses from sources order by name"
    ).fetchall()
    return [_source(*row) for row in rows]


def list_tokens(conn: Connection, *, wall_now: datetime) -> list[TokenRecord]:
    """Return the tokens that are good, those of whole sources first, the oldest first."""
    with conn.cursor(row_factory=class_row(TokenRecord)) as cursor:
        return cursor.execute(
            "select source_id, device_uid, created_wall_at, expires_wall_at from source_tokens"
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


def _source(
    id_: int,
    name: str,
    enrols: bool,
    screening: dict[str, Any],
    rate_per_s: float | None,
    witnesses: bool,
    device_uid: str | None = None,
    until_wall_at: datetime | None = None,
) -> Source:
    overrides = ScreeningOverrides(**screening)
    return Source(id_, name, enrols, overrides, rate_per_s, witnesses, device_uid, until_wall_at)
