"""Somebody outside who answers slowly, without end, or not at all."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Way = Literal["drips", "endless", "silent", "resets"]
_EVERY_S = 0.05


class SlowReceiver:
    """Takes connections on a port of this machine, and ends none of its own will.

    It ``drips`` a byte of an answer's head now and then, pours an ``endless`` body after a good
    status, is ``silent``, or ``resets`` what it took. ``held`` is how many connections it has,
    ``taken`` how many it had in all, and ``poured`` the bytes sent.
    """

    def __init__(self, way: Way) -> None:
        self.way = way
        self.held = self.taken = self.poured = 0
        self._over = threading.Event()
        self._counting = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._door.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._take)]
        self._threads[0].start()

    def let_go(self) -> None:
        """End everything."""
        self._over.set()
        # Whoever accepts is woken by a caller.
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join()
        self._door.close()

    def _take(self) -> None:
        while not self._over.is_set():
            line, _ = self._door.accept()
            if self._over.is_set():
                line.close()
                return
            self._threads.append(threading.Thread(target=self._serve, args=[line]))
            self._threads[-1].start()

    def _serve(self, line: socket.socket) -> None:
        self._count(1)
        try:
            line.recv(1 << 16)
            line.settimeout(_EVERY_S)
            if self.way == "resets":
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif self.way == "silent":
                self._wait_until_left(line)
            elif self.way == "drips":
                line.sendall(b"HTTP/1.1 200 OK\r\nx-slow: ")
                while not self._over.wait(_EVERY_S):
                    line.sendall(b"x")
            else:
                line.sendall(b"HTTP/1.1 201 Created\r\n\r\n")
                self._pour(line)
        except OSError:
            pass  # the caller left
        finally:
            line.close()
            self._count(-1)

    def _wait_until_left(self, line: socket.socket) -> None:
        while not self._over.is_set():
            try:
                if not line.recv(1 << 16):
                    return
            except TimeoutError:
                continue

    def _pour(self, line: socket.socket) -> None:
        while not self._over.is_set():
            try:
                self.poured += line.send(bytes(1 << 16))
            except TimeoutError:
                continue

    def _count(self, by: int) -> None:
        with self._counting:
            self.held += by
            self.taken += by > 0


@contextmanager
def slow_receiver(way: Way) -> Iterator[SlowReceiver]:
    """Run one, until the block ends."""
    slow = SlowReceiver(way)
    try:
        yield slow
    finally:
        slow.let_go()
