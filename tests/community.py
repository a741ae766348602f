"""A real TimescaleDB (Community edition) for tests: PGlite's, compiled to WebAssembly, in Node.js.

The code is TimescaleDB's own; what it lacks is company. One session serves all connections to a
database, in turns by transaction, so that locks, waiting and `pg_stat_activity` cannot be tried
here, and no background worker runs a policy (`call run_job(…)` does).
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from timescale import address, answers

from flowctl.server_process import DirectoryLock, ServerProcess, start_on_free_port

_ROOT = Path(__file__).parent.parent
_BRIDGE = _ROOT / "tests/pglite/bridge.mjs"
_LEAST_NODE = (20, 19)


def find_obstacle() -> str | None:
    """Return why this machine cannot have the server, or None where it can."""
    if find_node() is None:
        return "TimescaleDB Community needs Node.js 20.19 or newer; make test fetches one"
    if not (_BRIDGE.parent / "node_modules").is_dir():
        return "TimescaleDB Community needs its npm package; make test-packages installs it"
    return None


@contextmanager
def running_community(home: Path) -> Iterator[str]:
    """Yield the address of a running server, without a database's name, and stop it after.

    Parameters
    ----------
    home
        Takes the server's log; made if missing.
    """
    home.mkdir(exist_ok=True)
    lock = DirectoryLock(home)

    def start(port: int) -> ServerProcess:
        command = [find_node() or "node", _BRIDGE, str(port)]
        return ServerProcess(command, lock=lock, log=home / "server.log", user=None)

    try:
        server, port = start_on_free_port(start, answers)
        try:
            yield address(port)
        finally:
            server.stop()
    finally:
        lock.close()


def find_node() -> str | None:
    """Return the Node.js that `scripts/with_node` would choose, if there is one already."""
    for program in (shutil.which("node"), str(_ROOT / ".tools/node/bin/node")):
        if program is not None and Path(program).exists() and _version(program) >= _LEAST_NODE:
            return program
    return None


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
