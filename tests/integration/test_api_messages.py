"""What operators see of messages to drivers, and the button for those that were given up."""

from decimal import Decimal

import pytest
from api_server import RunningApi
from border import MORNING, after
from sending import KeptGateway, send_all

from flowctl.notify.gateways import MessageRefused, Tariff
from flowctl.registry.accounts import Role
from flowctl.storage.outbox import queue_message


@pytest.fixture
def dead(api: RunningApi, database: str) -> int:
    """Send two messages of which the second is refused; returns its id."""
    refused = api.border.trip(language="zh"), api.border.trip()

    def answer(message):  # noqa: ANN001, ANN202
        return MessageRefused("No such number.") if message.trip == refused[1] else ["a", "b"]

    tariff = Tariff("VND", {"": Decimal("350.50")})
    send_all(database, api.border.site, KeptGateway("sms", tariff=tariff, answer=answer))
    return 2


def test_the_newest_messages_come_first_with_what_became_of_them(api: RunningApi, dead: int):
    operator = api.person(Role.OPERATOR)
    newest, oldest = operator.get("/v1/messages").json()
    assert (newest["id"], newest["state"], newest["trouble"]) == (dead, "dead", "No such number.")
    assert (oldest["state"], oldest["gateway"], oldest["parts"]) == ("sent", "sms", 2)
    assert (oldest["cost"], oldest["currency"], oldest["delivery"]) == ("701", "VND", None)
    assert "phone" not in str(newest)
    assert [one["id"] for one in operator.get("/v1/messages?state=sent").json()] == [1]
    assert [one["id"] for one in operator.get(f"/v1/messages?before={dead}").json()] == [1]
    assert operator.get("/v1/messages?state=lost").status_code == 422
    assert operator.get("/v1/messages?limit=0").status_code == 422


def test_a_dead_message_is_sent_after_all_by_a_button_and_a_sent_one_is_not(
    api: RunningApi, dead: int, database: str
):
    operator = api.person(Role.OPERATOR)
    again = operator.post(f"/v1/messages/{dead}/retry")
    assert (again.status_code, again.json()["state"]) == (200, "waiting")
    gateway = KeptGateway()
    send_all(database, api.border.site, gateway)
    assert [message.id for message in gateway.took] == [dead]
    refused = operator.post(f"/v1/messages/{dead}/retry")
    assert refused.status_code == 409
    assert "is sent" in refused.json()["detail"]
    assert operator.post("/v1/messages/99/retry").status_code == 404


def test_a_dead_message_that_is_over_is_not_sent_again(api: RunningApi, dead: int):
    api.clock.at = after(24 * 60)
    refused = api.person(Role.OPERATOR).post(f"/v1/messages/{dead}/retry")
    assert refused.status_code == 409
    assert "was of use until 2024-01-24T01:00:00+00:00" in refused.json()["detail"]


def test_the_summary_is_of_the_local_day(api: RunningApi, dead: int, database: str):
    before = after(-8 * 60 - 1)
    queue_message(
        api.border.conn,
        site="lang_son",
        trip_id=1,
        kind="reply_help",
        params={},
        now=before,
        expires_at=None,
    )
    send_all(database, api.border.site, KeptGateway("sms"), now=before)
    ref = "insert into sms_receipts (gateway, ref, state, at) values ('sms', %s, 'DELIVRD', %s)"
    for part in ("a", "b"):
        api.border.conn.execute(ref, [part, MORNING])
    found = api.person(Role.OFFICER).get("/v1/messages/summary").json()
    assert found["since"] == "2024-01-23T00:00:00+07:00"
    assert found["states"] == {"sent": 1, "dead": 1}
    assert found["dead"] == 1
    assert dead
    sums = {"gateway": "sms", "currency": "VND", "messages": 1, "parts": 2, "cost": "701"}
    assert found["sent"] == [{**sums, "delivered": 1, "failed": 0}]
    [gateway] = found["gateways"]
    assert (gateway["gateway"], gateway["state"], gateway["rate_per_s"]) == ("sms", "open", 10_000)
