import base64
from datetime import datetime

from api_server import RunningApi
from border import MORNING, after

from flowctl.registry.accounts import Role
from flowctl.storage.outcomes import set_aside
from flowctl.telemetry.fixes import SetAside, microseconds


def keep(
    api: RunningApi,
    reason: str,
    at: datetime,
    *,
    source: int = 1,
    device: str | None = "VN-1",
    raw: bytes = b'{"device":"VN-1"}',
) -> None:
    fixed_at = microseconds(MORNING)
    item = SetAside(source, microseconds(at), reason, device, fixed_at, raw)
    set_aside(api.border.conn, [item])


def test_what_was_set_aside_is_shown_with_its_reason_and_its_bytes(api: RunningApi):
    keep(api, "too_late", after(1))
    operator = api.person(Role.OPERATOR)
    assert operator.get("/v1/fixes/aside").json() == {
        "items": [
            {
                "id": 1,
                "source": "trackers",
                "received_at": "2024-01-23T01:01:00Z",
                "reason": "too_late",
                "device": "VN-1",
                "fixed_at": "2024-01-23T01:00:00Z",
                "released_at": None,
                "raw": '{"device":"VN-1"}',
                "encoding": "utf-8",
            }
        ],
        "next": None,
    }


def test_bytes_that_are_no_text_come_in_base64(api: RunningApi):
    keep(api, "poison", after(1), source=0, device=None, raw=b"\xff\x00\x81")
    [item] = api.person(Role.OPERATOR).get("/v1/fixes/aside").json()["items"]
    assert (item["source"], item["encoding"]) == (None, "base64")
    assert base64.b64decode(item["raw"]) == b"\xff\x00\x81"


def test_it_is_asked_for_by_reason_source_and_time(api: RunningApi):
    keep(api, "too_late", after(1))
    keep(api, "future", after(2))
    keep(api, "future", after(3), source=0)
    operator = api.person(Role.OPERATOR)

    def ids(**asked: str) -> list[int]:
        answer = operator.get("/v1/fixes/aside", params=asked)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert ids() == [3, 2, 1]
    assert ids(reason="future") == [3, 2]
    assert ids(reason="future", source="trackers") == [2]
    assert ids(source="nobody") == []
    assert ids(since=after(2).isoformat()) == [3, 2]
    assert ids(until=after(2).isoformat()) == [1]


def test_a_reason_that_does_not_exist_is_answered_with_those_that_do(api: RunningApi):
    answer = api.person(Role.OPERATOR).get("/v1/fixes/aside", params={"reason": "late"})
    assert answer.status_code == 422
    assert "too_late" in answer.json()["detail"]


def test_pages_follow_each_other_without_gap_or_double_while_more_comes_in(api: RunningApi):
    for minute in (1, 1, 1, 2, 2):
        keep(api, "future", after(minute))
    operator = api.person(Role.OPERATOR)
    seen: list[int] = []
    params = {"limit": "2"}
    while True:
        page = operator.get("/v1/fixes/aside", params=params).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        keep(api, "future", after(9))
        params["after"] = page["next"]
    assert seen == [5, 4, 3, 2, 1]


def test_a_page_that_was_never_given_out_is_refused(api: RunningApi):
    operator = api.person(Role.OPERATOR)
    for wrong in ("1", "a-b", "999999999999999999-1", "-1-1"):
        answer = operator.get("/v1/fixes/aside", params={"after": wrong})
        assert answer.status_code == 422
        assert "next" in answer.json()["detail"]


def test_it_is_counted_by_hour_source_and_reason(api: RunningApi):
    for minute, reason in ((1, "future"), (59, "future"), (61, "future"), (61, "too_late")):
        keep(api, reason, after(minute))
    api.border.conn.execute("update fixes_aside set released_at = %s where id = 1", [after(5)])
    api.clock.at = after(120)
    counts = api.person(Role.OPERATOR).get("/v1/fixes/aside/counts").json()
    assert [(one["hour"][11:16], one["reason"], one["n"], one["released"]) for one in counts] == [
        ("02:00", "future", 1, 0),
        ("02:00", "too_late", 1, 0),
        ("01:00", "future", 2, 1),
    ]
    assert {one["source"] for one in counts} == {"trackers"}
    api.clock.at = after(60 * 25)
    last_day = api.person(Role.ADMINISTRATOR).get("/v1/fixes/aside/counts").json()
    assert sum(one["n"] for one in last_day) == 2
