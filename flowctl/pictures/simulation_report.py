"""A run on one page: what was asked, what makes it again, its measures, its curves, its notes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flowctl.bulletin.document import Document, Table
from flowctl.bulletin.html import write_html
from flowctl.bulletin.pdf import write_pdf
from flowctl.pictures.simulation_curves import (
    asked as asked_words,
)
from flowctl.pictures.simulation_curves import (
    gate_name,
    refuse_chinese,
    write_png,
    write_svg,
)
from flowctl.site import Site

Words = Mapping[str, Any]
Interval = Mapping[str, float | None]

SHOWN = (
    *("total_wait_mean_s", "total_wait_p90_s", "total_wait_p95_s"),
    *("gate_wait_mean_s", "gate_wait_p90_s", "gate_wait_p95_s", "import_wait_mean_s"),
    *("queue_max", "cleared_export", "cleared_import", "waiting_at_end", "utilisation"),
    *("starved_place_min", "overtakes", "passed_share", "messages", "waiting_cost_vnd"),
    *("turned_back", "no_shows"),
)
"""The measures that fit on the page, in their order."""
_OF_CLASSES = ("total_wait_mean_s", "total_wait_p90_s", "gate_wait_mean_s", "gate_wait_p90_s")
_MINUTE_S, _HOUR_MIN = 60.0, 60
_LONG_MIN = 120.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A run as it is kept: its number, who asked for it when, the site's version, the result.

    ``by`` is the person as colleagues know them, or the account of one nobody has named.
    """

    run: int
    by: str
    at: datetime
    site_version: int | None
    result: Mapping[str, Any]


def report_html(asked: Asked, site: Site, words: Words, language: str) -> str:
    """Return the report as a page that stands by itself, its curves inside."""
    svg = write_svg(asked.result, site, words, language, headed=False).decode()
    return write_html(write_report(asked, site, words, language), picture=svg[svg.index("<svg") :])


def report_pdf(asked: Asked, site: Site, words: Words, language: str) -> bytes:
    """Return the report as a PDF of A4.

    Raises
    ------
    FlowctlError
        It is asked for in Chinese, for which no letters ship.
    """
    refuse_chinese(language)
    png = write_png(asked.result, site, words, language, headed=False)
    return write_pdf(write_report(asked, site, words, language), asked.at, picture=png)


def write_report(asked: Asked, site: Site, words: Words, language: str) -> Document:
    """Return the report in words.

    Parameters
    ----------
    words
        The catalogue's words of pages.
    """
    said, result = words["run_report"], asked.result
    name = result["name"][language]
    return Document(
        title=_fill(said["title"], run=asked.run, name=name),
        lines=tuple(_lines(asked, words, language)),
        summary=Table("asked", "", "", ("",), ()),
        tables=tuple(_tables(result, words, language)),
        notes=tuple(_notes(result, site, words, language)),
        gates={},
        language=language,
    )


def _lines(asked: Asked, words: Words, language: str) -> Iterator[str]:
    said, result = words["run_report"], asked.result
    yield asked_words(result, words)
    at = asked.at.astimezone(ZoneInfo(result["timezone"]))
    yield _fill(said["made"], by=asked.by, at=f"{at:%H:%M %d/%m/%Y}")
    yield _fill(
        said["again"],
        scenario=result["scenario"],
        version=result["version"],
        policy=result["policy"] or "–",
        site_version=asked.site_version or "–",
    )
    yield _fill(said["digest"], digest=result["digest"])
    left = result["measures"]["waiting_at_end"]["mean"]
    if left:
        n = _number(max(1, round(left)), 0, language)
        yield _fill(words["planner"]["waits_cut"], n=n)


def _tables(result: Mapping[str, Any], words: Words, language: str) -> Iterator[Table]:
    said, names = words["run_report"], words["planner_measure"]
    measures = result["measures"]
    rows = tuple(
        (names[key], *_shown(measures[key], measures[key]["unit"], words, language))
        for key in SHOWN
        if key in measures
    )
    head = (words["planner"]["measure"], said["mean"], said["interval"])
    yield Table("measures", said["measures"], "", head, rows)
    classes = result["classes"]
    yield Table(
        "classes",
        said["classes"],
        "",
        (said["class"], *(names[key] for key in _OF_CLASSES)),
        tuple(
            (
                words["cargo"].get(cargo, cargo),
                *(figure(row[key]["mean"], "s", words, language) for key in _OF_CLASSES),
            )
            for cargo, row in classes.items()
        ),
    )


def _shown(value: Interval, unit: str, words: Words, language: str) -> tuple[str, str]:
    mean, low, high = (value[name] for name in ("mean", "low", "high"))
    between = "–"
    if low is not None and high is not None:
        ends = (figure(end, unit, words, language) for end in (low, high))
        between = " … ".join(ends)
    return figure(mean, unit, words, language), between


def _notes(result: Mapping[str, Any], site: Site, words: Words, language: str) -> Iterator[str]:
    said: Mapping[str, str] = words["planner"]
    for note in result["notes"]:
        known = said.get(f"note_{note['kind']}")
        values = {
            name: _value(name, value, site, language) for name, value in note["values"].items()
        }
        yield note["text"] if known is None else _fill(known, **values)
    if result["replications"] == 1:
        yield words["run_report"]["once"]


def _value(name: str, value: Any, site: Site, language: str) -> str:  # noqa: ANN401 - JSON
    """Return a value of a note as it is read."""
    if name == "gate":
        return gate_name(site, value, language)
    if isinstance(value, int | float):
        return _number(value, 0 if value == int(value) else 1, language)
    return "–" if value is None else str(value)


def figure(value: float | None, unit: str, words: Words, language: str) -> str:
    """Return a measure as planners read it, by its unit.

    >>> figure(754.0, "s", {"common": {"minutes": "{m} min"}}, "en")
    '12.6 min'
    """
    if value is None:
        return "–"
    if unit in ("s", "min"):
        return _duration(value / _MINUTE_S if unit == "s" else value, words, language)
    if unit == "share":
        return f"{_number(100 * value, 1, language)} %"
    if unit == "vnd":
        return f"{_number(value, 0, language)} ₫"
    return _number(value, 0 if value == int(value) else 1, language)


def _duration(minutes: float, words: Words, language: str) -> str:
    said: Mapping[str, str] = words["common"]
    if abs(minutes) < _LONG_MIN:
        return _fill(said["minutes"], m=_number(minutes, 1, language))
    hours, rest = divmod(round(abs(minutes)), _HOUR_MIN)
    text = _fill(said["hours_minutes"], h=hours, m=rest)
    return f"−{text}" if minutes < 0 else text


def _number(value: float, decimals: int, language: str) -> str:
    text = f"{value:,.{decimals}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "vi" else text


def _fill(text: str, **values: object) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text
