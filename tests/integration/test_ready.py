"""Whether requests should come to a process: stores there, and a schema that has what it needs."""

import psycopg
from api_server import RunningApi

from flowctl.storage.schema import head_revision


def at_revision(owner_url: str, revision: str) -> None:
    with psycopg.connect(owner_url) as owner:
        owner.execute("update alembic_version set version_num = %s", [revision])


def test_a_process_with_its_stores_schema_and_site_is_ready(api: RunningApi):
    answer = api.client().get("/v1/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "schema": head_revision(),
        "site": api.app.state.site.id,
    }


def test_with_an_older_schema_it_is_not_and_says_what_to_run(api: RunningApi, owner_url: str):
    at_revision(owner_url, "0001")
    answer = api.client().get("/v1/ready")
    assert answer.status_code == 503
    assert answer.json()["detail"] == (
        f"The schema is at revision 0001, and this version needs {head_revision()};"
        " run: flowctl migrate"
    )
    assert api.client().get("/v1/health").status_code == 200, "it lives"


def test_with_the_schema_of_the_next_version_it_stays_ready(api: RunningApi, owner_url: str):
    at_revision(owner_url, "9999")
    assert api.client().get("/v1/ready").status_code == 200


def test_a_database_nobody_migrated_is_said_to_be_so(api: RunningApi, owner_url: str):
    with psycopg.connect(owner_url) as owner:
        owner.execute("drop table alembic_version")
    answer = api.client().get("/v1/ready")
    assert answer.status_code == 503
    assert "at revision none" in answer.json()["detail"]


def test_with_a_store_away_it_is_not_ready(api: RunningApi):
    api.app.state.pool.close()
    answer = api.client().get("/v1/ready")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
