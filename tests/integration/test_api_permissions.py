"""Every endpoint by every role and every key, against a table that people can read."""

import re

import httpx
import permission_table
import pytest
from api_server import RunningApi, SetClock
from border import SECRET
from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from permission_table import PEOPLE
from starlette.routing import Route

from api.app import create_app
from api.permissions import PERMISSIONS, RIGHTS, SCOPES
from flowctl.registry.accounts import Role
from flowctl.registry.sources import add_source, add_token
from flowctl.settings import Settings
from flowctl.storage.sources import Scope

APP = create_app(Settings(secret=SECRET), SetClock())
ROUTES = sorted(
    (method, str(route.path))
    for route in iter_route_contexts(APP.routes)
    if isinstance(route.original_route, Route)
    for method in route.methods or ()
)
TABLE = permission_table.read()
CLOSED = [route for route in ROUTES if TABLE.get(route) is not None]
BUSY = 20
"""So often a request is sent again where the API says that a store did not answer in time."""
LEAVES = ("DELETE", "/v1/sessions/current")
"""Comes last: it ends the session that is walked with."""


def status(client: httpx.Client, method: str, path: str) -> int:
    filled = re.sub(r"\{[\w:]+\}", "1", path)
    for _ in range(BUSY):
        with client.stream(method, filled, json={}) as answer:  # one of them never ends by itself
            if answer.status_code != 503 or "send the request again" not in answer.read().decode():
                break
    return answer.status_code


def walk(client: httpx.Client) -> dict[tuple[str, str], bool]:
    """Return of each closed route whether it lets the client in, whatever it then says."""
    ordered = sorted(CLOSED, key=LEAVES.__eq__)
    answers = {route: status(client, *route) for route in ordered}
    assert 401 not in answers.values(), [one for one, said in answers.items() if said == 401]
    return {route: said != 403 for route, said in answers.items()}


def test_every_route_stands_in_the_table_and_nothing_else_does():
    assert set(ROUTES) == set(PERMISSIONS)
    assert len(CLOSED) >= 60


def test_the_table_people_read_is_the_one_in_force():
    assert permission_table.FILE.read_text(encoding="utf-8") == permission_table.rendered(), (
        permission_table.__doc__
    )


def test_a_machine_may_come_only_where_the_table_says_what_its_key_must_be_for():
    of_machines = {route for route, roles in PERMISSIONS.items() if roles and Role.MACHINE in roles}
    assert set(SCOPES) == of_machines


def test_what_pages_offer_is_what_the_role_may_do():
    doing = {
        "acts": ("POST", "/v1/acts"),
        "zones": ("POST", "/v1/zone-drafts"),
        "people": ("GET", "/v1/accounts"),
        "audit": ("GET", "/v1/audit"),
        "messages": ("POST", "/v1/messages/{message_id}/retry"),
        "see_map": ("GET", "/v1/live"),
        "see_corridor": ("GET", "/v1/corridors/{way}/spacetime"),
        "see_acts": ("GET", "/v1/acts"),
    }
    assert {name: RIGHTS[name] for name in doing} == {
        name: PERMISSIONS[route] for name, route in doing.items()
    }


def test_a_view_that_a_role_cannot_use_is_not_offered_to_it():
    offered = {name for name, roles in RIGHTS.items() if Role.OFFICER in roles}
    assert offered == {
        *("bulletin", "see_map", "see_corridor", "see_alerts", "see_acts", "see_messages"),
        *("work", "fees", "conflicts", "crossings", "reports", "workflow"),
    }
    planned = {name for name, roles in RIGHTS.items() if Role.PLANNER in roles}
    assert planned == {
        *("bulletin", "see_map", "see_corridor"),
        *("conflicts", "crossings", "reports", "workflow"),
    }


def test_nobody_comes_in_without_credentials(api: RunningApi):
    nobody, wrong_token, wrong_cookie = (
        api.client(),
        api.client(Authorization="Bearer wrong"),
        api.client(Cookie="flowctl_session=wrong", **{"X-Flowctl": "1"}),
    )
    for client in (nobody, wrong_token, wrong_cookie):
        answers = {route: status(client, *route) for route in CLOSED}
        assert answers == dict.fromkeys(CLOSED, 401)


@pytest.mark.parametrize("role", PEOPLE)
def test_a_role_gets_as_far_as_the_table_says_and_no_further(api: RunningApi, role: Role):
    expected = {route: role in said[0] for route in CLOSED if (said := TABLE[route])}
    assert walk(api.person(role)) == expected


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_gets_as_far_as_its_scope_and_no_further(api: RunningApi, scope: Scope):
    key = add_source(api.border.conn, name="machine", scopes={scope})
    expected = {route: said[1] == scope for route in CLOSED if (said := TABLE[route])}
    assert walk(api.client(Authorization=f"Bearer {key}")) == expected
    assert scope in {said[1] for said in TABLE.values() if said is not None}


def test_the_key_of_one_device_sends_positions_whatever_its_source_may(api: RunningApi):
    add_source(api.border.conn, name="machine", scopes=Scope)
    key = add_token(api.border.conn, "machine", device="d-1", wall_now=api.clock.now())
    expected = {route: said[1] == Scope.POSITIONS for route in CLOSED if (said := TABLE[route])}
    assert walk(api.client(Authorization=f"Bearer {key}")) == expected


def test_a_key_in_an_address_needs_the_right_to_send_positions_too(api: RunningApi):
    key = add_source(api.border.conn, name="machine", scopes={Scope.SITE})
    for path in (f"/v1/osmand/{key}?id=d&lat=21.9&lon=106.7", f"/v1/traccar/{key}"):
        assert status(api.client(), "POST", path) == 403


def test_a_refusal_names_what_was_asked_and_who_may(api: RunningApi):
    path = "/v1/yards/yard_bao_nguyen/events"
    answer = api.person(Role.HAULIER).post(path, json=[])
    assert answer.json()["detail"] == (
        f"The role haulier may not POST {path}; these roles may: administrator, officer, operator."
    )


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
