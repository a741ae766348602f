"""Versions of a site's rules: each stays as it was loaded, and holds from its own moment on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from border import MORNING, SITE, Border, border

from flowctl.errors import SiteError
from flowctl.policy import Basis, Policy
from flowctl.site import Site
from flowctl.site_files import SiteSource, read_source
from flowctl.storage.ledger import list_rows
from flowctl.storage.policies import find_policy, list_policies
from flowctl.storage.sites import find_loaded_at, find_newer_site, get_site, save_site

TOMORROW = MORNING + timedelta(days=1)


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def with_rules(text: str) -> SiteSource:
    return replace(read_source(SITE), policy=text)


def load(place: Border, version: str, valid_from: str, rules: str = "") -> Site:
    text = f'version = "{version}"\nvalid_from = {valid_from}\n{rules}'
    with place.conn.transaction():
        return save_site(place.conn, with_rules(text), where="the test", now=MORNING)


def test_a_loaded_site_has_the_rules_of_its_file(place: Border):
    assert place.site.policy.version == "2024-01"
    assert get_site(place.conn, "lang_son", MORNING).policy.version == "2024-01"
    assert find_policy(place.conn, "lang_son", MORNING - timedelta(days=999)) is None


def test_a_later_version_comes_into_force_at_its_moment_without_another_load(place: Border):
    site = load(place, "booked", TOMORROW.isoformat(), 'basis = "booking"')
    assert site.policy.version == "2024-01"
    loaded_at = find_loaded_at(place.conn, "lang_son", MORNING)
    before = TOMORROW - timedelta(seconds=1)
    assert find_newer_site(place.conn, "lang_son", loaded_at, before) is None
    newer = find_newer_site(place.conn, "lang_son", loaded_at, TOMORROW)
    assert newer is not None
    assert (newer[0], newer[1].policy.basis) == (TOMORROW, Basis.BOOKING)
    assert find_newer_site(place.conn, "lang_son", newer[0], TOMORROW) is None


def test_the_same_version_may_be_loaded_again_but_never_with_another_text(place: Border):
    save_site(place.conn, read_source(SITE), where="the test", now=TOMORROW)
    assert len(list_policies(place.conn, "lang_son")) == 1
    with pytest.raises(SiteError, match="version 2024-01 was loaded on 2024-01-23 08:00\\+07:00"):
        load(place, "2024-01", "2024-01-01T00:00:00Z")
    assert get_site(place.conn, "lang_son", MORNING).policy.slot.late_s == 1800


def test_a_refused_version_leaves_the_site_as_it_was(place: Border):
    loaded_at = find_loaded_at(place.conn, "lang_son")
    with pytest.raises(SiteError):
        load(place, "2024-01", "2024-01-01T00:00:00Z")
    assert find_loaded_at(place.conn, "lang_son") == loaded_at


def test_a_new_version_must_hold_later_than_the_newest(place: Border):
    with pytest.raises(SiteError, match="give them a new version and a later valid_from"):
        load(place, "older", "2023-12-01T00:00:00Z")


def test_new_rules_do_not_reach_back_over_hours_that_others_decided(place: Border):
    load(place, "2024-02", (MORNING - timedelta(hours=5)).isoformat())  # nothing was decided yet
    place.trip()
    past = (MORNING - timedelta(hours=3)).isoformat()
    with pytest.raises(SiteError, match=r"version 2024-03 holds from 2024-01-23 05:00.*08:00"):
        load(place, "2024-03", past)
    assert load(place, "2024-03", MORNING.isoformat()).policy.version == "2024-03"


def test_a_site_that_had_rules_is_not_loaded_without_them(place: Border):
    with pytest.raises(SiteError, match="version 2024-01, from 2024-01-01"):
        save_site(place.conn, with_rules(""), where="the test", now=TOMORROW)


def test_a_former_version_does_not_come_back_under_its_name(place: Border):
    load(place, "2024-02", "2024-01-20T00:00:00Z")
    with pytest.raises(SiteError, match="version 2024-02"):
        save_site(place.conn, read_source(SITE), where="the test", now=TOMORROW)


def test_a_site_without_the_file_has_the_default_rules_and_may_get_some_later(database: str):
    with border(database) as place:
        place.conn.execute("delete from policies")
        site = save_site(place.conn, with_rules(""), where="the test", now=MORNING)
        assert site.policy == Policy()
        assert load(place, "first", MORNING.isoformat()).policy.version == "first"


def test_the_ledger_names_each_version_once_with_the_hash_of_its_text(place: Border):
    load(place, "booked", TOMORROW.isoformat(), 'basis = "booking"')
    load(place, "booked", TOMORROW.isoformat(), 'basis = "booking"')
    with place.conn.transaction():
        rows = [kept.row for kept in list_rows(place.conn, "lang_son")]
    told = [bytes(row.details).decode() for row in rows if row.kind == "policy"]
    assert len(told) == 2
    assert '"booked"' in told[1]
    assert TOMORROW.isoformat() in told[1]
    # What is recorded today is still by today's rules.
    assert [row.policy for row in rows] == ["2024-01", "2024-01"]


def test_a_file_of_the_rules_is_read_with_the_sites_other_files(tmp_path: Path):
    for file in SITE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "policy.toml").write_bytes(b"\xff")
    with pytest.raises(SiteError, match=r"policy\.toml cannot be read"):
        read_source(tmp_path)
