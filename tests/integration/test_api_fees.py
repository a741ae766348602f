"""Fees through the API: what is due and why, taking it, receipts on paper, the day's settlement."""

import io
import zipfile
from typing import Any
from uuid import uuid4

import httpx
import pytest
from api_server import RunningApi
from border import after

from flowctl.registry.accounts import Agency, Person, Role, change_account
from flowctl.registry.fees import bill, pay
from flowctl.storage.fees import add_schedule
from flowctl.workflow.stages import Origin

FEES = """
version = "1"
valid_from = 2024-01-01T00:00:00+07:00

[[service]]
id = "way"
name = { vi = "Phí hạ tầng", zh = "基础设施费", en = "Way" }
[[service.rate]]
amount_vnd = 100_000
applies = { load = ["laden"] }
[[service.rate]]
amount_vnd = 300_000
applies = { load = ["empty"] }

[[service]]
id = "all"
name = { vi = "Phí chung", zh = "通用费", en = "Everybody" }
[[service.rate]]
amount_vnd = 7_000
"""


@pytest.fixture
def priced(api: RunningApi) -> RunningApi:
    """Give the API's site a schedule of fees."""
    add_schedule(api.border.conn, api.border.site, FEES, by="the test", now=after(0))
    return api


def declared(api: RunningApi, **changes: Any) -> int:  # noqa: ANN401
    trip = api.border.trip(**changes)
    bill(api.border.conn, api.border.site, trip, now=api.clock.at)
    return trip


def cashier(api: RunningApi, agency: Agency = Agency.TAX) -> httpx.Client:
    client = api.person(Role.OFFICER, name=f"thu {agency}")
    whose = Person("Trần Thị Bình", "Quầy phí", agency)
    change_account(api.border.conn, f"thu {agency}", role=None, whose=whose, wall_now=after(0))
    return client


def take(
    client: httpx.Client,
    trip: int,
    amount: int,
    key: str = "",
    **said: Any,  # noqa: ANN401
) -> httpx.Response:
    return client.post(
        f"/v1/trips/{trip}/payments",
        json={"method": "cash", "amount_vnd": amount, **said},
        headers={"Idempotency-Key": key or str(uuid4())},
    )


def test_what_a_trip_owes_is_said_with_why_and_what_was_paid(priced: RunningApi):
    trip, client = declared(priced), cashier(priced)
    said = client.get(f"/v1/trips/{trip}/dues").json()
    assert [(one["service"], one["amount_vnd"], one["why"]) for one in said["lines"]] == [
        ("way", 100_000, {"kind": "facts", "values": {"load": "laden"}}),
        ("all", 7_000, {"kind": "flat", "values": {}}),
    ]
    assert (said["total_vnd"], said["paid_vnd"], said["due_vnd"]) == (107_000, 0, 107_000)
    answer = take(client, trip, 107_000)
    assert answer.status_code == 201
    assert (answer.json()["due_vnd"], answer.json()["settled"]) == (0, True)
    [payment] = answer.json()["payments"]
    assert (payment["receipt"], payment["reference"]) == ("2024-000001", "2024-000001")
    assert payment["by"] == "thu tax"


def test_a_journey_is_priced_before_it_is_declared(priced: RunningApi):
    client = priced.person(Role.HAULIER)
    said = client.post("/v1/fees/quote", json={"facts": {"load": "empty"}}).json()
    assert said["total_vnd"] == 307_000
    unknown = client.post("/v1/fees/quote", json={"facts": {}}).json()
    assert [(one["service"], one["until_fact"]) for one in unknown["withheld"]] == [("way", "load")]
    assert client.post("/v1/fees/quote", json={"facts": {"colour": "red"}}).status_code == 422
    schedule = client.get("/v1/fees").json()
    assert [(one["id"], len(one["rates"])) for one in schedule["services"]] == [
        ("way", 2),
        ("all", 1),
    ]


def test_a_site_without_fees_owes_nothing(api: RunningApi):
    trip, client = api.border.trip(), api.person(Role.OPERATOR)
    assert client.get("/v1/fees").json() is None
    said = client.get(f"/v1/trips/{trip}/dues").json()
    assert (said["version"], said["due_vnd"], said["settled"]) == (None, 0, True)
    answer = take(client, trip, 1000)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:flowctl:no_fees")


def test_a_button_pressed_twice_takes_once(priced: RunningApi):
    trip, client, key = declared(priced), cashier(priced), str(uuid4())
    assert take(client, trip, 50_000, key).status_code == 201
    again = take(client, trip, 50_000, key)
    assert (again.status_code, again.json()["paid_vnd"]) == (200, 50_000)
    assert take(client, trip, 57_000, key).json()["type"] == "urn:flowctl:key_twice"


def test_a_payment_that_cannot_be_is_refused_in_words_that_name_the_sums(priced: RunningApi):
    trip, client = declared(priced), cashier(priced)
    over = take(client, trip, 107_001)
    assert over.status_code == 409
    assert over.json()["values"]["due_vnd"] == 107_000
    for amount in (0, -5, 10**12):
        assert take(client, trip, amount).json()["type"] == "urn:flowctl:payment_sum"
    for amount in (1.5, "100", 2**70, None):
        assert take(client, trip, amount).status_code == 422  # type: ignore[arg-type]
    assert take(client, trip, 7_000, method="gold").json()["type"] == "urn:flowctl:payment_method"
    assert (
        take(client, trip, 7_000, method="transfer").json()["type"]
        == "urn:flowctl:payment_reference"
    )
    assert take(client, 999_999, 7_000).status_code == 404
    assert client.get(f"/v1/trips/{trip}/dues").json()["paid_vnd"] == 0


def test_only_the_tax_desk_and_operators_take_money(priced: RunningApi):
    trip = declared(priced)
    customs = take(cashier(priced, Agency.CUSTOMS), trip, 1000)
    assert (customs.status_code, customs.json()["type"]) == (403, "urn:flowctl:not_the_till")
    for role in (Role.HAULIER, Role.PLANNER, Role.ADMINISTRATOR):
        assert take(priced.person(role), trip, 1000).status_code == 403
    assert take(priced.person(Role.OPERATOR), trip, 1000).status_code == 201


def test_a_haulier_sees_its_own_dues_and_receipts_and_not_who_took_the_money(priced: RunningApi):
    own, other = priced.person(Role.HAULIER, "own"), priced.person(Role.HAULIER, "other")
    trip = declared(priced)
    priced.border.conn.execute("update trips set registered_by = 'own'")
    payment = take(cashier(priced), trip, 1000).json()["payments"][0]["id"]
    assert [one["by"] for one in own.get(f"/v1/trips/{trip}/dues").json()["payments"]] == [None]
    assert own.get(f"/v1/payments/{payment}/receipt.html").status_code == 200
    assert other.get(f"/v1/trips/{trip}/dues").status_code == 404
    assert other.get(f"/v1/payments/{payment}/receipt.html").status_code == 404
    assert own.get("/v1/settlements/2024-01-23").status_code == 403


def test_a_receipt_is_a_page_in_three_languages_and_a_pdf_in_two(priced: RunningApi):
    trip, client = declared(priced, plate="12C12345"), cashier(priced)
    payment = take(client, trip, 107_000).json()["payments"][0]["id"]
    at = f"/v1/payments/{payment}/receipt"
    for language, words in {
        "vi": ("Biên lai 2024-000001", "Phí hạ tầng", "tiền mặt", "12C12345"),
        "zh": ("收据 2024-000001", "基础设施费", "12C12345"),
        "en": ("Receipt 2024-000001", "Everybody", "cash", "107,000"),
    }.items():
        page = client.get(f"{at}.html?language={language}").text
        assert all(word in page for word in words), (language, page)
    assert client.get(f"{at}.pdf?language=vi").content.startswith(b"%PDF")
    none = client.get(f"{at}.pdf?language=zh")
    assert "There is no PDF in Chinese" in none.json()["detail"]
    assert client.get("/v1/payments/999/receipt.html").status_code == 404


def test_a_payment_is_given_back_once_and_the_refund_says_of_which_receipt(priced: RunningApi):
    trip, client = declared(priced), cashier(priced)
    payment = take(client, trip, 107_000).json()["payments"][0]["id"]
    key = {"Idempotency-Key": str(uuid4())}
    give = {"reason": "Nhầm xe"}
    given = client.post(f"/v1/payments/{payment}/refund", json=give, headers=key)
    assert (given.status_code, given.json()["amount_vnd"]) == (201, -107_000)
    assert client.post(f"/v1/payments/{payment}/refund", json=give, headers=key).status_code == 200
    again = client.post(f"/v1/payments/{payment}/refund", json=give)
    assert (again.status_code, again.json()["type"]) == (409, "urn:flowctl:refunded")
    page = client.get(f"/v1/payments/{given.json()['id']}/receipt.html?language=en").text
    assert "Refund 2024-000002" in page
    assert "Gives back receipt: 2024-000001" in page
    assert "Reference: 2024-000001" in page
    dues = client.get(f"/v1/trips/{trip}/dues").json()
    assert (dues["due_vnd"], [one["refunded"] for one in dues["payments"]]) == (
        107_000,
        [True, False],
    )


def test_a_days_settlement_sums_up_by_gate_method_and_cashier(priced: RunningApi):
    client, operator = cashier(priced), priced.person(Role.OPERATOR, "điều hành")
    first, second = declared(priced), declared(priced)
    payment = take(client, first, 107_000).json()["payments"][0]["id"]
    take(operator, second, 50_000, method="transfer", reference="FT-1")
    client.post(f"/v1/payments/{payment}/refund", json={"reason": "Nhầm"})
    said = client.get("/v1/settlements/2024-01-23").json()
    assert said["rows"] == [
        {"gate": "tan_thanh", "method": "cash", "by": "thu tax", "n": 2, "amount_vnd": 0},
        {
            "gate": "tan_thanh",
            "method": "transfer",
            "by": "điều hành",
            "n": 1,
            "amount_vnd": 50_000,
        },
    ]
    assert (said["total_vnd"], said["refunded_vnd"], said["over"]) == (50_000, 107_000, False)
    assert [(one["service"], one["amount_vnd"]) for one in said["services"]] == [
        ("all", 0),
        ("way", 50_000),
    ]
    assert client.get("/v1/settlements/2024-01-22").json()["payments"] == 0
    assert client.get("/v1/settlements/soon").status_code == 422


def test_a_settled_day_stays_as_it_was_and_a_later_refund_counts_on_its_own_day(
    priced: RunningApi,
):
    trip, client = declared(priced), cashier(priced)
    payment = take(client, trip, 107_000).json()["payments"][0]["id"]
    priced.clock.at = after(24 * 60)
    settled = client.get("/v1/settlements/2024-01-23").json()
    client.post(f"/v1/payments/{payment}/refund", json={"reason": "Nhầm"})
    yesterday = after(60).isoformat()
    take(client, trip, 107_000, paid_at=yesterday)
    assert settled["over"]
    assert client.get("/v1/settlements/2024-01-23").json() == settled
    today = client.get("/v1/settlements/2024-01-24").json()
    assert (today["payments"], today["total_vnd"], today["over"]) == (2, 0, False)


def test_a_settlement_is_a_file_with_a_line_for_each_payment(priced: RunningApi):
    trip, client = declared(priced, plate="12C12345"), cashier(priced)
    take(client, trip, 100_000)
    take(client, trip, 7_000, method="transfer", reference="=1+1")
    at = "/v1/settlements/2024-01-23"
    lines = client.get(f"{at}.csv?language=en").content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Receipt no.,Entered at,Plate,Gate,By,Reference")
    assert lines[1].startswith("2024-000001,2024-01-23 08:00,12C12345,")
    assert "'=1+1" in lines[2]
    with zipfile.ZipFile(io.BytesIO(client.get(f"{at}.xlsx").content)) as book:
        assert "xl/worksheets/sheet3.xml" in book.namelist()
        assert not any(b"<f>" in book.read(name) for name in book.namelist())
    assert client.get(f"{at}.pdf").content.startswith(b"%PDF")
    assert "Quyết toán phí ngày 2024-01-23" in client.get(f"{at}.html").text


def test_payments_are_written_down_without_personal_data(priced: RunningApi):
    trip, client = declared(priced), cashier(priced)
    payment = take(client, trip, 100_000).json()["payments"][0]["id"]
    client.post(f"/v1/payments/{payment}/refund", json={"reason": "Nhầm"})
    rows = priced.border.conn.execute(
        "select account, act, subject, after from audit where act like 'payment.%' order by id"
    ).fetchall()
    assert [row[:3] for row in rows] == [
        ("thu tax", "payment.take", f"trip:{trip}"),
        ("thu tax", "payment.refund", f"trip:{trip}"),
    ]
    assert rows[1][3] == {"receipt": "2024-000002", "amount_vnd": -100_000, "method": "cash"}


def test_a_receipt_outlives_the_trip_it_was_for(priced: RunningApi):
    trip, client = declared(priced, plate="12C12345"), cashier(priced)
    payment = pay(
        priced.border.conn,
        priced.border.site,
        trip,
        method="cash",
        reference=None,
        amount_vnd=1000,
        paid_at=after(0),
        by="tax",
        origin=Origin.HAND,
        now=after(0),
    )
    priced.border.conn.execute("delete from outbox; delete from trips")
    assert "12C12345" in client.get(f"/v1/payments/{payment}/receipt.html").text
    assert client.get("/v1/settlements/2024-01-23").json()["total_vnd"] == 1000
    given = client.post(f"/v1/payments/{payment}/refund", json={"reason": "Nhầm"})
    assert given.json()["amount_vnd"] == -1000
