"""What happens to trips, told to the partners that listen: in the transaction in which it happens.

A webhook of a source hears an event where the source may read what it is of (`EVENT_SCOPES`); the
data are ids, codes and moments. What the event is about is then pulled, so that a message that
comes late, twice or in another order says nothing false.
"""

from datetime import datetime

from flowctl.site import Site
from flowctl.storage.webhooks import (
    CROSSING_MADE,
    DECLARATION_CHANGED,
    DECLARED,
    EVENT_SCOPES,
    PAYMENT_MADE,
    STAGE_CHANGED,
    Connection,
    queue_trip_event,
)

__all__ = [
    "CROSSING_MADE",
    "DECLARATION_CHANGED",
    "DECLARED",
    "EVENT_SCOPES",
    "PAYMENT_MADE",
    "STAGE_CHANGED",
    "tell",
]


def tell(
    conn: Connection, site: Site, event: str, trip_id: int, *, now: datetime, **facts: object
) -> None:
    """Tell partners of an event of a trip, one of `EVENT_SCOPES`.

    Parameters
    ----------
    facts
        What JSON can say, moments included: ``stage="customs_in_yard", act="confirmed"``. No
        personal data, and no plate: that is added for who may read declarations.
    """
    queue_trip_event(conn, site.id, event, trip_id, facts=facts, now=now)
