"""The end of a soak: everything comes to rest, is counted, and is held to its bounds."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import psycopg
import redis
from soak import bounds, tally
from soak.gauges import table_rows
from soak.lines import Lines, read_logs
from soak.run import SPEED, Soak, units

from flowctl.bench.watching import drain
from flowctl.errors import FlowctlError

_REST_S = 300.0
_QUIET_S = 5.0
_MOST_ENTRIES = 50_000
_SHOWN = 12


@dataclass(frozen=True)
class Outcome:
    """What a soak came to; it passed where nothing failed."""

    figures: dict[str, Any]
    failures: list[str]


def conclude(soak: Soak) -> Outcome:
    """Let everything come to rest, count, and hold what was read to its bounds."""
    soak.tell("waiting until everything is stored and told")
    failures = _come_to_rest(soak)
    settings = soak.machine.settings
    with psycopg.connect(settings.database_url, autocommit=True) as conn:
        rows = table_rows(conn)
        fixes = tally.count_fixes(conn, soak.border.said.keys)
        messages = tally.count_messages(conn, soak.phones.heard)
        impossible = tally.list_impossible(conn)
        pids = [server.pid for server in soak.machine.servers().values()]
        dead = tally.list_dead_holders(conn, settings.site, pids)
    with psycopg.connect(settings.database_url) as conn:
        ledger, fault = tally.find_ledger_fault(conn, settings.site)
    soak.supervisor.stop()
    names = [*soak.machine.apis, *soak.machine.workers, *soak.machine.others]
    lines = read_logs(soak.machine.home, names)
    failures += _of_fixes(fixes) + _of_messages(messages)
    failures += [] if fault is None else [f"the ledger: {fault}"]
    failures += [f"{n} {what}" for what, n in impossible.items()]
    failures += [f"{name} holds a lease and is no process any more" for name in dead]
    failures += _of_parts(soak) + _of_answers(soak) + _of_lines(lines)
    grown = bounds.list_growing(soak.middle, rows, _since_middle(soak))
    failures += [f"a table grows: {one}" for one in grown]
    more = {t: n - soak.middle.get(t, 0) for t, n in sorted(rows.items())}
    soak.tell(f"rows more since the middle: { {t: n for t, n in more.items() if n} }")
    soak.tell(f"by {_since_middle(soak)}")
    slopes, steep = _slopes(soak)
    failures += steep + _of_gauges(soak, fixes.stored)
    return Outcome(
        {
            "minutes": round(soak.seconds / 60, 1),
            "speed": SPEED,
            "fixes": fixes.acknowledged,
            "fixes_stored": fixes.stored,
            "fixes_aside": dict(fixes.aside),
            "lost": fixes.lost,
            "doubled": fixes.doubled,
            "trips": soak.border.said.trips,
            "ledger_rows": ledger,
            "kills": soak.mishaps.kills,
            "mishaps": dict(sorted(soak.mishaps.counts.items())),
            "restarts": dict(soak.supervisor.ended_by_themselves),
            "answers": dict(sorted(soak.readers.seen.answers.items())),
            "frames": soak.readers.seen.frames,
            "asked_again": dict(soak.border.way.again),
            "mem_slope_mb_h": slopes,
            "tables_growing": grown,
            "errors_unexpected": len(lines.unexpected),
            "log": dict(lines.counts.most_common(_SHOWN)),
            **{f"messages_{state}": n for state, n in messages.states.items()},
            "messages_unheard": messages.unheard,
            "messages_repeated": messages.repeated,
            "failures": len(failures),
        },
        failures,
    )


def _come_to_rest(soak: Soak) -> list[str]:
    """Wait until every fix is stored and every message told; returns what is not."""
    settings = soak.machine.settings
    failures = []
    try:
        drain(settings.database_url, settings.valkey_url, within_s=_REST_S)
    except (FlowctlError, psycopg.OperationalError, redis.RedisError) as error:
        failures.append(f"positions still wait: {error}")
    deadline = time.monotonic() + _REST_S
    with psycopg.connect(settings.database_url, autocommit=True) as conn:
        # New ones are written meanwhile, for domain time goes on: a moment without any is enough.
        while left := tally.count_overdue(conn, soak.border.clock.now()):
            if time.monotonic() > deadline:
                failures.append(f"{left} messages still wait for their turn")
                break
            time.sleep(0.5)
    time.sleep(_QUIET_S)
    return failures


def _of_fixes(fixes: tally.Fixes) -> list[str]:
    failures = []
    if fixes.lost or fixes.doubled:
        failures.append(f"{fixes.lost} fixes are lost, {fixes.doubled} stored twice")
    if fixes.overcounted:
        failures.append(f"{fixes.overcounted} fixes more are counted as stored than are")
    if not fixes.acknowledged:
        failures.append("no fix was acknowledged: the run shows nothing")
    return failures


def _of_messages(messages: tally.Messages) -> list[str]:
    failures = []
    if messages.unheard:
        failures.append(f"{messages.unheard} messages are called sent, and nobody heard them")
    if messages.unwritten:
        failures.append(f"{messages.unwritten} messages were heard, and are not called sent")
    if not messages.states.get("sent"):
        failures.append("no message was sent: the run shows nothing of messages")
    return failures


def _of_parts(soak: Soak) -> list[str]:
    failures = [
        f"{name} ended by itself {n} times"
        for name, n in sorted(soak.supervisor.ended_by_themselves.items())
        if not name.startswith("controller")  # one that lost the site ends, and says so in its log
    ]
    if soak.supervisor.failure is not None:
        failures.append(f"a part could not be started again: {soak.supervisor.failure}")
    return failures


def _of_answers(soak: Soak) -> list[str]:
    said = soak.border.said
    failures = [f"the border: {one}" for one in said.trouble[:_SHOWN]]
    failures += [f"refused {n} times: {what}" for what, n in said.refused.most_common(_SHOWN)]
    bad = Counter(
        f"{what} ({soak.mishaps.excuses(at) or 'all was well'})"
        for at, what in soak.readers.seen.bad
    )
    failures += [f"answered {n} times: {what}" for what, n in bad.most_common(_SHOWN)]
    if not soak.readers.seen.frames:
        failures.append("no console heard a frame")
    return failures


def _of_lines(lines: Lines) -> list[str]:
    found = Counter(lines.unexpected)
    return [f"in a log, {n} times: {what}" for what, n in found.most_common(_SHOWN)]


def _since_middle(soak: Soak) -> dict[str, float]:
    return {unit: n - soak.middle_units.get(unit, 0.0) for unit, n in units(soak).items()}


def _slopes(soak: Soak) -> tuple[dict[str, float], list[str]]:
    """Return how memory grows by process over the second half (MB/h), and who grows too much."""
    watched = bounds.second_half(soak.gauges.readings)
    slopes, failures = {}, []
    for part in sorted(soak.machine.servers()):
        found = bounds.growth(watched, part)
        if found is None:
            continue
        slopes[part] = found.slope_mb_h
        takes_over = part.startswith("controller") and found.grown_mb <= bounds.TAKES_OVER_MB
        if part not in bounds.STORES and not found.is_flat and not takes_over:
            failures.append(
                f"{part} grew by {found.grown_mb} MB on {found.median_mb:.0f} MB in the second half"
            )
    return slopes, failures


def _of_gauges(soak: Soak, stored: int) -> list[str]:
    """Hold files, connections, streams and the size of fixes to their bounds."""
    watched = bounds.second_half(soak.gauges.readings)
    failures = [f"open files: {one}" for one in bounds.list_leaks([r.files for r in watched])]
    failures += [
        f"connections: {one}" for one in bounds.list_leaks([r.connections for r in watched])
    ]
    last = next(r for r in reversed(soak.gauges.readings) if r.stream_entries is not None)
    if last.stream_entries is not None and last.stream_entries > _MOST_ENTRIES:
        failures.append(f"the streams hold {last.stream_entries:,} entries and are not trimmed")
    if last.store_mb is not None and last.store_mb > bounds.STORE_MB:
        failures.append(f"Valkey holds {last.store_mb:.0f} MB")
    size = last.tables.get("fixes", 0) / max(1, stored)
    if stored > bounds.ENOUGH_FIXES and size > bounds.BYTES_PER_FIX:
        failures.append(f"a fix takes {size:.0f} bytes, and {bounds.BYTES_PER_FIX:.0f} are allowed")
    return failures
