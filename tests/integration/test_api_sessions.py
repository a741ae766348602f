import time
from datetime import UTC, datetime

import httpx
import redis
from api_server import PASSWORD, RunningApi
from people import set_account

from flowctl.registry.accounts import Role, disable_account, hash_password, set_password

LOGIN = "/v1/sessions"
CREDENTIALS = {"account": "operator", "password": PASSWORD}


def test_somebody_signs_in_is_known_and_signs_out(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    assert operator.get(f"{LOGIN}/current").json() == {
        "account": "operator",
        "role": "operator",
        "agency": None,
        "post": "Post of the tests",
        "person": "Nguyễn Văn An",
        "permissions": [
            *("acts", "zones", "messages", "reports", "bulletin"),
            *("declare", "fees", "crossings", "conflicts"),
            *("see_map", "see_corridor", "see_alerts", "see_acts", "see_messages"),
            *("appeals", "work", "workflow"),
        ],
        "timezone": "Asia/Ho_Chi_Minh",
        "authenticator": False,
        "must_enrol": False,
        "last": None,
    }
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
    assert answer.json()["account"] == "op"
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


def test_who_signs_in_is_shown_when_and_from_where_they_were_in_before(api: RunningApi):
    api.person(Role.OPERATOR)
    answer = api.client(**{"User-Agent": "A tablet"}).post(LOGIN, json=CREDENTIALS)
    last = answer.json()["last"]
    assert last["address"] == "127.0.0.1"
    assert last["browser"].startswith("python-httpx")


def test_somebody_sees_their_sessions_and_ends_one_elsewhere_which_is_told_so(api: RunningApi):
    desk = api.person(Role.OPERATOR)
    tablet = again(api)
    listed = desk.get(LOGIN).json()
    assert [one["current"] for one in listed] == [False, True]
    assert desk.delete(f"{LOGIN}/{listed[0]['id']}").status_code == 204
    told = tablet.get(f"{LOGIN}/current")
    assert (told.status_code, told.json()["type"]) == (401, "urn:flowctl:session-ended")
    assert "another place" in told.json()["detail"]
    assert desk.get(f"{LOGIN}/current").status_code == 200
    assert desk.delete(f"{LOGIN}/{listed[0]['id']}").status_code == 404


def test_all_other_sessions_end_at_once_and_this_one_goes_on(api: RunningApi):
    desk = api.person(Role.OPERATOR)
    others = [again(api), again(api)]
    assert desk.delete(LOGIN).json() == {"ended": 2}
    assert [one.get(f"{LOGIN}/current").status_code for one in (desk, *others)] == [200, 401, 401]


def test_only_an_administrator_sees_and_ends_the_sessions_of_others(api: RunningApi):
    operator, boss = api.person(Role.OPERATOR), api.person(Role.ADMINISTRATOR)
    planner = api.person(Role.PLANNER)
    [session] = operator.get(LOGIN).json()
    assert planner.get(LOGIN, params={"account": "operator"}).status_code == 403
    assert planner.delete(f"{LOGIN}/{session['id']}").status_code == 404
    assert planner.delete(LOGIN, params={"account": "operator"}).status_code == 403
    assert len(boss.get(LOGIN, params={"account": "operator"}).json()) == 1
    assert boss.delete(f"{LOGIN}/{session['id']}").status_code == 204
    assert operator.get(f"{LOGIN}/current").status_code == 401


def test_a_session_nobody_used_for_long_ends_and_says_so(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    api.border.conn.execute("update sessions set seen_wall_at = now() - interval '3 h'")
    told = operator.get(f"{LOGIN}/current")
    assert (told.status_code, told.json()["type"]) == (401, "urn:flowctl:session-expired")


def test_use_is_noted_by_the_minute_and_keeps_a_session_open(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    seen = "select seen_wall_at > now() - interval '10 s' from sessions"
    api.border.conn.execute("update sessions set seen_wall_at = now() - interval '70 min'")
    assert operator.get(f"{LOGIN}/current").status_code == 200
    assert api.border.conn.execute(seen).fetchone() == (True,)


def test_an_account_that_is_disabled_is_out_at_once_and_stays_out(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    disable_account(api.border.conn, "operator", wall_now=datetime.now(UTC))
    told = operator.get(f"{LOGIN}/current")
    assert (told.status_code, told.json()["type"]) == (401, "urn:flowctl:session-ended")
    answer = api.client().post(LOGIN, json=CREDENTIALS)
    assert answer.status_code == 403
    assert "disabled" in answer.json()["detail"]


def test_a_sign_in_over_an_open_session_makes_another_and_ends_the_former(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    fixed = operator.cookies["flowctl_session"]
    assert operator.post(LOGIN, json=CREDENTIALS).status_code == 200
    assert operator.cookies["flowctl_session"] != fixed
    kept = api.client(Cookie=f"flowctl_session={fixed}")
    assert kept.get(f"{LOGIN}/current").status_code == 401


def test_a_body_that_claims_a_role_opens_nothing(api: RunningApi):
    api.person(Role.OPERATOR)
    answer = api.client().post(LOGIN, json={**CREDENTIALS, "role": "administrator"})
    assert answer.status_code == 422
    assert "role" in answer.json()["detail"]


def test_a_stream_of_events_ends_soon_after_its_session_was_ended(api: RunningApi):
    operator, boss = api.person(Role.OPERATOR), api.person(Role.ADMINISTRATOR)
    with operator.stream("GET", "/v1/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        boss.delete(LOGIN, params={"account": "operator"})
        began = time.monotonic()
        for _ in lines:
            assert time.monotonic() - began < 5, "the stream outlives its session"


def test_another_password_needs_the_old_one_and_ends_the_other_sessions(api: RunningApi):
    desk = api.person(Role.OPERATOR)
    tablet = again(api)
    path, new = "/v1/accounts/current/password", "another long password"
    wrong = desk.post(path, json={"old": "not the password", "new": new})
    assert (wrong.status_code, wrong.json()["type"]) == (403, "urn:flowctl:password")
    short = desk.post(path, json={"old": PASSWORD, "new": "short"})
    assert short.status_code == 422
    assert desk.post(path, json={"old": PASSWORD, "new": new}).status_code == 204
    assert desk.get(f"{LOGIN}/current").status_code == 200
    assert tablet.get(f"{LOGIN}/current").json()["type"] == "urn:flowctl:session-ended"
    assert api.client().post(LOGIN, json=CREDENTIALS).status_code == 401
    now = {"account": "operator", "password": new}
    assert api.client().post(LOGIN, json=now).status_code == 200


def test_trying_passwords_holds_no_connection_of_the_database(api: RunningApi):
    api.person(Role.OPERATOR)
    slow = hash_password(PASSWORD)
    set_password(api.border.conn, "operator", slow, wall_now=datetime.now(UTC))
    pool = api.app.state.pool
    before = pool.get_stats()["usage_ms"]
    wrong = {"account": "operator", "password": "not the password"}
    began = time.monotonic()
    assert api.client().post(LOGIN, json=wrong).status_code == 401
    took_ms = (time.monotonic() - began) * 1000
    assert pool.get_stats()["usage_ms"] - before < took_ms / 3


def again(api: RunningApi) -> httpx.Client:
    """Sign in to the operator's account from one more place."""
    client = api.client(**{"X-Flowctl": "1"})
    assert client.post(LOGIN, json=CREDENTIALS).status_code == 200
    return client
