"""The poster's process as its starter sees it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from flowctl.bench.load import LoadSpec, LoadState
from flowctl.errors import FlowctlError

_STOP_WAIT_S = 180.0


@dataclass(slots=True)
class LoadProcess:
    """A running poster; ``state`` is what it told last, at most a second ago."""

    process: "subprocess.Popen[bytes]"
    reader: threading.Thread
    log: Path
    state: LoadState

    def stop(self) -> None:
        """Ask it to begin no further post; those open are finished."""
        if self.process.poll() is None:
            self.process.terminate()

    def wait(self, timeout_s: float | None = None) -> LoadState:
        """Return what it has done in all.

        Raises
        ------
        FlowctlError
            It failed, or a server refused what it posted.
        """
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise FlowctlError(f"The load has not ended within {timeout_s} s.") from error
        self.reader.join()
        if code != 0 or not self.state.done:
            said = self.log.read_text(errors="replace")[-2000:]
            raise FlowctlError(f"The load failed (exit code {code}). It said:\n{said}")
        if self.state.stopped:
            raise FlowctlError(f"The load was refused: {self.state.stopped}")
        return self.state


@contextmanager
def posting(spec: LoadSpec, home: Path) -> Iterator[LoadProcess]:
    """Run a poster while the context lasts."""
    path = home / "load.json"
    path.write_bytes(msgspec.json.encode(spec))
    log = home / "load.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "flowctl.bench.load", str(path)],
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    running = LoadProcess(process, threading.Thread(), log, LoadState())

    def read() -> None:
        for line in process.stdout or ():
            running.state = msgspec.json.decode(line, type=LoadState)

    running.reader = threading.Thread(target=read, name="load", daemon=True)
    running.reader.start()
    try:
        yield running
    finally:
        running.stop()
        try:
            process.wait(_STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
        running.reader.join()
        if process.stdout is not None:
            process.stdout.close()
