"""What happens to trips, told to the partners that may read it, and to nobody else."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from border import Border, after, border

from flowctl.registry import sources
from flowctl.registry.events import CROSSING_MADE, STAGE_CHANGED, tell
from flowctl.storage import webhooks
from flowctl.storage.sources import Scope


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as made:
        yield made


def listen(place: Border, name: str, *scopes: Scope) -> None:
    """Let a source that may read so much hear all that happens to stages and at the line."""
    sources.add_source(place.conn, name=name, scopes=scopes)
    webhooks.add_webhook(
        place.conn,
        place.site.id,
        url=f"https://{name}.example.org/in",
        secret_cipher=b"x",
        by="the test",
        now=after(0),
        events=[STAGE_CHANGED, CROSSING_MADE],
        source_id=sources.get_source(place.conn, name).id,
    )


def heard(place: Border) -> dict[str, list[dict[str, Any]]]:
    said: dict[str, list[dict[str, Any]]] = {}
    for url, body in place.conn.execute(
        "select url, body from webhook_deliveries d join webhooks w on w.id = webhook_id"
        " order by d.id"
    ):
        said.setdefault(url.split("/")[2].split(".")[0], []).append(json.loads(body))
    return said


def test_a_partner_hears_of_what_it_may_read(place: Border):
    trip = place.trip(plate="12C12345")
    listen(place, "tax", Scope.STAGES_READ)
    listen(place, "customs", Scope.STAGES_READ, Scope.DECLARATIONS_READ)
    listen(place, "carrier", Scope.CROSSINGS_READ)
    tell(place.conn, place.site, STAGE_CHANGED, trip, now=after(1), stage="paid", at=after(0))
    data = {"trip": trip, "stage": "paid", "at": after(0).isoformat().replace("+00:00", "Z")}
    said = heard(place)
    assert said["tax"][0]["type"] == "stage.changed"
    assert datetime.fromisoformat(said["tax"][0]["timestamp"]) == after(1)
    assert said["tax"][0]["data"] == data
    assert said["customs"][0]["data"] == {**data, "plate": "12C12345"}
    assert "carrier" not in said


def test_a_partner_whose_right_ended_hears_nothing_more(place: Border):
    trip = place.trip(plate="12C12345")
    listen(place, "tax", Scope.STAGES_READ)
    sources.set_terms(place.conn, "tax", scopes={Scope.HOOKS})
    tell(place.conn, place.site, STAGE_CHANGED, trip, now=after(1))
    assert heard(place) == {}
