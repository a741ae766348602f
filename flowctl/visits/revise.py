"""Revisions: what newly known fixes change about visits that were already published."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from flowctl.visits.track import Visit


@dataclass(frozen=True, slots=True)
class Published:
    """A visit with the identity it is known by, and what was said of it before, if anything."""

    id: UUID
    visit: Visit
    former: Visit | None = None

    @property
    def is_revised(self) -> bool:
        """Whether a fact changed that was published; that a visit ended is no such change."""
        former = self.former
        if former is None:
            return False
        ended_otherwise = former.left_at is not None and former.left_at != self.visit.left_at
        return ended_otherwise or _facts(former) != _facts(self.visit)


@dataclass(frozen=True, slots=True)
class Revision:
    """What to write so that the published visits become the evaluated ones."""

    upserts: tuple[Published, ...]
    withdrawn: tuple[Published, ...]


def reconcile(published: Sequence[Published], evaluated: Sequence[Visit]) -> Revision:
    """Match evaluated visits to the published ones they are revisions of.

    A visit is the revision of a published one of the same zone that began at the same moment, or
    else of one that it overlaps in time; it keeps that identity, and the others get one. What no
    evaluated visit is the revision of is withdrawn.
    """
    left = list(published)
    upserts: list[Published] = []
    former_of: dict[int, Published] = {}
    for match in (_is_same, _overlap):
        for number, visit in enumerate(evaluated):
            if number in former_of:
                continue
            former = next((known for known in left if match(known.visit, visit)), None)
            if former is not None:
                left.remove(former)
                former_of[number] = former
    for number, visit in enumerate(evaluated):
        known = former_of.get(number)
        if known is None:
            upserts.append(Published(uuid4(), visit))
        elif known.visit != visit:
            upserts.append(Published(known.id, visit, known.visit))
    return Revision(tuple(upserts), tuple(left))


def _facts(visit: Visit) -> tuple[object, ...]:
    return visit.entered_at, visit.counted_at, visit.seen_inside, visit.crossed


def _is_same(one: Visit, other: Visit) -> bool:
    return (one.zone, one.entered_at) == (other.zone, other.entered_at)


def _overlap(one: Visit, other: Visit) -> bool:
    if one.zone != other.zone:
        return False
    starts_before = other.left_at is None or one.entered_at < other.left_at
    ends_after = one.left_at is None or other.entered_at < one.left_at
    return starts_before and ends_after
