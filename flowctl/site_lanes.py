"""Lane classes and bays of a gate: ``[[gates.lane_classes]]``, ``[[gates.bays]]`` of site.toml."""

from flowctl.lanes import Bay, LaneClass
from flowctl.site_tables import Table
from flowctl.state import Cargo

_HEAVIEST_T = 200.0
"""No truck on these roads weighs more; a heavier one in a file is an error of units."""


def read_lane_classes(gate: Table, places: int) -> tuple[LaneClass, ...]:
    """Read them, none where the gate names none; together they have the gate's ``places``."""
    if not gate.has("lane_classes"):
        return ()
    classes = tuple(_lane_class(one) for one in gate.tables("lane_classes", "lane class"))
    together = sum(one.places for one in classes)
    if together != places:
        gate.refuse(
            "lane_classes",
            f"have {together} places together, but the gate has {places}; share those out",
        )
    ids = [one.id for one in classes]
    for identifier in sorted({one for one in ids if ids.count(one) > 1}):
        gate.refuse("lane_classes", f"{identifier} stands twice")
    if sum(one.switchable for one in classes) == 1:
        gate.refuse("lane_classes", "only one class is switchable; two at least lend each other")
    for cargo in Cargo:
        if not any(one.takes(cargo, None) for one in classes):
            gate.refuse(
                "lane_classes",
                f"no class takes the heaviest {cargo} trucks; leave upto_t away where it does",
            )
    return classes


def read_bays(gate: Table) -> tuple[Bay, ...]:
    """Read the bays that some trucks need, none where the gate names none."""
    bays = tuple(_bay(one) for one in gate.tables("bays", "bay"))
    kinds = [bay.kind for bay in bays]
    for kind in sorted({one for one in kinds if kinds.count(one) > 1}):
        gate.refuse("bays", f"{kind} stands twice")
    return bays


def _bay(table: Table) -> Bay:
    read = Bay(
        kind=table.identifier(),
        places=table.whole("places", least=1, most=100),
        slots=table.whole("slots", least=1, most=96),
    )
    table.close()
    return read


def _lane_class(table: Table) -> LaneClass:
    known = tuple(cargo.value for cargo in Cargo)
    read = LaneClass(
        id=table.identifier(),
        places=table.whole("places", least=1, most=1000),
        cargo=table.subset("cargo", known, "cargo class") if table.has("cargo") else (),
        above_t=_tonnes(table, "above_t") or 0.0,
        upto_t=_tonnes(table, "upto_t"),
        switchable=table.has("switchable") and table.flag("switchable"),
    )
    if read.upto_t is not None and read.upto_t <= read.above_t:
        table.refuse("upto_t", f"is {read.upto_t}, which is not above above_t = {read.above_t}")
    table.close()
    return read


def _tonnes(table: Table, key: str) -> float | None:
    return table.number(key, least=0, most=_HEAVIEST_T) if table.has(key) else None
