"""What a trip still waits for and whose it is, in sentences for people and for the driver."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flowctl.notify.texts import catalogue
from flowctl.notify.why import stage_text, why_text
from flowctl.site import Site
from flowctl.state import LiveTrip
from flowctl.storage.clearances import Clearance
from flowctl.workflow.stages import Lock, State


@dataclass(frozen=True, slots=True)
class Missing:
    """A stage that is to be confirmed next: whose it is, where it stands since when, in words."""

    stage: str
    desk: str
    state: str
    since: datetime
    text: str


def list_missing(site: Site, language: str, clearances: Sequence[Clearance]) -> list[Missing]:
    """Return what somebody can confirm now and that stands in the way of a trip."""
    return [
        Missing(
            one.stage,
            one.desk,
            one.state,
            one.since,
            stage_text(
                site,
                language,
                "coming" if one.by_coming and one.state is State.READY else str(one.state),
                desk=desk_name(language, one.desk),
                stage=one.name[language],
                since=one.since,
            ),
        )
        for one in clearances
        if one.is_missing
    ]


def locked_text(language: str, trip: LiveTrip, clearances: Sequence[Clearance]) -> str | None:
    """Return what a trip may not do and whom it waits for, None where nobody has to do anything.

    The first of its locks is named: who has no slot is not called either.
    """
    for lock in (Lock.SLOT, Lock.RELEASE, Lock.GATE):
        if lock not in trip.locked:
            continue
        whom = list(dict.fromkeys(_desks(language, lock, clearances)))
        if whom:
            ahead = lock is Lock.RELEASE and trip.arrived_at is None
            key = "locked_release_ahead" if ahead else f"locked_{lock}"
            return why_text(language, key, whom=", ".join(whom))
    return None


def _desks(language: str, lock: Lock, clearances: Sequence[Clearance]) -> Iterator[str]:
    for one in clearances:
        if one.is_missing and lock in one.locks:
            yield desk_name(language, one.desk)


def desk_name(language: str, desk: str) -> str:
    """Return what a desk is called."""
    name: str = catalogue(language)["page"]["desk"][desk]
    return name
