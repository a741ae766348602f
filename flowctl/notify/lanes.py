"""The gateways of one sender, each with its pace, in order of preference."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import structlog

from flowctl.notify.gateways import Gateway
from flowctl.notify.pacing import Pace, Way
from flowctl.storage.gateway_states import GatewayState

_log = structlog.get_logger()

_WINDOWS_AHEAD = 4
"""How many windows full of messages are claimed at most, whatever the rate allows."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A gateway and its pace."""

    gateway: Gateway
    pace: Pace

    @property
    def name(self) -> str:
        """Return the gateway's name."""
        return self.gateway.name

    def is_open(self, now: float) -> bool:
        """Tell whether messages may go to it at present, if only one that tries it."""
        return self.pace.way(now) is not Way.AWAY or (
            self.pace.in_flight == 0 and self.pace.wait_s(now) <= 0.0
        )

    def state(self, now: float) -> GatewayState:
        """Return how it does; a connection that does not stand shows before a message tries it."""
        trouble, way = self.gateway.trouble, self.pace.way(now)
        return GatewayState(
            self.name,
            (way if trouble is None else Way.AWAY).value,
            self.pace.rate(now),
            trouble or self.pace.trouble,
        )

    def room(self, now: float, ahead_s: float) -> float:
        """Return how many messages it may be given within ``ahead_s``."""
        if not self.is_open(now):
            return 0.0
        if self.pace.way(now) is Way.AWAY:
            return 1.0
        if self.pace.wait_s(now) > ahead_s:
            return 0.0
        ahead = max(1.0, self.pace.rate(now) * ahead_s)
        return min(ahead, float(_WINDOWS_AHEAD * self.pace.window))


class Lanes:
    """All of them; tells what changed about them."""

    def __init__(self, gateways: Sequence[Gateway]) -> None:
        self.all = [Lane(one, Pace(one.rate_per_s, one.window)) for one in gateways]
        self._ways: dict[str, Way] = {}

    def list_open(self, now: float) -> list[str]:
        """Return the names of those that messages may go to at present."""
        return [lane.name for lane in self.all if lane.is_open(now)]

    def room(self, now: float, ahead_s: float) -> int:
        """Return how many messages they may be given within ``ahead_s``."""
        return ceil(sum(lane.room(now, ahead_s) for lane in self.all))

    def find_wait(self, now: float) -> float | None:
        """Return how long it is until the next has room by its rate; None where time helps none."""
        waits = (lane.pace.wait_s(now) for lane in self.all)
        return min((wait for wait in waits if wait > 0.0), default=None)

    def states(self, now: float) -> list[GatewayState]:
        """Return how each does."""
        return [lane.state(now) for lane in self.all]

    def tell_changes(self, now: float) -> bool:
        """Log whose state changed since the last call; tells whether any did."""
        ways = {lane.name: lane.pace.way(now) for lane in self.all}
        for lane in self.all:
            if self._ways.get(lane.name, Way.OPEN) is ways[lane.name]:
                continue
            if ways[lane.name] is Way.OPEN:
                _log.info("gateway open", gateway=lane.name)
            else:
                _log.warning(
                    f"gateway {ways[lane.name]}", gateway=lane.name, says=lane.pace.trouble
                )
        changed, self._ways = ways != self._ways, ways
        return changed
