"""What a played morning left in the logs of its processes: lines that name nobody."""

import json

import httpx
import psycopg
import pytest
from running import Running


@pytest.fixture(scope="module")
def logs(running_system: Running) -> dict[str, str]:
    """Return what each process has written, after people did what leaves secrets in addresses."""
    link = running_system.driver_link
    code = link.rpartition("/")[2]
    name, password = running_system.accounts["operator"]
    with httpx.Client(base_url=running_system.url, headers={"X-Flowctl": "1"}) as client:
        assert client.get(f"/d/{code}").status_code == 200
        assert client.get(f"/v1/driver/{code}").status_code == 200
        signing = {"account": name, "password": password}
        assert client.post("/v1/sessions", json=signing).status_code == 200
        assert client.get("/v1/trips", params={"plate": "12C"}).status_code == 200
        client.post("/v1/sessions", json=signing | {"password": "wrong-password-1"})
    home = running_system.system.settings.paper_dir
    assert home is not None
    return {path.parent.name: path.read_text() for path in home.parent.glob("*/log")}


def test_every_process_writes_lines_of_json(logs: dict[str, str]):
    assert {"api", "ingest", "controller", "notify", "simulator"} <= logs.keys()
    for name, text in logs.items():
        records = [json.loads(line) for line in text.splitlines()]
        assert records, name
        assert {one["process"] for one in records} == {name}
        assert all({"timestamp", "level", "event"} <= one.keys() for one in records)


def test_no_log_names_a_truck_a_person_or_what_opens_a_door(
    logs: dict[str, str], running_system: Running
):
    system = running_system.system
    with psycopg.connect(system.settings.database_url) as conn:
        plates = {plate for (plate,) in conn.execute("select plate from trips")}
        devices = {uid for (uid,) in conn.execute("select uid from devices")}
    secrets = {
        *plates,
        *devices,
        *(message["to"] for message in running_system.messages),
        *(word for m in running_system.messages for word in m["text"].split() if "/d/" in word),
        running_system.driver_link.rpartition("/")[2],
        *(one.password for one in system.accounts),
        *(one.whose.person for one in system.accounts),
        "wrong-password-1",
        system.token,
        system.settings.secret.get_secret_value(),
    }
    assert len(plates) > 50
    assert min(map(len, secrets)) >= 5
    found = [(name, one) for name, text in logs.items() for one in secrets if one in text]
    assert not found
