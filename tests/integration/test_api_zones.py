"""Zones drawn, checked, published and brought back, as the console asks for it."""

import json
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
import shapely
from api_server import RunningApi
from border import MORNING, SITE, after

from flowctl.registry.accounts import Role
from flowctl.site_files import read_source
from flowctl.storage.sites import get_site, save_site

YARD = "yard_bao_nguyen"
SOON_S = 10.0

Draft = dict[str, Any]


@pytest.fixture
def editor(api: RunningApi) -> httpx.Client:
    return api.person(Role.OPERATOR, "lan")


def begin(client: httpx.Client, **how: object) -> Draft:
    answer = client.post("/v1/zone-drafts", json=how)
    assert answer.status_code == 201, answer.text
    draft: Draft = answer.json()
    return draft


def zone(draft: Draft, identifier: str = YARD) -> dict[str, Any]:
    return next(f for f in draft["features"] if f["properties"]["id"] == identifier)


def save(client: httpx.Client, draft: Draft) -> Draft:
    answer = client.put(
        f"/v1/zone-drafts/{draft['id']}",
        json={"revision": draft["revision"], "features": draft["features"]},
    )
    assert answer.status_code == 200, answer.text
    draft.update(answer.json())
    return draft


def move(draft: Draft, lon: float, lat: float = 0.0, identifier: str = YARD) -> None:
    [ring] = zone(draft, identifier)["geometry"]["coordinates"]
    for at in ring:
        at[0], at[1] = at[0] + lon, at[1] + lat


def publish(client: httpx.Client, draft: Draft, **how: object) -> httpx.Response:
    return client.post(
        f"/v1/zone-drafts/{draft['id']}/publish", json={"why": "the yard grew", **how}
    )


def rename(client: httpx.Client, name: str) -> Draft:
    draft = begin(client)
    zone(draft)["properties"]["name"]["en"] = name
    return save(client, draft)


def shown_name(client: httpx.Client) -> str:
    zones = client.get("/v1/site").json()["zones"]["features"]
    return str(next(f for f in zones if f["properties"]["id"] == YARD)["properties"]["name"]["en"])


def faults(draft: Draft) -> list[tuple[str | None, str | None, str]]:
    return [(one["zone"], one["field"], one["text"]) for one in draft["faults"]]


def standing(api: RunningApi, trucks: int) -> list[int]:
    """Let trucks stand near the yard's southernmost corner."""
    outline = api.border.site.zone_by_id[YARD].polygon
    south = min(shapely.get_coordinates(outline).tolist(), key=lambda at: at[1])
    way = shapely.LineString([south, outline.centroid])
    place = way.interpolate(0.2, normalized=True)
    trips = [api.border.trip() for _ in range(trucks)]
    for trip in trips:
        api.border.visit(trip, YARD, 0)
        api.border.position(trip, place.x, place.y, 5)
    return trips


def test_a_draft_of_the_present_zones_is_sound_and_changes_nothing(editor: httpx.Client):
    draft = begin(editor)
    assert (draft["faults"], draft["changed"], draft["by"]) == ([], [], "lan")
    assert zone(draft)["properties"]["capacity"] == 1150
    refused = publish(editor, draft)
    assert refused.status_code == 422
    assert "changes nothing" in refused.json()["detail"]


def test_others_see_who_draws_and_cannot_change_it(api: RunningApi, editor: httpx.Client):
    draft = begin(editor)
    other = api.person(Role.OPERATOR, "minh")
    [line] = other.get("/v1/zone-drafts").json()
    assert (line["id"], line["by"]) == (draft["id"], "lan")
    refused = other.put(
        f"/v1/zone-drafts/{draft['id']}", json={"revision": 1, "features": draft["features"]}
    )
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        f"Draft {draft['id']} is lan's to change.",
    )
    assert editor.post("/v1/zone-drafts", json={}).status_code == 409
    assert api.person(Role.OFFICER).get("/v1/zone-drafts").status_code == 403


def test_an_outline_over_itself_is_named_with_its_place(editor: httpx.Client):
    draft = begin(editor)
    [ring] = zone(draft)["geometry"]["coordinates"]
    ring[1], ring[3] = ring[3], ring[1]
    [(of, field, text)] = faults(save(editor, draft))
    assert (of, field) == (YARD, "geometry")
    assert "it crosses itself at longitude 106." in text
    lon, lat = draft["faults"][0]["at"]
    assert (round(lon), round(lat)) == (107, 22)
    assert "crosses itself" in publish(editor, draft).json()["detail"]


def test_places_fewer_than_the_trucks_that_stand_there_are_refused(
    api: RunningApi, editor: httpx.Client
):
    standing(api, 3)
    draft = begin(editor)
    assert draft["inside"][YARD] == 3
    zone(draft)["properties"]["capacity"] = 2
    [(of, field, text)] = faults(save(editor, draft))
    assert (of, field) == (YARD, "capacity")
    assert text == "2 places are fewer than the 3 trucks that stand there now"


def shrunk(api: RunningApi, draft: Draft) -> None:
    """Draw the yard around the end of its road only, without its middle."""
    road = next(r.line for r in api.border.site.freight_roads if r.yard == YARD)
    ends = [road.coords[0]] + [
        c.line.coords[-1] for c in api.border.site.corridors if c.yard == YARD
    ]
    west, east = min(x for x, _ in ends) - 0.0002, max(x for x, _ in ends) + 0.0002
    south, north = min(y for _, y in ends) - 0.0002, max(y for _, y in ends) + 0.0002
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    zone(draft)["geometry"]["coordinates"] = [ring]
    zone(draft)["properties"]["capacity"] = 4


def test_a_yard_that_would_lose_most_of_its_trucks_is_published_only_if_that_is_meant(
    api: RunningApi, editor: httpx.Client
):
    standing(api, 4)
    draft = begin(editor)
    move(draft, 0.05)
    [loss] = save(editor, draft)["losses"]
    assert loss == {"zone": YARD, "standing": 4, "left_out": 4}
    shrunk(api, draft)
    assert save(editor, draft)["faults"] == []
    refused = publish(editor, draft)
    assert refused.status_code == 422
    assert "4 of the 4 trucks in yard_bao_nguyen would be outside" in refused.json()["detail"]
    assert publish(editor, draft, confirmed=[YARD]).status_code == 201


def test_what_is_published_holds_at_once_and_is_written_down(api: RunningApi, editor: httpx.Client):
    api.clock.at = after(1)
    draft = rename(editor, "<img src=x onerror=alert(1)>")
    zone(draft)["properties"]["capacity"] = 1200
    save(editor, draft)
    assert draft["changed"] == [YARD]
    made = publish(editor, draft)
    assert made.status_code == 201, made.text
    assert shown_name(editor) == "<img src=x onerror=alert(1)>"
    [present, first] = editor.get("/v1/zone-versions").json()
    assert (present["by"], present["why"], present["state"]) == ("lan", "the yard grew", "present")
    assert first["state"] == "past"
    gives_up_at = time.monotonic() + SOON_S
    while api.app.state.site.yard_by_id[YARD].capacity != 1200:
        assert time.monotonic() < gives_up_at, "the API goes on by the former zones"
        time.sleep(0.1)
    [(account, before, after_)] = api.border.conn.execute(
        "select account, before, after from audit where act = 'zone.version'"
    ).fetchall()
    assert account == "lan"
    assert before["zones"][0]["properties"]["capacity"] == 1150
    assert after_["zones"][0]["properties"]["capacity"] == 1200
    assert editor.get("/v1/zone-drafts").json() == []
    assert publish(editor, draft).status_code == 404


def test_remarks_of_the_files_stay_where_they_are(api: RunningApi, editor: httpx.Client):
    draft = begin(editor)
    zone(draft)["properties"]["capacity"] = 1200
    assert publish(editor, save(editor, draft)).status_code == 201
    [(toml,)] = api.border.conn.execute(
        "select definition->>'toml' from site_versions order by id desc limit 1"
    ).fetchall()
    former = read_source(SITE).toml.splitlines()
    changed = [line for line in toml.splitlines() if line not in former]
    assert len(changed) == 1
    assert changed[0].startswith("capacity = 1200")


def test_a_version_to_come_waits_for_its_moment(api: RunningApi, editor: httpx.Client):
    made = publish(editor, rename(editor, "Later"), starts_at=after(60).isoformat())
    assert made.json()["state"] == "ahead"
    assert shown_name(editor) != "Later"
    api.clock.at = after(60)
    assert shown_name(editor) == "Later"
    refused = editor.delete(f"/v1/zone-versions/{made.json()['id']}")
    assert (refused.status_code, "cannot be taken back" in refused.text) == (409, True)


def test_a_version_to_come_is_taken_back(api: RunningApi, editor: httpx.Client):
    made = publish(editor, rename(editor, "Never"), starts_at=after(60).isoformat())
    assert editor.delete(f"/v1/zone-versions/{made.json()['id']}").status_code == 204
    api.clock.at = after(60)
    assert shown_name(editor) != "Never"
    assert len(editor.get("/v1/zone-versions").json()) == 1


def test_a_start_that_has_passed_must_be_meant(api: RunningApi, editor: httpx.Client):
    api.clock.at = after(60)
    draft = rename(editor, "Sooner")
    early = after(30).isoformat()
    refused = publish(editor, draft, starts_at=early)
    assert (refused.status_code, "has passed" in refused.text) == (422, True)
    ages_ago = (MORNING - timedelta(days=30)).isoformat()
    refused = publish(editor, draft, starts_at=ages_ago, backdated=True)
    assert (refused.status_code, "more than 7 days" in refused.text) == (422, True)
    assert publish(editor, draft, starts_at=early, backdated=True).status_code == 201


def test_the_second_to_publish_is_told_who_was_first_and_loses_nothing(
    api: RunningApi, editor: httpx.Client
):
    other = api.person(Role.ADMINISTRATOR, "minh")
    mine, theirs = begin(editor), begin(other)
    zone(mine)["properties"]["name"]["en"] = "Mine"
    zone(theirs, "yard_viettel")["properties"]["name"]["en"] = "Theirs"
    save(editor, mine)
    assert publish(other, save(other, theirs), why="a new name").status_code == 201
    refused = publish(editor, mine)
    assert refused.status_code == 409
    assert "minh published other zones at 08:00 23.01.2024: a new name" in refused.json()["detail"]
    mine = editor.post(f"/v1/zone-drafts/{mine['id']}/rebase").json()
    assert mine["changed"] == [YARD]
    assert zone(mine, "yard_viettel")["properties"]["name"]["en"] == "Theirs"
    assert publish(editor, mine).status_code == 201


def test_files_loaded_meanwhile_are_no_less_in_the_way(api: RunningApi, editor: httpx.Client):
    draft = rename(editor, "Mine")
    source = read_source(SITE)
    zones = json.loads(source.zones)
    zones["features"][0]["properties"]["name"]["en"] = "From the files"
    with api.border.conn.transaction():
        save_site(
            api.border.conn,
            type(source)(source.toml, json.dumps(zones), source.roads, source.policy),
            where="the test",
            now=after(1),
        )
    assert publish(editor, draft).status_code == 409


def test_a_former_version_is_brought_back(api: RunningApi, editor: httpx.Client):
    [first] = editor.get("/v1/zone-versions").json()
    before = shown_name(editor)
    assert publish(editor, rename(editor, "A mistake")).status_code == 201
    api.clock.at = after(5)
    draft = begin(editor, version=first["id"])
    assert draft["changed"] == [YARD]
    assert publish(editor, draft, why="bring back").status_code == 201
    assert shown_name(editor) == before
    site = get_site(api.border.conn, api.border.site.id, after(5))
    assert site.yard_by_id == api.border.site.yard_by_id


def test_zones_go_out_and_come_in_as_geojson(editor: httpx.Client):
    [version] = editor.get("/v1/zone-versions").json()
    out = editor.get(f"/v1/zone-versions/{version['id']}").json()
    draft = begin(editor)
    out["features"][0]["properties"]["name"]["en"] = "Brought in"
    answer = editor.post(
        f"/v1/zone-drafts/{draft['id']}/import", json={"revision": 1, "text": json.dumps(out)}
    ).json()
    assert (answer["faults"], len(answer["changed"])) == ([], 1)


def test_a_file_that_is_no_map_is_refused_and_the_draft_stays(editor: httpx.Client):
    draft = begin(editor)
    refused = editor.post(
        f"/v1/zone-drafts/{draft['id']}/import", json={"revision": 1, "text": "[" * 100_000}
    )
    assert (refused.status_code, "is no JSON" in refused.text) == (422, True)
    assert editor.get(f"/v1/zone-drafts/{draft['id']}").json()["features"] == draft["features"]


def test_an_old_window_does_not_undo_what_a_newer_one_drew(editor: httpx.Client):
    draft = rename(editor, "New")
    refused = editor.put(
        f"/v1/zone-drafts/{draft['id']}", json={"revision": 1, "features": draft["features"]}
    )
    assert (refused.status_code, "another window" in refused.text) == (409, True)
