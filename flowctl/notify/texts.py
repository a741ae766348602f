"""What drivers read: the words of the one catalogue, filled for a trip.

Vietnamese SMS are plain ASCII so that one fits into 160 characters of GSM-7; the driver's page says
the same with its accents.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flowctl.data_files import catalogue
from flowctl.errors import FlowctlError
from flowctl.site import Site

__all__ = ["Facts", "Where", "catalogue", "latin", "without_accents", "write_text"]

Where = Literal["sms", "page"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a message speaks of; None is what it has nothing to say about."""

    plate: str
    link: str
    gate: str | None = None
    yard: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    reason: str | None = None
    offence: str | None = None
    minutes: str | None = None
    until: datetime | None = None
    code: str | None = None
    """The short code of the ledger's head that holds what the message says; a login's digits."""
    n: str | None = None
    """The truck's number in the order."""
    why: str | None = None
    """Why something cannot be, see `flowctl.registry.requests.Obstacle`."""
    plates: str | None = None
    words: str | None = None
    """What an operator wrote."""


def write_text(site: Site, *, kind: str, language: str, facts: Facts, where: Where) -> str:
    """Return a message's text for an SMS or for the driver's page.

    Times and dates are local to the gates, whatever the driver's language.

    Raises
    ------
    FlowctlError
        There is no such kind or language, or the text needs something the facts do not hold.
    """
    words = catalogue(language)
    texts = words["sms"] if where == "sms" else words["page"]["message"]
    template = texts.get(kind)
    if not isinstance(template, str):
        raise FlowctlError(f"There is no text for messages of kind {kind!r} in {language}.json.")
    try:
        return template.format_map(_values(site, language, facts, where))
    except KeyError as error:
        raise FlowctlError(
            f"The text {kind!r} in {language}.json names {error}, of which this message says "
            "nothing."
        ) from error


def _values(site: Site, language: str, facts: Facts, where: Where) -> dict[str, str]:
    words = catalogue(language)[where]
    plate = latin if where == "sms" and language != "zh" else str
    # A message from before there was a ledger has no code.
    known = {"plate": plate(facts.plate), "link": facts.link, "code": facts.code or "-"}
    if facts.gate is not None:
        known["gate"] = _name(site, language, "gate", facts.gate, where)
    if facts.yard is not None:
        known["yard"] = _name(site, language, "yard", facts.yard, where)
    if facts.reason is not None:
        known["reason"] = words["reason"].get(facts.reason, facts.reason)
    if facts.offence is not None:
        known["offence"] = words["offence"].get(facts.offence, words["offence"]["other"])
    if facts.why is not None:
        known["why"] = words["refused"].get(facts.why, facts.why)
    if facts.plates is not None:
        known["plates"] = plate(facts.plates)
    said = {"minutes": facts.minutes, "n": facts.n, "words": facts.words}
    known |= {name: text for name, text in said.items() if text is not None}
    return known | _times(site, language, facts, words["other_time"])


def _times(
    site: Site, language: str, facts: Facts, other_time: Mapping[str, str]
) -> dict[str, str]:
    known = {}
    if facts.starts_at is not None:
        known["start"], known["date"] = _local(site, language, facts.starts_at)
        other = _other_time(site, facts.starts_at, other_time)
        known["other"] = f" {other}" if other and language != "zh" else other
    if facts.until is not None:
        known["until"] = " ".join(_local(site, language, facts.until))
    if facts.ends_at is not None:
        known["end"] = f"{facts.ends_at.astimezone(site.timezone):%H:%M}"
    return known


def _other_time(site: Site, at: datetime, words: Mapping[str, str]) -> str:
    """Return a moment by the other side's clocks, nothing where these show the same."""
    zone = site.other_timezone
    if zone is None:
        return ""
    there = at.astimezone(zone)
    if there.utcoffset() == at.astimezone(site.timezone).utcoffset():
        return ""
    return words.get(zone.key, words["other"]).format(time=f"{there:%H:%M}")


def _local(site: Site, language: str, at: datetime) -> tuple[str, str]:
    """Return a moment's time and day at the gates."""
    local = at.astimezone(site.timezone)
    day = f"{local.month}月{local.day}日" if language == "zh" else f"{local:%d/%m}"
    return f"{local:%H:%M}", day


def _name(site: Site, language: str, noun: Literal["gate", "yard"], key: str, where: Where) -> str:
    """Return the name of a gate or yard: for an SMS the catalogue's short one where it has one."""
    place = site.gate_by_id.get(key) if noun == "gate" else site.yard_by_id.get(key)
    full = key if place is None else place.name.get(language, key)
    if where == "page":
        return full
    short: str = catalogue(language)["sms"][noun].get(key) or full
    return short if language == "zh" else without_accents(short)


_CHARACTERS = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼挂学警港澳"
_SOUNDS = """
Jing Jin Hu Yu Ji Yu Yun Liao Hei Xiang Wan Lu Xin Su Zhe Gan E Gui Gan Jin Meng Shaan Ji Min Gui
Yue Qing Zang Chuan Ning Qiong Gua Xue Jing Gang Ao
"""
_PINYIN = dict(zip(_CHARACTERS, _SOUNDS.split(), strict=True))


def latin(plate: str) -> str:
    """Return plates in plain Latin letters, ``桂F12345`` as ``GuiF12345``.

    A single Chinese letter would make an SMS of another language twice as long.
    """
    return without_accents("".join(_PINYIN.get(letter, letter) for letter in plate))


def without_accents(text: str) -> str:
    """Return Vietnamese in plain letters: ``Hữu Nghị`` as ``Huu Nghi``."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
