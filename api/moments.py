"""Moments said or asked about: those that can be, and those of which something can be stored."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

from flowctl.errors import FlowctlError
from flowctl.site import Site

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
"""Beyond these the calendar soon ends, and no clock of another zone can say the moment."""

_NUMBER = re.compile(r"[+-]?[\d._]+(?:[eE][+-]?\d+)?")


def _within_reach(at: datetime) -> datetime:
    if not _FIRST <= at < _LAST:
        raise ValueError(f"the year must lie within {_FIRST.year} and {_LAST.year - 1}")
    return at


def _no_number(said: object) -> object:
    """Refuse numbers, which pydantic reads as seconds or milliseconds by their size."""
    if isinstance(said, int | float) or (isinstance(said, str) and _NUMBER.fullmatch(said.strip())):
        raise PydanticCustomError("datetime_parsing", "a number says no zone")
    return said


Moment = Annotated[AwareDatetime, AfterValidator(_within_reach), BeforeValidator(_no_number)]
"""A moment with its zone, as somebody says it: ISO 8601."""

Day = Annotated[date, BeforeValidator(_no_number)]
"""A day of the site's calendar, as somebody says it: ISO 8601."""


def refuse_unkept(site: Site, name: str, at: datetime, now: datetime) -> None:
    """Refuse to look at a moment that is yet to come, or of which nothing is kept any more.

    A client's clock may be ahead as far as that of a tracker.

    Raises
    ------
    FlowctlError
        Names the parameter, the moment and the limit.
    """
    asked = f"{name}: {at.isoformat()} lies"
    if (at - now).total_seconds() > site.future_limit_s:
        raise FlowctlError(
            f"{asked} in the future; it is {_whole(now)} now.", kind="to_come", values={"now": now}
        )
    oldest = now - timedelta(days=site.fixes_kept_days)
    if at < oldest:
        raise FlowctlError(
            f"{asked} before what is kept; {site.id} keeps {site.fixes_kept_days} days, so ask from"
            f" {_whole(oldest)} on.",
            kind="not_kept",
            values={"days": site.fixes_kept_days, "at": oldest},
        )


def _whole(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
