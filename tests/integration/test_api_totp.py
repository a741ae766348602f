from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest
from api_server import PASSWORD, RunningApi

from flowctl.registry.accounts import Role

OWN = "/v1/accounts/current"
STEP = timedelta(seconds=30)


def secret_of(enrolment: httpx.Response) -> pyotp.TOTP:
    made = pyotp.parse_uri(enrolment.json()["address"])
    assert isinstance(made, pyotp.TOTP)
    return made


def enrol(client: httpx.Client) -> tuple[pyotp.TOTP, list[str]]:
    """Set an authenticator up, by the code of the step before, so that the present one is left."""
    begun = client.post(f"{OWN}/totp", json={"password": PASSWORD})
    assert begun.status_code == 200, begun.text
    totp = secret_of(begun)
    code = totp.at(datetime.now(UTC) - STEP)
    confirmed = client.post(f"{OWN}/totp/confirm", json={"code": code})
    assert confirmed.status_code == 200, confirmed.text
    return totp, confirmed.json()["recovery_codes"]


def sign_in(api: RunningApi, code: str | None = None, name: str = "operator") -> httpx.Response:
    body = {"account": name, "password": PASSWORD} | ({} if code is None else {"code": code})
    return api.client(**{"X-Flowctl": "1"}).post("/v1/sessions", json=body)


def test_an_authenticator_is_set_up_by_a_picture_and_asked_for_from_then_on(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    begun = operator.post(f"{OWN}/totp", json={"password": PASSWORD}).json()
    assert begun["svg"].startswith("<svg")
    assert sign_in(api).status_code == 200, "it counts only once a code of it was seen"
    totp, _ = enrol(operator)
    told = sign_in(api)
    assert (told.status_code, told.json()["type"]) == (401, "urn:flowctl:code-needed")
    assert sign_in(api, totp.at(datetime.now(UTC))).status_code == 200


def test_a_code_is_good_once(api: RunningApi):
    totp, _ = enrol(api.person(Role.OPERATOR))
    code = totp.at(datetime.now(UTC))
    assert sign_in(api, code).status_code == 200
    assert sign_in(api, code).status_code == 401


def test_codes_of_the_steps_beside_are_taken_and_none_further_off(api: RunningApi):
    totp, _ = enrol(api.person(Role.OPERATOR))
    now = datetime.now(UTC)
    assert sign_in(api, totp.at(now - 3 * STEP)).status_code == 401
    assert sign_in(api, totp.at(now + 3 * STEP)).status_code == 401
    assert sign_in(api, totp.at(now + STEP)).status_code == 200


def test_a_recovery_code_lets_in_once_however_it_is_written(api: RunningApi):
    _, codes = enrol(api.person(Role.OPERATOR))
    assert len(set(codes)) == 10
    assert sign_in(api, codes[0].lower().replace("-", " ")).status_code == 200
    assert sign_in(api, codes[0]).status_code == 401


def test_tries_at_codes_are_limited_for_who_has_the_password(api: RunningApi):
    totp, _ = enrol(api.person(Role.OPERATOR))
    answers = [sign_in(api, f"{n:06d}").status_code for n in range(5)]
    assert answers == [401] * 5
    assert sign_in(api, totp.at(datetime.now(UTC))).status_code == 429


def test_the_password_is_asked_for_before_an_authenticator_comes_or_goes(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    wrong = {"password": "not the password"}
    for path in ("totp", "totp/end", "recovery-codes"):
        told = operator.post(f"{OWN}/{path}", json=wrong)
        assert (told.status_code, told.json()["type"]) == (403, "urn:flowctl:password")
    enrol(operator)
    assert operator.post(f"{OWN}/totp", json={"password": PASSWORD}).status_code == 409
    assert operator.post(f"{OWN}/totp/end", json={"password": PASSWORD}).status_code == 204
    assert sign_in(api).status_code == 200


def test_the_secret_is_encrypted_and_recovery_codes_are_hashed(api: RunningApi):
    totp, codes = enrol(api.person(Role.OPERATOR))
    [(cipher,)] = api.border.conn.execute("select totp_cipher from accounts").fetchall()
    assert totp.secret.encode() not in cipher
    rows = api.border.conn.execute("select code_hash from recovery_codes").fetchall()
    plain = {code.replace("-", "").encode() for code in codes}
    assert not plain & {row[0] for row in rows}


@pytest.fixture
def strict(api: RunningApi) -> RunningApi:
    """Run it where operators must have an authenticator."""
    settings = api.app.state.settings
    api.app.state.settings = settings.model_copy(update={"totp_roles": "administrator,operator"})
    return api


def test_a_role_that_must_have_an_authenticator_does_nothing_before_it_has(strict: RunningApi):
    operator, planner = strict.person(Role.OPERATOR), strict.person(Role.PLANNER)
    told = operator.get("/v1/site")
    assert (told.status_code, told.json()["type"]) == (403, "urn:flowctl:authenticator-first")
    assert operator.get("/v1/sessions/current").json()["must_enrol"]
    assert planner.get("/v1/site").status_code == 200
    enrol(operator)
    assert operator.get("/v1/site").status_code == 200
    assert not operator.get("/v1/sessions/current").json()["must_enrol"]
