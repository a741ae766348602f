"""A customs office's own system, as far as the border needs one: the reference partner.

It is a process of its own with its own store (SQLite), and knows the border by its API alone, as
``/v1/openapi.json`` describes it: it hears of changes by signed webhooks, pulls declarations by a
cursor, says what its papers know, and confirms its stages by keys of its own. Whatever kills it,
and whenever, it goes on from its store.

    python customs.py --api URL --key KEY --secret whsec_… --port N --store FILE
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

STAGES = ("customs_arrival", "customs_in_yard", "customs_out")
PAPERS = {"tôm": "seafood", "thanh long": "fresh_fruit"}
"""What the office's own papers say by the goods: the class by which it settles."""
TOLERANCE_S = 300
LOOK_EVERY_S = 1.0

SCHEMA = """
create table if not exists heard (message text primary key);
create table if not exists cursors (name text primary key, at text);
create table if not exists trips (trip integer primary key, goods text, done integer default 0);
create table if not exists words (key text primary key, trip integer, stage text, settled text,
    state text default 'waiting', said text);
"""


class Office:
    """The office's store, and what it does with the border."""

    def __init__(self, store: str, api: httpx.Client, *, dies_after: str | None) -> None:
        self._store, self._api, self._dies_after = store, api, dies_after
        self.woken = threading.Event()
        with self._db() as db:
            db.executescript(SCHEMA)

    def _db(self) -> sqlite3.Connection:
        return sqlite3.connect(self._store, timeout=10)

    def hear(self, message: str) -> None:
        """Note a message, which wakes the office; what it is about is pulled, not read from it."""
        with self._db() as db:
            db.execute("insert or ignore into heard values (?)", [message])
        self.woken.set()

    def work(self) -> None:
        """Pull what is new, say what the papers know, say what is due, until killed."""
        while True:
            self.woken.wait(LOOK_EVERY_S)
            self.woken.clear()
            try:
                self._pull()
                self._push()
            except httpx.TransportError:
                time.sleep(0.1)

    def _pull(self) -> None:
        more = True
        while more:
            with self._db() as db:
                row = db.execute("select at from cursors where name = 'declarations'").fetchone()
            asked = {} if row is None else {"after": row[0]}
            answer = self._api.get("/v1/partner/declarations", params=asked).raise_for_status()
            page = answer.json()
            for one in page["items"]:
                self._say_what_is_known(one)
            # Cursor and trips are written together: a page is pulled again, or it is all here.
            with self._db() as db:
                for one in page["items"]:
                    self._enter(db, one)
                db.execute(
                    "insert into cursors values ('declarations', ?)"
                    " on conflict (name) do update set at = excluded.at",
                    [page["next"]],
                )
            more = page["more"]

    def _say_what_is_known(self, one: dict[str, str]) -> None:
        known = PAPERS.get(one["goods"] or "")
        if known is not None and one["state"] == "active":
            item = {"trip": one["trip"], "facts": {"goods_class": known}}
            self._api.post("/v1/partner/facts", json={"items": [item]}).raise_for_status()

    def _enter(self, db: sqlite3.Connection, one: dict[str, str]) -> None:
        db.execute("insert or replace into trips values (?, ?, 0)", [one["trip"], one["goods"]])
        for stage in STAGES:
            settled = {"goods_class": PAPERS.get(one["goods"] or "", "other")}
            text = json.dumps(settled if stage == "customs_in_yard" else {})
            db.execute(
                "insert or ignore into words (key, trip, stage, settled) values (?, ?, ?, ?)",
                [f"{one['trip']}-{stage}", one["trip"], stage, text],
            )

    def _push(self) -> None:
        with self._db() as db:
            waiting = db.execute(
                "select key, trip, stage, settled from words where state = 'waiting' order by rowid"
            ).fetchall()
        if not waiting:
            return
        items = [
            {
                "key": key,
                "trip": trip,
                "stage": stage,
                "act": "confirmed",
                "settled": json.loads(settled),
            }
            for key, trip, stage, settled in waiting
        ]
        answer = self._api.post("/v1/partner/stages", json={"items": items}).raise_for_status()
        results = answer.json()["results"]
        said = [
            one["stage"]
            for one, result in zip(items, results, strict=True)
            if result["status"] == "done"
        ]
        if self._dies_after in said:
            os._exit(9)  # the border has it, and this store does not
        with self._db() as db:
            for item, result in zip(items, results, strict=True):
                over = result["status"] != "refused"
                db.execute(
                    "update words set state = ?, said = ? where key = ?",
                    ["over" if over else "waiting", result["status"], item["key"]],
                )


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Check a message by the standard's own words, and that it is fresh."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = headers.get("webhook-timestamp", "0")
    content = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    due = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")
    fresh = abs(time.time() - int(stamp)) <= TOLERANCE_S
    return fresh and any(hmac.compare_digest(one, f"v1,{due}") for one in given)


def serve(office: Office, secret: str, port: int) -> None:
    """Take messages until killed; one is answered once it is in the store."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            genuine = is_genuine(secret, headers, body)
            if genuine:
                office.hear(headers["webhook-id"])
            self.send_response(204 if genuine else 401)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def main() -> None:
    """Run the office."""
    asked = argparse.ArgumentParser()
    for name in ("api", "key", "secret", "store"):
        asked.add_argument(f"--{name}", required=True)
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--dies-after", help="Die once the border has this stage, for a test.")
    given = asked.parse_args()
    bearer = {"Authorization": f"Bearer {given.key}"}
    with httpx.Client(base_url=given.api, headers=bearer, timeout=10) as api:
        office = Office(given.store, api, dies_after=given.dies_after)
        threading.Thread(target=serve, args=(office, given.secret, given.port), daemon=True).start()
        office.woken.set()
        office.work()


if __name__ == "__main__":
    main()
