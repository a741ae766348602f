"""Days that can be played, as TOML texts: those that ship, and those that planners saved."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Annotated, Any

import tomlkit
from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from tomlkit.exceptions import TOMLKitError

from api.asked import NO_BODY
from api.auth import Caller, caller
from api.record import Connection, record
from api.transaction import transaction
from flowctl.data_files import data_dir
from flowctl.errors import ConflictError, NotFoundError
from flowctl.scenarios.rows import ScenarioError
from flowctl.scenarios.scenario import Scenario, check_names, read_scenario
from flowctl.site import Site
from flowctl.site_tables import LANGUAGES
from flowctl.storage.scenarios import SavedScenario, delete_saved, find_saved, list_saved
from flowctl.storage.scenarios import save_scenario as keep_scenario

router = APIRouter(tags=["simulations"])

MOST_LETTERS = 60_000
"""Of a scenario's text; the longest that ships has a tenth of them."""

Who = Annotated[Caller, Depends(caller)]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
Text = Annotated[str, Field(min_length=1, max_length=MOST_LETTERS)]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class ScenarioBody(BaseModel):
    """A scenario's text; ``name`` takes the place of its names in every language."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    name: Name | None = None


class CheckBody(BaseModel):
    """A text to be looked at."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MOST_LETTERS)]


class EditBody(BaseModel):
    """A text and what is to be changed in it, by path."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MOST_LETTERS)]
    changes: Annotated[dict[str, Any], Field(max_length=200)]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a text, on which line where that is known, from 1."""

    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a text can be played, and what the form's fields have in it by path."""

    ok: bool
    problems: list[Fault]
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EditedText:
    """A text after changes."""

    text: str


@dataclass(frozen=True, slots=True)
class ScenarioChoice:
    """A day that can be simulated; ``owner`` saved it, None: it ships with flowctl."""

    id: str
    name: Mapping[str, str]
    saved: bool
    owner: str | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScenarioText:
    """A scenario as it is written."""

    id: str
    name: Mapping[str, str]
    text: str
    saved: bool
    owner: str | None = None
    changed_at: datetime | None = None


@router.get("/v1/scenarios")
def list_scenarios(request: Request) -> list[ScenarioChoice]:
    """List the days that ship with flowctl for this site, then those that planners saved."""
    site: Site = request.app.state.site
    with transaction(request) as conn:
        saved = list_saved(conn, site.id)
    return [
        *(ScenarioChoice(one.id, one.name, saved=False) for one in shipped(site).values()),
        *(ScenarioChoice(s.id, s.name, True, s.owner, s.changed_wall_at) for s in saved),
    ]


@router.get("/v1/scenario-form")
def get_form() -> list[dict[str, Any]]:
    """Return what of a scenario may be edited by form: paths, bounds, units, groups."""
    return []


@router.get("/v1/scenarios/{scenario}")
def get_scenario(request: Request, scenario: Slug) -> ScenarioText:
    """Return a scenario's text."""
    with transaction(request) as conn:
        return scenario_text(conn, request.app.state.site, scenario)


@router.put("/v1/scenarios/{scenario}")
def save_scenario(request: Request, scenario: Slug, body: ScenarioBody, who: Who) -> ScenarioText:
    """Save a scenario under a name of one's own; what cannot be played is not kept."""
    site: Site = request.app.state.site
    if scenario in shipped(site):
        raise ConflictError(
            f"{scenario} ships with flowctl and stays as it is; save yours under another name.",
            kind="scenario_shipped",
            values={"scenario": scenario},
        )
    text = _renamed(body.text, scenario, body.name)
    read = read_text(text, site)
    saved = SavedScenario(scenario, dict(read.name), text, who.signature, datetime.now(UTC))
    with transaction(request) as conn:
        keep_scenario(conn, site.id, saved)
        record(request, conn, "scenario.save", f"scenario:{scenario}")
        return scenario_text(conn, site, scenario)


@router.delete("/v1/scenarios/{scenario}", status_code=204, dependencies=[NO_BODY])
def delete_scenario(request: Request, scenario: Slug, who: Who) -> None:
    """Delete a scenario one saved, or as an administrator anybody's; runs keep their texts."""
    owner = None if who.role == "administrator" else who.signature
    with transaction(request) as conn:
        delete_saved(conn, request.app.state.site.id, scenario, owner=owner)
        record(request, conn, "scenario.delete", f"scenario:{scenario}")


@router.post("/v1/scenarios/check")
def check_scenario(request: Request, body: CheckBody) -> Checked:
    """Return what is wrong with a text, where, and what the form's fields have in it."""
    try:
        read_text(body.text, request.app.state.site)
    except ScenarioError as error:
        return Checked(False, [Fault(str(error))], {})
    return Checked(True, [], {})


@router.post("/v1/scenarios/edit")
def edit_scenario(body: EditBody) -> EditedText:
    """Return a text with some values changed, its comments and order as they were."""
    document = _document(body.text)
    for path, value in body.changes.items():
        *tables, key = path.split(".")
        table: Any = document
        for name in tables:
            table = table.setdefault(name, tomlkit.table())
        table[key] = value
    return EditedText(tomlkit.dumps(document))


@dataclass(frozen=True, slots=True)
class Shipped:
    """A scenario that ships with flowctl."""

    id: str
    name: Mapping[str, str]
    site: str
    text: str


def shipped(site: Site) -> dict[str, Shipped]:
    """Return the scenarios that ship for a site by id, in order of their ids."""
    return {one.id: one for one in _all_shipped() if one.site == site.id}


@lru_cache(maxsize=1)
def _all_shipped() -> tuple[Shipped, ...]:
    def read(path: FilePath) -> Shipped:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
        return Shipped(path.stem, dict(table["name"]), table["site"], text)

    return tuple(read(path) for path in sorted((data_dir() / "scenarios").glob("*.toml")))


def scenario_text(conn: Connection, site: Site, scenario: str) -> ScenarioText:
    """Return the text of a scenario that ships or was saved.

    Raises
    ------
    NotFoundError
        There is none of this name.
    """
    own = shipped(site).get(scenario)
    if own is not None:
        return ScenarioText(own.id, own.name, own.text, saved=False)
    saved = find_saved(conn, site.id, scenario)
    if saved is None:
        raise NotFoundError(
            f"There is no scenario {scenario!r}.", kind="no_scenario", values={"scenario": scenario}
        )
    return ScenarioText(saved.id, saved.name, saved.text, True, saved.owner, saved.changed_wall_at)


def read_text(text: str, site: Site) -> Scenario:
    """Return the scenario of a text, checked against a site.

    Raises
    ------
    ScenarioError
        It cannot be played here.
    """
    scenario = read_scenario(text, data_dir() / "scenarios", where="The scenario")
    check_names(scenario, site)
    return scenario


def _renamed(text: str, scenario: str, name: str | None) -> str:
    """Return a text under another id, and under another name in every language."""
    document = _document(text)
    document["id"] = scenario
    if name is not None:
        names = tomlkit.table()
        names.update(dict.fromkeys(LANGUAGES, name))
        document["name"] = names
    return tomlkit.dumps(document)


def _document(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ScenarioError(f"The scenario is not valid TOML: {error}.") from error
