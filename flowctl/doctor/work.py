"""What the processes do with it: site and rules, beats, lags, messages, gateways, backups.

And whether what they closed opens with the secret that is set.
"""

import asyncio
from collections.abc import Iterator

from flowctl.alive import SILENCE
from flowctl.clock import clock
from flowctl.doctor.database import Asked
from flowctl.doctor.findings import Finding, Looks, good, warning, wrong
from flowctl.errors import NotFoundError
from flowctl.registry.keys import derive_keys
from flowctl.registry.rotation import try_each
from flowctl.settings import Settings
from flowctl.storage.gateway_states import list_states
from flowctl.storage.heartbeats import BACKUP
from flowctl.storage.measures import count_open_messages, list_beat_ages, list_partitions
from flowctl.storage.policies import find_policy
from flowctl.storage.sites import get_site
from flowctl.telemetry.backlog import Waiting, list_waiting
from flowctl.telemetry.store import connect

OPENED = "what the secret opens"
LAG = "ingest lag"
NEEDED = ("ingest", "controller", "notify")
"""The processes without which a gate stops."""
MOST_LAG_S = 30.0
MOST_DUE_S = 300.0
OLDEST_BACKUP_H = 26
"""A backup a day, and two hours for it."""


def _site(asked: Asked) -> Iterator[Finding]:
    chosen = asked.chosen
    now = clock(chosen.clock_file).now()
    try:
        site = get_site(asked.conn, chosen.site, now)
    except NotFoundError as error:
        yield wrong("site", str(error), f"flowctl site load data/sites/{chosen.site}")
        return
    yield good("site", f"{site.id} is loaded, and its files are fit for use.")
    there = asked.one(
        "select extract(epoch from timestamp '2026-07-01 12:00' at time zone %s)::float8",
        site.timezone.key,
    )
    noon = now.replace(2026, 7, 1, 12, 0, 0, 0, site.timezone)
    if there != (noon.timestamp(),):
        yield wrong(
            "time zones",
            f"The database and this machine read a clock of {site.timezone.key} differently.",
            "renew tzdata on both, and restart them",
        )
    else:
        yield good("time zones", f"{site.timezone.key} is the same to the database and to us.")
    policy = find_policy(asked.conn, site.id, now)
    if policy is None:
        yield wrong("policy", "No rules are in force now.", "flowctl policy load FILE")
    else:
        yield good("policy", f"The rules {policy.version} are in force.")


def _beats(asked: Asked) -> Iterator[Finding]:
    ages = list_beat_ages(asked.conn)
    for process in [*NEEDED, *sorted(set(ages) - {*NEEDED, BACKUP})]:
        age_s = ages.get(process)
        if age_s is None:
            yield wrong(process, "It has never worked here.", f"start it: flowctl {process}")
        elif age_s > SILENCE.total_seconds():
            state = wrong if process in NEEDED else warning
            mend = "look at its log, and start it anew"
            yield state(process, f"It was last heard of {age_s / 60:,.0f} minutes ago.", mend)
        else:
            yield good(process, f"It worked {age_s:.0f} s ago.")


def _partitions(asked: Asked) -> Iterator[Finding]:
    partitions = list_partitions(asked.conn)
    left = [one.partition for one in partitions if (one.lease_left_s or -1) < 0]
    if left:
        yield wrong(
            "partitions",
            f"Nobody takes in what {len(left)} of {len(partitions)} partitions hold.",
            "start flowctl ingest",
        )
    elif partitions:
        owners = {one.owner for one in partitions}
        yield good("partitions", f"All {len(partitions)} have a worker ({len(owners)} of them).")


def _messages(asked: Asked) -> Iterator[Finding]:
    dead = count_open_messages(asked.conn)["dead"]
    [due_s] = asked.one(
        "select coalesce(extract(epoch from clock_timestamp() - min(next_wall_at)), 0)::float8"
        " from outbox where state = 'waiting'"
    )
    if due_s > MOST_DUE_S:
        yield wrong(
            "messages",
            f"The oldest could have been sent {due_s / 60:,.0f} minutes ago.",
            "see that flowctl notify works and a gateway takes messages",
        )
    else:
        yield good("messages", f"The oldest that is due waits {max(0.0, due_s):.0f} s.")
    if dead:
        yield warning("messages", f"{dead} were given up.", "flowctl message list --state dead")


def _gateways(asked: Asked) -> Iterator[Finding]:
    for one in list_states(asked.conn, asked.chosen.site):
        name = f"gateway {one.gateway}"
        if one.state == "open":
            yield good(name, "It takes messages.")
        else:
            # What a gateway said may name a phone; who looks after it finds it on the page.
            yield warning(
                name,
                f"It is {one.state} since {one.changed_wall_at:%Y-%m-%d %H:%M} UTC.",
                "look at the log of notify; flowctl gateway list says what it answered",
            )


def _backup(asked: Asked) -> Iterator[Finding]:
    age_s = list_beat_ages(asked.conn).get(BACKUP)
    every = "flowctl backup DIR every day, by cron or a timer, and a copy elsewhere"
    if age_s is None:
        yield warning("backup", "None was ever made of this database.", every)
    elif age_s > OLDEST_BACKUP_H * 3600:
        yield warning("backup", f"The newest is {age_s / 86400:,.1f} days old.", every)
    else:
        yield good("backup", f"The newest is {age_s / 3600:,.1f} hours old.")


LOOKS: Looks[Asked] = (
    ("site", _site),
    ("processes", _beats),
    ("partitions", _partitions),
    ("messages", _messages),
    ("gateways", _gateways),
    ("backup", _backup),
)


def look_at_secret(asked: Asked, chosen: Settings) -> Iterator[Finding]:
    """Open one of each kind of what is stored closed: after a restore the secret may be another."""
    tried = list(try_each(asked.conn, derive_keys(chosen.secret, chosen.old_secrets)))
    shut = [what for what, opens in tried if not opens]
    if not tried:
        yield good(OPENED, "Nothing closed by it is stored yet, so it could not be tried.")
    elif shut:
        part = "" if len(shut) == len(tried) else "all of "
        yield wrong(
            OPENED,
            f"This is not the secret {part}the database was written with: neither FLOWCTL_SECRET"
            f" nor one of FLOWCTL_OLD_SECRETS opens {', '.join(shut)}.",
            "stop the processes before they write with a second one, and give FLOWCTL_SECRET (in"
            " compose secrets/flowctl_secret) the one kept beside the backup; if this one wrote"
            " something meanwhile, name it in FLOWCTL_OLD_SECRETS and run: flowctl key rotate",
        )
    else:
        yield good(OPENED, f"It opens what is stored: {', '.join(what for what, _ in tried)}.")


def look_at_lag(asked: Asked, valkey_url: str) -> Iterator[Finding]:
    """Compare what the streams hold with what was committed; both stores answer."""
    committed = {one.partition: one.last_id for one in list_partitions(asked.conn)}
    waiting = asyncio.run(_waiting(valkey_url, committed)) if committed else {}
    entries = sum(one.entries for one in waiting.values())
    oldest_s = max((one.oldest_s for one in waiting.values()), default=0.0)
    said = f"{entries} entries wait to be taken in, the oldest for {oldest_s:.0f} s."
    if oldest_s > MOST_LAG_S:
        yield wrong(LAG, said, "see that flowctl ingest works, or start another one")
    else:
        yield good(LAG, said)


async def _waiting(url: str, committed: dict[int, str]) -> dict[int, Waiting]:
    store = connect(url)
    try:
        return await list_waiting(store, committed)
    finally:
        await store.aclose()
