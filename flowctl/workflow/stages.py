"""Stages of a trip: what they are, what was said of them, where they stand, what is locked. Pure.

A workflow is a file of a site (workflow.toml, read by `flowctl.workflow.file`); a trip finishes by
the version and the variant it began with. Where a trip's stages stand is a function of its facts,
of what was said of them (`Record`), and of now: the order in which the words came changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

Facts = Mapping[str, str]
"""What conditions are about: direction, cargo, goods_class, weight_class, nationality, load,
handover, gate; what is not known is not there."""


class Desk(StrEnum):
    """Who confirms stages by hand: the agencies of `flowctl.registry.accounts`, yard, haulier."""

    CUSTOMS = "customs"
    BORDER_GUARD = "border_guard"
    PLANT_QUARANTINE = "plant_quarantine"
    HEALTH_QUARANTINE = "health_quarantine"
    TAX = "tax"
    YARD = "yard"
    HAULIER = "haulier"


class Proof(StrEnum):
    """What confirms a stage by itself; a visit and a camera prove the same of a place."""

    DECLARED = "declared"
    """The declaration was made."""
    JOINED = "joined"
    """All that it needs is confirmed."""
    YARD_IN = "yard_in"
    YARD_OUT = "yard_out"
    GATE_IN = "gate_in"
    """The truck came to its gate's queue or lanes, or was admitted by an officer."""
    GATE_OUT = "gate_out"
    """The truck crossed."""
    RETURNED = "returned"
    PAID = "paid"
    """Nothing is due any more."""


class Lock(StrEnum):
    """What a trip may not do before the stages that unlock it are confirmed."""

    SLOT = "slot"
    RELEASE = "release"
    GATE = "gate"


class Act(StrEnum):
    """What somebody says of a stage."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    ASKED = "asked"
    """Asked back: the haulier has to answer first."""
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    """What was said last is taken back."""


class State(StrEnum):
    """Where a stage of a trip stands."""

    WAITING = "waiting"
    """For stages before it."""
    READY = "ready"
    """Whoever it belongs to may decide."""
    ASKED = "asked"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    EXPIRED = "expired"
    """It was confirmed too long ago, and must be once more."""


class Origin(StrEnum):
    """By what a word about a stage came."""

    HAND = "hand"
    SYSTEM = "system"
    VISIT = "visit"
    CAMERA = "camera"
    PAYMENT = "payment"
    PARTNER = "partner"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a variant.

    Parameters
    ----------
    desk
        Who confirms it by hand; None where nobody does.
    proofs
        What confirms it by itself, whichever comes first.
    needs
        Stages of the same variant that must be confirmed before; those that do not apply to a trip
        count as confirmed.
    applies
        Conditions on facts, all of which must hold: the fact is one of the values. A fact that is
        not known meets no condition.
    unlocks
        What stays locked until this stage, and every other that names it, is confirmed.
    settles
        Facts that whoever confirms it says; the haulier cannot change them afterwards.
    expires_h
        Hours after which a confirmation counts no more; None: never.
    """

    id: str
    name: Mapping[str, str]
    desk: Desk | None = None
    proofs: tuple[Proof, ...] = ()
    needs: tuple[str, ...] = ()
    applies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unlocks: tuple[Lock, ...] = ()
    settles: tuple[str, ...] = ()
    expires_h: float | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """The stages of one way to hand a truck over, at some gates in one direction."""

    id: str
    name: Mapping[str, str]
    direction: str
    gates: tuple[str, ...]
    handover: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A word about a stage, as it was said ``at`` a moment; ``id`` orders words of one moment."""

    id: int
    stage: str
    act: Act
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one stage stands since when; ``record`` is the word it rests on."""

    stage: Stage
    state: State
    since: datetime
    record: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a trip stands: its stages in the file's order, what is locked, when that runs out."""

    stages: tuple[Standing, ...]
    locked: frozenset[Lock]
    due_at: datetime | None


def applies(stage: Stage, facts: Facts) -> bool:
    """Tell whether a stage is one of a trip's, by its facts."""
    return all(facts.get(name) in values for name, values in stage.applies.items())


def progress(
    variant: Variant, facts: Facts, records: Sequence[Record], *, began: datetime, now: datetime
) -> Progress:
    """Return where a trip stands.

    A word about a stage whose needs are not confirmed is kept and counts once they are: a truck
    may be in the yard before the border guard has confirmed it. A stage whose needs are withdrawn
    or run out waits again. ``began`` is when the trip was registered.

    Raises
    ------
    ValueError
        Stages need each other in a circle; `flowctl.workflow.file` refuses such a file.
    """
    mine = {stage.id: stage for stage in variant.stages if applies(stage, facts)}
    said = _last_words(records)
    found: dict[str, Standing] = {}
    for stage in _in_order(mine):
        needed = [found[one] for one in stage.needs if one in mine]
        found[stage.id] = _standing(stage, needed, said.get(stage.id), began, now)
    stages = tuple(found[stage.id] for stage in variant.stages if stage.id in mine)
    open_stages = [one for one in stages if one.state is not State.CONFIRMED]
    locked = frozenset(lock for one in open_stages for lock in one.stage.unlocks)
    dues = [one.expires_at for one in stages if one.expires_at is not None and one.expires_at > now]
    return Progress(stages, locked, min(dues, default=None))


def _last_words(records: Sequence[Record]) -> dict[str, Record]:
    """Return the word that counts of each stage: the last one, if it was not taken back."""
    last: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda one: (one.at, one.id)):
        words = last.setdefault(record.stage, [])
        if record.act is Act.WITHDRAWN:
            del words[-1:]
        else:
            words.append(record)
    return {stage: words[-1] for stage, words in last.items() if words}


def _in_order(stages: Mapping[str, Stage]) -> list[Stage]:
    """Return stages so that each comes after those it needs."""
    done: dict[str, Stage] = {}
    left = dict(stages)
    while left:
        ready = [s for s in left.values() if not any(need in left for need in s.needs)]
        if not ready:
            raise ValueError(f"the stages {', '.join(left)} need each other")
        for stage in ready:
            done[stage.id] = left.pop(stage.id)
    return list(done.values())


def _standing(
    stage: Stage, needed: Sequence[Standing], word: Record | None, began: datetime, now: datetime
) -> Standing:
    if any(one.state is not State.CONFIRMED for one in needed):
        return Standing(stage, State.WAITING, began, None if word is None else word.id)
    free_at = max((one.since for one in needed), default=began)
    if Proof.JOINED in stage.proofs:
        return _confirmed(stage, free_at, None, now)
    if Proof.DECLARED in stage.proofs and word is None:
        return _confirmed(stage, max(free_at, began), None, now)
    if word is None or word.act is Act.ANSWERED:
        since = free_at if word is None else max(free_at, word.at)
        return Standing(stage, State.READY, since, None if word is None else word.id)
    if word.act is Act.CONFIRMED:
        return _confirmed(stage, max(free_at, word.at), word.id, now)
    state = State.ASKED if word.act is Act.ASKED else State.REFUSED
    return Standing(stage, state, max(free_at, word.at), word.id)


def _confirmed(stage: Stage, at: datetime, record: int | None, now: datetime) -> Standing:
    if stage.expires_h is None:
        return Standing(stage, State.CONFIRMED, at, record)
    ends = at + timedelta(hours=stage.expires_h)
    state = State.CONFIRMED if now < ends else State.EXPIRED
    return Standing(stage, state, at if state is State.CONFIRMED else ends, record, ends)
