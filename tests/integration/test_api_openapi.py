"""The API's own description: complete, sound, and for those who are let in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from api_server import RunningApi

from api.openapi import template
from api.permissions import PERMISSIONS, SCOPES
from flowctl.registry import events, sources
from flowctl.registry.accounts import Role
from flowctl.storage.sources import Scope
from flowctl.storage.webhooks import EVENT_SCOPES, add_webhook
from flowctl.workflow.stages import Desk


@pytest.fixture
def document(api: RunningApi) -> dict[str, Any]:
    answer = api.machine().get("/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def walk(part: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    if isinstance(part, dict):
        yield part
        for one in part.values():
            yield from walk(one)
    elif isinstance(part, list):
        for one in part:
            yield from walk(one)


def test_every_route_is_described_with_who_may_call_it(document: dict[str, Any]):
    described = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    routes = {(method, template(path)) for method, path in PERMISSIONS if path.startswith("/v1/")}
    assert described.keys() == routes
    for route, scope in SCOPES.items():
        if route[1].startswith("/v1/"):
            assert described[route]["x-scope"] == scope
    for operation in described.values():
        answers = operation["responses"]
        assert any(status.startswith("2") for status in answers)
        assert answers["503"] == {"$ref": "#/components/responses/ServiceUnavailable"}
        assert ("401" in answers) or not operation["security"]
        assert "default" not in answers
    for answer in document["components"]["responses"].values():
        assert answer["content"].keys() == {"application/problem+json"}


def test_operations_of_people_say_what_the_door_answers(document: dict[str, Any]):
    for path in ("/v1/board", "/v1/site", "/v1/driver/{code}"):
        assert {"403", "421"} <= document["paths"][path]["get"]["responses"].keys()
    assert "421" not in document["paths"]["/v1/osmand/{token}"]["get"]["responses"]


def test_every_reference_leads_somewhere_and_every_name_is_one(document: dict[str, Any]):
    schemas = document["components"]["schemas"]
    references = {part["$ref"] for part in walk(document["paths"]) if "$ref" in part}
    references |= {part["$ref"] for part in walk(schemas) if "$ref" in part}
    problems = document["components"]["responses"]
    assert {one.rpartition("/")[2] for one in references} <= schemas.keys() | problems.keys()
    names = [part["operationId"] for part in walk(document["paths"]) if "operationId" in part]
    assert len(names) == len(set(names))


def test_what_partners_send_has_examples_that_the_api_takes(
    api: RunningApi, document: dict[str, Any]
):
    schemas = document["components"]["schemas"]
    for name, path in (
        ("StageWord", "/v1/partner/stages"),
        ("FactsOfTrip", "/v1/partner/facts"),
        ("CrossingSeen", "/v1/partner/crossings"),
    ):
        sources.set_terms(api.border.conn, "trackers", agency=Desk.CUSTOMS)
        for example in schemas[name]["examples"]:
            answer = api.machine().post(path, json={"items": [example]})
            assert answer.status_code == 200, answer.text


def test_events_that_are_sent_look_as_described(api: RunningApi, document: dict[str, Any]):
    place = api.border
    add_webhook(
        place.conn,
        place.site.id,
        url="https://x",
        secret_cipher=b"x",
        by="x",
        now=api.clock.now(),
        events=list(EVENT_SCOPES),
        source_id=sources.get_source(place.conn, "trackers").id,
    )
    trip = place.trip()
    assert document["webhooks"].keys() == EVENT_SCOPES.keys()
    example = document["webhooks"][events.STAGE_CHANGED]["post"]["requestBody"]["content"]
    data = example["application/json"]["schema"]["examples"][0]["data"]
    facts = {name: value for name, value in data.items() if name != "trip"}
    events.tell(place.conn, place.site, events.STAGE_CHANGED, trip, now=api.clock.now(), **facts)
    for (body,) in place.conn.execute("select body from webhook_deliveries"):
        said = json.loads(body)
        schema = document["webhooks"][said["type"]]["post"]["requestBody"]["content"]
        properties = schema["application/json"]["schema"]["properties"]["data"]["properties"]
        assert said["data"].keys() <= properties.keys()


def test_nobody_outside_reads_it(api: RunningApi):
    assert api.client().get("/v1/openapi.json").status_code == 401
    assert api.person(Role.HAULIER).get("/v1/openapi.json").status_code == 200
    key = sources.add_source(api.border.conn, name="gps", scopes={Scope.POSITIONS})
    assert api.client(Authorization=f"Bearer {key}").get("/v1/openapi.json").status_code == 403
