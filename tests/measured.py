"""A border at which something is there of everything that is measured."""

from datetime import date

from api_server import RunningApi
from border import MORNING, after

from flowctl.storage.epochs import take_epoch
from flowctl.storage.gateway_states import GatewayState, save_states
from flowctl.storage.heartbeats import beat
from flowctl.storage.outcomes import count_outcomes, set_aside
from flowctl.telemetry.fixes import SetAside


def fill(api: RunningApi) -> None:
    """Let trucks come, wait and pass, a plan be made, and messages be written."""
    place = api.border
    conn = place.conn
    through, waiting = place.trip(), place.trip(gates=("huu_nghi",))
    place.visit(through, "yard_bao_nguyen", 0, 20)
    place.release(through, 20, until=60)
    place.visit(through, "queue_tan_thanh", 30, 40)
    place.visit(through, "lane_tan_thanh", 40, 45)
    place.visit(waiting, "yard_bao_nguyen", 50)
    place.tell(waiting, MORNING)
    api.clock.at = after(55)
    conn.execute(
        "insert into stream_positions (partition, owner, lease_until_wall_at)"
        " values (0, 'one', now() + interval '8 s')"
    )
    conn.execute("insert into ingest_workers values ('one', now())")
    beat(conn, "controller", MORNING, took_s=1.5)
    day = date(2024, 1, 23)
    count_outcomes(conn, {(day, 1, "stored"): 1, (day, 1, "too_late"): 1})
    set_aside(conn, [SetAside(1, 0, "future", "a", 0, b"{}")])
    save_states(conn, place.site.id, [GatewayState("a", "open", 9.0, None)])
    assert take_epoch(conn, place.site.id, "one", ttl_s=9) == 1
    conn.execute(
        "insert into gate_states (site, gate, at, capacity_per_h, capacity_low, capacity_high,"
        " n_target, in_transit, queued, in_lane, waiting, state, state_since)"
        " values (%s, 'tan_thanh', %s, 20, 15, 25, 12, 3, 4, 2, 30, 'normal', %s)",
        [place.site.id, MORNING, MORNING],
    )
    conn.execute(
        "insert into trip_stages (trip_id, stage, site, gate, direction, desk, position, state,"
        " since, beyond, open) values (%s, 'customs', %s, 'huu_nghi', 'export', 'customs', 1,"
        " 'waiting', %s, false, true)",
        [waiting, place.site.id, MORNING],
    )
