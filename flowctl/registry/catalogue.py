"""What a declaration says in words of the site's workflow: classes of goods and weight. Pure."""

from dataclasses import replace

from flowctl.errors import ConflictError, FlowctlError
from flowctl.registry.papers import TRANSSHIPMENT
from flowctl.registry.rules import Declaration
from flowctl.workflow.catalogue import Workflow


def check_catalogue(workflow: Workflow | None, declaration: Declaration) -> Declaration:
    """Return the declaration with the class of its weight, by the workflow's catalogue.

    A site without workflow knows no classes and no handovers.

    Raises
    ------
    FlowctlError
        A class or a handover is not in the catalogue, the weight is of another class than is said,
        or a transshipment names no other truck.
    """
    known = {} if workflow is None else workflow.known_values()
    for field in ("goods_class", "weight_class", "handover"):
        _refuse_unknown(field, getattr(declaration, field), known.get(field, ()))
    if declaration.handover == TRANSSHIPMENT and declaration.pair_plate is None:
        raise FlowctlError(
            "In a transshipment the goods change trucks; give the other truck's plate"
            " (pair_plate).",
            kind="pair_missing",
        )
    weight_t = declaration.weight_t
    if workflow is None or weight_t is None:
        return declaration
    fits = [one.id for one in workflow.weight_classes if one.holds(weight_t)]
    if declaration.weight_class is None:
        return replace(declaration, weight_class=next(iter(fits), None))
    if declaration.weight_class not in fits:
        raise FlowctlError(
            f"weight_t {weight_t:g} is not of the weight class {declaration.weight_class}, but of"
            f" {' or '.join(fits) or 'none'}; leave the class out, or mend the weight.",
            kind="weight_class_other",
            values={"weight_t": weight_t},
        )
    return declaration


def refuse_pair(handover: str | None, pair_plate: str | None) -> None:
    """Refuse another truck where the goods change none; ``handover`` None: nobody knows."""
    if pair_plate is not None and handover not in {None, TRANSSHIPMENT}:
        raise FlowctlError(
            f"The trip is handed over by {handover}, in which goods do not change trucks; leave"
            f" pair_plate out, or declare the handover {TRANSSHIPMENT}.",
            kind="pair_without",
            values={"handover": handover},
        )


def refuse_weight(
    workflow: Workflow | None, weight_t: float | None, settled: str | None, stage: str
) -> None:
    """Refuse a new weight that is not of the class that a stage settled."""
    if workflow is None or weight_t is None or settled is None:
        return
    if any(one.id == settled and one.holds(weight_t) for one in workflow.weight_classes):
        return
    desk = next((str(one.desk) for one in workflow.stages if one.id == stage and one.desk), None)
    raise ConflictError(
        f"weight_t {weight_t:g} is not of the weight class {settled}, which {desk or stage} settled"
        " and which stands; ask who confirmed that stage to say it anew.",
        kind="weight_settled",
        values={"weight_t": weight_t, "desk": desk},
    )


def _refuse_unknown(field: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise FlowctlError(
            f"{field} {value[:40]!r} is not known here; known: {', '.join(known) or 'none'}.",
            kind="choice_unknown",
            values={"field": field, "value": value[:40]},
        )
