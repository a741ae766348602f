"""What hauliers declared, as one list: whose it is, what waits for whom, what is due."""

from collections.abc import Iterator
from typing import Any

import pytest
from api_server import RunningApi, SetClock, served
from border import MORNING, SECRET, SITE, border

from api.app import create_app
from flowctl.registry.accounts import Role
from flowctl.settings import Settings
from flowctl.site_files import read_source

FILES = read_source(SITE)
ORANGES = {
    "plate": "12C-345.67",
    "phone": "0912345678",
    "language": "vi",
    "direction": "export",
    "cargo": "perishable",
    "gates": ["tan_thanh"],
    "ready_at": MORNING.isoformat(),
    "goods": "Cam",
    "goods_class": "fresh_fruit",
    "weight_t": 20.5,
    "customer": "Bằng Tường",
}


@pytest.fixture
def agencies(database: str, valkey: str) -> Iterator[RunningApi]:
    """Run the API of a site whose agencies keep trucks back and take fees."""
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    clock = SetClock()
    with border(database, workflow=FILES.workflow, fees=FILES.fees) as place:
        app = create_app(settings, clock)
        with served(app) as url:
            running = RunningApi(url, app, clock, "", place)
            yield running
            for client in running.clients:
                client.close()


def rows_of(answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a response
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def test_a_declared_trip_says_what_waits_for_whom_and_what_is_due(agencies: RunningApi):
    haulier = agencies.person(Role.HAULIER)
    assert haulier.post("/v1/trips", json=ORANGES).status_code == 201
    answer = haulier.get("/v1/declarations")
    [row] = rows_of(answer)
    assert answer.json()["at"] == "2024-01-23T01:00:00Z"
    assert row["trip"]["plate"] == "12C34567"
    beside = row["beside"]
    assert (beside["goods"], beside["customer"]) == ("Cam", "Bằng Tường")
    assert beside["reached"] == "declared"
    assert [(one["stage"], one["desk"]) for one in beside["open"]] == [("arrival", "yard")]
    assert sorted(beside["locked"]) == ["gate", "release"]
    assert beside["due_vnd"] > 0


def test_a_haulier_sees_its_own_trips_and_an_operator_everybodys(agencies: RunningApi):
    one, other = (agencies.person(Role.HAULIER, name) for name in ("one", "other"))
    assert one.post("/v1/trips", json=ORANGES).status_code == 201
    assert rows_of(other.get("/v1/declarations")) == []
    operator = agencies.person(Role.OPERATOR)
    assert [row["trip"]["haulier"] for row in rows_of(operator.get("/v1/declarations"))] == ["one"]
    assert rows_of(operator.get("/v1/declarations?state=cleared")) == []
    assert len(rows_of(operator.get("/v1/declarations?plate=12c-345"))) == 1
    assert rows_of(operator.get("/v1/declarations?plate=%25")) == []
    assert operator.get("/v1/declarations?plate=-").status_code == 422


def test_trips_of_before_there_were_declarations_have_nothing_beside_them(agencies: RunningApi):
    trip = agencies.border.trip(plate="12C99999")
    conn = agencies.border.conn
    conn.execute("delete from declarations where trip_id = %s", [trip])
    [row] = rows_of(agencies.person(Role.OPERATOR).get("/v1/declarations"))
    assert (row["beside"]["load"], row["beside"]["marks"], row["beside"]["goods"]) == (
        "laden",
        [],
        None,
    )
