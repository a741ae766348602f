"""One look of a sender into the outbox: what it takes in hand, and what it says of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flowctl.notify.claiming import Claimed, claim_due, settle_outdated
from flowctl.notify.verdicts import is_superseded
from flowctl.policy import NotifyRules
from flowctl.site import Site
from flowctl.storage.gateway_states import GatewayState, save_states
from flowctl.storage.heartbeats import beat, stay
from flowctl.storage.sending import Asked, Connection, is_any_due, list_overtaken
from flowctl.storage.sites import find_newer_site

_PROCESS = "notify"
_OUTDATED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Round:
    """What one look is to do.

    ``in_hand`` are the kinds of messages that wait for a gateway's room. A sender that is ``idle``
    has none, and none on their way. Now and then it ``tidies``: settles what is outdated, and asks
    whether the site, as it was ``loaded_at``, was loaded anew; it ``beats`` where that is news, and
    keeps its gateways' ``states``.
    """

    outbox: Asked
    rules: NotifyRules
    lease: timedelta
    loaded_at: datetime | None
    in_hand: Mapping[int, str]
    idle: bool
    tidies: bool
    beats: bool
    states: Sequence[GatewayState]

    @property
    def is_glance(self) -> bool:
        """Tell whether there is nothing to do where nothing waits."""
        return self.idle and not (self.tidies or self.beats or self.states)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look brought.

    ``superseded`` are messages in hand that a newer one has made untrue; ``quiet``: nothing waits
    or is on its way; ``newer`` is the site as it was loaded since, and when.
    """

    claimed: Claimed
    superseded: frozenset[int]
    quiet: bool
    newer: tuple[datetime | None, Site] | None


def is_quiet(conn: Connection, asked: Round) -> bool:
    """Tell whether nothing waits, by a single statement."""
    return not is_any_due(conn, asked.outbox.site, asked.outbox.now)


def look(conn: Connection, asked: Round) -> Look:
    """Look into the outbox, in the caller's transaction."""
    outbox = asked.outbox
    if asked.states:
        save_states(conn, outbox.site, asked.states)
    newer = None
    if asked.tidies:
        settle_outdated(conn, replace(outbox, limit=_OUTDATED_AT_ONCE), asked.rules)
        newer = find_newer_site(conn, outbox.site, asked.loaded_at, outbox.now)
    overtaken = list_overtaken(conn, list(asked.in_hand)) if asked.in_hand else {}
    claimed = Claimed((), None, 0)
    # Asked first, as it takes a tenth of the time of a claim that finds nothing.
    waits = not is_quiet(conn, asked)
    if waits and outbox.limit:
        claimed = claim_due(conn, outbox, asked.rules, lease=asked.lease)
    found = bool(claimed.messages or claimed.settled)
    quiet = asked.idle and not (found if outbox.limit else waits)
    if quiet and asked.beats:
        beat(conn, _PROCESS, outbox.now)
    elif asked.tidies and not quiet:
        stay(conn, _PROCESS)
    superseded = frozenset(
        message
        for message, later in overtaken.items()
        if is_superseded(asked.in_hand[message], later)
    )
    return Look(claimed, superseded, quiet, newer)
