"""The versions of a site's rules at rest: added when loaded, never changed."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import psycopg
from psycopg.rows import class_row

from flowctl.errors import SiteError
from flowctl.ledger.entries import Entry, Kind
from flowctl.policy import Policy
from flowctl.site import Site
from flowctl.site_files import POLICY, parse_policy
from flowctl.storage import ledger

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version as loaded; ``definition`` is the file's text, empty where a site had none."""

    version: str
    valid_from: datetime
    definition: str
    loaded_at: datetime


def add_policy(conn: Connection, site: Site, definition: str, *, now: datetime) -> None:
    """Enter the version that a site was loaded with, and record it in the ledger if it is new.

    Raises
    ------
    SiteError
        The version was loaded before with another text, is not the site's newest, or would hold
        over hours that were decided by another.
    """
    policy = site.policy
    known = {one.version: one for one in list_policies(conn, site.id)}
    newest = max(known.values(), key=lambda one: one.valid_from, default=None)
    same = known.get(policy.version)
    if same is not None and same.definition != definition:
        raise SiteError(
            f"{POLICY} of {site.id}: version {policy.version} was loaded on"
            f" {_local(site, same.loaded_at)} with another text; what was decided by it must stay"
            " readable, so give the changed rules a new version and a later valid_from."
        )
    if newest is not None and newest is not same and policy.valid_from <= newest.valid_from:
        raise SiteError(
            f"{POLICY} of {site.id}: version {policy.version} holds from"
            f" {_local(site, policy.valid_from)}, but version {newest.version}, from"
            f" {_local(site, newest.valid_from)} on, was loaded already; to put other rules in its"
            " place give them a new version and a later valid_from."
        )
    if same is not None:
        return
    if newest is not None and policy.valid_from < now and _has_decided(conn, site.id):
        raise SiteError(
            f"{POLICY} of {site.id}: version {policy.version} holds from"
            f" {_local(site, policy.valid_from)}, and it is {_local(site, now)} now; what was"
            " decided in between went by other rules, so give it a valid_from that lies ahead."
        )
    conn.execute(
        "insert into policies (site, version, valid_from, definition, loaded_at)"
        " values (%s, %s, %s, %s, %s)",
        [site.id, policy.version, policy.valid_from, definition, now],
    )
    entry = policy_entry(policy, definition, now)
    in_force = find_policy(conn, site.id, now) or Policy()
    ledger.append(conn, site.id, in_force.version, [entry], now=now)


def _has_decided(conn: Connection, site: str) -> bool:
    """Tell whether the ledger holds anything but which rules were loaded."""
    row = conn.execute(
        "select from ledger where site = %s and kind <> %s limit 1", [site, Kind.POLICY]
    ).fetchone()
    return row is not None


def policy_entry(policy: Policy, definition: str, now: datetime) -> Entry:
    """Return what the ledger says of a loaded version: from when on it holds, and its text's hash.

    It is recorded when it is loaded and not when it comes into force, so that nobody can say
    afterwards that other rules had been meant.
    """
    return Entry(
        Kind.POLICY,
        now,
        details={
            "version": policy.version,
            "valid_from": policy.valid_from.isoformat(),
            "sha256": sha256(definition.encode()).hexdigest(),
        },
    )


def list_policies(conn: Connection, site: str) -> list[PolicyVersion]:
    """Return every version that was loaded, in the order in which they come into force."""
    with conn.cursor(row_factory=class_row(PolicyVersion)) as cursor:
        return cursor.execute(
            "select version, valid_from, definition, loaded_at from policies"
            " where site = %s order by valid_from",
            [site],
        ).fetchall()


def find_policy(conn: Connection, site: str, now: datetime) -> Policy | None:
    """Return the rules in force at a moment; None before the first version holds."""
    row = conn.execute(
        "select definition from policies where site = %s and valid_from <= %s"
        " order by valid_from desc limit 1",
        [site, now],
    ).fetchone()
    return None if row is None else parse_policy(row[0], where=f"site {site} in the database")


def _local(site: Site, moment: datetime) -> str:
    return moment.astimezone(site.timezone).isoformat(sep=" ", timespec="minutes")
