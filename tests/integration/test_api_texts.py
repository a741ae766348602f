"""Words of operators to drivers over the API: weighed, limited, sent once, kept out of the log."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from api_server import RunningApi
from border import KEYS
from sending import KeptGateway, send_all

from flowctl.registry.accounts import Role
from flowctl.registry.keys import link_code

YARD = "yard_viettel"


@pytest.fixture
def anna(api: RunningApi) -> httpx.Client:
    return api.person(Role.OPERATOR, "anna")


def send(client: httpx.Client, key: str = "", **body: Any) -> httpx.Response:  # noqa: ANN401
    return client.post("/v1/texts", json=body, headers={"Idempotency-Key": key or str(uuid4())})


def queued(api: RunningApi) -> list[tuple[int, str]]:
    return api.border.conn.execute(
        "select trip_id, worded(kind, params) ->> 'words' from outbox where kind = 'desk'"
        " order by trip_id"
    ).fetchall()


def test_a_text_is_weighed_before_it_is_sent(api: RunningApi, anna: httpx.Client):
    trip = api.border.trip()
    plain = {"to": "trip", "trip_id": trip}
    body = plain | {"text": "Xin den quay so 3."}
    weighed = anna.post("/v1/texts/preview", json=body).json()
    assert (weighed["alphabet"], weighed["parts"], weighed["to"]) == ("gsm7", 1, 1)
    assert weighed["languages"] == {"vi": 1}
    assert weighed["refused"] is None
    longer = anna.post("/v1/texts/preview", json=plain | {"text": "Xin đến quầy số 3. " * 5}).json()
    assert (longer["alphabet"], longer["parts"]) == ("ucs2", 2)
    assert queued(api) == []


def test_a_text_goes_to_all_in_a_yard_who_have_a_number_once(api: RunningApi, anna: httpx.Client):
    inside, outside = api.border.trip(), api.border.trip()
    api.border.visit(inside, YARD, entered=-5)
    walk_in = {"plate": "29H98765", "yard": YARD, "gates": ["huu_nghi"]}
    key = {"Idempotency-Key": str(uuid4())}
    assert anna.post("/v1/walk-ins", json=walk_in, headers=key).status_code == 201
    body = {"text": "Bai se dong luc 18:00.", "to": "yard", "place": YARD}
    weighed = anna.post("/v1/texts/preview", json=body).json()
    assert (weighed["to"], weighed["unheard"]) == (1, 1)
    once = str(uuid4())
    assert send(anna, once, **body).status_code == 201
    assert send(anna, once, **body).status_code == 200
    assert queued(api) == [(inside, body["text"])]
    assert outside not in dict(queued(api))


def test_the_words_reach_the_drivers_phone_and_page_as_they_were_written(
    api: RunningApi, anna: httpx.Client
):
    trip = api.border.trip()
    body = {"text": "Mời đến <b>quầy 3</b>.", "to": "trip", "trip_id": trip}
    assert send(anna, **body).status_code == 201
    gateway = KeptGateway()
    send_all(api.app.state.settings.database_url, api.border.site, gateway)
    assert body["text"] in [message.text for message in gateway.took]
    page = api.client().get(f"/v1/driver/{link_code(KEYS, trip, 0)}").json()
    assert body["text"] in [message["text"] for message in page["messages"]]
    [written] = anna.get("/v1/texts").json()
    assert (written["sent"], written["waiting"]) == (1, 0)


def test_the_log_of_acts_tells_how_many_were_written_to_and_not_what(
    api: RunningApi, anna: httpx.Client
):
    trip = api.border.trip()
    secret = "Goi anh Hung o quay so 3."
    assert send(anna, text=secret, to="trip", trip_id=trip).status_code == 201
    rows = api.border.conn.execute("select act, after::text from audit").fetchall()
    [after] = [after for act, after in rows if act == "text.write"]
    assert '"messages": 1' in after
    assert "Hung" not in "".join(after for _, after in rows if after)
    [listed] = anna.get("/v1/texts").json()
    assert (listed["text"], listed["written_by"], listed["waiting"]) == (secret, "anna", 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  ", "empty"),
        ("xem http://evil.example/x", "link"),
        ("xem www.evil.example", "link"),
        ("xem evil.com nhe", "link"),
        ("x" * 400, "shorten"),
        ("a\u202eb", "cannot be shown"),
    ],
)
def test_what_may_not_be_sent_is_refused_in_a_sentence(
    api: RunningApi, anna: httpx.Client, text: str, words: str
):
    refused = send(anna, text=text, to="trip", trip_id=api.border.trip())
    assert refused.status_code == 422
    assert words in refused.json()["detail"]
    assert queued(api) == []


def test_a_link_to_the_sites_own_page_may_be_sent(api: RunningApi, anna: httpx.Client):
    trip = api.border.trip()
    text = "Xem https://gate.example/board"
    assert send(anna, text=text, to="trip", trip_id=trip).status_code == 201


def test_an_hours_messages_are_limited(api: RunningApi, anna: httpx.Client):
    trip = api.border.trip()
    api.border.conn.execute(
        "insert into desk_texts (site, text, parts, messages, written_by, written_at)"
        " values (%s, 'x', 1, 600, 'anna', %s)",
        [api.border.site.id, api.clock.now()],
    )
    refused = send(anna, text="Xin cho.", to="trip", trip_id=trip)
    assert refused.status_code == 409
    assert "this hour takes 0 more" in refused.json()["detail"]


def test_a_gate_officer_writes_to_nobody(api: RunningApi):
    officer = api.person(Role.OFFICER)
    assert send(officer, text="Xin cho.", to="held").status_code == 403
