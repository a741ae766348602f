"""What a declaration says in words of the site's workflow: classes of goods and weight. Pure."""

from dataclasses import replace

from flowctl.errors import FlowctlError
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


def _refuse_unknown(field: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise FlowctlError(
            f"{field} {value[:40]!r} is not known here; known: {', '.join(known) or 'none'}.",
            kind="choice_unknown",
            values={"field": field, "value": value[:40]},
        )
