"""What happened at a border, put straight into the tables, for the tests of what is read there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from pydantic import SecretStr

from flowctl.registry.keys import derive_keys
from flowctl.registry.rules import Declaration
from flowctl.registry.trips import register
from flowctl.site import Site
from flowctl.site_files import read_source
from flowctl.state import Cargo, Direction
from flowctl.storage.sites import save_site

SITE = Path(__file__).parents[1] / "data" / "sites" / "lang_son"
SECRET = SecretStr("a secret of the tests, forty letters long")
KEYS = derive_keys(SECRET)
MORNING = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)  # 08:00 at the gates


def after(minutes: float) -> datetime:
    """Return the moment so many minutes after 08:00."""
    return MORNING + timedelta(minutes=minutes)


class Border:
    """A site with its database, and words for what trucks do there."""

    def __init__(self, conn: psycopg.Connection[Any], site: Site) -> None:
        self.conn = conn
        self.site = site
        self._trips = 0

    def trip(self, *, at: datetime = MORNING, **changes: Any) -> int:  # noqa: ANN401
        """Register an export truck to Tân Thanh with a device of its own, but for the changes."""
        self._trips += 1
        values: dict[str, Any] = {
            "plate": f"12C{self._trips:05d}",
            "phone": f"+849030{self._trips:05d}",
            "language": "vi",
            "direction": Direction.EXPORT,
            "cargo": Cargo.NORMAL,
            "gates": ("tan_thanh",),
            "ready_at": at,
            "device": f"tracker-{self._trips}",
            **changes,
        }
        return register(self.conn, self.site, KEYS, Declaration(**values), by="the test", now=at)

    def device_of(self, trip: int) -> int:
        """Return the device of a trip's truck."""
        row = self.conn.execute("select device_id from trips where id = %s", [trip]).fetchone()
        assert row is not None
        return int(row[0])

    def visit(
        self,
        trip: int,
        zone: str,
        entered: float,
        left: float | None = None,
        *,
        seen_inside: bool = False,
    ) -> None:
        """Let a trip's truck be in a zone from minute ``entered`` to ``left``.

        ``seen_inside``: it was there before, and ``entered`` is when it was first seen.
        """
        place = self.site.zone_by_id[zone]
        self.conn.execute(
            "insert into visits (id, device_id, zone, role, gate, entered_at, confirmed_at,"
            " left_at, seen_inside, received_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                uuid4(),
                self.device_of(trip),
                zone,
                str(place.role),
                place.gate,
                after(entered),
                after(entered + 1),
                None if left is None else after(left),
                seen_inside,
                after(entered + 1),
            ],
        )

    def position(self, trip: int, lon: float, lat: float, at: float, speed: float = 12.0) -> None:
        """Let a trip's truck be last seen here, at minute ``at``."""
        self.conn.execute(
            "insert into tracks (device_id, fixed_at, received_at, lon, lat, speed_mps,"
            " heading_deg, visit_state) values (%s, %s, %s, %s, %s, %s, 10, '{}')",
            [self.device_of(trip), after(at), after(at), lon, lat, speed],
        )

    def tell(self, trip: int, starts_at: datetime, gate: str = "tan_thanh") -> None:
        """Tell a trip's driver a slot."""
        [(plan,)] = self.conn.execute(
            "insert into plans (site, planned_at, status, trips, unserved, cost, bound, inversions,"
            " solve_s) values (%s, %s, 'optimal', 1, 0, 0, 0, 0, 0) returning id",
            [self.site.id, MORNING],
        ).fetchall()
        self.conn.execute(
            "insert into slots (trip_id, gate, starts_at, plan_id, told_at)"
            " values (%s, %s, %s, %s, %s)",
            [trip, gate, starts_at, plan, MORNING],
        )

    def release(self, trip: int, at: float, *, until: float, gate: str = "tan_thanh") -> None:
        """Call a trip's truck up at minute ``at``, until minute ``until``."""
        self.conn.execute(
            "insert into releases (trip_id, gate, yard, released_at, expires_at)"
            " values (%s, %s, 'yard_bao_nguyen', %s, %s)",
            [trip, gate, after(at), after(until)],
        )


@contextmanager
def border(database: str, *, workflow: str = "", fees: str = "") -> Iterator[Border]:
    """Yield the border of Lạng Sơn in a migrated, empty database.

    ``workflow`` is what its trips must pass (workflow.toml); none: no agency keeps them back.
    ``fees`` is what they pay (fees.toml); none: nothing is due.
    """
    source = replace(read_source(SITE), workflow=workflow, fees=fees)
    with psycopg.connect(database, autocommit=True) as conn:
        yield Border(conn, save_site(conn, source, where=str(SITE), now=MORNING))
