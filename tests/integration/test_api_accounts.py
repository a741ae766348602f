from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from api_server import PASSWORD, RunningApi

from flowctl.registry.accounts import Role
from flowctl.storage.sources import Scope

ACCOUNTS = "/v1/accounts"
MINH = {
    "name": "minh.hv",
    "role": "officer",
    "person": "Hoàng Văn Minh",
    "post": "Tân Thanh, lane 3",
    "agency": "customs",
}


def test_an_account_is_made_for_a_person_and_its_first_password_shown_once(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    made = boss.post(ACCOUNTS, json=MINH)
    assert made.status_code == 201, made.text
    signed = api.client().post(
        "/v1/sessions", json={"account": "minh.hv", "password": made.json()["password"]}
    )
    assert signed.json()["agency"] == "customs"
    [shown] = [one for one in boss.get(ACCOUNTS).json() if one["name"] == "minh.hv"]
    assert (shown["person"], shown["sessions"]) == ("Hoàng Văn Minh", 1)
    assert made.json()["password"] not in boss.get(ACCOUNTS).text
    assert boss.post(ACCOUNTS, json=MINH).status_code == 409


def test_what_an_account_cannot_be_is_refused_with_a_sentence(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    for change, said in (
        ({"agency": None}, "names the agency"),
        ({"role": "planner"}, "Only an officer has an agency"),
        ({"name": "source:demo"}, "letters, digits"),
        ({"person": "  "}, "one person at one post"),
        ({"post": ""}, "one person at one post"),
        ({"person": "a\u202eb"}, "invisible"),
        ({"role": "machine"}, "a person's role"),
        ({"email": "nonsense"}, "no e-mail address"),
        ({"role": "king"}, "role"),
    ):
        answer = boss.post(ACCOUNTS, json={**MINH, **change})
        assert answer.status_code == 422, change
        assert said in answer.json()["detail"], answer.json()
    assert len(boss.get(ACCOUNTS).json()) == 1


def test_the_log_of_acts_holds_no_name_and_no_email_of_a_person(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    boss.post(ACCOUNTS, json={**MINH, "email": "minh@customs.example"})
    patch = {"person": "Hoàng Văn Minh Anh", "email": "anh@customs.example"}
    boss.patch(f"{ACCOUNTS}/minh.hv", json=patch)
    log = boss.get("/v1/audit", params={"subject": "account:minh.hv"})
    assert len(log.json()["records"]) == 2
    assert "Hoàng" not in log.text
    assert "customs.example" not in log.text
    assert log.json()["records"][0]["after"]["named"] == ["email", "person"]


def test_nobody_but_an_administrator_changes_a_role_least_of_all_their_own(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    answer = operator.patch(f"{ACCOUNTS}/operator", json={"role": "administrator"})
    assert answer.status_code == 403
    assert operator.get("/v1/sessions/current").json()["role"] == "operator"


def test_another_role_ends_the_sessions_of_an_account(api: RunningApi):
    boss, operator = api.person(Role.ADMINISTRATOR), api.person(Role.OPERATOR)
    changed = boss.patch(f"{ACCOUNTS}/operator", json={"role": "planner"})
    assert changed.json()["role"] == "planner"
    assert operator.get("/v1/sessions/current").status_code == 401


def test_the_last_administrator_cannot_lock_everybody_out(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    path = f"{ACCOUNTS}/administrator"
    for answer in (
        boss.post(f"{path}/disable"),
        boss.patch(path, json={"role": "planner"}),
    ):
        assert answer.status_code == 409
        assert "last administrator" in answer.json()["detail"]
    boss.post(
        ACCOUNTS, json={"name": "second", "role": "administrator", "person": "B", "post": "C"}
    )
    assert boss.post(f"{path}/disable").status_code == 200
    assert boss.get(ACCOUNTS).status_code == 401


def test_a_disabled_account_is_out_until_it_is_enabled(api: RunningApi):
    boss, operator = api.person(Role.ADMINISTRATOR), api.person(Role.OPERATOR)
    boss.post(f"{ACCOUNTS}/operator/disable")
    assert operator.get("/v1/site").status_code == 401
    boss.post(f"{ACCOUNTS}/operator/enable")
    body = {"account": "operator", "password": PASSWORD}
    assert api.client().post("/v1/sessions", json=body).status_code == 200


def test_two_accounts_have_not_the_same_email(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    assert boss.post(ACCOUNTS, json={**MINH, "email": "one@x.example"}).status_code == 201
    other = boss.post(ACCOUNTS, json={**MINH, "name": "lan", "email": "ONE@x.example"})
    assert other.status_code == 409
    assert [one["name"] for one in boss.get(ACCOUNTS).json()] == ["administrator", "minh.hv"]


def test_what_is_shown_only_once_is_made_once_for_a_request_that_comes_twice(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    whose = {"role": "planner", "person": "Lê Thị Lan", "post": "Đồng Đăng"}
    for path, body in (
        ("/v1/accounts", {"name": "lan", **whose}),
        ("/v1/sources", {"name": "scales", "scopes": ["positions"]}),
        ("/v1/sources/scales/keys", {"scopes": ["positions"]}),
    ):
        key = {"Idempotency-Key": str(uuid4())}
        with ThreadPoolExecutor(2) as both:
            sent = [both.submit(boss.post, path, json=body, headers=key) for _ in range(2)]
            answers = [one.result() for one in sent]
        made, again = sorted(answers, key=lambda one: one.status_code)
        assert made.status_code == 201
        assert (again.status_code, again.json()["type"]) == (409, "urn:flowctl:made_already"), path
    [scales] = [one for one in boss.get("/v1/sources").json() if one["name"] == "scales"]
    assert len(scales["keys"]) == 2, "its first and one more"


def test_a_key_does_what_it_is_for_and_no_more(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    body = {"name": "vnaccs", "scopes": ["trips:read", "trips:write"]}
    first = boss.post("/v1/sources", json=body).json()["key"]
    reading = boss.post("/v1/sources/vnaccs/keys", json={"scopes": ["trips:read"]}).json()["key"]
    whole, narrow = (api.client(Authorization=f"Bearer {key}") for key in (first, reading))
    assert whole.post("/v1/trips", json={}).status_code == 422
    assert narrow.get("/v1/trips").status_code == 200
    for answer in (
        narrow.post("/v1/trips", json={}),
        narrow.post("/v1/fixes", json=[]),
        whole.get("/metrics"),
        whole.get("/v1/site"),
    ):
        assert answer.status_code == 403
        assert "vnaccs" in answer.json()["detail"]


def test_a_key_of_positions_alone_registers_no_trip(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    key = boss.post("/v1/sources", json={"name": "gps", "scopes": ["positions"]}).json()["key"]
    trackers = api.client(Authorization=f"Bearer {key}")
    assert trackers.post("/v1/fixes", json=[]).status_code == 200
    assert trackers.post("/v1/trips", json={}).status_code == 403
    assert trackers.post("/v1/trips/1/cancel").status_code == 403


def test_a_key_is_narrowed_and_never_widened_and_ends(api: RunningApi):
    boss = api.person(Role.ADMINISTRATOR)
    made = boss.post("/v1/sources", json={"name": "vnaccs", "scopes": ["site", "trips:read"]})
    machine = api.client(Authorization=f"Bearer {made.json()['key']}")
    [source] = [one for one in boss.get("/v1/sources").json() if one["name"] == "vnaccs"]
    assert made.json()["key"] not in boss.get("/v1/sources").text
    assert source["heard_at"] is None
    path = f"/v1/keys/{source['keys'][0]['id']}"
    assert boss.patch(path, json={"scopes": ["site"]}).status_code == 204
    assert machine.get("/v1/trips").status_code == 403
    wider = boss.patch(path, json={"scopes": ["site", "trips:read"]})
    assert wider.status_code == 422
    assert machine.get("/v1/site").status_code == 200
    assert boss.delete(path).status_code == 204
    assert machine.get("/v1/site").status_code == 401
    assert boss.delete(path).status_code == 404


def test_what_a_source_may_no_longer_do_none_of_its_keys_may(api: RunningApi):
    boss, machine = api.person(Role.ADMINISTRATOR), api.machine()
    assert machine.get("/v1/trips").status_code == 200
    changed = boss.patch("/v1/sources/trackers", json={"scopes": ["positions"]})
    assert changed.json()["scopes"] == [Scope.POSITIONS]
    assert machine.get("/v1/trips").status_code == 403


def test_colleagues_are_named_by_person_and_post_and_nothing_else_is_told(api: RunningApi):
    planner = api.person(Role.PLANNER, "lan")
    [lan] = [one for one in planner.get("/v1/colleagues").json() if one["account"] == "lan"]
    assert lan == {"account": "lan", "person": "Nguyễn Văn An", "post": "Post of the tests"}
