"""A small morning as it is stored after it has been: eight exports, two imports, two closures."""

from datetime import date, timedelta

from border import MORNING, Border, after

from flowctl.storage.closures import add_closure

DAY = date(2024, 1, 23)
NIGHT = MORNING - timedelta(hours=12)
STOOD = 4
CAME = 4


def store_morning(border: Border) -> None:
    """Put the morning into a border's tables."""
    for number in range(STOOD):
        trip = border.trip(at=NIGHT, plate=f"29C{number:05d}", cargo="perishable")
        border.visit(trip, "yard_bao_nguyen", -600 + number, 10 + number)
        border.visit(trip, "queue_tan_thanh", 30 + number, 60 + number)
        border.visit(trip, "lane_tan_thanh", 60 + number, 80 + number)
    for number in range(CAME):
        trip = border.trip(at=MORNING - timedelta(hours=3), plate=f"12C{number:05d}")
        border.visit(trip, "yard_bao_nguyen", -90 + 10 * number)
    for number in range(2):
        for kind, minute in (("entered", 5.0 + number), ("cleared", 40.0 + number)):
            border.conn.execute(
                "insert into gate_events (site, gate, direction, kind, truck, at, recorded_by,"
                " recorded_at) values (%s, 'tan_thanh', 'import', %s, %s, %s, 'the test', %s)",
                [border.site.id, kind, f"桂A0000{number}", after(minute), after(minute)],
            )
    for gate, reason, starts in (("tan_thanh", "fog", 120), ("huu_nghi", "night works", -450)):
        with border.conn.transaction():
            add_closure(
                border.conn,
                border.site,
                gate=gate,
                starts_at=after(starts),
                ends_at=after(starts + 60),
                places_left=0,
                reason=reason,
                actor="the test",
                now=after(starts - 20),
            )
