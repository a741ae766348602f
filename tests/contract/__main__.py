"""``make contract``: everybody tries every operation for some minutes; exit code 0 if all holds."""

import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import structlog
from api_server import RunningApi
from contract.callers import callers
from contract.drill import Outcome, Plan, try_all
from contract.world import lively
from psycopg import sql
from two_roles import of_processes

from flowctl.embedded import start_postgres, start_valkey
from flowctl.storage.migrate import migrate

_NAME = "contract"


@contextmanager
def _world() -> Iterator[RunningApi]:
    with tempfile.TemporaryDirectory(prefix="flowctl-contract-") as name:
        state = Path(name)
        state.chmod(0o711)
        with (
            start_postgres(state, durable=False, own=True) as postgres,
            start_valkey(state, own=True) as valkey,
        ):
            server = postgres.owner_url.rpartition("/")[0]
            with psycopg.connect(f"{server}/postgres", autocommit=True) as conn:
                conn.execute(sql.SQL("create database {}").format(sql.Identifier(_NAME)))
            url = f"{of_processes(server)}/{_NAME}"
            migrate(url, f"{server}/{_NAME}")
            with lively(url, valkey.url, state) as api:
                yield api


def main() -> int:
    """Try everything as everybody; print what broke, and the figures as JSON at the end.

    Arguments, for looking closer: ``fuzzing,coverage:20``, and the names of who is to ask.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began, outcome = time.monotonic(), Outcome(_tell)
    wanted = set(sys.argv[2:])
    phases, _, requests = sys.argv[1].partition(":") if len(sys.argv) > 1 else ("", "", "")
    plan = Plan(tuple(phases.split(",")) if phases else Plan().phases, int(requests or 10))
    with _world() as api:
        for who in callers(api):
            if wanted and who.name not in wanted:
                continue
            before = outcome.requests
            try_all(api, who, plan, outcome)
            _tell(f"[{time.monotonic() - began:5.0f} s] {who.name}: {outcome.requests - before}")
    figures = {
        "operations": len(outcome.operations),
        "requests": outcome.requests,
        "statuses": {str(status): outcome.statuses[status] for status in sorted(outcome.statuses)},
        "failures": outcome.by_check,
        "seconds": round(time.monotonic() - began),
    }
    _tell(json.dumps(figures))
    return 1 if outcome.failures else 0


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
