"""The agencies at the gates, for the tests: each with an account of its own, and what they say."""

from uuid import uuid4

import httpx
from api_server import PASSWORD, RunningApi
from border import MORNING
from people import set_account
from small_workflow import WORKFLOW

from flowctl.registry import accounts
from flowctl.registry.accounts import Agency, Person, Role
from flowctl.storage.workflows import add_workflow


def give_workflow(api: RunningApi, text: str = WORKFLOW) -> None:
    """Let trips that are registered from now on pass the stages of a workflow."""
    with api.border.conn.transaction():
        add_workflow(api.border.conn, api.border.site, text, by="the test", now=MORNING)


def officer(api: RunningApi, agency: Agency, name: str | None = None) -> httpx.Client:
    """Return a client that is signed in to the account of an agency's officer."""
    name = name or str(agency)
    set_account(api.border.conn, name=name, role=Role.OFFICER, password=PASSWORD)
    accounts.change_account(
        api.border.conn, name, role=Role.OFFICER, whose=Person(agency=agency), wall_now=MORNING
    )
    made = api.client(**{"X-Flowctl": "1"})
    answer = made.post("/v1/sessions", json={"account": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return made


def say(client: httpx.Client, trip: int, stage: str, act: str, **said: object) -> httpx.Response:
    """Say something of a stage, once."""
    return client.post(
        f"/v1/trips/{trip}/stages/{stage}",
        json={"act": act, **said},
        headers={"Idempotency-Key": str(uuid4())},
    )
