"""Starts again what has ended, as an init system would, while a drill kills this and that."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flowctl.bench.machine import Machine
from flowctl.errors import FlowctlError

_POLL_S = 0.1
_PAUSE_S = 0.5
_BACK_WAIT_S = 60.0


@dataclass
class Supervisor:
    """Keeps a machine's parts running, except those a drill holds down."""

    machine: Machine
    ended_by_themselves: Counter[str] = field(default_factory=Counter)
    failure: FlowctlError | None = None
    _down: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread = threading.Thread(target=self._watch, name="supervisor")
        self._thread.start()
        try:
            yield
        finally:
            self.stop()

    def stop(self) -> None:
        """Let what ends from now on be gone."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_POLL_S):
            for name in list(self.machine.servers()):
                with self._lock:
                    server = self.machine.servers()[name]
                    if name in self._down or not server.has_ended():
                        continue
                    self.ended_by_themselves[name] += 1
                    server.stop()
                    if self._stop.wait(_PAUSE_S):
                        return
                    self._start(name)

    def _start(self, name: str) -> None:
        try:
            self.machine.start(name)
        except FlowctlError as error:
            self.failure = error

    @contextmanager
    def down(self, name: str) -> Iterator[None]:
        """Kill a part with SIGKILL and keep it down for as long as the context lasts."""
        with self._lock:
            self._down.add(name)
            self.machine.kill(name)
        try:
            yield
        finally:
            with self._lock:
                self._start(name)
                self._down.discard(name)

    def kill(self, name: str, *, for_s: float) -> None:
        """Kill a part with SIGKILL; it is back after ``for_s``."""
        with self.down(name):
            time.sleep(for_s)

    def wait_until_back(self, name: str) -> None:
        """Return once an API takes requests again; all else works as soon as it is started."""
        if name not in self.machine.apis:
            return
        deadline = time.monotonic() + _BACK_WAIT_S
        while not self.machine.answers(name):
            if time.monotonic() > deadline:
                raise FlowctlError(f"{name} did not come back within {_BACK_WAIT_S:.0f} s.")
            time.sleep(_POLL_S)
