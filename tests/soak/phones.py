"""The drivers' phones, behind an SMS provider that can be away, slow or cut off."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg

FINE, AWAY, SLOW, CUT = "fine", "away", "slow", "cut"
_SLOW_S = 4.0
_LINK = re.compile(r"/d/([^\s?.]+)")
_LINKS_KEPT = 500
_GATEWAYS = """
[[gateway]]
name = "provider"
kind = "http"
method = "POST"
url = "http://127.0.0.1:{port}/send"
request_id = "soak-{{id}}"
rate_per_s = 200
window = 20

[gateway.json]
id = "{{request_id}}"
to = "{{phone}}"
text = "{{message}}"
"""


@dataclass
class Phones:
    """Takes messages by HTTP, each id once: a provider that drops repeats, and counts them.

    It is an `Inbox` to the player of the world, which reads what a message was about.
    """

    database_url: str = ""
    manner: str = FINE
    heard: Counter[int] = field(default_factory=Counter)
    """How often each message came, by its id."""
    links: list[str] = field(default_factory=list)
    port: int = 0
    _fresh: list[tuple[int, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: dict[str, Any]) -> None:
        """Take a message in."""
        number = int(body["id"].removeprefix("soak-"))
        with self._lock:
            self.heard[number] += 1
            if self.heard[number] == 1:
                self._fresh.append((number, body["to"]))
            for code in _LINK.findall(body["text"]):
                self.links.append(code)
            del self.links[:-_LINKS_KEPT]

    def read(self) -> list[dict[str, Any]]:
        """Return what came since the last time, with what each was about; raises psycopg errors."""
        with self._lock:
            fresh = dict(self._fresh)
        if not fresh:
            return []
        with psycopg.connect(self.database_url, connect_timeout=5) as conn:
            rows = conn.execute(
                "select id, kind, params->>'gate', created_at from outbox"
                " where id = any(%s) order by id",
                [list(fresh)],
            ).fetchall()
        with self._lock:
            self._fresh = [one for one in self._fresh if one[0] not in fresh]
        return [
            {"id": number, "to": fresh[number], "kind": kind, "gate": gate, "at": at.isoformat()}
            for number, kind, gate, at in rows
        ]

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """Listen on the loopback address while the context lasts."""
        phones = self

        class Provider(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                manner = phones.manner
                if manner == AWAY:
                    self._say(503)
                    return
                if manner == SLOW:
                    time.sleep(_SLOW_S)
                phones.take(body)
                if manner == CUT:  # taken, and nobody hears of it
                    self.close_connection = True
                    return
                self._say(200)

            def _say(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        server.daemon_threads = True
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, name="phones")
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def write_gateways(self, folder: Path) -> Path:
        """Write the file of gateways that names this provider."""
        path = folder / "gateways.toml"
        path.write_text(_GATEWAYS.format(port=self.port), encoding="utf-8")
        return path
