"""What partners pull: everything once, in one order, whatever is committed meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from api_server import RunningApi
from border import KEYS, Border, after

from flowctl.registry import sources
from flowctl.registry.rules import Declaration
from flowctl.registry.trips import cancel, register
from flowctl.state import Cargo, Direction
from flowctl.storage.sources import Scope


@pytest.fixture
def customs(api: RunningApi) -> httpx.Client:
    key = sources.add_source(
        api.border.conn, name="customs", scopes={Scope.DECLARATIONS_READ, Scope.STAGES_READ}
    )
    return api.client(Authorization=f"Bearer {key}")


@contextmanager
def beside(api: RunningApi) -> Iterator[psycopg.Connection[Any]]:
    """Yield another connection to the same database, with a transaction open."""
    with psycopg.connect(api.app.state.settings.database_url) as conn:
        yield conn


def declare(conn: psycopg.Connection[Any], place: Border, plate: str) -> int:
    declaration = Declaration(
        plate=plate,
        phone=None,
        language="vi",
        direction=Direction.EXPORT,
        cargo=Cargo.NORMAL,
        gates=("tan_thanh",),
        ready_at=after(60),
        goods="thanh long",
    )
    return register(conn, place.site, KEYS, declaration, by="the test", now=after(0))


def pull(partner: httpx.Client, cursor: str | None, **params: Any) -> tuple[list[str], str]:  # noqa: ANN401
    """Return the plates of the page after a cursor, and the next cursor."""
    asked = {**params, **({} if cursor is None else {"after": cursor})}
    answer = partner.get("/v1/partner/declarations", params=asked)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    return [one["plate"] for one in page["items"]], page["next"]


def test_a_declaration_is_pulled_whole_and_without_its_driver(
    api: RunningApi, customs: httpx.Client
):
    trip = declare(api.border.conn, api.border, "12C00001")
    [one] = customs.get("/v1/partner/declarations").json()["items"]
    assert (one["trip"], one["plate"], one["goods"]) == (trip, "12C00001", "thanh long")
    assert (one["nationality"], one["load"], one["state"]) == ("VN", "laden", "active")
    assert not {"phone", "driver_name", "licence", "driver_cipher"} & one.keys()


def test_pages_follow_each_other_and_end(api: RunningApi, customs: httpx.Client):
    for n in range(5):
        declare(api.border.conn, api.border, f"12C0000{n}")
    first, cursor = pull(customs, None, limit=3)
    second, cursor = pull(customs, cursor, limit=3)
    assert (first, second) == (["12C00000", "12C00001", "12C00002"], ["12C00003", "12C00004"])
    assert pull(customs, cursor) == ([], cursor)


def test_what_is_committed_late_is_not_skipped(api: RunningApi, customs: httpx.Client):
    with beside(api) as slow:
        declare(slow, api.border, "12C11111")  # not committed yet, with the smaller id
        # Registering would wait for the ledger; what the feed rests on waits for nobody.
        with beside(api) as quick:
            quick.execute(
                "with d as (insert into drivers (language) values ('vi') returning id),"
                " t as (insert into trips (site, plate, driver_id, direction, cargo, gates,"
                "  ready_at, registered_at, registered_by) select %s, '12C22222', id, 'export',"
                "  'normal', '{tan_thanh}', %s, %s, 'the test' from d returning id)"
                " insert into declarations (trip_id, changed_at) select id, %s from t",
                [api.border.site.id, after(60), after(0), after(0)],
            )
        early, cursor = pull(customs, None)
        assert early == ["12C22222"]
        slow.commit()
    late, cursor = pull(customs, cursor)
    assert late == ["12C11111"]
    assert pull(customs, cursor)[0] == []


def test_what_somebody_is_changing_holds_up_no_reader_and_comes_after(
    api: RunningApi, customs: httpx.Client
):
    trip = declare(api.border.conn, api.border, "12C00001")
    with beside(api) as editor:
        editor.execute("update declarations set goods = 'xoài' where trip_id = %s", [trip])
        assert pull(customs, None)[0] == []
        editor.commit()
    first, cursor = pull(customs, None)
    assert first == ["12C00001"]
    with beside(api) as editor:
        editor.execute("update declarations set goods = 'vải' where trip_id = %s", [trip])
        assert pull(customs, cursor)[0] == []
        editor.commit()
    [late] = customs.get("/v1/partner/declarations", params={"after": cursor}).json()["items"]
    assert late["goods"] == "vải"


def test_a_trip_that_was_called_off_comes_again(api: RunningApi, customs: httpx.Client):
    trip = declare(api.border.conn, api.border, "12C00001")
    _, cursor = pull(customs, None)
    cancel(api.border.conn, api.border.site, trip, by="the test", now=after(1))
    answer = customs.get("/v1/partner/declarations", params={"after": cursor})
    assert [one["state"] for one in answer.json()["items"]] == ["cancelled"]


def test_what_was_erased_is_pulled_no_more(api: RunningApi, customs: httpx.Client):
    trip = declare(api.border.conn, api.border, "12C00001")
    api.border.conn.execute("delete from declarations where trip_id = %s", [trip])
    assert pull(customs, None)[0] == []
    assert api.border.conn.execute("select count(*) from feed").fetchone() == (0,)


def test_cursors_of_other_lists_of_other_databases_and_none_at_all_are_refused(
    api: RunningApi, customs: httpx.Client
):
    declare(api.border.conn, api.border, "12C00001")
    _, cursor = pull(customs, None)
    for wrong in (cursor[:-3], "%", "x" * 80, customs.get("/v1/partner/stages").json()["next"]):
        answer = customs.get("/v1/partner/declarations", params={"after": wrong})
        assert answer.status_code == 422, wrong
        assert "is no cursor" in answer.json()["detail"]
    api.border.conn.execute("update feed set seq = null")
    api.border.conn.execute("update feed_heads set last = 0")
    customs.get("/v1/partner/declarations")
    api.border.conn.execute("delete from declarations")
    api.border.conn.execute("update feed_heads set last = 0")
    answer = customs.get("/v1/partner/declarations", params={"after": cursor})
    assert answer.status_code == 409
    assert "pull from the beginning" in answer.json()["detail"]


def test_a_key_pulls_only_what_it_may_read(api: RunningApi, customs: httpx.Client):
    assert customs.get("/v1/partner/stages").status_code == 200
    refused = customs.get("/v1/partner/crossings")
    assert refused.status_code == 403
    assert "crossings:read" in refused.json()["detail"]
    assert api.client().get("/v1/partner/declarations").status_code == 401
