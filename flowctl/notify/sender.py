"""Sends what waits in the outbox, by several gateways at once, in their order of preference.

A message is claimed for a while, handed to a gateway, and what became of it is written down with
that of others. Whoever is killed in between leaves claims that end: the message then goes out once
more, by the same id.
"""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog

from flowctl import traces
from flowctl.clock import Clock
from flowctl.errors import FlowctlError
from flowctl.notify.claiming import Claimed
from flowctl.notify.database import Connection, Database
from flowctl.notify.gateways import (
    Gateway,
    GatewayBusy,
    GatewayError,
    Message,
    MessageRefused,
    MessageUnsure,
)
from flowctl.notify.lanes import Lane, Lanes
from flowctl.notify.looking import Round, is_quiet, look
from flowctl.notify.outbox import write_message
from flowctl.notify.outcomes import (
    PARAMS,
    InHand,
    SendParams,
    after_failure,
    only_gateway,
    put_back,
    sent,
)
from flowctl.notify.segments import split
from flowctl.notify.verdicts import Verdict, ends_at
from flowctl.registry.keys import Keys
from flowctl.site import Site
from flowctl.storage import sending as stored
from flowctl.storage.heartbeats import BEAT_EVERY

_log = structlog.get_logger()

_WORKING_S = 0.02
_LOOK_EVERY_S = 1.0
_STATES_EVERY_S = 10.0
_RECENT_S = 60.0
_RESULTS_AT_ONCE = 100


class _Turn(NamedTuple):
    """A place in the order of handing over."""

    later: bool
    id: int
    held: InHand


class Sender:
    """One process's sender; others may work beside it.

    Parameters
    ----------
    database
        The connection; it is the caller's to close.
    gateways
        In order of preference: the first that has room takes a message.
    site, loaded_at
        Whose messages, by whose rules; replaced once the site is loaded anew.
    clock
        Domain time: what is due, what has expired.
    on_sent
        Told of messages that went out, by their ids; returns at once.
    pause_s
        How long to sleep where nothing waits.
    """

    def __init__(
        self,
        database: Database,
        gateways: Sequence[Gateway],
        *,
        keys: Keys,
        public_url: str,
        site: Site,
        loaded_at: datetime | None = None,
        clock: Clock,
        on_sent: Callable[[Site, Sequence[int]], None] | None = None,
        pause_s: float = 0.2,
        params: SendParams = PARAMS,
    ) -> None:
        self.quiet = False
        self.site, self._loaded_at = site, loaded_at
        self._database = database
        self._lanes = Lanes(gateways)
        self._keys = keys
        self._public_url = public_url
        self._clock = clock
        self._on_sent = on_sent
        self._pause_s = pause_s
        self._params = params
        self._hand: list[_Turn] = []
        self._sends: set[asyncio.Task[None]] = set()
        self._results: list[stored.Sent | stored.PutBack | stored.Given] = []
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._group: asyncio.TaskGroup | None = None
        self._looked_at = self._saved_at = float("-inf")
        self._beaten_at: datetime | None = None
        self._leaving = False

    async def run(self, stop: Callable[[], bool]) -> None:
        """Send until asked to stop; then wait a little for answers, and put the rest back.

        Raises
        ------
        UnavailableError
            The database has been away for too long.
        """
        async with asyncio.TaskGroup() as self._group:
            connections = [self._group.create_task(lane.gateway.run()) for lane in self._lanes.all]
            try:
                while not stop():
                    await self._step()
                    await self._rest()
            finally:
                await self._leave()
                for connection in connections:
                    connection.cancel()

    async def _step(self) -> None:
        """Claim what there is room for, hand it over, and write down what became of others."""
        now, at = self._clock.now(), self._time()
        changed = self._lanes.tell_changes(at) or at - self._saved_at >= _STATES_EVERY_S
        asked = Round(
            outbox=self._asked(now, at),
            rules=self.site.policy.notify,
            lease=timedelta(seconds=self._params.lease_s),
            loaded_at=self._loaded_at,
            in_hand={turn.id: turn.held.due.kind for turn in self._hand},
            idle=not (self._hand or self._sends or self._results),
            tidies=at - self._looked_at >= _LOOK_EVERY_S,
            beats=self._beaten_at is None or abs(now - self._beaten_at) >= BEAT_EVERY,
            states=self._lanes.states(at) if changed else (),
        )
        if asked.is_glance:
            self.quiet = await self._database.call(partial(is_quiet, asked=asked), alone=True)
            if self.quiet:
                return
        found = await self._database.call(partial(look, asked=asked))
        self.quiet = found.quiet
        if found.newer is not None:
            self._loaded_at, self.site = found.newer
            _log.info("site loaded anew", site=self.site.id)
        self._looked_at = at if asked.tidies else self._looked_at
        self._saved_at = at if asked.states else self._saved_at
        self._beaten_at = now if found.quiet and asked.beats else self._beaten_at
        self._let_go(found.superseded)
        self._take(found.claimed, asked.outbox.open_gateways)
        self._hand_over()
        await self._record()

    def _asked(self, now: datetime, at: float) -> stored.Asked:
        local = now.astimezone(self.site.timezone)
        room = min(self._lanes.room(at, self._params.ahead_s), self._params.batch)
        # Asked for by halves at least, so that a slow gateway does not make for many small claims.
        limit = 0 if 2 * len(self._hand) > room else room - len(self._hand)
        return stored.Asked(
            site=self.site.id,
            now=now,
            day_began_at=local.replace(hour=0, minute=0, second=0, microsecond=0),
            open_gateways=self._lanes.list_open(at),
            unsure=timedelta(seconds=self._params.unsure_s),
            limit=limit,
        )

    def _take(self, claimed: Claimed, open_gateways: Sequence[str]) -> None:
        if claimed.until is None:
            return
        at = self._time()
        for due in claimed.messages:
            held = InHand(due, claimed.until, at, only_gateway(due, open_gateways))
            self._keep(held)

    def _let_go(self, superseded: frozenset[int]) -> None:
        """Give up what a newer message has made untrue while it was in hand."""
        if not superseded:
            return
        self._results += [
            stored.Given(turn.id, turn.held.claim, Verdict.SUPERSEDED.value)
            for turn in self._hand
            if turn.id in superseded
        ]
        self._hand = [turn for turn in self._hand if turn.id not in superseded]
        heapq.heapify(self._hand)

    def _keep(self, held: InHand) -> None:
        heapq.heappush(self._hand, _Turn(not held.due.urgent, held.due.id, held))

    def _hand_over(self) -> None:
        """Give every gateway that has room what is next, and come back when the next has."""
        if self._leaving:
            return
        at = self._time()
        for lane in self._lanes.all:
            while self._hand and lane.pace.has_room(at):
                held = self._next_for(lane, at)
                if held is None:
                    break
                self._send(lane, held, at)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wait_s = self._lanes.find_wait(at)
        if self._hand and wait_s is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._hand_over)

    def _next_for(self, lane: Lane, at: float) -> InHand | None:
        """Take the first message that may go by a gateway; what is not true any more is settled."""
        passed_over: list[_Turn] = []
        reach = timedelta(seconds=self._params.reach_s)
        found = None
        while self._hand and found is None:
            turn = heapq.heappop(self._hand)
            held = turn.held
            if at - held.since_s > self._params.in_hand_s:
                self._results.append(put_back(held, self._params, wait=False))
            elif ends_at(held.due) <= self._clock.now() + reach:
                self._results.append(stored.Given(held.due.id, held.claim, Verdict.EXPIRED.value))
            elif held.may_go_to(lane.name):
                found = held
            else:
                passed_over.append(turn)
        for turn in passed_over:
            heapq.heappush(self._hand, turn)
        return found

    def _send(self, lane: Lane, held: InHand, at: float) -> None:
        now = self._clock.now()
        try:
            message = write_message(
                held.due, self._keys, public_url=self._public_url, site=self.site, now=now
            )
        except (FlowctlError, ValueError) as error:
            _log.error("message cannot be written", message=held.due.id, reason=str(error))
            self._results.append(stored.Given(held.due.id, held.claim, "dead", str(error)))
            return
        parts = len(split(message.text))
        lane.pace.hand(parts, at)
        if self._group is None:
            raise RuntimeError("A sender sends while it runs.")
        task = self._group.create_task(self._carry(lane, held, message, parts))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _carry(self, lane: Lane, held: InHand, message: Message, parts: int) -> None:
        handed_at = self._time()
        try:
            with traces.span("send", gateway=lane.name, message=held.due.id):
                async with asyncio.timeout(self._params.send_s):
                    refs = await lane.gateway.send(message)
        except TimeoutError:
            silence = f"The gateway {lane.name} did not answer within {self._params.send_s:g} s."
            self._fail(lane, held, MessageUnsure(silence), handed_at)
        except GatewayError as error:
            self._fail(lane, held, error, handed_at)
        except asyncio.CancelledError:
            stopped = MessageUnsure(f"Stopped before the gateway {lane.name} answered.")
            self._fail(lane, held, stopped, handed_at)
            raise
        else:
            lane.pace.took(self._time())
            self._results.append(sent(message, refs, lane.name, lane.gateway.tariff, parts))
        finally:
            lane.pace.end()
        self._hand_over()
        if len(self._sends) == 1 or len(self._results) >= _RESULTS_AT_ONCE:
            self._changed.set()

    def _fail(self, lane: Lane, held: InHand, error: GatewayError, handed_at: float) -> None:
        at = self._time()
        if isinstance(error, GatewayBusy):
            lane.pace.busy(handed_at, error.retry_after_s, str(error), at)
        elif not isinstance(error, MessageRefused):
            lane.pace.away(handed_at, str(error), at)
        result = after_failure(
            held,
            error,
            lane.name,
            self._params,
            takes_others=lane.pace.took_since(at - _RECENT_S),
            elsewhere=any(one is not lane and one.is_open(at) for one in self._lanes.all),
        )
        if result is None:
            self._keep(held)
            return
        if isinstance(result, stored.Given):
            _log.error("message given up", message=held.due.id, reason=result.trouble)
        self._results.append(result)

    async def _record(self) -> None:
        """Write down what became of messages."""
        if not self._results:
            return
        results, self._results = self._results, []
        went = [one for one in results if isinstance(one, stored.Sent)]
        back = [one for one in results if isinstance(one, stored.PutBack)]
        over = [one for one in results if isinstance(one, stored.Given)]

        def work(conn: Connection) -> None:
            if went:
                stored.record_sent(conn, went)
            if back:
                stored.put_back(conn, back)
            if over:
                stored.give_up(conn, over)

        await self._database.call(work)
        if went and self._on_sent is not None:
            self._on_sent(self.site, [one.id for one in went])

    async def _rest(self) -> None:
        """Sleep until there may be something to do."""
        working = self._hand or self._sends
        if self._results and not working:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_WORKING_S if working else self._pause_s):
                await self._changed.wait()
        self._changed.clear()

    async def _leave(self) -> None:
        """Wait for gateways to answer, and put back what is still in hand."""
        self._leaving = True
        if self._timer is not None:
            self._timer.cancel()
        if self._sends:
            await asyncio.wait(self._sends, timeout=self._params.grace_s)
        for task in list(self._sends):
            task.cancel()
        if self._sends:
            await asyncio.wait(self._sends)
        self._results += [put_back(one.held, self._params, wait=False) for one in self._hand]
        self._hand.clear()
        await self._record()

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()
