"""Days that can be played, as TOML texts: those that ship, and those that planners saved."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from api.asked import NO_BODY
from api.auth import Caller, caller
from api.record import Connection, record
from api.scenario_texts import (
    MOST_LETTERS,
    changed,
    checked,
    folder,
    read_text,
    renamed,
)
from api.transaction import transaction
from flowctl.errors import ConflictError, NotFoundError
from flowctl.scenarios.form import FieldValue, FormField, form, values_of
from flowctl.scenarios.text import Problem
from flowctl.site import Site
from flowctl.storage.scenarios import SavedScenario, delete_saved, find_saved, list_saved
from flowctl.storage.scenarios import save_scenario as keep_scenario

router = APIRouter(tags=["simulations"])

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
class Checked:
    """Whether a text can be played, and what the form's fields have in it by path."""

    ok: bool
    problems: tuple[Problem, ...]
    values: dict[str, FieldValue]


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
def get_form() -> tuple[FormField, ...]:
    """Return what of a scenario may be edited by form: paths, bounds, units, groups."""
    return form()


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
    text = renamed(body.text, scenario, body.name)
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
    site: Site = request.app.state.site
    scenario, problems = checked(body.text, site)
    return Checked(
        ok=scenario is not None,
        problems=problems,
        values={} if scenario is None else values_of(scenario, site),
    )


@router.post("/v1/scenarios/edit")
def edit_scenario(body: EditBody) -> EditedText:
    """Return a text with some values changed, its comments and order as they were."""
    return EditedText(changed(body.text, body.changes))


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

    return tuple(read(path) for path in sorted(folder().glob("*.toml")))


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
