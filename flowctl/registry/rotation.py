"""Renewal of what former secrets closed: set by set, counted, and begun again at any time.

What opens with the secret in force is left as it is, so that a renewal that was broken off goes on
where it was. A driver's answers keep their hash with his number: both change in one transaction.

What is not renewed: cookies, sessions and keys of sources are stored as plain hashes and need none;
passes, one-time codes and parts of texts last a day at most; a document that is sent a second time
is known again only by the secret it came under; browsers are pushed to under the key they were told
of, and are told of the new one when their page is opened.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from flowctl.errors import ConflictError, FlowctlError
from flowctl.registry.keys import (
    Keys,
    decrypt_answer,
    decrypt_own,
    decrypt_phone,
    decrypt_push,
    decrypt_secret,
    decrypt_totp,
    encrypt_answer,
    encrypt_own,
    encrypt_phone,
    encrypt_push,
    encrypt_secret,
    encrypt_totp,
    hash_phone,
    unwrap_key,
    wrap_key,
)

Connection = psycopg.Connection[Any]
_AT_ONCE = 500

Open = Callable[[Keys, bytes, str], bytes]
Close = Callable[[Keys, bytes, str], bytes]


@dataclass(frozen=True, slots=True)
class Renewed:
    """What came of a set: how many were renewed, need nothing, and open with no secret given."""

    what: str
    renewed: int
    current: int
    lost: int


@dataclass(frozen=True, slots=True)
class _Set:
    """A column of ciphers.

    ``select`` yields key, place and cipher of so many rows after a key, at first ``first``;
    ``update`` takes the new cipher, the key and the former cipher.
    """

    what: str
    first: object
    select: LiteralString
    update: LiteralString
    opened: Open
    closed: Close


def _texts(decrypt: Callable[[Keys, bytes], str]) -> Open:
    return lambda keys, cipher, _place: decrypt(keys, cipher).encode()


def _text(encrypt: Callable[[Keys, str], bytes]) -> Close:
    return lambda keys, plain, _place: encrypt(keys, plain.decode())


def _opened_form(keys: Keys, cipher: bytes, place: str) -> bytes:
    return decrypt_own(keys.form_ciphers, cipher, place)


def _closed_form(keys: Keys, plain: bytes, place: str) -> bytes:
    return encrypt_own(keys.form_cipher, plain, place)


_NO_ID = UUID(int=0)
_NUMBERS = "numbers of drivers"
_OLDEST_NUMBER: LiteralString = (
    "select phone_cipher from drivers where phone_cipher is not null order by id limit 1"
)
_SETS = (
    _Set(
        "keys of persons",
        0,
        "select id, 'driver ' || id, data_key from drivers where id > %s and data_key is not null"
        " order by id limit %s",
        "update drivers set data_key = %s where id = %s and data_key = %s",
        lambda keys, cipher, place: unwrap_key(keys.person_wraps, cipher, place),
        lambda keys, plain, place: wrap_key(keys.person_wrap, plain, place),
    ),
    _Set(
        "keys of documents",
        _NO_ID,
        "select id, 'document ' || id, data_key from documents where id > %s"
        " and data_key is not null order by id limit %s",
        "update documents set data_key = %s where id = %s and data_key = %s",
        lambda keys, cipher, place: unwrap_key(keys.document_wraps, cipher, place),
        lambda keys, plain, place: wrap_key(keys.document_wrap, plain, place),
    ),
    _Set(
        "answers by SMS",
        0,
        "select id, '', cipher from sms_answers where id > %s order by id limit %s",
        "update sms_answers set cipher = %s where id = %s and cipher = %s",
        _texts(decrypt_answer),
        _text(encrypt_answer),
    ),
    _Set(
        "secrets of webhooks",
        0,
        "select id, '', secret_cipher from webhooks where id > %s order by id limit %s",
        "update webhooks set secret_cipher = %s where id = %s and secret_cipher = %s",
        _texts(decrypt_secret),
        _text(encrypt_secret),
    ),
    _Set(
        "secrets of signed messages",
        0,
        "select id, '', hook_cipher from sources where id > %s and hook_cipher is not null"
        " order by id limit %s",
        "update sources set hook_cipher = %s where id = %s and hook_cipher = %s",
        _texts(decrypt_secret),
        _text(encrypt_secret),
    ),
    _Set(
        "addresses of browsers",
        b"",
        "select endpoint_hash || int8send(trip_id), '', cipher from push_subscriptions"
        " where endpoint_hash || int8send(trip_id) > %s"
        " order by endpoint_hash || int8send(trip_id) limit %s",
        "update push_subscriptions set cipher = %s"
        " where endpoint_hash || int8send(trip_id) = %s and cipher = %s",
        _texts(decrypt_push),
        _text(encrypt_push),
    ),
    _Set(
        "authenticators",
        "",
        "select name, '', totp_cipher from accounts where name > %s and totp_cipher is not null"
        " order by name limit %s",
        "update accounts set totp_cipher = %s where name = %s and totp_cipher = %s",
        _texts(decrypt_totp),
        _text(encrypt_totp),
    ),
    _Set(
        "drafts",
        _NO_ID,
        "select id, 'draft ' || id || ' of ' || account, cipher from drafts where id > %s"
        " and length(cipher) > 0 order by id limit %s",
        "update drafts set cipher = %s where id = %s and cipher = %s",
        _opened_form,
        _closed_form,
    ),
    _Set(
        "templates",
        0,
        "select id, 'template ' || name || ' of ' || account, cipher from templates where id > %s"
        " order by id limit %s",
        "update templates set cipher = %s where id = %s and cipher = %s",
        _opened_form,
        _closed_form,
    ),
    _Set(
        "tables of trips",
        0,
        "select id, 'import of ' || account, cipher from imports where id > %s"
        " order by id limit %s",
        "update imports set cipher = %s where id = %s and cipher = %s",
        _opened_form,
        _closed_form,
    ),
)


def renew(conn: Connection, keys: Keys) -> Iterator[Renewed]:
    """Close anew what former secrets closed; yields what came of each set as it is done.

    ``conn`` is in no transaction: each few hundred rows are one of their own.
    """
    yield _renew_numbers(conn, keys)
    for each in _SETS:
        yield _renew_set(conn, keys, each)


def try_each(conn: Connection, keys: Keys) -> Iterator[tuple[str, bool]]:
    """Yield, of each set that holds anything, whether its first cipher opens; writes nothing."""
    row = conn.execute(_OLDEST_NUMBER).fetchone()
    if row is not None:
        yield _NUMBERS, _opens(keys, bytes(row[0]), "", _texts(decrypt_phone))
    for each in _SETS:
        row = conn.execute(each.select, [each.first, 1]).fetchone()
        if row is not None:
            _, place, cipher = row
            yield each.what, _opens(keys, bytes(cipher), place, each.opened)


def adopt_number(conn: Connection, keys: Keys, phone: str) -> None:
    """Let a driver who stands under a former hash stand under that in force, in a transaction."""
    for former in keys.former:
        _rehash(conn, hash_phone(former, phone), hash_phone(keys, phone))


def _renew_numbers(conn: Connection, keys: Keys) -> Renewed:
    counts, after = [0, 0, 0], 0
    while True:
        with conn.transaction():
            rows = conn.execute(
                "select id, phone_cipher, phone_hash from drivers where id > %s"
                " and phone_cipher is not null order by id limit %s for update",
                [after, _AT_ONCE],
            ).fetchall()
            for driver, cipher, known_by in rows:
                after = driver
                found = _anew(keys, bytes(cipher), "", _texts(decrypt_phone), _text(encrypt_phone))
                counts[0 if isinstance(found, bytes) else found] += 1
                if isinstance(found, bytes):
                    conn.execute(
                        "update drivers set phone_cipher = %s where id = %s", [found, driver]
                    )
                    current = hash_phone(keys, decrypt_phone(keys, found))
                    _rehash_alone(conn, driver, known_by, current)
        if not rows:
            return Renewed(_NUMBERS, *counts)


def _rehash_alone(conn: Connection, driver: int, former: bytes, current: bytes) -> None:
    try:
        _rehash(conn, former, current)
    except psycopg.errors.UniqueViolation as error:
        raise ConflictError(
            f"The number of driver {driver} stands there twice: it was entered anew while"
            " FLOWCTL_OLD_SECRETS did not name the secret it was under. Erase the one without an"
            " active trip (flowctl person erase), and run this again."
        ) from error


def _rehash(conn: Connection, former: bytes, current: bytes) -> None:
    conn.execute("update drivers set phone_hash = %s where phone_hash = %s", [current, former])
    conn.execute("update sms_answers set phone_hash = %s where phone_hash = %s", [current, former])


def _renew_set(conn: Connection, keys: Keys, each: _Set) -> Renewed:
    counts, after = [0, 0, 0], each.first
    while True:
        with conn.transaction():
            rows = conn.execute(each.select + " for update", [after, _AT_ONCE]).fetchall()
            for key, place, cipher in rows:
                after = key
                found = _anew(keys, bytes(cipher), place, each.opened, each.closed)
                counts[0 if isinstance(found, bytes) else found] += 1
                if isinstance(found, bytes):
                    conn.execute(each.update, [found, key, cipher])
        if not rows:
            return Renewed(each.what, *counts)


def _opens(keys: Keys, cipher: bytes, place: str, opened: Open) -> bool:
    try:
        opened(keys, cipher, place)
    except FlowctlError:
        return False
    return True


def _anew(keys: Keys, cipher: bytes, place: str, opened: Open, closed: Close) -> bytes | int:
    """Return a cipher under the secret in force; 1 where it is that already, 2 where none opens."""
    if _opens(replace(keys, former=()), cipher, place, opened):
        return 1
    try:
        return closed(keys, opened(keys, cipher, place), place)
    except FlowctlError:
        return 2
