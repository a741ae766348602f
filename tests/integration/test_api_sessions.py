import time

import redis
from api_server import PASSWORD, RunningApi

from flowctl.registry.accounts import Role, set_account

LOGIN = "/v1/sessions"


def test_somebody_signs_in_is_known_and_signs_out(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    who = {"account": "operator", "role": "operator"}
    assert operator.get(f"{LOGIN}/current").json() == who
    token = operator.cookies["flowctl_session"]
    assert operator.delete(f"{LOGIN}/current").status_code == 204
    assert "flowctl_session" not in operator.cookies
    kept = api.client(Cookie=f"flowctl_session={token}")
    assert kept.get(f"{LOGIN}/current").status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_the_token_from_the_database(
    api: RunningApi,
):
    set_account(api.border.conn, name="op", role=Role.OPERATOR, password=PASSWORD)
    answer = api.client().post(LOGIN, json={"account": "op", "password": PASSWORD})
    assert answer.json() == {"account": "op", "role": "operator"}
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    token = answer.cookies["flowctl_session"].encode()
    rows = api.border.conn.execute("select token_hash from sessions").fetchall()
    assert len(rows) == 1
    assert rows[0][0] != token
    password = api.border.conn.execute("select password_hash from accounts").fetchall()
    assert password[0][0].startswith("$argon2")


def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(api: RunningApi):
    set_account(api.border.conn, name="op", role=Role.OPERATOR, password=PASSWORD)
    wrong = api.client().post(LOGIN, json={"account": "op", "password": "not the password"})
    unknown = api.client().post(LOGIN, json={"account": "nobody", "password": PASSWORD})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


def test_a_session_ends_by_the_wall_clock(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    api.border.conn.execute("update sessions set expires_wall_at = now() - interval '1 s'")
    assert operator.get(f"{LOGIN}/current").status_code == 401


def test_a_new_password_ends_the_sessions_of_the_old_one(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    set_account(api.border.conn, name="operator", role=Role.OPERATOR, password="another password")
    assert operator.get(f"{LOGIN}/current").status_code == 401


def test_who_guesses_is_shut_out_even_with_the_right_password_at_last(api: RunningApi, valkey: str):
    set_account(api.border.conn, name="op", role=Role.OPERATOR, password=PASSWORD)
    set_account(api.border.conn, name="other", role=Role.OPERATOR, password=PASSWORD)
    client = api.client()
    for guess in range(5):
        answer = client.post(LOGIN, json={"account": "op", "password": f"guess {guess}"})
        assert answer.status_code == 401
    locked = client.post(LOGIN, json={"account": "op", "password": PASSWORD})
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 600
    assert "minutes" in locked.json()["detail"]
    other = client.post(LOGIN, json={"account": "other", "password": PASSWORD})
    assert other.status_code == 200, "one account's guesses are no other account's"
    with redis.Redis.from_url(valkey) as store:
        for key in store.scan_iter("signin:*"):
            store.pexpire(key, 1)
        time.sleep(0.01)
    assert client.post(LOGIN, json={"account": "op", "password": PASSWORD}).status_code == 200


def test_signing_in_forgets_the_failures_before(api: RunningApi):
    api.person(Role.OPERATOR)
    client = api.client()
    for _ in range(2):
        for guess in range(4):
            client.post(LOGIN, json={"account": "operator", "password": f"guess {guess}"})
        right = client.post(LOGIN, json={"account": "operator", "password": PASSWORD})
        assert right.status_code == 200
