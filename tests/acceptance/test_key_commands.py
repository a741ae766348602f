"""The deployment's secret is changed while people work, and the former one is forgotten."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from border import KEYS, MORNING, SECRET, Border, border
from command_line import run_command
from pydantic import SecretStr

from flowctl.errors import FlowctlError
from flowctl.notify.webhooks import new_secret
from flowctl.registry import drafts, hooks
from flowctl.registry.answers import Order, take_answer
from flowctl.registry.claims import open_by_phone, send_code_of_phone
from flowctl.registry.documents import Paper, keep_document, list_of
from flowctl.registry.keys import (
    Keys,
    decrypt_own,
    decrypt_push,
    decrypt_secret,
    decrypt_totp,
    derive_keys,
    encrypt_own,
    encrypt_push,
    encrypt_secret,
    encrypt_totp,
    find_trip_of_code,
    gateway_token,
    is_gateway_token,
    link_code,
    login_digits,
)
from flowctl.registry.rotation import try_each
from flowctl.registry.rules import Declaration
from flowctl.registry.sealed import Sealing
from flowctl.registry.sources import add_source
from flowctl.registry.trips import register
from flowctl.state import Cargo, Direction
from flowctl.storage.documents import Owner

PHONE = "+84903123456"
NEW = SecretStr("another secret of the tests, as long as it")
BOTH = derive_keys(NEW, SECRET)
NEW_ALONE = derive_keys(NEW)


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def rotate(database: str, *, secret: SecretStr = NEW, old: str | None = None, code: int = 0) -> str:
    env = {
        "FLOWCTL_SECRET": secret.get_secret_value(),
        "FLOWCTL_DATABASE_URL": database,
        "FLOWCTL_OLD_SECRETS": SECRET.get_secret_value() if old is None else old,
    }
    done = run_command("key", "rotate", env=env, code=code)
    return done.stderr if code else done.stdout


def closed_things(place: Border) -> int:
    """Put one of everything into the tables that a secret closes; returns the trip."""
    trip = place.trip(phone=PHONE, driver_name="Nguyễn Văn Ánh", licence="790123", consent=True)
    conn, site = place.conn, place.site
    sealing = Sealing(KEYS, uuid4())
    sealing.add(b"%PDF-1.4 a paper")
    keep_document(
        conn,
        KEYS,
        "lang_son",
        Owner(trip_id=trip),
        sealing.finish(),
        kind=Paper.INVOICE,
        name="giấy tờ.pdf",
        said_type="",
        by="operator",
        now=MORNING,
    )
    drafts.save_draft(conn, site, KEYS, uuid4(), {"a": 1}, revision=0, account="h", now=MORNING)
    drafts.save_template(
        conn, site, KEYS, "usual", {"b": 2}, customer=None, account="h", now=MORNING
    )
    take_answer(
        conn, site, KEYS, phone=PHONE, text="?", gateway="g", ref="1", order=Order(), now=MORNING
    )
    add_source(conn, name="bank", scopes=set())
    hooks.open_hook(conn, KEYS, "bank", new_secret())
    conn.execute(
        "insert into webhooks (site, url, secret_cipher, events, created_by, created_at)"
        " values ('lang_son', 'https://a.example', %s, '{}', 'x', %s)",
        [encrypt_secret(KEYS, "whsec_x"), MORNING],
    )
    conn.execute(
        "insert into imports (site, account, cipher, made_at) values ('lang_son', 'h', %s, %s)",
        [encrypt_own(KEYS.form_cipher, b"{}", "import of h"), MORNING],
    )
    conn.execute(
        "insert into push_subscriptions values (%s, 0, %s, %s, %s)",
        [trip, b"e", encrypt_push(KEYS, "{}"), MORNING],
    )
    conn.execute(
        "insert into accounts (name, role, password_hash, person, post, totp_cipher)"
        " values ('an', 'operator', 'x', 'An', 'Post', %s)",
        [encrypt_totp(KEYS, "JBSWY3DP")],
    )
    return trip


def read_all(place: Border, keys: Keys, trip: int) -> None:
    """Open each of these things, as the processes do."""
    conn, site = place.conn, place.site
    [document] = list_of(conn, keys, Owner(trip_id=trip), scanned=False)
    assert document.name == "giấy tờ.pdf"
    assert [one.form for one in drafts.list_drafts(conn, site, keys, "h")] == [{"a": 1}]
    assert [one.form for one in drafts.list_templates(conn, site, keys, "h")] == [{"b": 2}]
    [(cipher,)] = conn.execute("select cipher from imports").fetchall()
    assert decrypt_own(keys.form_ciphers, cipher, "import of h") == b"{}"
    for query, decrypt in (
        ("select secret_cipher from webhooks", decrypt_secret),
        ("select hook_cipher from sources where hook_cipher is not null", decrypt_secret),
        ("select cipher from push_subscriptions", decrypt_push),
        ("select totp_cipher from accounts where name = 'an'", decrypt_totp),
    ):
        [(cipher,)] = conn.execute(query).fetchall()  # type: ignore[call-overload]
        assert decrypt(keys, cipher)


def person_of(place: Border, keys: Keys, database: str, old: str = "") -> dict[str, object]:
    """Return what is kept of the driver of the number, by the command that hands it out."""
    [(driver,)] = place.conn.execute("select id from drivers").fetchall()
    env = {"FLOWCTL_DATABASE_URL": database, "FLOWCTL_OLD_SECRETS": old}
    secret = NEW if keys is not KEYS else SECRET
    env["FLOWCTL_SECRET"] = secret.get_secret_value()
    told: dict[str, object] = json.loads(
        run_command("person", "export", str(driver), env=env, code=0).stdout
    )
    return {name: told[name] for name in told.keys() - {"made_at", "accesses"}}


def test_all_that_a_former_secret_closed_opens_before_while_and_after_it_is_renewed(
    lang_son: Border, database: str
):
    trip = closed_things(lang_son)
    with pytest.raises(FlowctlError, match="FLOWCTL_OLD_SECRETS"):
        read_all(lang_son, NEW_ALONE, trip)
    read_all(lang_son, BOTH, trip)
    for keys, opens in ((KEYS, True), (NEW_ALONE, False), (BOTH, True)):
        tried = dict(try_each(lang_son.conn, keys))
        assert set(tried.values()) == {opens}
        assert len(tried) == 11, "one of everything"
    told = person_of(lang_son, BOTH, database, SECRET.get_secret_value())
    table = rotate(database)
    assert "numbers of drivers" in table
    read_all(lang_son, BOTH, trip)
    read_all(lang_son, NEW_ALONE, trip)
    assert person_of(lang_son, NEW_ALONE, database) == told
    assert told["phone"] == PHONE
    with pytest.raises(FlowctlError):
        read_all(lang_son, KEYS, trip)
    query = "select after from audit where act = 'key.rotate'"
    [(after,)] = lang_son.conn.execute(query).fetchall()
    assert set(after.values()) == {1}, "one of everything"
    assert len(after) == 11


def test_a_renewal_that_was_broken_off_goes_on_and_a_second_one_finds_nothing(
    lang_son: Border, database: str
):
    for _ in range(3):
        lang_son.trip()
    with lang_son.conn.transaction():
        lang_son.conn.execute("update drivers set phone_cipher = phone_cipher where id = 1")
    assert rotate(database).split("numbers of drivers")[1].split("\n")[0].count("3") == 1
    again = rotate(database).split("numbers of drivers")[1].split("\n")[0]
    assert [word for word in again.split() if word.isdigit()] == ["0", "3", "0"]


def test_what_no_secret_given_opens_is_counted_and_left_as_it_is(lang_son: Border, database: str):
    lang_son.trip()
    before = lang_son.conn.execute("select phone_cipher, phone_hash from drivers").fetchall()
    other = "a third secret that never closed anything"
    assert "open with none of the secrets given" in rotate(database, old=other, code=1)
    assert lang_son.conn.execute("select phone_cipher, phone_hash from drivers").fetchall() == (
        before
    )


def test_without_a_former_secret_there_is_nothing_to_renew(database: str):
    assert "names no former secret" in rotate(database, old="", code=1)


def test_links_codes_and_gateways_of_before_are_good_until_the_former_secret_is_left_out(
    lang_son: Border,
):
    trip = lang_son.trip(phone=PHONE)
    former = link_code(KEYS, trip, 0)
    assert find_trip_of_code(BOTH, former) == (trip, 0)
    assert find_trip_of_code(NEW_ALONE, former) is None
    assert is_gateway_token(BOTH, "g", gateway_token(KEYS, "g"))
    assert not is_gateway_token(NEW_ALONE, "g", gateway_token(KEYS, "g"))
    conn, site, wall = lang_son.conn, lang_son.site, datetime.now(UTC)
    assert send_code_of_phone(conn, site, BOTH, PHONE, now=MORNING, wall_now=wall)
    [(login,)] = conn.execute("select id::text from logins").fetchall()
    digits = login_digits(KEYS, login)  # as a sender that has not heard of the new one writes it
    opened = open_by_phone(conn, site, BOTH, PHONE, digits, now=MORNING, wall_now=wall)
    assert opened is not None
    assert [one.code for one in opened] == [link_code(NEW_ALONE, trip, 0)]


def test_a_number_is_one_driver_whichever_secret_it_was_entered_under(lang_son: Border):
    lang_son.trip(phone=PHONE)
    wish = Declaration(
        plate="12C77777",
        phone=PHONE,
        language="vi",
        direction=Direction.EXPORT,
        cargo=Cargo.NORMAL,
        gates=("tan_thanh",),
        ready_at=MORNING,
    )
    register(lang_son.conn, lang_son.site, BOTH, wish, by="the test", now=MORNING)
    drivers = lang_son.conn.execute("select count(*) from drivers").fetchone()
    assert drivers == (1,)


def test_a_number_that_stands_there_twice_is_named(lang_son: Border, database: str):
    lang_son.trip(phone=PHONE)
    with psycopg.connect(database) as conn:
        wish = Declaration(
            plate="12C77777",
            phone=PHONE,
            language="vi",
            direction=Direction.EXPORT,
            cargo=Cargo.NORMAL,
            gates=("tan_thanh",),
            ready_at=MORNING,
        )
        register(conn, lang_son.site, NEW_ALONE, wish, by="the test", now=MORNING)
    assert "stands there twice" in rotate(database, code=1)
