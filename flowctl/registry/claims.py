"""Which browser may act for a trip: the first that opens its link, later ones by a code.

A link can be passed on, so that seeing a trip by it is one thing and acting for it another. The
code of six digits goes by SMS to the number that was registered. It is derived from a random id
and stands neither in the database nor in the outbox.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from flowctl.errors import ConflictError
from flowctl.registry.accounts import hash_token
from flowctl.registry.keys import Keys, link_code, login_digits, phone_hashes
from flowctl.site import Site
from flowctl.storage import claims as stored
from flowctl.storage.claims import Connection, LinkState
from flowctl.storage.outbox import queue_message


@dataclass(frozen=True, slots=True)
class LoginParams:
    """How codes are guarded.

    A guesser who may try five times a number each quarter of an hour, growing, and thirty times an
    hour from one address, needs years for a millionth of a chance each (NIST SP 800-63B 5.1.3.2
    asks for at most ten minutes and for throttling).
    """

    lasts: timedelta = timedelta(minutes=5)
    """How long a code opens, wall time."""
    wrong_before_lock: int = 5
    first_lock: timedelta = timedelta(minutes=15)
    """Of a number after `wrong_before_lock` wrong codes; doubles with each further lock."""
    longest_lock: timedelta = timedelta(hours=16)
    codes_per_hour: int = 3
    codes_per_day: int = 10
    tries_per_address: int = 30
    """Wrong codes within an hour, and codes asked for within an hour, from one address."""
    least_answer: timedelta = timedelta(milliseconds=250)
    """Every answer takes at least so long, so that its time does not tell who is known."""
    ended_shown: timedelta = timedelta(hours=24)
    """So long a trip that is over is still found by its number, domain time."""


LOGIN = LoginParams()


@dataclass(frozen=True, slots=True)
class OpenedTrip:
    """A trip that a proved number opens; ``token`` is the browser's to keep, None where over."""

    trip_id: int
    code: str
    plate: str
    token: str | None


def claim_first(conn: Connection, trip_id: int, *, wall_now: datetime) -> str | None:
    """Let the first browser that asks act for a trip: its token, or None where another was first.

    In the caller's transaction; the claim ends with the trip and with its link.
    """
    token = secrets.token_urlsafe(32)
    first = stored.insert_first_claim(
        conn, trip_id, token_hash=hash_token(token), wall_now=wall_now
    )
    return token if first else None


def find_claim(conn: Connection, trip_id: int, token: str | None) -> LinkState:
    """Return whether a trip's present link was claimed, and whether by who holds this token."""
    return stored.find_link_state(conn, trip_id, None if token is None else hash_token(token))


def send_code_of_trip(
    conn: Connection, site: Site, trip_id: int, *, now: datetime, wall_now: datetime
) -> None:
    """Send a code to the number of a trip.

    Raises
    ------
    ConflictError
        The number is no longer kept.
    """
    _send_code(conn, site, trip_id, _driver_of(conn, site, trip_id), now=now, wall_now=wall_now)


def send_code_of_phone(
    conn: Connection, site: Site, keys: Keys, phone: str, *, now: datetime, wall_now: datetime
) -> bool:
    """Send a code to a number, if there is a trip of it to open; tells whether it was sent."""
    driver = stored.find_driver_of_phone(conn, phone_hashes(keys, phone))
    trips = _trips_of(conn, site, driver, now)
    if driver is None or not trips:
        return False
    _send_code(conn, site, trips[0].id, driver, now=now, wall_now=wall_now)
    return True


def prove_trip(
    conn: Connection, site: Site, keys: Keys, trip_id: int, digits: str, *, wall_now: datetime
) -> str | None:
    """Return a token where ``digits`` are a code sent to the trip's number, else None."""
    driver = stored.find_driver_of_trip(conn, trip_id, site=site.id)
    if not _is_right(conn, keys, driver, digits, wall_now):
        return None
    return _new_claim(conn, trip_id, wall_now)


def open_by_phone(
    conn: Connection,
    site: Site,
    keys: Keys,
    phone: str,
    digits: str,
    *,
    now: datetime,
    wall_now: datetime,
) -> list[OpenedTrip] | None:
    """Return the trips of a number that ``digits`` prove, else None."""
    driver = stored.find_driver_of_phone(conn, phone_hashes(keys, phone))
    if not _is_right(conn, keys, driver, digits, wall_now):
        return None
    return [
        OpenedTrip(
            trip.id,
            link_code(keys, trip.id, trip.epoch),
            trip.plate,
            _new_claim(conn, trip.id, wall_now) if trip.state == "active" else None,
        )
        for trip in _trips_of(conn, site, driver, now)
    ]


def phone_mark(conn: Connection, site: Site, trip_id: int) -> bytes:
    """Return the keyed hash of a trip's number, by which tries are counted.

    Raises
    ------
    ConflictError
        The number is no longer kept.
    """
    mark = stored.find_phone_hash(conn, _driver_of(conn, site, trip_id))
    if mark is None:
        raise _forgotten(trip_id)
    return mark


def _driver_of(conn: Connection, site: Site, trip_id: int) -> int:
    driver = stored.find_driver_of_trip(conn, trip_id, site=site.id)
    if driver is None:
        raise _forgotten(trip_id)
    return driver


def _forgotten(trip_id: int) -> ConflictError:
    return ConflictError(
        f"The number of trip {trip_id} is no longer kept; no code can be sent to it."
    )


def _trips_of(
    conn: Connection, site: Site, driver: int | None, now: datetime
) -> list[stored.LinkedTrip]:
    since = now - LOGIN.ended_shown
    # Asked of nobody too, so that both take as long.
    return stored.list_trips_of_driver(conn, driver or 0, site=site.id, ended_since=since)


def _send_code(
    conn: Connection, site: Site, trip_id: int, driver: int, *, now: datetime, wall_now: datetime
) -> None:
    login = str(uuid4())
    stored.insert_login(conn, login, driver, wall_now)
    queue_message(
        conn,
        site=site.id,
        trip_id=trip_id,
        kind="login_code",
        params={"login": login},
        now=now,
        expires_at=now + LOGIN.lasts,
    )


def _is_right(
    conn: Connection, keys: Keys, driver: int | None, digits: str, wall_now: datetime
) -> bool:
    """Tell whether digits are a code sent to a driver, and let no code of theirs open again."""
    logins = stored.list_open_logins(conn, driver or 0, since=wall_now - LOGIN.lasts)
    # All are compared, whichever fits, each in constant time.
    fits = [
        hmac.compare_digest(login_digits(of, one), digits) for of in keys.each for one in logins
    ]
    if not any(fits):
        return False
    stored.use_logins(conn, logins, wall_now)
    return True


def _new_claim(conn: Connection, trip_id: int, wall_now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    stored.insert_proved_claim(conn, trip_id, token_hash=hash_token(token), wall_now=wall_now)
    return token
