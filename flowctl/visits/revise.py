"""Revisions: what late fixes change about visits that were already published."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from flowctl.visits.engine import Visit

_NAMESPACE = UUID("3f0e9c3a-51c8-4f0a-9d0f-6d2a6f6a7f11")


@dataclass(frozen=True, slots=True)
class Published:
    """A visit with the identity it is known by."""

    id: UUID
    visit: Visit


@dataclass(frozen=True, slots=True)
class Revision:
    """What to write so that the published visits become the evaluated ones."""

    upserts: tuple[Published, ...]
    withdrawn: tuple[UUID, ...]


def identify(device: int, visit: Visit) -> UUID:
    """Return the identity a visit gets when it is first published."""
    return uuid5(_NAMESPACE, f"{device}/{visit.zone}/{visit.entered_at:.6f}")


def reconcile(device: int, published: Sequence[Published], evaluated: Sequence[Visit]) -> Revision:
    """Match evaluated visits to the published ones they are revisions of.

    A visit is the revision of a published one of the same zone that it overlaps in time; it keeps
    that identity. What no evaluated visit overlaps is withdrawn.
    """
    left = list(published)
    upserts: list[Published] = []
    for visit in evaluated:
        former = next((known for known in left if _overlap(known.visit, visit)), None)
        if former is None:
            upserts.append(Published(identify(device, visit), visit))
            continue
        left.remove(former)
        if former.visit != visit:
            upserts.append(Published(former.id, visit))
    return Revision(tuple(upserts), tuple(known.id for known in left))


def _overlap(one: Visit, other: Visit) -> bool:
    if one.zone != other.zone:
        return False
    one_end = float("inf") if one.left_at is None else one.left_at
    other_end = float("inf") if other.left_at is None else other.left_at
    return one.entered_at <= other_end and other.entered_at <= one_end
