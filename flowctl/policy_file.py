"""The fields of policy.toml: a site's rules for places in the order, read strictly.

What the file leaves out keeps the default of `flowctl.policy`. Every problem is a sentence, and
rules that contradict each other or the site's own are problems too.
"""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from flowctl.alarm_limits import AlarmParams
from flowctl.alarms.alerts import CHEATING, Kind
from flowctl.cheating_limits import CheatingParams
from flowctl.policy import (
    Answer,
    AwayRules,
    Basis,
    ClosureRules,
    Edit,
    EditRules,
    FairUseRules,
    HandRules,
    HaulierRules,
    NotifyRules,
    Penalty,
    Policy,
    PriorityRules,
    SlotRules,
    StandbyRules,
)
from flowctl.site import DispatchParams
from flowctl.site_tables import Table, nearest
from flowctl.state import Cargo

_LONGEST_VERSION = 40
_DAY_S = 86_400
_LIMITS: Mapping[str, tuple[float, float]] = {
    "early_s": (0, _DAY_S),
    "late_s": (0, _DAY_S),
    "extension_s": (0, _DAY_S),
    "extensions_per_day": (0, 24),
    "loses_s": (0, 30 * _DAY_S),
    "ban_after": (0, 1000),
    "within_days": (1, 366),
    "ban_days": (0, 366),
    "most_places_lost": (0, 100_000),
    "most_share": (0.001, 1),
    "least_places": (0, 1000),
    "share": (0, 1),
    "no_show_s": (60, _DAY_S),
    "seen_s": (0, _DAY_S),
    "unknown_end_s": (60, 30 * _DAY_S),
    "stay_away_s": (0, 7 * _DAY_S),
    "most_per_day": (0, 1000),
    "gather_s": (0, 3600),
    "help_every_s": (0, _DAY_S),
    "approve_within_s": (60, _DAY_S),
    "longest_hold_s": (900, 30 * _DAY_S),
    "backdate_s": (0, _DAY_S),
    "undo_s": (60, 3600),
    "texts_per_h": (0, 100_000),
    "active_per_haulier": (0, 100_000),
    "free_cancellation_s": (0, 30 * _DAY_S),
    "fastest_mps": (1, 50),
    "least_fixes": (3, 100),
    "legs": (3, 1000),
    "leg_mps": (30, 1000),
    "hoard_share": (0.01, 1),
    "hoard_least": (2, 100_000),
    "dropped": (2, 1000),
    "dropped_share": (0, 1),
    "yard_share": (0.01, 1),
    "yard_clear_share": (0, 1),
    "silent_clear_share": (0, 1),
    "silent_many": (2, 100_000),
    "silent_many_share": (0.01, 1),
    "off_fixes": (2, 100),
    "process_late_s": (60, _DAY_S),
    "escalate_s": (60, _DAY_S),
    "two_way_h": (0, 720),
    "one_way_h": (0, 720),
    "many": (1, 100_000),
    "forgotten_h": (1, 8784),
}
_MOST = 366 * _DAY_S
"""Of what has no limit of its own: a year of seconds, or further than any road here in metres."""
_HIGHEST_CLASS = 100

_Rules = TypeVar(
    "_Rules",
    SlotRules,
    Penalty,
    PriorityRules,
    HaulierRules,
    StandbyRules,
    ClosureRules,
    HandRules,
    NotifyRules,
    FairUseRules,
    CheatingParams,
    AlarmParams,
    AwayRules,
)


def read_policy(table: Table) -> Policy:
    """Read policy.toml; the rules are only fit for use where no problem was noted."""
    default = Policy()
    basis = table.one_of("basis", Basis, "basis") if table.has("basis") else default.basis
    policy = Policy(
        version=_version(table),
        valid_from=_valid_from(table),
        basis=Basis(basis or default.basis),
        slot=_rules(table, "slot", default.slot),
        no_show=_penalty(table, "no_show", default.no_show),
        cancellation=_penalty(table, "cancellation", default.cancellation),
        free_cancellation_s=_free_cancellation_s(table, default.free_cancellation_s),
        priority=_priority(table, default.priority),
        haulier=_rules(table, "haulier", default.haulier),
        standby=_rules(table, "standby", default.standby),
        closure=_rules(table, "closure", default.closure),
        notify=_rules(table, "notify", default.notify),
        hand=_hand(table, default.hand),
        edits=_edits(table, default.edits),
        fair_use=_rules(table, "fair_use", default.fair_use),
        cheating=_cheating(table),
        cheating_limits=_rules(table, "cheating_limits", default.cheating_limits),
        alarms=_rules(table, "alarms", default.alarms),
        away=_rules(table, "away", default.away),
    )
    table.close()
    return policy


def policy_faults(policy: Policy, dispatch: DispatchParams, where: str) -> Iterator[str]:
    """Yield a sentence for every rule that contradicts another one, or the site's slots."""
    slot = policy.slot
    if slot.late_s < dispatch.freeze_s:
        yield (
            f'{where}, slot, field "late_s": {slot.late_s} is shorter than freeze_s of site.toml'
            f" ({dispatch.freeze_s}), so that a truck could be late for a slot nobody may change"
            f" any more; give at least {dispatch.freeze_s}"
        )
    if slot.extensions_per_day > 0 and slot.extension_s < dispatch.slot_s:
        yield (
            f'{where}, slot, field "extension_s": {slot.extension_s} is shorter than a slot'
            f" ({dispatch.slot_s}), so that an extension would change nothing; give at least"
            f" {dispatch.slot_s}, or set extensions_per_day to 0"
        )
    standby = policy.standby
    if standby.judged_s > dispatch.release_expiry_s:
        yield (
            f'{where}, standby, field "no_show_s": {standby.no_show_s} and seen_s'
            f" ({standby.seen_s}) are longer together than a call-up holds (release_expiry_s of"
            f" site.toml, {dispatch.release_expiry_s}), so that nobody would ever be a no-show;"
            f" give at most {max(dispatch.release_expiry_s - standby.seen_s, 0)}"
        )
    away = policy.away
    if 0 < away.two_way_h < away.one_way_h:
        yield (
            f'{where}, away, field "two_way_h": {away.two_way_h:g} is shorter than one_way_h'
            f" ({away.one_way_h:g}), so that who brings a load back would have less time; give at"
            f" least {away.one_way_h:g}"
        )
    alarms = policy.alarms
    for clear, least, higher, most in (
        ("yard_clear_share", alarms.yard_clear_share, "yard_share", alarms.yard_share),
        (
            "queue_clear_per_h",
            alarms.queue_clear_per_h,
            "queue_growth_per_h",
            alarms.queue_growth_per_h,
        ),
        ("back_m", alarms.back_m, "off_way_m", alarms.off_way_m),
    ):
        if least >= most:
            yield (
                f'{where}, alarms, field "{clear}": {least:g} is not below {higher} ({most:g}), so'
                " that an alarm would be over at the limit that raises it, and waver; give less"
            )
    if any(policy.priority.classes.values()) and policy.priority.most_places_lost == 0:
        yield (
            f'{where}, priority, field "most_places_lost": 0 lets no truck lose a place, so that'
            " the classes would change nothing; give at least 1, or leave the classes out"
        )


def _version(table: Table) -> str:
    version = table.text("version")
    if len(version) > _LONGEST_VERSION or not version.isprintable():
        table.refuse("version", f"is at most {_LONGEST_VERSION} characters that can be printed")
    if version == Policy().version:
        table.refuse("version", f'"{version}" names the rules of a site without this file')
    return version


def _valid_from(table: Table) -> datetime:
    wanted = "a moment with its zone, such as 2024-01-23T00:00:00+07:00"
    value = table.raw("valid_from", wanted)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if value is not None:
        table.refuse("valid_from", f"{value} must be {wanted}")
    return Policy().valid_from


def _rules(policy: Table, key: str, default: _Rules) -> _Rules:
    """Read a table of numbers into a part of the policy."""
    table = policy.table(key) if policy.has(key) else None
    policy.ignore(key)
    if table is None:
        return default
    rules = _filled(table, default)
    table.close()
    return rules


def _filled(table: Table, default: _Rules) -> _Rules:
    read: dict[str, Any] = {}
    for one in fields(default):
        preset = getattr(default, one.name)
        if isinstance(preset, bool) or not isinstance(preset, int | float):
            continue
        table.ignore(one.name)
        if table.has(one.name):
            least, most = _LIMITS.get(one.name, (0, _MOST))
            read[one.name] = (
                table.whole(one.name, least=math.ceil(least), most=most)
                if isinstance(preset, int)
                else table.number(one.name, least=least, most=most)
            )
    return replace(default, **read)


def _penalty(policy: Table, key: str, default: Penalty) -> Penalty:
    """Read what an offence costs; a ban of no days, or after no offence, is no ban."""
    table = policy.table(key) if policy.has(key) else None
    policy.ignore(key)
    if table is None:
        return default
    penalty = _filled(table, default)
    if penalty.ban_after == 0:
        for field in ("ban_days", "within_days"):
            if table.has(field):
                table.refuse(
                    field, "contradicts ban_after = 0, which bars nobody; give one of both"
                )
        penalty = replace(penalty, ban_days=0)
    elif penalty.ban_days == 0:
        table.refuse(
            "ban_days", f"0 contradicts ban_after = {penalty.ban_after}; give days, or 0 to both"
        )
    table.close()
    return penalty


def _free_cancellation_s(table: Table, default: int) -> int:
    key = "free_cancellation_s"
    if not table.has(key):
        return default
    least, most = _LIMITS[key]
    return table.whole(key, least=math.ceil(least), most=most)


def _priority(policy: Table, default: PriorityRules) -> PriorityRules:
    table = policy.table("priority") if policy.has("priority") else None
    policy.ignore("priority")
    if table is None:
        return default
    rules = _filled(table, default)
    named = table.table("classes") if table.has("classes") else None
    table.ignore("classes")
    classes: dict[str, int] = {}
    if named is not None:
        known = [str(cargo) for cargo in Cargo]
        for cargo in named.entries():
            if cargo in known:
                classes[cargo] = named.whole(cargo, least=0, most=_HIGHEST_CLASS)
            else:
                named.refuse(cargo, _unknown(cargo, "cargo", known))
                named.ignore(cargo)
        named.close()
    table.close()
    return replace(rules, classes=classes)


def _cheating(policy: Table) -> Mapping[str, Answer]:
    table = policy.table("cheating") if policy.has("cheating") else None
    policy.ignore("cheating")
    if table is None:
        return {}
    known = [str(kind) for kind in Kind if kind in CHEATING]
    answers: dict[str, Answer] = {}
    for kind in table.entries():
        if kind not in known:
            table.refuse(kind, _unknown(kind, "kind of alert", known))
            table.ignore(kind)
            continue
        answer = table.one_of(kind, Answer, "answer")
        if answer:
            answers[kind] = Answer(answer)
    table.close()
    return answers


def _hand(policy: Table, default: HandRules) -> HandRules:
    """Read what operators may do by hand; a list of reasons is chosen out of those there are."""
    table = policy.table("hand") if policy.has("hand") else None
    policy.ignore("hand")
    if table is None:
        return default
    rules = _filled(table, default)
    if table.has("four_eyes"):
        rules = replace(rules, four_eyes=table.flag("four_eyes"))
    # Every reason has words in each language: none can be made up in a file.
    if table.has("hold_reasons"):
        held = table.subset("hold_reasons", default.hold_reasons, "reason")
        rules = replace(rules, hold_reasons=held)
    if table.has("forward_reasons"):
        forward = table.subset("forward_reasons", default.forward_reasons, "reason")
        rules = replace(rules, forward_reasons=forward)
    table.close()
    return rules


def _edits(policy: Table, default: EditRules) -> EditRules:
    table = policy.table("edits") if policy.has("edits") else None
    policy.ignore("edits")
    if table is None:
        return default
    read = {
        one.name: Edit(said)
        for one in fields(default)
        if table.has(one.name) and (said := table.one_of(one.name, Edit, "rule"))
    }
    for one in fields(default):
        table.ignore(one.name)
    table.close()
    return replace(default, **read)


def approved_at_speed(text: str, speed: float) -> str:
    """Return a policy's text that gives who approves as long a time by the wall clock.

    An act waits ``approve_within_s`` of domain time for a second person. Where a day is played
    ``speed`` times as fast that person, who reads no faster, has as much more of it, a day at most.
    """
    if not text or speed <= 1:
        return text
    stated = tomllib.loads(text).get("hand", {}).get("approve_within_s")
    within_s = HandRules().approve_within_s if stated is None else stated
    line = f"approve_within_s = {min(_DAY_S, round(within_s * speed))}"
    rest = re.sub(r"(?m)^[ \t]*approve_within_s[ \t]*=.*\n?", "", text)
    head = re.compile(r"(?m)^[ \t]*\[hand\].*$")
    if head.search(rest):
        return head.sub(f"[hand]\n{line}", rest, count=1)
    return f"{rest}\n[hand]\n{line}\n"


def _unknown(word: str, what: str, known: list[str]) -> str:
    return f"is no {what}{nearest(word, known) or '; known: ' + ', '.join(known)}"
