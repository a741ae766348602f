"""Officers of the five agencies in a played day, who work through their lists over HTTP.

Each has an account and a session of his own and knows what his list shows. When he has looked at a
truck is drawn; that these agencies check so fast is assumed, for nothing was published about it.
What is due is paid to the tax desk in cash, as soon as it asks for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

import httpx
import numpy as np

from flowctl.posting import refusal_of
from simulations.streams import stream

ROUND = timedelta(minutes=5)
"""How often an officer looks at his list: assumed."""

MINUTES: Mapping[str, tuple[float, float]] = {
    "border_guard": (1.0, 3.0),
    "customs": (2.0, 7.0),
    "health_quarantine": (2.0, 6.0),
    "plant_quarantine": (3.0, 8.0),
    "tax": (5.0, 9.0),
}
"""How long after a truck's arrival a desk has looked at it, least and most, drawn evenly: assumed.
Checks in no fixed order took 2 to 5 h in the two journeys that were published, most of it waiting.
"""

GOODS: Mapping[str, tuple[str, ...]] = {
    "perishable": ("fresh_fruit", "vegetables"),
    "reefer": ("seafood", "fresh_fruit"),
    "normal": ("dry_farm", "timber", "textiles", "electronics", "building"),
}
"""Which classes of goods trucks of a cargo are declared with, in equal shares: assumed."""

# What is confirmed here opens what is looked at there: one round goes through all of it.
_WAY = (
    "border_guard",
    "customs",
    "health_quarantine",
    "plant_quarantine",
    "customs",
    "tax",
    "customs",
    "border_guard",
)
_FIRST = frozenset({"border_guard", "customs"})
_TILL = "tax"
_AT_ONCE = 200  # what the API takes in one request
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Officer:
    """Who sits at a desk, and what he signs in with."""

    desk: str
    account: str
    password: str


@dataclass(slots=True)
class _Post:
    """An officer at work: his session."""

    officer: Officer
    client: httpx.Client

    def ask(self, method: str, path: str, **how: Any) -> Any:  # noqa: ANN401 - JSON
        """Return what is answered, and raise a FlowctlError where it is a refusal."""
        answer = self.send(method, path, **how)
        if not answer.is_success:
            raise refusal_of(method, path, answer)
        return answer.json()

    def send(self, method: str, path: str, **how: Any) -> httpx.Response:  # noqa: ANN401 - as it is
        """Return the answer; who is not signed in, or not any more, signs in first."""
        answer = self.client.request(method, path, **how)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            who = {"account": self.officer.account, "password": self.officer.password}
            signed_in = self.client.post("/v1/sessions", json=who)
            if not signed_in.is_success:
                raise refusal_of("POST", "/v1/sessions", signed_in)
            answer = self.client.request(method, path, **how)
        return answer


@dataclass(slots=True)
class Agencies:
    """The desks of a site; where it has no workflow nobody has anything to do.

    Parameters
    ----------
    address
        Of the system that is played against.
    officers
        One a desk.
    seed
        Of what is drawn: how long each takes for each truck.
    by_hand
        Desks that are left to people: nobody is played there.
    transport
        How requests find their way, where that is another one than straight to the address.
    """

    address: str
    officers: Sequence[Officer]
    seed: int
    by_hand: frozenset[str] = frozenset()
    transport: httpx.BaseTransport | None = None
    confirmed: int = 0
    paid: int = 0
    _posts: dict[str, _Post] = field(default_factory=dict)
    _classes: dict[str, list[str]] | None = None
    _came: dict[int, datetime] = field(default_factory=dict)
    _next: datetime | None = None
    _left: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give everybody a browser of his own."""
        self._posts = {
            one.desk: _Post(
                one,
                httpx.Client(
                    base_url=self.address,
                    timeout=60,
                    headers={"X-Flowctl": "1"},
                    transport=self.transport,
                ),
            )
            for one in self.officers
        }

    def close(self) -> None:
        """Close the browsers."""
        for post in self._posts.values():
            post.client.close()

    def declare(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a declaration with what agencies go by: the class of goods and of weight."""
        known = self._known()
        fitting = [one for one in GOODS[body["cargo"]] if one in known["goods_classes"]]
        full = dict(body)
        if fitting:
            full["goods_class"] = fitting[crc32(body["plate"].encode()) % len(fitting)]
        if known["weight_classes"]:
            full["weight_class"] = known["weight_classes"][-1]  # mostly 40 ft: assumed
        return full

    def act(self, now: datetime) -> None:
        """Let everybody work through his list, where a round is due."""
        if self._next is not None and now < self._next:
            return
        self._next = now + ROUND
        if not self._known()["variants"]:
            return
        before, looked = self._done, set[str]()
        for desk in _WAY:
            if desk not in self._posts or desk in self.by_hand:
                continue
            # What comes to a desk comes with an arrival, or by what was confirmed before it; what
            # people confirm is not counted here.
            fresh = self._done > before or (desk in _FIRST and desk not in looked)
            if fresh or self.by_hand or self._left.get(desk, 1):
                self._left[desk] = self._work(desk, now)
                looked.add(desk)

    @property
    def _done(self) -> int:
        return self.confirmed + self.paid

    def _known(self) -> dict[str, list[str]]:
        """Return the ids of the workflow in force: none of anything where the site has none.

        ``paid`` are the stages that a payment confirms.
        """
        if self._classes is None:
            asked = next(iter(self._posts.values()), None)
            flow = None if asked is None else asked.ask("GET", "/v1/workflow")
            names = ("goods_classes", "weight_classes", "variants")
            self._classes = {
                name: [] if flow is None else [one["id"] for one in flow[name]] for name in names
            }
            stages = [
                one for way in (flow or {"variants": []})["variants"] for one in way["stages"]
            ]
            self._classes["paid"] = [one["id"] for one in stages if "paid" in one["proofs"]]
        return self._classes

    def _work(self, desk: str, now: datetime) -> int:
        """Confirm what this desk has looked at by now; returns how much it is still looking at."""
        post = self._posts[desk]
        listed = list(self._listed(post))
        due = [
            {"trip": row["trip"], "stage": row["stage"]}
            for row in listed
            if self._done_at(desk, row) <= now
        ]
        owing = self._known()["paid"] if desk == _TILL else []
        left = [
            one for one in due if one["stage"] not in owing or not self._is_taken(post, one, now)
        ]
        for some in (left[at : at + _AT_ONCE] for at in range(0, len(left), _AT_ONCE)):
            answer = post.ask(
                "POST",
                "/v1/work/bulk",
                json={"desk": desk, "act": "confirmed", "items": some},
                headers={"Idempotency-Key": str(self._key(desk, now, some[0]))},
            )
            self.confirmed += len(answer["done"])
        return len(listed) - len(due)

    def _is_taken(self, post: _Post, asked: Mapping[str, Any], now: datetime) -> bool:
        """Take what a truck owes, in cash, which confirms its stage; False: it owes nothing.

        Where somebody else took money for it at this moment the next round looks again.
        """
        trip = asked["trip"]
        due_vnd = post.ask("GET", f"/v1/trips/{trip}/dues")["due_vnd"]
        if due_vnd <= 0:
            return False
        path, reference = f"/v1/trips/{trip}/payments", f"played {trip} {now:%Y-%m-%d %H:%M}"
        answer = post.send(
            "POST",
            path,
            json={"method": "cash", "reference": reference, "amount_vnd": due_vnd},
            headers={"Idempotency-Key": str(self._key(post.officer.desk, now, asked))},
        )
        if answer.is_success:
            self.paid += 1
        elif answer.status_code != httpx.codes.CONFLICT:
            raise refusal_of("POST", path, answer)
        return True

    def _listed(self, post: _Post) -> Iterator[dict[str, Any]]:
        """Yield what waits for this desk; what was refused or asked back is for people."""
        after: dict[str, str] = {}
        while True:
            page = post.ask(
                "GET", "/v1/work", params={"state": "ready", "limit": str(_PAGE), **after}
            )
            yield from page["rows"]
            if page["next"] is None:
                return
            after = {"after": page["next"]}

    def _done_at(self, desk: str, row: Mapping[str, Any]) -> datetime:
        """Return when a desk has looked at a truck, counted from when agencies saw it first."""
        trip, since = row["trip"], datetime.fromisoformat(row["since"])
        came = self._came.setdefault(trip, since)
        least, most = MINUTES[desk]
        minutes = stream(self.seed, f"agency/{desk}/{trip}").uniform(least, most)
        return came + timedelta(minutes=float(minutes))

    def _key(self, desk: str, now: datetime, first: Mapping[str, Any]) -> UUID:
        """Return the key of a request, the same for the same request of a played day."""
        purpose = f"{desk}/{now.isoformat()}/{first['trip']}/{first['stage']}"
        words = stream(self.seed, purpose).integers(0, 2**32, 4, dtype=np.uint32)
        return UUID(bytes=words.tobytes(), version=4)
