"""What a driver wrote by SMS, acted on by the very rules of the page, and answered once.

Only a registered number is answered, so that nobody can have us write to numbers of his choice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from flowctl.dispatch.turns import count_ahead, gate_of, shown_stage
from flowctl.errors import ConflictError, FlowctlError
from flowctl.registry import requests
from flowctl.registry.decisions import withdraw
from flowctl.registry.keys import Keys, decrypt_answer, encrypt_answer, phone_hashes
from flowctl.registry.phones import parse_phone
from flowctl.registry.requests import RefusedError
from flowctl.registry.wishes import Answer, Wish, read_answer_of, read_delay
from flowctl.site import Site
from flowctl.state import LiveTrip, Slot, Stage
from flowctl.storage import answers as stored
from flowctl.storage.answers import Addressee, Heard, Outcome
from flowctl.storage.claims import LinkedTrip, list_trips_of_driver
from flowctl.storage.closures import find_advice
from flowctl.storage.live import Connection, LiveRow, find_live
from flowctl.storage.outbox import queue_message
from flowctl.storage.snapshot import list_live_trips, live_trip

SIGNATURE = "driver:sms"
"""What stands in the ledger beside what a driver asked for by SMS."""


@dataclass(frozen=True, slots=True)
class AnswerParams:
    """How answers are taken; assumed.

    Of a text ``kept_letters`` are kept. The same text within ``repeat_s`` from a gateway that names
    none is taken for the same: a network may deliver it twice. More than ``most_per_h`` texts an
    hour of one number are kept and neither acted on nor answered: two machines may be talking. Who
    writes within ``over_s`` of his trip's end hears that it is over. A reply is worth sending for
    ``reply_s``. For ``asked_s`` after we asked how late, a number is the answer. Numbers in the
    order are told by trips as they were read ``order_s`` ago at most.
    """

    kept_letters: int = 500
    repeat_s: int = 60
    most_per_h: int = 30
    over_s: int = 86_400
    reply_s: int = 3600
    asked_s: int = 600
    order_s: int = 10


PARAMS = AnswerParams()
_log = structlog.get_logger()


@dataclass(slots=True)
class Order:
    """A site's active trips, read once for all who ask within seconds where they are."""

    _trips: tuple[LiveTrip, ...] = field(default=(), init=False)
    _site: Site | None = field(default=None, init=False)
    _at: datetime | None = field(default=None, init=False)

    def look(self, conn: Connection, site: Site, now: datetime) -> tuple[LiveTrip, ...]:
        """Return the trips as they stood at ``now``, or a few seconds before."""
        kept = timedelta(seconds=PARAMS.order_s)
        if self._at is None or self._site is not site or abs(now - self._at) > kept:
            self._trips = list_live_trips(conn, site, now)
            self._site, self._at = site, now
        return self._trips


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where and when an answer is acted on."""

    conn: Connection
    site: Site
    now: datetime
    order: Order

    def reply(self, trip_id: int, kind: str, **params: str) -> None:
        queue_message(
            self.conn,
            site=self.site.id,
            trip_id=trip_id,
            kind=kind,
            params=params,
            now=self.now,
            expires_at=self.now + timedelta(seconds=PARAMS.reply_s),
        )


def take_answer(
    conn: Connection,
    site: Site,
    keys: Keys,
    *,
    phone: str,
    text: str,
    gateway: str,
    ref: str | None,
    order: Order,
    now: datetime,
) -> None:
    """Act on what came from a phone, in the caller's transaction; the same ``ref`` acts once.

    Parameters
    ----------
    phone
        The sender as the gateway names it; one that cannot be a driver's is kept and not answered.
    text
        What was written, however long.
    ref
        The gateway's name for the text, None where it gives none.
    order
        The caller's, from one text to the next.
    """
    marks = _marks(keys, phone)
    kept = text[: PARAMS.kept_letters]
    heard = Heard(site.id, gateway, ref, marks[0], encrypt_answer(keys, kept))
    answer_id = stored.insert_answer(conn, heard, now)
    if answer_id is None:
        return
    who = stored.find_addressee(conn, marks)
    desk = _Desk(conn, site, now, order)
    since = now - timedelta(seconds=PARAMS.asked_s)
    asked = stored.find_asked_trip(conn, answer_id, heard, since=since)
    if who is None:
        outcome = Outcome("unregistered")
    elif refused := _too_much(conn, keys, heard, answer_id, kept, now):
        outcome = Outcome(refused)
    else:
        outcome = _act(desk, who, text, asked)
    stored.settle_answer(conn, answer_id, outcome)
    _log.info(
        "answer by SMS", answer=answer_id, gateway=gateway, letters=len(text), **outcome._asdict()
    )


def _marks(keys: Keys, phone: str) -> list[bytes]:
    """Return the keyed hashes of a sender; one that is no phone of a driver has some, too."""
    try:
        return phone_hashes(keys, parse_phone(phone))
    except FlowctlError:
        return phone_hashes(keys, f"not a driver's: {phone}")


def _too_much(
    conn: Connection, keys: Keys, heard: Heard, answer_id: int, kept: str, now: datetime
) -> str | None:
    """Return why a text is not acted on although its number is registered, if that is so."""
    since = now - timedelta(hours=1)
    earlier = stored.list_earlier(conn, answer_id, heard.phone_hash, since=since)
    if len(earlier) >= PARAMS.most_per_h:
        return "too_many"
    again = now - timedelta(seconds=PARAMS.repeat_s)
    if heard.ref is None and any(
        at > again and decrypt_answer(keys, cipher) == kept for cipher, at in earlier
    ):
        return "repeated"
    return None


def _act(desk: _Desk, who: Addressee, text: str, asked: int | None) -> Outcome:
    """Find what is meant, and of which trip; ``asked`` is the one we asked about just now."""
    ended_since = desk.now - timedelta(seconds=PARAMS.over_s)
    trips = list_trips_of_driver(
        desk.conn, who.driver_id, site=desk.site.id, ended_since=ended_since
    )
    active = [trip for trip in trips if trip.state == "active"]
    answer, plate = read_answer_of(text, [trip.plate for trip in active])
    if answer is not None and answer.wish in (Wish.STOP, Wish.START):
        return _hush(desk, who, trips, answer)
    if not active:
        return _without_trip(desk, who, trips, answer)
    if answer is None:
        late_min = read_delay(text)
        if asked is None or late_min is None or asked not in {trip.id for trip in active}:
            return _help(desk, who, trips[0])
        return _of_trip(desk, asked, Answer(Wish.LATE, late_min))
    meant = active if plate is None else [trip for trip in active if trip.plate == plate]
    if len(meant) > 1:
        desk.reply(active[0].id, "reply_which", plates=", ".join(trip.plate for trip in active))
        return Outcome("which", answer.wish)
    return _of_trip(desk, meant[0].id, answer)


def _hush(desk: _Desk, who: Addressee, trips: list[LinkedTrip], answer: Answer) -> Outcome:
    """Write to a number no more, or again."""
    stops = answer.wish is Wish.STOP
    stored.set_silent(desk.conn, who.driver_id, desk.now if stops else None)
    if trips:
        desk.reply(trips[0].id, "reply_stopped" if stops else "reply_started")
    return Outcome("stopped" if stops else "started", answer.wish)


def _without_trip(
    desk: _Desk, who: Addressee, trips: list[LinkedTrip], answer: Answer | None
) -> Outcome:
    """Say that the trip is over, or goes by another number now; nothing where neither is so."""
    wish = None if answer is None else answer.wish
    former = stored.find_former_trip(desk.conn, who.driver_id, site=desk.site.id)
    if former is not None:
        if answer is not None or _may_help(desk, who):
            desk.reply(former.id, "reply_former", driver=str(who.driver_id))
        return Outcome("former", wish, former.id)
    if not trips:
        return Outcome("no_trip", wish)
    if answer is None:
        return _help(desk, who, trips[0])
    desk.reply(trips[0].id, "reply_over")
    return Outcome("over", wish, trips[0].id)


def _help(desk: _Desk, who: Addressee, trip: LinkedTrip) -> Outcome:
    """Say what can be written, unless that was said just now."""
    if not _may_help(desk, who):
        return Outcome("not_understood", None, trip.id)
    desk.reply(trip.id, "reply_help")
    return Outcome("helped", None, trip.id)


def _may_help(desk: _Desk, who: Addressee) -> bool:
    every = timedelta(seconds=desk.site.policy.notify.help_every_s)
    if who.helped_at is not None and desk.now - who.helped_at < every:
        return False
    stored.set_helped(desk.conn, who.driver_id, desk.now)
    return True


def _of_trip(desk: _Desk, trip_id: int, answer: Answer) -> Outcome:
    """Do what is asked of one trip; what cannot be is answered with the reason."""
    try:
        with desk.conn.transaction():
            outcome = _WAYS[answer.wish](desk, trip_id, answer)
    except RefusedError as refused:
        desk.reply(trip_id, "reply_refused", why=str(refused.obstacle))
        outcome = f"refused_{refused.obstacle}"
    except ConflictError:  # over since we looked
        desk.reply(trip_id, "reply_over")
        outcome = "over"
    return Outcome(outcome, answer.wish, trip_id)


def _accept(desk: _Desk, trip_id: int, _answer: Answer) -> str:
    requests.accept(desk.conn, desk.site, trip_id, by=SIGNATURE, now=desk.now)
    desk.reply(trip_id, "reply_accepted", **_slot_of(desk, _look(desk, trip_id)))
    return "accepted"


def _cannot_come(desk: _Desk, trip_id: int, _answer: Answer) -> str:
    # The word of the cancellation is the answer.
    withdraw(desk.conn, desk.site, trip_id, by=SIGNATURE, now=desk.now)
    return "cancelled"


def _late(desk: _Desk, trip_id: int, answer: Answer) -> str:
    if answer.late_min is None:
        desk.reply(trip_id, "reply_late_ask")
        return stored.ASKED_HOW_LATE
    until = requests.come_late(
        desk.conn, desk.site, trip_id, answer.late_min, by=SIGNATURE, now=desk.now
    )
    if until is not None:
        desk.reply(trip_id, "reply_moved", until=until.isoformat())
        return "moved"
    slot = _slot_of(desk, _look(desk, trip_id))
    desk.reply(trip_id, "reply_late", minutes=str(answer.late_min), **slot)
    return "late"


def _status(desk: _Desk, trip_id: int, _answer: Answer) -> str:
    live = _look(desk, trip_id)
    mine = live_trip(live)
    gate, stage = gate_of(mine), shown_stage(mine, desk.now)
    others = desk.order.look(desk.conn, desk.site, desk.now)
    ahead = count_ahead(others, mine, desk.site.policy, desk.now)
    place = {"n": str((ahead or 0) + 1)}
    slot = _slot_of(desk, live)
    if gate is None:
        raise ConflictError(f"Trip {trip_id} names no gate.")
    if stage in (Stage.RELEASED, Stage.QUEUED, Stage.IN_LANE):
        desk.reply(trip_id, "reply_called", gate=gate, **place)
    elif slot and find_advice(desk.conn, trip_id) is None:
        desk.reply(trip_id, "reply_status", **slot, **place)
    else:
        desk.reply(trip_id, "reply_waiting", gate=gate)
    return "status"


_WAYS: Mapping[Wish, Callable[[_Desk, int, Answer], str]] = {
    Wish.ACCEPT: _accept,
    Wish.CANNOT_COME: _cannot_come,
    Wish.LATE: _late,
    Wish.STATUS: _status,
}


def _look(desk: _Desk, trip_id: int) -> LiveRow:
    live = find_live(desk.conn, trip_id, site=desk.site.id)
    if live is None:
        raise ConflictError(f"Trip {trip_id} is gone.")
    return live


def _slot_of(desk: _Desk, live: LiveRow) -> dict[str, str]:
    """Return what a reply says of the slot told; nothing where there is none."""
    told = live_trip(live).told
    return {} if told is None else _said(desk.site, told)


def _said(site: Site, slot: Slot) -> dict[str, str]:
    ends_at = slot.starts_at + timedelta(seconds=site.dispatch.slot_s)
    return {
        "gate": slot.gate,
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
    }
