"""A site that is loaded while the API runs."""

import time
from dataclasses import replace
from typing import Any

from api_server import RunningApi
from border import SITE, after

from flowctl.registry.accounts import Role
from flowctl.registry.sources import add_source
from flowctl.site_files import read_source
from flowctl.storage.sites import save_site

SOON_S = 10.0


def renamed(text: str) -> str:
    """Return a site's text with its gate Tân Thanh as one will call it tomorrow."""
    assert text.count('en = "Tân Thanh" }') == 1
    told = text.replace('en = "Tân Thanh" }', 'en = "New Name" }')
    return told.replace('unknown_devices = "hold"', 'unknown_devices = "refuse"')


def name_of(gates: list[dict[str, Any]]) -> str:
    return next(str(gate["name"]["en"]) for gate in gates if gate["id"] == "tan_thanh")


def test_a_site_loaded_anew_is_answered_by_within_seconds(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    provider = api.client(Authorization=f"Bearer {add_source(api.border.conn, name='provider')}")
    fix = {"device": "stranger", "fixed_at": after(0).isoformat(), "lon": 106.7, "lat": 21.94}
    assert provider.post("/v1/fixes", json=[fix]).json()["accepted"] == 1
    assert name_of(haulier.get("/v1/site").json()["gates"]) == "Tân Thanh"
    assert name_of(api.client().get("/v1/board").json()["gates"]) == "Tân Thanh"
    source = read_source(SITE)
    with api.border.conn.transaction():
        save_site(
            api.border.conn,
            replace(source, toml=renamed(source.toml)),
            where="the test",
            now=after(1),
        )
    assert name_of(haulier.get("/v1/site").json()["gates"]) == "New Name"
    gives_up_at = time.monotonic() + SOON_S
    while name_of(api.client().get("/v1/board").json()["gates"]) != "New Name":
        assert time.monotonic() < gives_up_at, "the API still answers by the former site"
        time.sleep(0.1)
    [refused] = provider.post("/v1/fixes", json=[fix]).json()["rejected"]
    assert refused["reason"] == "unknown_device"


def test_rules_are_answered_by_once_their_moment_has_come_without_another_load(api: RunningApi):
    rules = f'version = "2"\nvalid_from = {after(60).isoformat()}\nfree_cancellation_s = 0'
    with api.border.conn.transaction():
        save_site(
            api.border.conn,
            replace(read_source(SITE), policy=rules),
            where="the test",
            now=after(1),
        )
    assert api.app.state.site.policy.version == "2024-01"
    api.clock.at = after(60)
    gives_up_at = time.monotonic() + SOON_S
    while api.app.state.site.policy.version != "2":
        assert time.monotonic() < gives_up_at, "the API still answers by the former rules"
        time.sleep(0.1)
    assert api.app.state.site.policy.free_cancellation_s == 0
