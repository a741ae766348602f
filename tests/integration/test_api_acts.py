"""Acts of operators over HTTP: looked at, entered once, approved by another, refused, ended."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
from api_server import RunningApi
from border import after

from flowctl.registry.accounts import Role


def hold(trip: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"kind": "hold_truck", "trip_id": trip, "reason": "papers", **changes}


def enter(client: httpx.Client, act: Mapping[str, Any], key: str | None = None) -> httpx.Response:
    return client.post("/v1/acts", json=dict(act), headers={"Idempotency-Key": key or str(uuid4())})


def staged(api: RunningApi, **changes: Any) -> int:  # noqa: ANN401
    trip = api.border.trip(**changes)
    api.border.visit(trip, "yard_bao_nguyen", 1)
    return trip


def test_a_hold_is_entered_once_however_often_its_request_comes(api: RunningApi):
    trip, lan = staged(api), api.person(Role.OPERATOR, "lan")
    api.clock.at = after(5)
    key = str(uuid4())
    first, again = (enter(lan, hold(trip), key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200), first.text
    assert first.json() == again.json()
    shown = first.json()
    assert (shown["kind"], shown["state"], shown["by"]) == ("hold_truck", "standing", "lan")
    assert (shown["trip_id"], shown["plate"], shown["reason"]) == (trip, "12C00001", "papers")
    [listed] = lan.get("/v1/acts", params={"state": "standing"}).json()
    assert listed == shown
    other = enter(lan, hold(trip, reason="customs"), key)
    assert other.status_code == 422


def test_who_comes_second_is_told_who_was_first_and_when(api: RunningApi):
    trip = staged(api)
    lan, minh = api.person(Role.OPERATOR, "lan"), api.person(Role.OPERATOR, "minh")
    api.clock.at = after(5)
    act = enter(lan, hold(trip)).json()["id"]
    second = enter(minh, hold(trip, reason="customs"))
    assert second.status_code == 409
    assert f"lan held trip {trip} at 2024-01-23 08:05 already" in second.json()["detail"]
    api.clock.at = after(9)
    assert lan.post(f"/v1/acts/{act}/end", json={"note": "papers are there"}).status_code == 200
    late = minh.post(f"/v1/acts/{act}/end")
    assert late.status_code == 409
    assert "was ended by lan at 2024-01-23 08:09 already" in late.json()["detail"]
