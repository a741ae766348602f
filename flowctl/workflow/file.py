"""The fields of workflow.toml: what trucks must pass at a site's gates, read strictly.

Every problem is a sentence, with the line it is about where that can be told.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from flowctl.errors import SiteError
from flowctl.site_tables import Table, nearest
from flowctl.workflow.catalogue import (
    SETTLED,
    Camera,
    GoodsClass,
    Handover,
    Hours,
    WeightClass,
    Workflow,
    stages_of,
)
from flowctl.workflow.faults import workflow_faults
from flowctl.workflow.stages import Desk, Lock, Proof, Stage, Variant

WORKFLOW = "workflow.toml"
DIRECTIONS = ("export", "import")
_LONGEST_VERSION = 40
_LONGEST_EXPIRY_H = 8784  # a year
_WHERE = re.compile(
    r", (?:\d+\. )?([a-z ]+?) ([a-z0-9_]+)(?:, ([a-z]+))?(?:, field \"([a-z_]+)\")?: "
)
_OF_TOML = re.compile(r": is no TOML: .*\(at (?:line (\d+), column \d+|end of document)\)$")
_TABLES = {
    "stage": "stages",
    "variant": "variants",
    "goods class": "goods_classes",
    "weight class": "weight_classes",
    "handover": "handovers",
    "camera": "cameras",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a file; ``line`` counts from 1, None where no line is to blame."""

    text: str
    line: int | None


def parse_workflow(
    text: str, *, where: str, gates: Mapping[str, Sequence[str]] | None = None
) -> Workflow:
    """Make a workflow of its file's text.

    Parameters
    ----------
    where
        What the text is called in sentences.
    gates
        The site's gates with their directions, each of which must have a variant; None: whichever
        the file names.

    Raises
    ------
    SiteError
        Where anything in the text is wrong; names all problems, one a line.
    """
    workflow, problems = _read(text, where, gates)
    if workflow is None or problems:
        raise SiteError("\n".join(problems))
    return workflow


def check_workflow(
    text: str, *, where: str, gates: Mapping[str, Sequence[str]] | None = None
) -> list[Fault]:
    """Return every problem of a workflow's text; empty is fit for use."""
    return [Fault(one, _line_of(one, text)) for one in _read(text, where, gates)[1]]


def _read(
    text: str, where: str, gates: Mapping[str, Sequence[str]] | None
) -> tuple[Workflow | None, list[str]]:
    problems: list[str] = []
    try:
        table = Table(tomllib.loads(text), where, problems)
    except tomllib.TOMLDecodeError as error:
        return None, [f"{where}: is no TOML: {error}"]
    workflow = _workflow(table, gates)
    # What a stand-in for a wrong value contradicts is no problem of the file's.
    return workflow, problems or list(workflow_faults(workflow, where, gates))


def _workflow(table: Table, gates: Mapping[str, Sequence[str]] | None) -> Workflow:
    version, valid_from = _version(table), _valid_from(table)
    goods = tuple(_goods_class(one) for one in table.tables("goods_classes", "goods class"))
    weights = tuple(_weight_class(one) for one in table.tables("weight_classes", "weight class"))
    handovers = tuple(_handover(one) for one in table.tables("handovers", "handover"))
    bare = Workflow(version, valid_from, (), (), (), goods, weights, handovers)
    known = bare.known_values() | ({} if gates is None else {"gate": tuple(gates)})
    listed = table.tables("stages", "stage")
    ids = [str(one.peek("id")) for one in listed]
    stages = tuple(_stage(one, ids, known) for one in listed)
    if not stages:
        table.refuse("stages", "is missing; a workflow has at least one")
    of_variants = table.tables("variants", "variant")
    variants = tuple(_variant(one, stages, known, gates) for one in of_variants)
    if not variants:
        table.refuse("variants", "is missing; a workflow has at least one")
    variant_ids = [one.id for one in variants]
    hours = tuple(hours for one in of_hours(table) for hours in _hours(one, variant_ids, gates))
    cameras = tuple(_camera(one) for one in table.tables("cameras", "camera"))
    table.close()
    for key, found in (
        ("goods_classes", [one.id for one in goods]),
        ("weight_classes", [one.id for one in weights]),
        ("handovers", [one.id for one in handovers]),
        ("stages", [one.id for one in stages]),
        ("variants", variant_ids),
        ("cameras", [one.id for one in cameras]),
    ):
        for twice in sorted({one for one in found if found.count(one) > 1}):
            table.refuse(key, f'"{twice}" stands twice')
    return Workflow(
        version, valid_from, stages, variants, hours, goods, weights, handovers, cameras
    )


def of_hours(table: Table) -> list[Table]:
    """Return the tables that say by which variant gates hand over for who names none."""
    return table.tables("hours", "hours")


def _version(table: Table) -> str:
    version = table.text("version")
    if len(version) > _LONGEST_VERSION or not version.isprintable():
        table.refuse("version", f"is at most {_LONGEST_VERSION} characters that can be printed")
    return version


def _valid_from(table: Table) -> datetime:
    wanted = "a moment with its zone, such as 2024-01-23T00:00:00+07:00"
    value = table.raw("valid_from", wanted)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if value is not None:
        table.refuse("valid_from", f"{value} must be {wanted}")
    return datetime.min.replace(tzinfo=UTC)


def _goods_class(table: Table) -> GoodsClass:
    found = GoodsClass(
        table.identifier(),
        table.names(),
        plants=table.has("plants") and table.flag("plants"),
        animals=table.has("animals") and table.flag("animals"),
    )
    table.close()
    return found


def _weight_class(table: Table) -> WeightClass:
    from_t = table.number("from_t", least=0, most=1000)
    below_t = table.number("below_t", least=0, most=1000) if table.has("below_t") else None
    if below_t is not None and below_t <= from_t:
        table.refuse("below_t", f"{below_t:g} is not above from_t ({from_t:g})")
    found = WeightClass(table.identifier(), table.names(), from_t, below_t)
    table.ignore("below_t")
    table.close()
    return found


def _handover(table: Table) -> Handover:
    found = Handover(table.identifier(), table.names())
    table.close()
    return found


def _camera(table: Table) -> Camera:
    proof = table.one_of("proof", [str(one) for one in _SEEN], "proof of a camera")
    found = Camera(
        table.identifier(),
        table.identifier("place"),
        Proof(proof) if proof else Proof.GATE_IN,
        table.number("confidence", least=0, most=1),
    )
    table.close()
    return found


_SEEN = (Proof.YARD_IN, Proof.YARD_OUT, Proof.GATE_IN, Proof.GATE_OUT, Proof.RETURNED)


def _stage(table: Table, ids: Sequence[str], known: Mapping[str, tuple[str, ...]]) -> Stage:
    desk = table.one_of("desk", [str(one) for one in Desk], "desk") if table.has("desk") else ""
    proofs = _subset(table, "proofs", [str(one) for one in Proof], "proof")
    unlocks = _subset(table, "unlocks", [str(one) for one in Lock], "lock")
    expires = (
        table.number("expires_h", least=0.01, most=_LONGEST_EXPIRY_H)
        if table.has("expires_h")
        else None
    )
    stage = Stage(
        id=table.identifier(),
        name=table.names(),
        desk=Desk(desk) if desk else None,
        proofs=tuple(Proof(one) for one in proofs),
        needs=_subset(table, "needs", ids, "stage"),
        applies=_conditions(table, known),
        unlocks=tuple(Lock(one) for one in unlocks),
        settles=_subset(table, "settles", SETTLED, "fact that a stage may settle"),
        expires_h=expires,
    )
    table.ignore("desk", "proofs", "unlocks", "expires_h", "needs", "applies", "settles")
    table.close()
    return stage


def _subset(table: Table, key: str, known: Iterable[str], what: str) -> tuple[str, ...]:
    """Read a list of words out of ``known``, without the unknown ones; none where it is missing."""
    if not table.has(key):
        return ()
    listed = list(known)
    words = table.texts(key)
    for word in words:
        if word not in listed:
            more = nearest(word, listed) or f"; known: {', '.join(listed) or 'none'}"
            table.refuse(key, f'"{word}" is no {what}{more}')
    if len(set(words)) < len(words):
        table.refuse(key, "names one twice")
    return tuple(word for word in words if word in listed)


def _conditions(
    stage: Table, known: Mapping[str, tuple[str, ...]]
) -> Mapping[str, tuple[str, ...]]:
    table = stage.table("applies") if stage.has("applies") else None
    if table is None:
        return {}
    conditions = {}
    for fact in table.entries():
        if fact in known:
            conditions[fact] = _subset(table, fact, known[fact], fact.replace("_", " "))
        elif fact == "gate":
            conditions[fact] = table.texts(fact)
        else:
            more = nearest(fact, known) or f"; known: {', '.join(sorted(known))}"
            table.refuse(fact, f"is no fact of a trip{more}")
            table.ignore(fact)
    table.close()
    return conditions


def _variant(
    table: Table,
    stages: Sequence[Stage],
    known: Mapping[str, tuple[str, ...]],
    gates: Mapping[str, Sequence[str]] | None,
) -> Variant:
    direction = table.one_of("direction", DIRECTIONS, "direction")
    here = _gates(table, gates)
    handover = table.one_of("handover", known["handover"], "handover")
    for gate in here:
        if gates is not None and direction and direction not in gates.get(gate, ()):
            table.refuse("gates", f"no truck passes {gate} in the direction {direction}")
    variant = Variant(
        table.identifier(),
        table.names(),
        direction,
        here,
        handover,
        stages_of(stages, direction=direction, gates=here, handover=handover),
    )
    table.close()
    return variant


def _gates(table: Table, gates: Mapping[str, Sequence[str]] | None) -> tuple[str, ...]:
    if gates is None:
        return table.texts("gates")
    if not table.has("gates"):
        table.raw("gates", "a list of gates")
    return _subset(table, "gates", gates, "gate")


def _hours(
    table: Table, variants: Sequence[str], gates: Mapping[str, Sequence[str]] | None
) -> list[Hours]:
    variant = table.one_of("variant", variants, "variant")
    here = _gates(table, gates)
    direction = table.one_of("direction", DIRECTIONS, "direction")
    starts, ends = (_time(table, key) for key in ("from", "until"))
    if (starts is None) != (ends is None):
        table.refuse("until" if ends is None else "from", "is missing; give both hours, or none")
    if starts is not None and starts == ends:
        table.refuse("until", f"{starts:%H:%M} is when they begin; leave both out for any hour")
    table.close()
    return [Hours(gate, direction, variant, starts, ends) for gate in here]


def _time(table: Table, key: str) -> time | None:
    if not table.has(key):
        table.ignore(key)
        return None
    value = table.raw(key, "a time of day, such as 07:00")
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return time.fromisoformat(value)
    table.refuse(key, f"{value!r} is no time of day such as 07:00")
    return None


def _line_of(problem: str, text: str) -> int | None:
    """Return the line a sentence is about: its field's, or else where its table names itself."""
    of_toml = _OF_TOML.search(problem)
    if of_toml is not None:
        return int(of_toml[1] or max(len(text.rstrip().splitlines()), 1))
    found = _WHERE.search(problem)
    if found is None or found[1] not in _TABLES:
        return None
    kind, name, field = found[1], found[2], found[3] or found[4]
    start = None
    for number, line in _lines_of_table(text, _TABLES[kind], name):
        start = start or number
        if field and re.match(rf"\s*{field}\b", line):
            return number
    return start


def _lines_of_table(text: str, key: str, name: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of the table of a list that names itself so, numbered; its name's first."""
    tables: list[list[tuple[int, str]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("[["):
            tables.append([(number, line)])
        elif tables:
            tables[-1].append((number, line))
    for lines in tables:
        if f"[[{key}]]" not in lines[0][1].replace(" ", ""):
            continue
        own = [one for one in lines if re.match(rf'\s*id\s*=\s*"{re.escape(name)}"', one[1])]
        if own:
            yield from [*own[:1], *lines]
            return
