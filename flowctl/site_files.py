"""A site's files and how they become a `Site`.

There are site.toml, zones.geojson, roads.geojson and, for its rules of the order, policy.toml; a
site without the last has the rules of `flowctl.policy` as they are. What trucks must pass at its
gates stands in workflow.toml; without it nothing keeps them back. What that costs stands in
fees.toml; without it nothing is due.
"""

import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from flowctl.errors import SiteError
from flowctl.fees.file import FEES, fees_faults, read_fees
from flowctl.fees.schedule import Schedule
from flowctl.policy import Policy
from flowctl.policy_file import policy_faults, read_policy
from flowctl.site import DispatchParams, Site
from flowctl.site_rules import overlaps, site_faults
from flowctl.site_shapes import read_features, read_roads, read_zones
from flowctl.site_tables import Table
from flowctl.site_toml import Drawn, read_plane, read_site
from flowctl.workflow.catalogue import Workflow
from flowctl.workflow.file import WORKFLOW, check_workflow, parse_workflow

TOML, ZONES, ROADS = "site.toml", "zones.geojson", "roads.geojson"
POLICY = "policy.toml"


@dataclass(frozen=True, slots=True)
class SiteSource:
    """The texts of a site's files; one that a site need not have is empty where it has not."""

    toml: str
    zones: str
    roads: str
    policy: str = ""
    workflow: str = ""
    fees: str = ""


def read_source(directory: Path) -> SiteSource:
    """Read a site's files.

    Raises
    ------
    SiteError
        Where a file is missing or is no text in UTF-8.
    """
    if directory.is_file():
        raise SiteError(f"{directory} is a file; name the folder that holds the site's {TOML}")
    texts = []
    for name in (TOML, ZONES, ROADS):
        text = _text(directory / name)
        if text is None:
            raise SiteError(f"{directory / name} is missing; a site needs it")
        texts.append(text)
    toml, zones, roads = texts
    policy, workflow, fees = (_text(directory / name) or "" for name in (POLICY, WORKFLOW, FEES))
    return SiteSource(toml, zones, roads, policy, workflow, fees)


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises
    ------
    SiteError
        There is no such file, or it is no text in UTF-8.
    """
    text = _text(path)
    if text is None:
        raise SiteError(f"There is no file {path}.")
    return text


def _text(path: Path) -> str | None:
    """Return a file's text, or None where there is no such file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(f"{path} cannot be read as UTF-8 text: {error}") from error


def load_site(directory: Path) -> Site:
    """Read the site in ``directory``.

    Raises
    ------
    SiteError
        Where a file is missing or anything in one is wrong; names all problems, one a line.
    """
    return parse_site(read_source(directory), where=str(directory))


@lru_cache(maxsize=8)
def parse_site(source: SiteSource, *, where: str) -> Site:
    """Make the site of its files' texts; ``where`` names their origin in sentences.

    The same texts give the same site: nobody changes one, and to make it takes a while.

    Raises
    ------
    SiteError
        Where anything in the texts is wrong; names all problems, one a line.
    """
    site, problems = _read(source, where)
    if site is None or problems:
        raise SiteError("\n".join(problems))
    return site


def parse_policy(text: str, *, where: str) -> Policy:
    """Make a site's rules of their file's text; those of `flowctl.policy` where it is empty.

    Raises
    ------
    SiteError
        Where anything in the text is wrong; names all problems, one a line.
    """
    problems: list[str] = []
    policy = _policy(text, where, problems)
    if problems:
        raise SiteError("\n".join(problems))
    return policy


def load_policy(path: Path, dispatch: DispatchParams) -> Policy:
    """Read rules of the order that stand in a file of their own, for a site's slots.

    Raises
    ------
    SiteError
        Where there is no such file, or anything in it is wrong; names all problems, one a line.
    """
    text = _text(path)
    if not text:
        raise SiteError(f"{path} is {'missing' if text is None else 'empty'}; name a policy file")
    problems: list[str] = []
    values = _toml(text, str(path), problems)
    policy = Policy() if values is None else read_policy(Table(values, str(path), problems))
    problems = problems or list(policy_faults(policy, dispatch, str(path)))
    if problems:
        raise SiteError("\n".join(problems))
    return policy


def _policy(text: str, where: str, problems: list[str]) -> Policy:
    values = _toml(text, f"{where}/{POLICY}", problems) if text else None
    return Policy() if values is None else read_policy(Table(values, f"{where}/{POLICY}", problems))


def check(directory: Path) -> list[str]:
    """Return every problem of the site in ``directory``, a sentence each; empty is fit for use."""
    try:
        source = read_source(directory)
    except SiteError as error:
        return [str(error)]
    return _read(source, str(directory))[1]


def _read(source: SiteSource, where: str) -> tuple[Site | None, list[str]]:
    """Read everything; the site is only fit for use where the list of problems is empty."""
    problems: list[str] = []
    values = _toml(source.toml, f"{where}/{TOML}", problems)
    zones = read_features(source.zones, f"{where}/{ZONES}", problems)
    roads = read_features(source.roads, f"{where}/{ROADS}", problems)
    if values is None or zones is None or roads is None:
        return None, problems  # what leans on a file nobody can read would all be called wrong
    table = Table(values, f"{where}/{TOML}", problems)
    plane = read_plane(table)
    drawn = Drawn(
        zones=read_zones(zones, f"{where}/{ZONES}", plane, problems),
        pieces=read_roads(roads, f"{where}/{ROADS}", plane, problems),
        plane=plane,
    )
    # Before what is said of roads that lead through them.
    problems.extend(overlaps(drawn.zones, plane, f"{where}/{ZONES}"))
    site = read_site(table, drawn)
    problems.extend(site_faults(site, where))
    unfit: list[str] = []
    policy = _policy(source.policy, where, unfit)
    # A stand-in for a wrong value would contradict others by itself.
    unfit = unfit or list(policy_faults(policy, site.dispatch, f"{where}/{POLICY}"))
    if source.workflow:
        gates = {gate.id: gate.directions for gate in site.gates}
        faults = check_workflow(source.workflow, where=f"{where}/{WORKFLOW}", gates=gates)
        unfit = unfit + [fault.text for fault in faults]
    if source.fees:
        # What it names of a workflow nobody can read would all be called wrong.
        flow = None if unfit else source.workflow
        unfit = unfit + list(_fees_faults(source.fees, site, flow, f"{where}/{FEES}"))
    return replace(site, policy=policy), problems + unfit


def _fees_faults(text: str, site: Site, workflow: str | None, where: str) -> Iterator[str]:
    """Yield what is wrong with a schedule of fees, and where it contradicts the workflow."""
    problems: list[str] = []
    schedule = read_fees(text, where, problems)
    yield from problems
    if schedule is not None and not problems and workflow is not None:
        flow = parse_workflow(workflow, where=WORKFLOW) if workflow else None
        yield from contradictions(schedule, site, flow, where=where)


def contradictions(
    schedule: Schedule, site: Site, workflow: Workflow | None, *, where: str
) -> Iterator[str]:
    """Yield a sentence for what a schedule of fees names and its site has not.

    ``workflow`` is None where the site has none.
    """
    known: dict[str, Collection[str]] = {"gate": tuple(gate.id for gate in site.gates)}
    stages: list[str] | None = None
    if workflow is not None:
        known |= workflow.known_values()
        stages = [stage.id for stage in workflow.stages]
    yield from fees_faults(schedule, known, stages, where)


def _toml(text: str, where: str, problems: list[str]) -> dict[str, object] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{where}: is no TOML: {error}")
        return None
