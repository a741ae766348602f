from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from api_server import RunningApi
from identity import CLIENT_SECRET, find_obstacle, running_provider, sign_in_there
from people import set_account

from flowctl.registry.accounts import Person, Role, change_account


@pytest.fixture(scope="module")
def issuer(state_dir: Path) -> Iterator[str]:
    obstacle = find_obstacle()
    if obstacle is not None:
        pytest.skip(obstacle)
    with running_provider(state_dir / "oidc") as address:
        yield address


@pytest.fixture
def gate(api: RunningApi, issuer: str, tmp_path: Path) -> RunningApi:
    """Run it where people may sign in at the provider; the account anh is of anh@border.example."""
    secret = tmp_path / "secret"
    secret.write_text(f"{CLIENT_SECRET}\n")
    api.app.state.settings = api.app.state.settings.model_copy(
        update={
            "oidc_issuer": issuer,
            "oidc_client_id": "flowctl",
            "oidc_secret_file": secret,
            "oidc_name": "Border ID",
        }
    )
    give_account(api, "anh", "anh@border.example")
    return api


def give_account(api: RunningApi, name: str, email: str) -> None:
    set_account(api.border.conn, name=name, role=Role.OPERATOR, password="a long password")
    change_account(api.border.conn, name, whose=Person(email=email), wall_now=datetime.now(UTC))


def begin(api: RunningApi, page: str = "/") -> tuple[httpx.Client, str]:
    """Return a browser that was sent to the provider, and where to."""
    browser = api.client(**{"X-Flowctl": "1"})
    sent = browser.get("/oidc/start", params={"page": page})
    assert sent.status_code == 303, sent.text
    return browser, sent.headers["location"]


def come_back(browser: httpx.Client, target: httpx.URL, **changes: str) -> httpx.Response:
    return browser.get("/oidc/callback", params={**dict(target.params), **changes})


def test_who_signs_in_at_the_provider_is_in_by_their_verified_email(gate: RunningApi):
    browser, there = begin(gate, "/planner")
    back = come_back(browser, sign_in_there(there, "anh"))
    assert (back.status_code, back.headers["location"]) == (303, "/planner")
    who = browser.get("/v1/sessions/current").json()
    assert (who["account"], who["must_enrol"]) == ("anh", False)
    [session] = browser.get("/v1/sessions").json()
    assert session["by_other"]
    cookie = next(one for one in back.headers.get_list("set-cookie") if "flowctl_session" in one)
    assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))


def test_the_subject_holds_after_the_first_time_whatever_becomes_of_the_email(gate: RunningApi):
    browser, there = begin(gate)
    come_back(browser, sign_in_there(there, "anh"))
    gate.border.conn.execute("update accounts set email = 'other@border.example'")
    browser, there = begin(gate)
    assert come_back(browser, sign_in_there(there, "anh")).headers["location"] == "/"
    gate.border.conn.execute("update accounts set email = 'binh@border.example'")
    browser, there = begin(gate)
    taken = come_back(browser, sign_in_there(there, "binh"))
    assert taken.headers["location"] == "/?signin=unknown"


@pytest.mark.parametrize("name", ["stranger", "unverified"])
def test_nobody_gets_an_account_by_signing_in_and_no_unverified_email_counts(
    gate: RunningApi, name: str
):
    give_account(gate, "target", "unverified@border.example")
    browser, there = begin(gate)
    back = come_back(browser, sign_in_there(there, name))
    assert back.headers["location"] == "/?signin=unknown"
    assert browser.get("/v1/sessions/current").status_code == 401


def test_a_disabled_account_stays_out_by_this_way_too(gate: RunningApi):
    gate.border.conn.execute("update accounts set disabled_wall_at = now()")
    browser, there = begin(gate)
    back = come_back(browser, sign_in_there(there, "anh"))
    assert back.headers["location"] == "/?signin=disabled"


def test_a_code_counts_in_the_browser_that_was_sent_and_once(gate: RunningApi):
    browser, there = begin(gate)
    target = sign_in_there(there, "anh")
    stranger = gate.client()
    assert come_back(stranger, target).headers["location"] == "/?signin=expired"
    # Whoever tried has used the attempt up: its owner begins again.
    assert come_back(browser, target).headers["location"] == "/?signin=expired"


def test_a_state_nobody_was_sent_with_and_a_code_of_nobody_open_nothing(gate: RunningApi):
    browser, there = begin(gate)
    target = sign_in_there(there, "anh")
    forged = come_back(browser, target, state="forged")
    assert forged.headers["location"] == "/?signin=expired"
    false = come_back(browser, target, code="false")
    assert false.headers["location"] == "/?signin=failed"


def test_who_turns_back_at_the_provider_is_told_so(gate: RunningApi):
    browser, there = begin(gate)
    state = httpx.URL(there).params["state"]
    back = browser.get("/oidc/callback", params={"state": state, "error": "access_denied"})
    assert back.headers["location"] == "/?signin=cancelled"


def test_the_way_back_leads_to_no_foreign_page(gate: RunningApi):
    browser, there = begin(gate, "https://evil.example/")
    assert come_back(browser, sign_in_there(there, "anh")).headers["location"] == "/"


def test_pages_offer_the_provider_only_where_there_is_one(gate: RunningApi):
    assert gate.client().get("/v1/sessions/elsewhere").json() == {"name": "Border ID"}
    settings = gate.app.state.settings
    gate.app.state.settings = settings.model_copy(update={"oidc_issuer": None})
    assert gate.client().get("/v1/sessions/elsewhere").json() == {"name": None}
    assert gate.client().get("/oidc/start").status_code == 404
