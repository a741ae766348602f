"""What changing a declaration costs, field by field: the site's rules, and what stands. Pure."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from flowctl.errors import ConflictError
from flowctl.policy import Edit, EditRules

PART_OF: Mapping[str, str] = {
    **dict.fromkeys(
        ("phone", "language", "driver_name", "licence", "licence_until", "consent"), "driver"
    ),
    "plate": "truck",
    "trailer": "trailer",
    "cargo": "cargo",
    "goods_class": "goods_class",
    **dict.fromkeys(
        ("goods", "goods_code", "value_vnd", "keeps_h", "temperature_c", "customer"), "goods"
    ),
    "load": "load",
    **dict.fromkeys(("weight_t", "weight_class"), "weight"),
    "gates": "gates",
    "ready_at": "ready_at",
    "pair_plate": "pair",
    "declaration": "declaration",
}
"""By field, the part of the policy's ``edits`` that says what a change of it costs."""
_FREE = ("convoy", "needs", "returns_within_h", "nationality")
_STAND = ("direction", "handover", "haulier")
"""Who and which way a trip is, and the stages that it began with: another one is another trip."""
WHEN_CALLED = ("gates", "ready_at", "needs", "plate")
"""What stands once the truck was called."""


class Place(StrEnum):
    """What becomes of a truck's place when a field is changed."""

    KEEPS = "keeps"
    EVIDENCE = "evidence"
    LOSES = "loses"
    FIXED = "fixed"
    """The field cannot be changed."""


def keeps_place(
    rules: EditRules, *, settled: Collection[str], is_called: bool, has_device: bool
) -> dict[str, Place]:
    """Return what a change of each field costs; ``settled`` are those that stages said."""
    cost = {field: Place(getattr(rules, part)) for field, part in PART_OF.items()}
    cost |= dict.fromkeys(_FREE, Place.KEEPS) | dict.fromkeys(_STAND, Place.FIXED)
    # A place belongs to the device too: with another one the truck's arrival counts anew.
    cost["device"] = Place.LOSES if has_device else Place.KEEPS
    cost |= dict.fromkeys(settled, Place.FIXED)
    if is_called:
        cost |= dict.fromkeys(WHEN_CALLED, Place.FIXED)
    return cost


def refuse_fixed(settled: Mapping[str, str], changed: Collection[str]) -> None:
    """Refuse to change what a stage said (``settled``, by field), and what a trip began with."""
    for field in sorted(changed):
        if field in _STAND:
            raise ConflictError(
                f"{field} stands: the trip's stages began with it; cancel the trip and declare it"
                " anew.",
                kind="field_fixed",
                values={"field": field},
            )
        if field in settled:
            raise ConflictError(
                f"{field} was set at the stage {settled[field]} and stands; ask who confirmed that"
                " stage to say it anew.",
                kind="field_settled",
                values={"field": field},
            )


def judge(rules: EditRules, changed: Collection[str], *, has_evidence: bool) -> list[str]:
    """Return the changed fields that cost the truck its place.

    Raises
    ------
    ConflictError
        One of them is only taken with evidence, and there is none.
    """
    parts = {field: Edit(getattr(rules, PART_OF[field])) for field in changed if field in PART_OF}
    for field in sorted(parts):
        if parts[field] is Edit.EVIDENCE and not has_evidence:
            raise ConflictError(
                f"{field} is only changed with evidence: a document added to the trip, or at a desk"
                " a reason.",
                kind="evidence_needed",
                values={"field": field},
            )
    return sorted(field for field, edit in parts.items() if edit is Edit.LOSES)
