"""What a practice takes from a real deployment: read once, in one snapshot, and nothing written."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from flowctl.errors import FlowctlError
from flowctl.local import in_database
from flowctl.settings import Settings
from flowctl.site import Site
from flowctl.site_files import SiteSource, parse_site
from flowctl.storage.account_copies import AccountCopy, list_account_copies
from flowctl.storage.policies import list_policies
from flowctl.storage.recorded_day import RecordedDay, read_day
from flowctl.storage.site_versions import find_source
from flowctl.storage.sites import get_site
from flowctl.storage.workflows import find_workflow, get_definition

DATABASE = "flowctl_practice"
_MARK = "made by flowctl practice, which drops it"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Copy:
    """A real day, the site it was at by the rules of that day, and who may sign in."""

    site: Site
    source: SiteSource
    day: RecordedDay
    accounts: list[AccountCopy]


def read_copy(settings: Settings, day: date | None, *, now: datetime) -> Copy:
    """Read a local day of a deployment; ``None`` is the day before ``now``.

    Raises
    ------
    FlowctlError
        The deployment is itself a practice, or its database is the practice's own.
    """
    refuse_own_database(settings)
    with psycopg.connect(settings.database_url) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        site = get_site(conn, settings.site)
        wanted = day or now.astimezone(site.timezone).date() - _DAY
        since = _midnight(wanted, site.timezone)
        if since > now:
            raise FlowctlError(f"{wanted} lies ahead; a practice copies a day that has been.")
        source = _source(conn, site.id, since)
        return Copy(
            site=parse_site(source, where=f"site {site.id} in the database"),
            source=source,
            day=read_day(conn, site.id, since=since, until=_midnight(wanted + _DAY, site.timezone)),
            accounts=list_account_copies(conn),
        )


def refuse_own_database(settings: Settings) -> None:
    """Raise a FlowctlError where a practice would read from, and then drop, itself."""
    if settings.practice is not None:
        raise FlowctlError(
            "This is a practice already: its settings are in force here. Leave that shell, and"
            " start a practice with the settings of the real deployment."
        )
    if urlsplit(settings.database_url).path == f"/{DATABASE}":
        raise FlowctlError(
            f"FLOWCTL_DATABASE_URL names the database {DATABASE}, which a practice makes and drops;"
            " it would be copied onto itself. Name the real deployment's database."
        )


def refuse_foreign_database(owner_url: str) -> None:
    """Raise a FlowctlError where a server has a database of our name that is not for us to drop."""
    with psycopg.connect(in_database(owner_url, "postgres")) as conn:
        found = conn.execute(
            "select shobj_description(oid, 'pg_database'),"
            " (select count(*) from pg_stat_activity where datname = d.datname)"
            " from pg_database d where datname = %s",
            [DATABASE],
        ).fetchone()
    if found is None:
        return
    if found[0] != _MARK:
        raise FlowctlError(
            f"The server has a database {DATABASE} that no practice made; rename it, or leave out"
            " --beside, so that the practice starts a server of its own."
        )
    if found[1]:
        raise FlowctlError(f"Another practice runs in {DATABASE} of this server; end that first.")


def mark_database(owner_url: str) -> None:
    """Note on the practice's database that it may be dropped."""
    with psycopg.connect(owner_url, autocommit=True) as conn:
        conn.execute(
            sql.SQL("comment on database {} is {}").format(sql.Identifier(DATABASE), _MARK)
        )


def drop_database(owner_url: str) -> None:
    """Remove everything a practice stored."""
    with psycopg.connect(in_database(owner_url, "postgres"), autocommit=True) as conn:
        conn.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(DATABASE))
        )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _source(conn: psycopg.Connection[Any], site: str, at: datetime) -> SiteSource:
    """Return the site's texts in force ``at`` a moment, and the rules of the order then.

    A site that was loaded later than that day is taken as it is now. Trips pass the stages of that
    day's workflow; fees are due where the site was loaded with them and with that workflow.
    """
    source = find_source(conn, site, at) or find_source(conn, site, None)
    if source is None:
        raise FlowctlError(f"The database holds no site {site}.")
    then = [one.definition for one in list_policies(conn, site) if one.valid_from <= at]
    flow = find_workflow(conn, site, at)
    workflow = "" if flow is None else get_definition(conn, site, flow[1].version)
    return replace(
        source,
        policy=then[-1] if then else "",
        workflow=workflow,
        fees=source.fees if workflow == source.workflow else "",
    )
