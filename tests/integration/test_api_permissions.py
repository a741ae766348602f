import re

import httpx
import pytest
from api_server import RunningApi, SetClock
from border import SECRET
from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.routing import Route

from api.app import create_app
from api.permissions import PERMISSIONS, WITNESSED
from flowctl.registry.accounts import Role
from flowctl.settings import Settings

APP = create_app(Settings(secret=SECRET), SetClock())
ROUTES = sorted(
    (method, str(route.path))
    for route in iter_route_contexts(APP.routes)
    if isinstance(route.original_route, Route)
    for method in route.methods or ()
)
CLOSED = [route for route in ROUTES if PERMISSIONS.get(route) is not None]


def call(client: httpx.Client, method: str, path: str) -> httpx.Response:
    return client.request(method, re.sub(r"\{[\w:]+\}", "1", path), json={})


def test_every_route_stands_in_the_table_and_nothing_else_does():
    assert set(ROUTES) == set(PERMISSIONS)
    assert len(CLOSED) >= 15


def test_nobody_comes_in_without_credentials(api: RunningApi):
    nobody, wrong_token, wrong_cookie = (
        api.client(),
        api.client(Authorization="Bearer wrong"),
        api.client(Cookie="flowctl_session=wrong", **{"X-Flowctl": "1"}),
    )
    for client in (nobody, wrong_token, wrong_cookie):
        answers = {route: call(client, *route).status_code for route in CLOSED}
        assert answers == dict.fromkeys(CLOSED, 401)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_gets_no_further_than_the_table_says(api: RunningApi, role: Role):
    client = api.machine() if role is Role.MACHINE else api.person(role)
    refused = [route for route in CLOSED if role not in (PERMISSIONS[route] or ())]
    answers = {route: call(client, *route).status_code for route in refused}
    assert answers == dict.fromkeys(refused, 403)


def test_a_source_without_the_right_to_witness_is_kept_from_what_needs_it(api: RunningApi):
    assert {path for _, path in CLOSED} >= WITNESSED == {"/v1/gates/{gate}/events"}
    needing = [route for route in CLOSED if route[1] in WITNESSED]
    for client, answered in ((api.machine(), 403), (api.witness(), 422)):
        answers = {route: call(client, *route).status_code for route in needing}
        assert answers == dict.fromkeys(needing, answered)


def test_a_refusal_names_what_was_asked_and_who_may(api: RunningApi):
    path = "/v1/yards/yard_bao_nguyen/events"
    answer = api.person(Role.HAULIER).post(path, json=[])
    assert answer.json()["detail"] == (
        f"The role haulier may not POST {path}; these roles may: administrator, officer, operator."
    )


def test_a_role_gets_as_far_as_the_table_says(api: RunningApi):
    administrator = api.person(Role.ADMINISTRATOR)
    endless = {("GET", "/v1/events"), ("DELETE", "/v1/sessions/current")}
    let_in = [
        route
        for route in CLOSED
        if Role.ADMINISTRATOR in (PERMISSIONS[route] or ()) and route not in endless
    ]
    answers = {route: call(administrator, *route).status_code for route in let_in}
    assert let_in
    assert not {401, 403} & set(answers.values()), answers


def test_a_route_that_is_not_in_the_table_is_closed_to_everybody(api: RunningApi):
    router = APIRouter()

    @router.get("/v1/forgotten")
    def forgotten() -> str:
        return "open"

    api.app.include_router(router)
    assert api.person(Role.ADMINISTRATOR).get("/v1/forgotten").status_code == 403
    assert api.machine().get("/v1/forgotten").status_code == 403


def test_a_change_by_cookie_needs_the_header_no_foreign_page_can_send(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    del operator.headers["X-Flowctl"]
    assert operator.get("/v1/trips").status_code == 200
    answer = operator.post("/v1/trips", json={})
    assert answer.status_code == 403
    assert "X-Flowctl" in answer.json()["detail"]
