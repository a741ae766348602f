"""Looks for cheats at a border, and what people and the policy make of what is found."""

from collections.abc import Mapping
from dataclasses import replace

from border import KEYS, Border, after

from flowctl.policy import Answer, Policy
from flowctl.registry.changes import TripChange, change
from flowctl.storage.alert_care import decide_alert
from flowctl.storage.alert_facts import find_alerts
from flowctl.storage.alerts import AlertRecord, State, list_alerts, save_alerts

YARD, QUEUE = "yard_bao_nguyen", "queue_tan_thanh"
PUNISHED = {"unreleased": Answer.LOSES_SENIORITY, "swapped": Answer.LOSES_SENIORITY}


def look(
    place: Border, minute: float, answers: Mapping[str, Answer] | None = None
) -> list[AlertRecord]:
    """Look for cheating at a minute after eight, as the controller does."""
    site = replace(place.site, policy=Policy(cheating=answers or {}))
    with place.conn.transaction():
        save_alerts(place.conn, site, find_alerts(place.conn, site, after(minute)), after(minute))
    return list_alerts(place.conn, site.id)


def decide(place: Border, alert: int, state: State, note: str = "looked at it") -> None:
    site = replace(place.site, policy=Policy(cheating=PUNISHED))
    with place.conn.transaction():
        decide_alert(place.conn, site, alert, state=state, note=note, by="operator", now=after(40))


def swap(place: Border) -> int:
    """Let a trip change its device after the old one came to the yard; return the trip."""
    trip = place.trip()
    place.visit(trip, YARD, 0)
    change(
        place.conn,
        place.site,
        KEYS,
        trip,
        TripChange(device="another"),
        by="haulier",
        now=after(30),
    )
    return trip
