"""Why a truck stands where it stands, in words: its history from the ledger, and who goes before.

The words are those of the catalogue, ``page.why`` of `data/messages`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from flowctl.ledger.chain import Row
from flowctl.ledger.entries import Kind
from flowctl.notify.texts import catalogue
from flowctl.site import Site

_TOLD_BY_REASON = frozenset(
    {
        (Kind.PENALTY, "lifted"),
        *((Kind.CHANGED, reason) for reason in ("device_accepted", "accepted", "late")),
    }
)
"""Rows whose reason makes them an event of another kind."""
_MINUTE_S = 60


class _Values(dict[str, str]):
    """What a sentence may name; what a row does not say is a dash, never a guess."""

    def __missing__(self, key: str) -> str:
        return "—"


def why_text(language: str, key: str, **values: str) -> str:
    """Return a sentence of the catalogue, such as the place in the order.

    Raises
    ------
    FlowctlError
        There are no texts in this language.
    """
    text: str = _words(language)[key]
    return text.format_map(_Values(values))


def reason_text(language: str, reason: str | None) -> str:
    """Return a reason in words; one the catalogue does not know goes by the site's rules.

    A penalty for what an alert found is told by the alert's own name, what an operator did by the
    reason he chose.
    """
    page = catalogue(language)["page"]
    words = page["reason"] | page["why"]["reason"]
    known = page["act_reason"] | words
    text: str = known.get(reason) or page["alerts"].get(f"kind_{reason}") or words["other"]
    return text


def stage_text(
    site: Site, language: str, state: str, *, desk: str, stage: str, since: datetime
) -> str:
    """Return where a stage stands since when, and whose it is."""
    text: str = _words(language)["stage"][state]
    return text.format_map(_Values(desk=desk, stage=stage, since=_moment(site, since)))


def history_sentence(site: Site, language: str, row: Row, *, subject: str) -> str | None:
    """Return what a row says of the trip ``subject``, or None where that is no event of its own.

    Overtakes are counted, see `reason_text`, and not told one by one.
    """
    details: dict[str, Any] = msgspec.json.decode(row.details)
    kind = row.reason if (row.kind, row.reason) in _TOLD_BY_REASON else row.kind
    template = _words(language)["history"].get(kind)
    if template is None:
        return None
    if row.kind == Kind.SWAPPED and row.subject != subject:
        details["starts_at"] = details.get("was_starts_at")
    said: str = template.format_map(_values(site, language, row, details))
    return said


def _values(site: Site, language: str, row: Row, details: Mapping[str, Any]) -> _Values:
    now = row.at
    values = _Values(
        time=_moment(site, now),
        reason=reason_text(language, row.reason),
        proof=_proof(language, details.get("proof")),
    )
    if "cause" in details:
        values["cause"] = _words(language)["cause"].get(details["cause"], details["cause"])
    if row.gate is not None:
        values["gate"] = _name(site, language, row.gate)
    for name in ("yard", "to_yard"):
        if name in details:
            values[name] = _name(site, language, details[name])
    instants = {
        "start": "starts_at",
        "was": "was_starts_at",
        "counted": "counted_at",
        "was_counted": "was_counted_at",
        "late": "late_until",
    }
    for name, field in instants.items():
        if details.get(field) is not None:
            values[name] = _moment(site, datetime.fromisoformat(details[field]), today=now)
    if "loses_s" in details:
        values["minutes"] = str(round(details["loses_s"] / _MINUTE_S))
    return values


def _moment(site: Site, at: datetime, today: datetime | None = None) -> str:
    """Return a local time, with its day where that is not the one spoken of."""
    local = at.astimezone(site.timezone)
    same = today is not None and today.astimezone(site.timezone).date() == local.date()
    return f"{local:%H:%M}" if same else f"{local:%d/%m %H:%M}"


def _name(site: Site, language: str, key: str) -> str:
    place = site.gate_by_id.get(key) or site.yard_by_id.get(key)
    return key if place is None else place.name.get(language, key)


def _proof(language: str, proof: str | None) -> str:
    words = _words(language)["proof"]
    text: str = words.get(proof) or words["unknown"]
    return text


def _words(language: str) -> Mapping[str, Any]:
    words: Mapping[str, Any] = catalogue(language)["page"]["why"]
    return words
