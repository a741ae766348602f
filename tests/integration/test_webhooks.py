"""Signed heads of the ledger go out to a real receiver, which may err, move or be away."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import psycopg
import pytest
from border import KEYS, SECRET, Border, after, border
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sending import deliver_due

from flowctl.errors import FlowctlError
from flowctl.ledger.entries import Entry, Kind
from flowctl.ledger.signing import read_signed
from flowctl.notify.webhooks import (
    PARAMS,
    check_url,
    delivering,
    new_secret,
    sign,
)
from flowctl.registry.keys import derive_keys, encrypt_secret
from flowctl.settings import Settings
from flowctl.storage import webhooks
from flowctl.storage.ledger import append
from flowctl.storage.ledger_heads import sign_head

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
WALL = datetime(2026, 1, 5, 8, tzinfo=UTC)
TROUBLE = "select trouble from webhook_deliveries where trouble is not null"


@dataclass
class Receiver:
    """Somebody outside: answers with the statuses it is given, then with 204.

    ``meanwhile`` is what happens while the sender waits for the answer.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    meanwhile: Callable[[], object] = bool


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    outside = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            outside.seen.append(({k.lower(): v for k, v in self.headers.items()}, body))
            outside.meanwhile()
            status = outside.answers.pop(0) if outside.answers else 204
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", f"{outside.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        outside.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield outside
        server.shutdown()
        thread.join()


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def hook(place: Border, url: str) -> str:
    """Add a receiver; returns its secret."""
    secret = new_secret()
    cipher = encrypt_secret(KEYS, secret)
    webhooks.add_webhook(
        place.conn, "lang_son", url=url, secret_cipher=cipher, by="the test", now=after(0)
    )
    return secret


def record_and_sign(place: Border, minute: float = 1) -> None:
    entry = Entry(Kind.CLOSED, after(minute), gate="tan_thanh")
    with place.conn.transaction():
        append(place.conn, "lang_son", "default", [entry], now=after(minute))
        sign_head(place.conn, "lang_son", KEY, now=after(minute))


def deliver(place: Border, wall_now: datetime = WALL) -> bool:
    return deliver_due(place.conn, "lang_son", wall_now)


def due_at(place: Border, moment: datetime) -> None:
    """Let what waits be due at a moment of the tests."""
    place.conn.execute("update webhook_deliveries set next_wall_at = %s", [moment])


def states(place: Border) -> list[tuple[str, int]]:
    return place.conn.execute(
        "select state, attempts from webhook_deliveries order by id"
    ).fetchall()


def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Check a message as its receiver would, by the standard's own words."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    due = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(headers["webhook-signature"], f"v1,{due}")


def test_the_signature_is_that_of_the_standards_own_example():
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signed_head_arrives_and_proves_who_sent_it(lang_son: Border, receiver: Receiver):
    secret = hook(lang_son, receiver.url)
    record_and_sign(lang_son)
    due_at(lang_son, WALL)
    assert deliver(lang_son)
    [(headers, body)] = receiver.seen
    assert is_genuine(secret, headers, body)
    assert not is_genuine(new_secret(), headers, body)
    assert headers["webhook-timestamp"] == str(int(WALL.timestamp()))
    said = json.loads(body)
    assert said["type"] == "ledger.head"
    head = read_signed(json.dumps(said["data"]).encode(), where="the webhook")
    assert (head.site, head.key) == ("lang_son", KEY.public_key().public_bytes_raw())
    assert states(lang_son) == [("sent", 1)]
    assert not deliver(lang_son, WALL + timedelta(days=1))


def test_a_receiver_that_fails_twice_gets_the_same_message_again(
    lang_son: Border, receiver: Receiver
):
    hook(lang_son, receiver.url)
    record_and_sign(lang_son)
    due_at(lang_son, WALL)
    receiver.answers = [500, 500]
    moments = [0, 9, 10, 49, 50]  # tried at once, after 10 s, after 40 s more
    tried = [deliver(lang_son, WALL + timedelta(seconds=s)) for s in moments]
    assert tried == [True, False, True, False, True]
    assert {headers["webhook-id"] for headers, _ in receiver.seen} == {
        receiver.seen[0][0]["webhook-id"]
    }
    assert len(receiver.seen) == 3
    assert states(lang_son) == [("sent", 3)]


def test_nothing_of_the_database_is_held_while_a_receiver_takes_its_time(
    lang_son: Border, receiver: Receiver, database: str
):
    hook(lang_son, receiver.url)
    record_and_sign(lang_son)
    due_at(lang_son, WALL)
    held = []

    def look() -> None:
        with psycopg.connect(database) as other:
            other.execute("select from webhook_deliveries for update nowait")
            [sender] = other.execute(
                "select state from pg_stat_activity where pid = %s",
                [lang_son.conn.info.backend_pid],
            ).fetchall()
            held.append(sender)
        with psycopg.connect(database, autocommit=True) as other:
            claim = webhooks.claim_delivery(
                other, "lang_son", wall_now=WALL, until=WALL, attempts=PARAMS.attempts
            )
            held.append(claim)

    receiver.meanwhile = look
    assert deliver(lang_son)
    assert held == [("idle",), None], "it is claimed, and no transaction is open"
    assert states(lang_son) == [("sent", 1)]


def test_a_senders_claim_runs_out_when_it_is_killed_and_the_tries_are_bounded_all_the_same(
    lang_son: Border, receiver: Receiver
):
    hook(lang_son, receiver.url)
    record_and_sign(lang_son)
    due_at(lang_son, WALL)
    lease, moment = timedelta(seconds=PARAMS.lease_s), WALL

    def die(wall_now: datetime) -> bool:
        """Claim as a sender does that ends before it writes down what came of it."""
        claim = webhooks.claim_delivery(
            lang_son.conn,
            "lang_son",
            wall_now=wall_now,
            until=wall_now + lease,
            attempts=PARAMS.attempts,
        )
        return claim is not None

    assert die(moment)
    assert not deliver(lang_son, moment + lease - timedelta(seconds=1))
    for _ in range(PARAMS.attempts - 2):
        moment += lease
        assert die(moment)
    assert deliver(lang_son, moment + lease)
    assert states(lang_son) == [("sent", PARAMS.attempts)]
    lang_son.conn.execute("update webhook_deliveries set state = 'waiting'")
    due_at(lang_son, WALL)
    assert not die(WALL)
    assert states(lang_son) == [("dead", PARAMS.attempts)]
    assert len(receiver.seen) == 1


def test_a_receiver_that_is_away_for_days_is_given_up_and_tried_again_on_demand(
    lang_son: Border, receiver: Receiver
):
    away = receiver.url.replace(receiver.url.rpartition(":")[2], "9")  # nobody listens there
    hook(lang_son, away)
    record_and_sign(lang_son)
    due_at(lang_son, WALL)
    moment, tries = WALL, 0
    while states(lang_son)[0][0] == "waiting":
        tries += deliver(lang_son, moment)
        moment += timedelta(minutes=10)
    assert tries == PARAMS.attempts
    assert timedelta(hours=12) < moment - WALL < timedelta(hours=24)
    [shown] = webhooks.list_webhooks(lang_son.conn, "lang_son")
    assert (shown.dead, shown.waiting, shown.sent) == (1, 0, 0)
    assert "ConnectError" in str(shown.trouble)
    lang_son.conn.execute("update webhooks set url = %s", [receiver.url])
    revived = webhooks.revive_deliveries(lang_son.conn, "lang_son", shown.id, wall_now=moment)
    assert revived == 1
    assert deliver(lang_son, moment)
    assert [state for state, _ in states(lang_son)] == ["sent"]


@pytest.mark.parametrize(("status", "state"), [(302, "waiting"), (410, "dead"), (404, "waiting")])
def test_no_redirect_is_followed_and_who_is_gone_is_left_alone(
    lang_son: Border, receiver: Receiver, status: int, state: str
):
    hook(lang_son, receiver.url)
    record_and_sign(lang_son)
    due_at(lang_son, WALL)
    receiver.answers = [status]
    assert deliver(lang_son)
    assert len(receiver.seen) == 1
    assert states(lang_son) == [(state, 1)]
    [shown] = webhooks.list_webhooks(lang_son.conn, "lang_son")
    assert str(status) in str(shown.trouble)


def test_each_receiver_has_its_own_message_and_a_removed_one_none(
    lang_son: Border, receiver: Receiver
):
    hook(lang_son, receiver.url)
    hook(lang_son, f"{receiver.url}/second")
    record_and_sign(lang_son)
    assert len(states(lang_son)) == 2
    webhooks.remove_webhook(lang_son.conn, "lang_son", 1)
    record_and_sign(lang_son, 2)
    due_at(lang_son, WALL)
    while deliver(lang_son):
        pass
    assert len(receiver.seen) == 2
    with pytest.raises(FlowctlError, match="There is no webhook 1"):
        webhooks.remove_webhook(lang_son.conn, "lang_son", 1)


def test_a_head_that_is_not_signed_does_not_go_out(lang_son: Border, receiver: Receiver):
    hook(lang_son, receiver.url)
    record_and_sign(lang_son)
    with lang_son.conn.transaction():
        sign_head(lang_son.conn, "lang_son", KEY, now=after(5))  # nothing new was recorded
    assert len(states(lang_son)) == 1


def test_a_secret_of_another_deployment_is_given_up_at_once(lang_son: Border, receiver: Receiver):
    foreign = derive_keys(type(SECRET)("another secret, which is forty letters long"))
    webhooks.add_webhook(
        lang_son.conn,
        "lang_son",
        url=receiver.url,
        secret_cipher=encrypt_secret(foreign, new_secret()),
        by="the test",
        now=after(0),
    )
    record_and_sign(lang_son)
    due_at(lang_son, WALL)
    assert deliver(lang_son)
    assert states(lang_son) == [("dead", 1)]
    assert receiver.seen == []


@pytest.mark.parametrize("url", ["https://256.1.1.1/in", "https://example..org/in"])
def test_an_address_nobody_can_post_to_holds_up_no_other_receiver(
    lang_son: Border, receiver: Receiver, url: str
):
    hook(lang_son, url)
    hook(lang_son, receiver.url)
    record_and_sign(lang_son)
    due_at(lang_son, WALL)
    assert deliver(lang_son)
    assert deliver(lang_son)
    assert states(lang_son) == [("waiting", 1), ("sent", 1)]


def test_what_arrived_or_was_given_up_is_forgotten_in_time(lang_son: Border, receiver: Receiver):
    for name in ("arrives", "gone", "away"):
        hook(lang_son, f"{receiver.url}/{name}")
    record_and_sign(lang_son)
    due_at(lang_son, WALL)
    receiver.answers = [204, 410, 500]
    while deliver(lang_son):
        pass
    assert [state for state, _ in states(lang_son)] == ["sent", "dead", "waiting"]
    kept = timedelta(days=PARAMS.kept_days)
    webhooks.drop_over_before(lang_son.conn, WALL + kept, kept=kept)
    assert len(states(lang_son)) == 3
    webhooks.drop_over_before(lang_son.conn, WALL + kept + timedelta(hours=1), kept=kept)
    assert [state for state, _ in states(lang_son)] == ["waiting"]


def test_events_go_out_beside_the_messages_to_drivers(
    lang_son: Border, receiver: Receiver, database: str
):
    hook(lang_son, receiver.url)
    record_and_sign(lang_son)
    settings = Settings(database_url=database, secret=SECRET, webhook_networks="127.0.0.0/8")
    with delivering(settings) as running:
        deadline = time.monotonic() + 20
        while not receiver.seen and time.monotonic() < deadline:
            assert not running.done()
            time.sleep(0.02)
    assert running.result() is None
    assert states(lang_son) == [("sent", 1)]


def test_nothing_is_posted_to_an_inner_network_that_is_not_allowed(
    lang_son: Border, receiver: Receiver, database: str
):
    hook(lang_son, receiver.url)
    record_and_sign(lang_son)
    with delivering(Settings(database_url=database, secret=SECRET)) as running:
        deadline = time.monotonic() + 20
        while not (trouble := lang_son.conn.execute(TROUBLE).fetchall()):
            assert time.monotonic() < deadline
            assert not running.done()
            time.sleep(0.02)
    assert receiver.seen == []
    assert "leads to 127.0.0.1, a machine of an inner network" in trouble[0][0]
    assert "FLOWCTL_WEBHOOK_NETWORKS" in trouble[0][0]


@pytest.mark.parametrize(
    "url",
    ["https://example.org/in", "http://127.0.0.1:8080/x", "http://[::1]/x", "http://localhost:1/"],
)
def test_https_and_this_machine_may_be_posted_to(url: str):
    assert check_url(url) == url


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://example.org/in", "is not https"),
        ("http://10.0.0.7/in", "is not https"),
        ("http://127.0.0.1.example.org/", "is not https"),
        ("ftp://example.org/", "is no address"),
        ("https:///in", "is no address"),
        ("https://example.org:port/", "is no address"),
        ("https://me:secret@example.org/", "carries a user or password"),
        ("https://[::1", "is no address"),
        ("https://256.1.1.1/in", "is no address"),
        ("https://example..org/in", "is no address"),
        ("https://xn--/in", "is no address"),
        (f"https://{'a' * 64}.org/in", "is no address"),
        ("", "is no address"),
    ],
)
def test_other_addresses_are_refused_in_a_sentence(url: str, sentence: str):
    with pytest.raises(FlowctlError, match=sentence):
        check_url(url)
