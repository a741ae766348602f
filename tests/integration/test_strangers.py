"""Who is wrong too often is turned away, soon and cheaply; who is right meanwhile is not."""

import time
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from api_server import PASSWORD, RunningApi
from people import set_account

from api import door, hooks, links, sessions, tokens
from api.errors import Problem
from api.strangers import Strangers, place_of
from api.tokens import NOBODYS_S
from flowctl.registry.accounts import Role
from flowctl.registry.keys import link_code
from flowctl.registry.sources import add_source
from flowctl.storage.sources import Scope

FEW_PER_S = 0.3
"""Three at once, and the next one seconds later, however slow the machine is."""


def of(address: str) -> dict[str, str]:
    """Headers of somebody behind the proxy on this machine."""
    return {"Host": "gate.example", "X-Forwarded-For": address, "X-Forwarded-Proto": "https"}


def sign_in(client: httpx.Client, account: str, password: str = "") -> httpx.Response:
    wish = {"account": account, "password": password or "wrong-" + PASSWORD}
    return client.post("/v1/sessions", json=wish)


def scope_of(host: str) -> Mapping[str, Any]:
    return {"type": "http", "client": (host, 1)}


def test_tries_are_counted_by_address_and_by_what_was_wrong():
    strangers = Strangers()
    for _ in range(10):
        strangers.count_try("hook", "192.0.2.1", 1.0)
    with pytest.raises(Problem) as refused:
        strangers.count_try("hook", "192.0.2.1", 1.0)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    strangers.count_try("hook", "192.0.2.2", 1.0)
    strangers.count_try("unknown", "192.0.2.1", 1.0)
    strangers.forgive("hook", "192.0.2.1")
    strangers.count_try("hook", "192.0.2.1", 1.0)


def test_an_address_that_is_shut_out_is_let_in_again_when_its_time_is_over():
    strangers = Strangers()
    strangers.shut("sign-in", "192.0.2.1", 0.05)
    assert 0 < strangers.shut_for_s("sign-in", "192.0.2.1") <= 0.05
    assert strangers.shut_for_s("sign-in", "192.0.2.2") == 0
    time.sleep(0.06)
    assert strangers.shut_for_s("sign-in", "192.0.2.1") == 0


def test_what_is_remembered_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.strangers._MOST_PLACES", 100)
    strangers = Strangers()
    for number in range(1000):
        strangers.count_try("hook", f"192.0.{number // 256}.{number % 256}", 1.0)
    assert len(strangers._buckets) == 100  # noqa: SLF001 - the bound is what is tested


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("no-address", "no-address"),
    ],
)
def test_a_subscriber_of_ipv6_is_one_place_whatever_address_it_takes(host: str, place: str):
    assert place_of(scope_of(host)) == place  # type: ignore[arg-type]


def test_unknown_tokens_are_asked_of_the_database_so_often_and_no_more(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tokens, "UNKNOWN_PER_S", FEW_PER_S)
    trying = api.client(**of("198.51.100.1"))
    path = "/v1/osmand/{}?id=d-1&lat=21.97&lon=106.71"
    answers = [trying.get(path.format(f"no-token-{n}")).status_code for n in range(5)]
    assert answers[:3] == [401] * 3
    assert 429 in answers, "before anything is read or looked up"
    others = api.client(**of("198.51.100.2")).get(path.format("no-token"))
    assert others.status_code == 401


def test_whoever_has_a_token_goes_on_beside_one_who_tries_them(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tokens, "UNKNOWN_PER_S", FEW_PER_S)
    path, here = "/v1/osmand/{}?id=d-1&lat=21.97&lon=106.71", of("198.51.100.1")
    assert api.client(**here).get(path.format(api.token)).status_code == 200
    trying = api.client(**here)
    while trying.get(path.format(f"no-{time.monotonic_ns()}")).status_code != 429:
        pass
    assert api.client(**here).get(path.format(api.token)).status_code == 200


def test_a_token_that_was_nobodys_is_somebodys_soon_after_it_was_made(api: RunningApi):
    path = "/v1/osmand/{}?id=d-1&lat=21.97&lon=106.71"
    nobodys = api.client()
    assert [nobodys.get(path.format("a-typo")).status_code for _ in range(3)] == [401] * 3
    token = add_source(api.border.conn, name="new", enrols=True, scopes={Scope.POSITIONS})
    assert nobodys.get(path.format(token)).status_code == 200
    assert NOBODYS_S <= 10


def test_one_address_does_not_try_a_list_of_accounts(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sessions, "_MOST_OF_ONE_PLACE", 4)
    here = api.client(**of("198.51.100.1"))
    answers = [sign_in(here, f"account-{n}") for n in range(6)]
    assert [one.status_code for one in answers] == [401] * 4 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) <= 60
    assert "from this address" in answers[-1].json()["detail"], "the door turned it away"
    set_account(api.border.conn, name="operator", role=Role.OPERATOR, password=PASSWORD)
    elsewhere = api.client(**of("198.51.100.2"))
    assert sign_in(elsewhere, "operator", PASSWORD).status_code == 200


def test_signing_in_rightly_from_one_office_shuts_nobody_out(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sessions, "_MOST_OF_ONE_PLACE", 2)
    set_account(api.border.conn, name="operator", role=Role.OPERATOR, password=PASSWORD)
    office = api.client(**of("198.51.100.1"))
    for _ in range(4):
        assert sign_in(office, "operator", PASSWORD).status_code == 200


def test_more_sign_ins_at_once_than_are_looked_at_are_told_to_come_again(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(door, "_SIGN_INS_AT_ONCE", 0)
    answer = sign_in(api.client(), "operator")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3"


def test_one_address_does_not_take_the_turns_of_all(api: RunningApi):
    set_account(api.border.conn, name="operator", role=Role.OPERATOR, password=PASSWORD)
    api.app.state.strangers.signing_in["198.51.100.1"] = 4
    assert sign_in(api.client(**of("198.51.100.1")), "operator", PASSWORD).status_code == 503
    assert sign_in(api.client(**of("198.51.100.2")), "operator", PASSWORD).status_code == 200
    assert dict(api.app.state.strangers.signing_in) == {"198.51.100.1": 4}


def test_forged_messages_of_one_address_are_refused_before_they_are_read(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hooks, "_WRONG_PER_S", FEW_PER_S)
    forging = api.client(**of("198.51.100.1"))
    answers = [forging.post("/v1/hooks/bank/payments", json={}).status_code for _ in range(5)]
    assert answers[:3] == [401] * 3
    assert 429 in answers


def test_one_link_is_answered_so_often_and_others_beside_it(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(links, "_MOST_PER_S", FEW_PER_S)
    one, other = (link_code(api.app.state.keys, api.border.trip(), 0) for _ in range(2))
    asking = api.client()
    answers = [asking.get(f"/v1/driver/{one}/slots").status_code for _ in range(5)]
    assert 429 in answers
    assert asking.get(f"/v1/driver/{other}").status_code == 200
