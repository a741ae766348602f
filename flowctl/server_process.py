"""A server that lives exactly as long as the process that started it.

The server holds a lock on its directory for as long as it runs, so a directory whose lock can be
taken has no server left on it, however the last run ended.
"""

import fcntl
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from flowctl.errors import FlowctlError

LOCK_WAIT_S = 10.0
"""How long a server of a run that was just killed may take to end."""
_READY_WAIT_S = 60.0
_STOP_WAIT_S = 30.0
_POLL_S = 0.02
_STARTS = 3
"""A free port can be taken by somebody else between our look and the server's bind."""
_LOG_TAIL_LINES = 15
# Reads until the pipe from us closes, which the kernel does however we die; SIGINT is the orderly
# stop of both PostgreSQL and Valkey.
_WATCH = 'read -r _; kill -INT "$0"'


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_reachable_by_others(path: Path) -> bool:
    """Whether a user without rights of his own may walk to ``path`` and into it."""
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


class DirectoryLock:
    """The right to run a server on a directory; the server inherits it and keeps it alive."""

    def __init__(self, directory: Path, *, wait_s: float = LOCK_WAIT_S) -> None:
        self._path = directory / "server.lock"
        self.fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    pid = self._path.read_text().strip() or "unknown"
                    os.close(self.fd)
                    raise FlowctlError(
                        f"{directory} is in use by a running server (process {pid}). "
                        "Stop the flowctl that started it, or name another state directory."
                    ) from error
                time.sleep(_POLL_S)
            else:
                return

    def record(self, pid: int) -> None:
        """Write who runs here, for the sentence that a second run is refused with."""
        os.truncate(self.fd, 0)
        os.pwrite(self.fd, f"{pid}\n".encode(), 0)

    def close(self) -> None:
        """Let go of our hold; a server that inherited the lock still keeps it."""
        os.close(self.fd)


class ServerProcess:
    """One running server and the watcher that stops it when this process is gone."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        lock: DirectoryLock,
        log: Path,
        user: str | None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        account = None if user is None else pwd.getpwnam(user)
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the terminal reaches us alone: we stop the stores last.
                start_new_session=True,
                pass_fds=(lock.fd,),
                env=env,
                user=None if account is None else account.pw_uid,
                group=None if account is None else account.pw_gid,
                extra_groups=None if account is None else [],
            )
        lock.record(self._process.pid)
        self._watcher = subprocess.Popen(  # noqa: S603 - a constant script and a number
            ["/bin/sh", "-c", _WATCH, str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Whether the server is gone, by itself or because somebody killed it."""
        return self._process.poll() is not None

    def log_tail(self) -> str:
        """Return the last lines the server wrote, for an error's sentence."""
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL_LINES:])

    def stop(self, wait_s: float = _STOP_WAIT_S) -> None:
        """End the server in an orderly way, by force only if it does not answer; idempotent.

        It is asked twice, and has ``wait_s`` each time.
        """
        for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.has_ended():
                break
            self._process.send_signal(sign)
            try:
                self._process.wait(wait_s)
            except subprocess.TimeoutExpired:
                continue
        # A start script that had to be killed leaves its server behind, in the same group.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._watcher.kill()
        self._watcher.communicate()


def start_on_free_port(
    start: Callable[[int], ServerProcess],
    answers: Callable[[int], bool],
    *,
    port: int | None = None,
) -> tuple[ServerProcess, int]:
    """Start a server on a port that is free and return both once it answers.

    Parameters
    ----------
    start
        Starts the server on the given port.
    answers
        Whether the server on the given port is ready.
    port
        The port of a server that comes back to where its clients look for it; None: any.

    Raises
    ------
    FlowctlError
        The server ended at once, three times, or never answered; with what it said.
    """
    for _ in range(_STARTS):
        chosen = free_port() if port is None else port
        server = start(chosen)
        try:
            if _becomes_ready(server, chosen, answers):
                return server, chosen
        except BaseException:
            server.stop()
            raise
        server.stop()
    raise FlowctlError(f"A store of this machine does not start. It said:\n{server.log_tail()}")


def _becomes_ready(server: ServerProcess, port: int, answers: Callable[[int], bool]) -> bool:
    deadline = time.monotonic() + _READY_WAIT_S
    while not server.has_ended() and time.monotonic() < deadline:
        # Another program may answer at the port while ours fails to bind it.
        if answers(port) and not server.has_ended():
            return True
        time.sleep(_POLL_S)
    return False
