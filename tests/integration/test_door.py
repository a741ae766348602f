"""How a request must come: by https, under a name of ours, and from no page of others."""

import httpx
import pytest
from api_server import PASSWORD, RunningApi
from border import SECRET

from flowctl.registry.accounts import Role
from flowctl.settings import DEMO_SECRET, Settings

OUTSIDE = {"Host": "gate.example", "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
"""What a proxy on this machine says of somebody who came to it by https."""


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/board", "/v1/board", "/v1/ledger/overtakes", "/v1/trips"])
def test_people_outside_are_served_by_https_alone(api: RunningApi, path: str):
    status, why = told(api.client(**OUTSIDE | {"X-Forwarded-Proto": "http"}).get(path))
    assert status == 403
    assert "https://gate.example" in why
    assert api.client(**OUTSIDE).get(path).status_code in {200, 401}


def test_a_proxy_that_does_not_say_how_it_was_asked_is_told_what_it_lacks(api: RunningApi):
    status, why = told(api.client(Host="gate.example").get("/"))
    assert status == 403
    assert "X-Forwarded-Proto" in why


@pytest.mark.parametrize("host", ["evil.example", "gate.example.evil.example", "10.0.0.5", ""])
def test_under_a_name_that_is_not_ours_nobody_is_there(api: RunningApi, host: str):
    for path in ("/", "/board", "/v1/driver/x"):
        assert api.client(**OUTSIDE | {"Host": host}).get(path).status_code == 421


def test_further_names_are_let_in_where_they_are_set():
    from api.door import Rules  # noqa: PLC0415

    rules = Rules(Settings(secret=SECRET, public_url="https://gate.example", hosts="a.b, C.d "))
    scope = {"type": "http", "path": "/", "method": "GET", "scheme": "https", "client": None}
    for host in (b"a.b", b"c.d:8443", b"GATE.example", b"localhost:8000", b"[::1]:8000"):
        rules.check(scope | {"headers": [(b"host", host)]})


@pytest.mark.parametrize(
    "path", ["/v1/health", "/metrics", "/v1/osmand/x?id=1", "/v1/sms/x/answer"]
)
def test_machines_inside_reach_what_is_theirs_by_any_name(api: RunningApi, path: str):
    assert api.client(Host="api:8000").get(path).status_code in {200, 401, 404}


def test_a_page_of_another_origin_changes_nothing(api: RunningApi):
    wish = {"account": "operator", "password": PASSWORD}
    api.person(Role.OPERATOR)
    foreign = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://gate.example.evil.example"},
    )
    for said in foreign:
        status, why = told(api.client(**OUTSIDE | said).post("/v1/sessions", json=wish))
        assert (status, why) == (403, "A page of another origin may change nothing here.")
    ours = {"Origin": "https://gate.example", "Sec-Fetch-Site": "same-origin"}
    assert api.client(**OUTSIDE | ours).post("/v1/sessions", json=wish).status_code == 200
    here = api.client(Origin=api.url)
    assert here.post("/v1/sessions", json=wish).status_code == 200


def test_a_cookie_given_by_https_is_for_this_host_and_https_alone(api: RunningApi):
    api.person(Role.OPERATOR)
    outside = api.client(**OUTSIDE)
    wish = {"account": "operator", "password": PASSWORD}
    answer = outside.post("/v1/sessions", json=wish)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-flowctl_session=")
    attributes = {one.strip().lower() for one in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= attributes
    assert not any(one.startswith("domain") for one in attributes)
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    kept = cookie.partition(";")[0]
    assert api.client(**OUTSIDE, Cookie=kept).get("/v1/sessions/current").status_code == 200
    # Whoever can write a cookie for a neighbouring name cannot write this one.
    planted = kept.removeprefix("__Host-")
    assert api.client(**OUTSIDE, Cookie=planted).get("/v1/sessions/current").status_code == 401


def test_here_without_tls_nothing_is_said_of_tls(api: RunningApi):
    assert "strict-transport-security" not in api.client().get("/").headers


def test_links_of_a_real_gate_are_https():
    with pytest.raises(ValueError, match="FLOWCTL_PUBLIC_URL must be an https"):
        Settings(secret=SECRET, public_url="http://gate.example")
    assert Settings(secret=SECRET, public_url="http://127.0.0.1:8000")
    assert Settings(demo=True, public_url="http://gate.example")


@pytest.mark.parametrize("old", ["short", f"{'a' * 32}\n{DEMO_SECRET}"])
def test_a_former_secret_somebody_could_know_is_refused_too(old: str):
    with pytest.raises(ValueError, match="FLOWCTL_OLD_SECRETS"):
        Settings(secret=SECRET, old_secrets=old)


@pytest.mark.parametrize("name", ["proxies", "webhook_networks"])
def test_what_is_no_network_is_named(name: str):
    with pytest.raises(ValueError, match=f"FLOWCTL_{name.upper()} names '10.0.0.0/99'"):
        Settings.model_validate({"secret": SECRET, name: "127.0.0.1, 10.0.0.0/99"})
