"""What a haulier may book, said before it books: the quota, bans, and who has the truck already."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from flowctl.errors import ConflictError, Refusal
from flowctl.registry.entering import refuse_active, refuse_banned, refuse_over_quota
from flowctl.registry.plates import strip_mark
from flowctl.site import Site
from flowctl.storage.trips import Connection, count_active_of


@dataclass(frozen=True, slots=True)
class FairUse:
    """How a haulier stands; ``quota`` and ``left`` are None where the policy sets none.

    ``ban_after`` no-shows within ``within_days`` bar a plate for ``ban_days``; 0: never.
    ``obstacles`` are what a declaration would be refused by now.
    """

    haulier: str | None
    active: int
    quota: int | None
    left: int | None
    extensions_per_day: int
    ban_after: int
    within_days: int
    ban_days: int
    obstacles: list[Refusal]


def find_fair_use(
    conn: Connection,
    site: Site,
    *,
    haulier: str | None,
    plate: str | None,
    device: str | None,
    now: datetime,
) -> FairUse:
    """Return how a haulier stands, with what is in the way of a truck and its device."""
    policy = site.policy
    active = 0 if haulier is None else count_active_of(conn, site.id, haulier)
    quota = policy.fair_use.active_per_haulier or None
    checks: list[Callable[[], None]] = [partial(refuse_over_quota, conn, site, haulier)]
    if plate is not None:
        checks.append(partial(refuse_banned, conn, site, strip_mark(plate), now))
    checks.append(partial(refuse_active, conn, plate=plate, device=device))
    return FairUse(
        haulier=haulier,
        active=active,
        quota=quota,
        left=None if quota is None else max(quota - active, 0),
        extensions_per_day=policy.slot.extensions_per_day,
        ban_after=policy.no_show.ban_after,
        within_days=policy.no_show.within_days,
        ban_days=policy.no_show.ban_days,
        obstacles=[refusal for check in checks if (refusal := _refusal(check)) is not None],
    )


def _refusal(check: Callable[[], None]) -> Refusal | None:
    try:
        check()
    except ConflictError as error:
        return error.refusal
    return None
