"""A real TimescaleDB (Apache edition) for tests: Debian 13's, in a directory of its own.

Debian 12 has no such package, and no container engine is needed: ``mmdebstrap`` lays the packages
out below ``.tools/timescale`` once, and ``chroot`` starts the server there.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from flowctl.server_process import DirectoryLock, ServerProcess, start_on_free_port

_TOOLS = Path(__file__).parent.parent / ".tools"
_BIN = "/usr/lib/postgresql/17/bin"
_NOBODY = "--userspec=65534:65534"  # the same number inside and outside
_LEFT_OUT = ("doc", "locale", "man", "info")
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    # Its scheduler would stay connected to a template, which then cannot be copied. The Apache
    # edition has no jobs it could run.
    "timescaledb.max_background_workers": "0",
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",  # see conftest
    "full_page_writes": "off",
    "jit": "off",
    "timezone": "UTC",
}


def find_obstacle() -> str | None:
    """Return why this machine cannot have the server, or None where it can."""
    if os.geteuid() != 0:
        return "TimescaleDB needs root: its server starts in a directory by chroot"
    if not (_TOOLS / "timescale").is_dir() and shutil.which("mmdebstrap") is None:
        return "TimescaleDB needs mmdebstrap (Debian: apt-get install mmdebstrap)"
    return None


def make_root() -> Path:
    """Return the directory with Debian 13 and TimescaleDB in it, made at the first call (40 s)."""
    root = _TOOLS / "timescale"
    _TOOLS.mkdir(exist_ok=True)
    with (_TOOLS / "timescale.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if root.is_dir():
            return root
        begun = _TOOLS / "timescale.begun"
        shutil.rmtree(begun, ignore_errors=True)
        left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT]
        # What is not finished is made anew, so dpkg need not wait for the disk: a third less time.
        packages = ["--variant=minbase", "--include=postgresql-17-timescaledb"]
        packages.append("--dpkgopt=force-unsafe-io")
        made = subprocess.run(
            ["mmdebstrap", "--quiet", *packages, *left_out, "trixie", begun],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            shutil.rmtree(begun, ignore_errors=True)
            raise RuntimeError(f"mmdebstrap could not lay out TimescaleDB:\n{made.stderr}")
        begun.rename(root)
    return root


@contextmanager
def running_timescale() -> Iterator[str]:
    """Yield the address of a running server, without a database's name, and stop it after."""
    root = make_root()
    home = Path(tempfile.mkdtemp(prefix="flowctl-", dir=root / "srv"))
    os.chown(home, 65534, 65534)
    inside = Path("/srv") / home.name
    lock = DirectoryLock(home)
    try:
        inside_root = [_chroot(), _NOBODY, str(root)]
        cluster = ["-D", f"{inside}/data"]
        options = ["--username=flowctl", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        subprocess.run(
            [*inside_root, f"{_BIN}/initdb", *cluster, *options, "--no-sync"],
            check=True,
            capture_output=True,
        )
        settings = [part for name, value in _OPTIONS.items() for part in ("-c", f"{name}={value}")]
        command = [*inside_root, f"{_BIN}/postgres", *cluster, *settings]

        def start(port: int) -> ServerProcess:
            line = [*command, "-p", str(port)]
            return ServerProcess(line, lock=lock, log=home / "server.log", user=None)

        server, port = start_on_free_port(start, answers)
        try:
            yield address(port)
        finally:
            server.stop()
    finally:
        lock.close()
        shutil.rmtree(home)


def _chroot() -> str:
    return shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin") or "chroot"


def address(port: int) -> str:
    """Return where a server of the tests is, without a database's name."""
    return f"postgresql://flowctl@127.0.0.1:{port}"


def answers(port: int) -> bool:
    """Tell whether a server takes connections."""
    try:
        psycopg.connect(f"{address(port)}/postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
