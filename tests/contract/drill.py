"""Every operation of the API's description tried by somebody, and what its answers break.

Schemathesis makes the requests: by examples, at the bounds of every field, by chance, and in
chains that follow identifiers from one answer to the next.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from api_server import RunningApi
from contract.callers import Caller
from contract.world import names
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import NonFatalError, ScenarioFinished

from api.openapi import document

_KNOWN = 0.85
"""So often a name in a path is one there is; else it is what schemathesis makes up."""
_MOST_SAID = 400
_ENDLESS = "/v1/events"

_PHASES = ("examples", "coverage", "fuzzing", "stateful")
_CHECKS: Mapping[str, Any] = {
    # A word may be of the right form and still stand against what is so: 410 and 422 say it.
    "positive_data_acceptance": {
        "expected-statuses": [
            *("2xx", "304", "400", "401", "403", "404", "408", "409", "410", "422", "429", "503")
        ]
    },
    # What is too large is so before anybody has looked at what it says.
    "negative_data_rejection": {
        "expected-statuses": [
            *("400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429"),
            "5xx",
        ]
    },
    # A store that is away, or a simulation that is full, is no defect.
    "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
    # `test_api_permissions` walks every route without credentials and with wrong ones.
    "ignored_auth": {"enabled": False},
}
_OPERATIONS: Sequence[Mapping[str, Any]] = (
    # A tracker that is told 4xx sends the same fix for ever: it is kept aside and answered 200.
    {
        "include-path-regex": "^/v1/(fixes$|traccar|owntracks|ufms|osmand)",
        "checks": {"negative_data_rejection": {"enabled": False}},
    },
    # What is put in the place of both names is there, but not always the one's of the other.
    {
        "include-path-regex": "^/v1/devices/{uid}/assignments/",
        "checks": {"ensure_resource_availability": {"enabled": False}},
    },
    # These stand where an identifier may: GET /v1/acts/preview asks for the act "preview".
    {
        "include-path-regex": "^/v1/[a-z-]+/(preview|check|edit|carers|current|elsewhere)$",
        "checks": {
            "unsupported_method": {"enabled": False},
            "allow_header_conformance": {"enabled": False},
        },
    },
)


@schemathesis.serializer("application/x-protobuf")
def _as_bytes(_context: Any, value: Any) -> Any:  # noqa: ANN401
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@dataclass(frozen=True)
class Plan:
    """How much is tried: the phases, and of chance how many requests an operation, or chains."""

    phases: tuple[str, ...] = _PHASES
    requests: int = 20
    seed: int = 20240123


@dataclass
class Outcome:
    """What was tried, and what broke: by check, operation and message, with one request each."""

    tell: Callable[[str], None] = lambda _: None
    requests: int = 0
    operations: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    failures: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def by_check(self) -> dict[str, int]:
        """How many failures each check that was made has."""
        found = Counter(check for check, _, _ in self.failures)
        return {check: found[check] for check in sorted(self.checks)}


def try_all(
    api: RunningApi, who: Caller, plan: Plan, outcome: Outcome, only: set[str] | None = None
) -> None:
    """Try every operation as somebody, or those named "GET /v1/…", and add what was seen."""
    described = dict(document(api.app))
    if only is not None:
        described["paths"] = {
            path: {one: said for one, said in methods.items() if f"{one.upper()} {path}" in only}
            for path, methods in described["paths"].items()
        }
    schema = schemathesis.openapi.from_dict(described, config=_config(plan))
    schema.config.update(base_url=api.url)
    random.seed(plan.seed)
    with _sent_as(api, who, random.Random(plan.seed)):  # noqa: S311 - repeatable
        for event in from_schema(schema).execute():
            if isinstance(event, NonFatalError):
                _fail(outcome, "engine", event.label, str(event.info), "")
            if isinstance(event, ScenarioFinished):
                _count(event, outcome, who)


def _config(plan: Plan) -> SchemathesisConfig:
    phases = {name: {"enabled": name in plan.phases} for name in _PHASES}
    return SchemathesisConfig.from_dict(
        {
            "seed": plan.seed,
            "generation": {
                "deterministic": True,
                "max-examples": plan.requests,
                "no-shrink": True,
                "database": "none",
                # Every request carries its sender's, whatever a case would leave out.
                "with-security-parameters": False,
            },
            "checks": dict(_CHECKS),
            "phases": phases,
            "operations": list(_OPERATIONS),
            "continue-on-failure": True,
            "request-timeout": 120,
        }
    )


@contextmanager
def _sent_as(api: RunningApi, who: Caller, chance: random.Random) -> Iterator[None]:
    """Send every request with somebody's credentials, to things there are."""
    known: dict[str, dict[str, list[Any]]] = {}

    def before_call(_context: Any, case: Any, kwargs: dict[str, Any]) -> None:  # noqa: ANN401
        if case.path not in known or chance.random() < 0.02:
            known[case.path] = names(api, case.path)
        negative = case.meta is not None and case.meta.is_negative_at(ParameterLocation.PATH)
        if not negative and known[case.path] and chance.random() < _KNOWN:
            found = {name: chance.choice(of) for name, of in known[case.path].items()}
            case.path_parameters = {**case.path_parameters, **{k: str(v) for k, v in found.items()}}
        case.headers = {**(case.headers or {}), **who.headers}
        if case.path == _ENDLESS:
            kwargs["stream"] = True

    def after_call(_context: Any, _case: Any, response: Any) -> None:  # noqa: ANN401
        if response.status_code == 401:
            who.renew()

    schemathesis.hook(before_call)
    schemathesis.hook(after_call)
    try:
        yield
    finally:
        schemathesis.hooks.unregister(before_call)
        schemathesis.hooks.unregister(after_call)


def _count(event: ScenarioFinished, outcome: Outcome, who: Caller) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        outcome.requests += 1
        outcome.operations.add(recorder.cases[case_id].value.operation.label)
        if interaction.response is not None:
            outcome.statuses[interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            outcome.checks[check.name] += 1
            if check.status is Status.FAILURE and check.failure_info is not None:
                failure = check.failure_info.failure
                label = recorder.cases[case_id].value.operation.label
                said = f"{failure.title}: {failure.message}"
                _fail(
                    outcome,
                    check.name,
                    label,
                    said,
                    f"{who.name}: {check.failure_info.code_sample}",
                )


def _fail(outcome: Outcome, check: str, label: str, said: str, sample: str) -> None:
    if (check, label, said[:_MOST_SAID]) not in outcome.failures:
        outcome.failures[check, label, said[:_MOST_SAID]] = sample
        outcome.tell(f"failed {check}: {label}: {said}\n    {sample}")
