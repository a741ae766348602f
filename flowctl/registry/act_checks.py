"""What an act of an operator says that cannot be meant: its reason, its gate, its times."""

from datetime import datetime, timedelta

from flowctl.closures import LONGEST
from flowctl.errors import FlowctlError, NotFoundError
from flowctl.hand import HOLDS, LONGEST_NOTE, OTHER, Act, ActKind, reasons_of
from flowctl.site import Site

_CLOCKS_APART = timedelta(minutes=5)
"""So far back a page's now may lie."""


def check(site: Site, act: Act, now: datetime) -> None:
    """Refuse an act whose reason, gate or times cannot be.

    Raises
    ------
    FlowctlError
        One sentence: what is wrong, and what to do.
    """
    known = reasons_of(site.policy.hand)[act.kind]
    if act.reason not in known:
        raise FlowctlError(
            f"reason: {act.reason[:40]!r} is no reason for {act.kind}; give {', '.join(known)}.",
            kind="reason_unknown",
        )
    if act.reason == OTHER and not act.note.strip():
        raise FlowctlError(
            "reason: other says nothing by itself; write in a note what it is.", kind="note_needed"
        )
    if len(act.note) > LONGEST_NOTE:
        raise FlowctlError(
            f"note: is too long; give at most {LONGEST_NOTE} characters.",
            kind="too_long",
            values={"field": "note", "most": LONGEST_NOTE},
        )
    check_possible(site, act, now)


def check_possible(site: Site, act: Act, now: datetime) -> None:
    """Refuse an act that no reason makes possible: where, of what and when it would be.

    Raises
    ------
    FlowctlError
        One sentence: what is wrong, and what to do.
    """
    if act.gate is not None and act.gate not in site.gate_by_id:
        gates = " and ".join(site.gate_by_id)
        raise NotFoundError(
            f"There is no gate {act.gate[:40]!r}; {site.id} has {gates}.",
            kind="no_gate",
            values={"gate": act.gate[:40]},
        )
    if act.kind is ActKind.HOLD_CLASS and not (act.gate or act.cargo or act.haulier):
        raise FlowctlError(
            "A class is described by a gate, a cargo or a haulier; give one, or close the gates.",
            kind="class_empty",
        )
    if act.trip_id is not None and act.trip_id == act.other_trip_id:
        raise FlowctlError(
            "other_trip_id: a truck cannot exchange its slot with itself.", kind="swap_itself"
        )
    _check_times(site, act, now)


def _check_times(site: Site, act: Act, now: datetime) -> None:
    if act.is_over(now):
        raise FlowctlError(
            "The act would be over before it begins; give a later end.", kind="act_over_before"
        )
    of_gate = act.kind in (ActKind.CAPACITY, ActKind.OPEN_GATE)
    if of_gate and act.starts_at is not None and act.starts_at < now - _CLOCKS_APART:
        raise FlowctlError(
            f"starts_at {local(site, act.starts_at)} is past; leave it out to begin now.",
            kind="starts_past",
            values={"at": act.starts_at},
        )
    if act.ends_at is None:
        return
    if of_gate and act.ends_at - now > LONGEST:
        raise FlowctlError(
            f"ends_at {local(site, act.ends_at)} is more than {LONGEST.days} days ahead; put it"
            " into the site's calendar.",
            kind="ends_far",
            values={"at": act.ends_at, "days": LONGEST.days},
        )
    if act.starts_at is not None and act.ends_at <= act.starts_at:
        raise FlowctlError(
            f"ends_at {local(site, act.ends_at)} is not after starts_at"
            f" {local(site, act.starts_at)}; give a later end.",
            kind="ends_before_start",
            values={"start": act.starts_at, "end": act.ends_at},
        )
    longest_s = site.policy.hand.longest_hold_s
    if act.kind in HOLDS and (act.ends_at - now).total_seconds() > longest_s:
        raise FlowctlError(
            f"until: {local(site, act.ends_at)} is further away than a hold may last"
            f" ({longest_s / 3600:g} h); give an earlier end, and hold again then if need be.",
            kind="hold_too_long",
            values={"at": act.ends_at, "hours": longest_s / 3600},
        )


def local(site: Site, moment: datetime) -> str:
    """Return a moment as people at the gates say it."""
    return f"{moment.astimezone(site.timezone):%Y-%m-%d %H:%M}"
