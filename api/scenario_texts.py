"""Scenario texts as they come from outside: read, looked at, changed, or refused in words."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError
from flowctl.scenarios.form import form
from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import Scenario, check_names, read_scenario
from flowctl.scenarios.text import Problem, edit, look_at
from flowctl.site import Site
from flowctl.site_tables import LANGUAGES

MOST_LETTERS = 60_000
"""Of a scenario's text; the longest that ships has a tenth of them."""
MOST_TRUCKS = 200_000
"""Of one replication: forty times the largest day that was ever reported."""
_MOST = 1e12
_MOST_WORD = 200


def folder() -> Path:
    """Return where the days lie that ship, which others may be like."""
    return data_dir() / "scenarios"


def read_text(text: str, site: Site) -> Scenario:
    """Return the scenario of a text, checked against a site.

    Raises
    ------
    FlowctlError
        It cannot be played here, or has more trucks than one who shares the machine may ask for.
    """
    with _readable():
        scenario = read_scenario(text, folder(), where="The scenario")
        check_names(scenario, site)
    trucks = sum(
        row.standing + scenario.days * (row.arrivals + row.imports)
        for row in scenario.gates.values()
    )
    if trucks > MOST_TRUCKS:
        raise FlowctlError(
            f"The scenario has {float(trucks):,.0f} trucks; more than {MOST_TRUCKS:,} are for the"
            " command line, on a machine of one's own.",
            kind="scenario_too_large",
            values={"most": MOST_TRUCKS},
        )
    return scenario


def checked(text: str, site: Site) -> tuple[Scenario | None, tuple[Problem, ...]]:
    """Return the scenario of a text, or what keeps it from being played here, line by line."""
    try:
        with _readable():
            scenario, problems = look_at(text, site, folder())
            return (scenario, problems) if problems else (read_text(text, site), ())
    except FlowctlError as error:
        said = error.refusal
        return None, (Problem(said.sentence, None, said.kind, said.values),)


def changed(text: str, changes: Mapping[str, object]) -> str:
    """Return a text with the values at some paths changed, its comments and order as they were.

    A path is to have a number or a word, a row of them by name, or None for its default.

    Raises
    ------
    ScenarioError
        The text is not TOML, no field of the form is at a path, or one cannot have such a value.
    """
    with _readable():
        document = _document(text).unwrap()
        for path, value in changes.items():
            if not _paths().fullmatch(path):
                raise ScenarioError(f"No field of the form is called '{path[:80]}'.")
            if not all(map(_is_plain, value.values() if isinstance(value, dict) else [value])):
                raise ScenarioError(f"{path}: give a number, a word, a row of them, or null.")
            _refuse_crooked(document, path)
        return edit(text, changes, folder())


def renamed(text: str, scenario: str, name: str | None) -> str:
    """Return a text under another id, and under another name in every language.

    Raises
    ------
    ScenarioError
        It is not TOML.
    """
    with _readable():
        document = _document(text)
        document["id"] = scenario
        if name is not None:
            names = tomlkit.table()
            names.update(dict.fromkeys(LANGUAGES, name))
            document["name"] = names
        return tomlkit.dumps(document)


@contextmanager
def _readable() -> Iterator[None]:
    """Say in words what no reader of TOML gets through."""
    try:
        yield
    except RecursionError:
        raise ScenarioError("The scenario: its tables are nested too deep.") from None
    except OverflowError:
        raise ScenarioError("The scenario: a number in it has too many digits.") from None


def _document(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ScenarioError(
            f"The scenario is not valid TOML: {error}.", kind="scenario_toml"
        ) from error


@lru_cache(maxsize=1)
def _paths() -> re.Pattern[str]:
    """Return what the paths of the form's fields look like, and those of whole rows."""
    fields = {field.path for field in form()} | {"steering"}
    rows = {path.partition(".{row}")[0] + ".{row}" for path in fields if "{row}" in path}
    said = (re.escape(path) for path in fields | rows)
    one = "|".join(said).replace(r"\{row\}", r"\d{1,4}")
    return re.compile(re.sub(r"\\\{\w+\\\}", r"[A-Za-z0-9_-]{1,60}", one))


def _is_plain(value: object) -> bool:
    """Tell whether something from outside is a value that a text can have."""
    if isinstance(value, str):
        return len(value) <= _MOST_WORD
    if isinstance(value, int | float):
        return abs(value) <= _MOST  # of what is no number nothing is true
    return value is None


def _refuse_crooked(document: object, path: str) -> None:
    """Refuse a path through a value where the text should have a table."""
    for key in path.split(".")[:-1]:
        if isinstance(document, Mapping):
            if key not in document:
                return
            document = document[key]
        elif isinstance(document, list) and int(key) < len(document):
            document = document[int(key)]
        else:
            break
    if not isinstance(document, Mapping | list):
        raise ScenarioError(f"The scenario, {path}: the text has a value where a table belongs.")
