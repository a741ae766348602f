from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from border import Border, border

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry import sources as registry
from flowctl.registry.accounts import hash_token
from flowctl.registry.devices import register_device
from flowctl.storage.devices import find_device
from flowctl.storage.sources import (
    Scope,
    ScreeningOverrides,
    Source,
    find_source,
    list_outcomes,
    list_sources,
    list_tokens,
)
from flowctl.telemetry.screening import ScreeningParams

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SITE = ScreeningParams(lateness_limit_s=604_800, future_limit_s=300, accuracy_limit_m=500)


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def whose(place: Border, token: str, at: datetime = NOW) -> Source | None:
    return find_source(place.conn, hash_token(token), wall_now=at)


def test_a_token_tells_its_source_and_what_that_may_do(place: Border):
    limits = ScreeningOverrides(lateness_limit_s=3600, accuracy_limit_m=50)
    token = registry.add_source(
        place.conn, name=" acme ", enrols=True, rate_per_s=250, screening=limits
    )
    found = whose(place, token)
    assert found is not None
    assert found == Source(found.id, "acme", True, limits, 250.0)
    assert whose(place, "another token") is None


def test_a_source_has_limits_of_its_own_but_never_wider_in_time_than_the_site():
    own = ScreeningOverrides(lateness_limit_s=3600, future_limit_s=60, accuracy_limit_m=900)
    assert own.over(SITE) == ScreeningParams(3600, 60, 900)
    assert ScreeningOverrides().over(SITE) == SITE
    narrower_since = ScreeningParams(1800, 30, 500)
    assert own.over(narrower_since) == ScreeningParams(1800, 30, 900)


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (ScreeningOverrides(lateness_limit_s=604_801), "lateness limit .* 60 and 604800 s"),
        (ScreeningOverrides(lateness_limit_s=1), "lateness limit"),
        (ScreeningOverrides(future_limit_s=301), "future limit .* 0 and 300 s"),
        (ScreeningOverrides(accuracy_limit_m=0.0), "accuracy limit .* 1 and 10000 m"),
        (ScreeningOverrides(accuracy_limit_m=float("nan")), "accuracy limit"),
    ],
)
def test_a_limit_out_of_its_bounds_is_refused_with_them(
    place: Border, wish: ScreeningOverrides, says: str
):
    with pytest.raises(FlowctlError, match=says):
        registry.check_screening(place.site, wish)


@pytest.mark.parametrize("rate", [-1.0, float("inf"), float("nan")])
def test_a_rate_that_cannot_be_is_refused(place: Border, rate: float):
    with pytest.raises(FlowctlError, match="rate"):
        registry.add_source(place.conn, name="acme", rate_per_s=rate)


def test_a_name_is_given_once_and_needs_letters(place: Border):
    registry.add_source(place.conn, name="acme")
    with pytest.raises(ConflictError, match="'acme' already"):
        registry.add_source(place.conn, name="acme")
    for name in (" ", "x y", "x!", "a" * 41):
        with pytest.raises(FlowctlError, match="name"):
            registry.add_source(place.conn, name=name)


def test_a_source_that_is_not_there_is_answered_with_those_that_are(place: Border):
    registry.add_source(place.conn, name="acme")
    with pytest.raises(NotFoundError, match="'acne'; there are: acme"):
        registry.get_source(place.conn, "acne")


def test_after_a_rotation_the_former_tokens_go_on_until_the_grace_period_ends(place: Border):
    first = registry.add_source(place.conn, name="acme")
    second = registry.rotate_token(place.conn, "acme", wall_now=NOW, grace=timedelta(hours=24))
    for hours, good in ((0, True), (23, True), (24, False), (1000, False)):
        assert (whose(place, first, NOW + timedelta(hours=hours)) is not None) is good
        assert whose(place, second, NOW + timedelta(hours=hours)) is not None


def test_a_second_rotation_does_not_prolong_a_token_that_ends_sooner(place: Border):
    first = registry.add_source(place.conn, name="acme")
    registry.rotate_token(place.conn, "acme", wall_now=NOW, grace=timedelta(hours=1))
    registry.rotate_token(place.conn, "acme", wall_now=NOW, grace=timedelta(days=7))
    assert whose(place, first, NOW + timedelta(hours=2)) is None


def test_a_token_may_speak_for_one_device_which_it_claims_for_its_source(place: Border):
    registry.add_source(place.conn, name="acme")
    token = registry.add_token(
        place.conn, "acme", device=" VN-7781 ", wall_now=NOW, lasts=timedelta(days=90)
    )
    found = whose(place, token)
    assert found is not None
    assert found.device_uid == "VN-7781"
    device = find_device(place.conn, "VN-7781")
    assert device is not None
    assert device.source_id == found.id
    assert whose(place, token, NOW + timedelta(days=90)) is None


def test_a_device_of_another_source_gets_no_token(place: Border):
    registry.add_source(place.conn, name="acme")
    registry.add_source(place.conn, name="other")
    other = registry.get_source(place.conn, "other")
    register_device(place.conn, "VN-7781", source=other)
    with pytest.raises(ConflictError, match="VN-7781 belongs to the source other, not to acme"):
        registry.add_token(place.conn, "acme", device="VN-7781", wall_now=NOW)


def test_rotating_the_whole_source_leaves_the_tokens_of_single_devices_alone(place: Border):
    registry.add_source(place.conn, name="acme")
    of_device = registry.add_token(place.conn, "acme", device="VN-7781", wall_now=NOW)
    registry.rotate_token(place.conn, "acme", wall_now=NOW, grace=timedelta(0))
    assert whose(place, of_device, NOW + timedelta(hours=1)) is not None
    renewed = registry.rotate_token(
        place.conn, "acme", device="VN-7781", wall_now=NOW, grace=timedelta(0)
    )
    assert whose(place, of_device, NOW + timedelta(hours=1)) is None
    found = whose(place, renewed)
    assert found is not None
    assert found.device_uid == "VN-7781"


def test_a_device_that_has_no_token_cannot_have_it_rotated(place: Border):
    registry.add_source(place.conn, name="acme")
    with pytest.raises(NotFoundError, match="flowctl source token acme --device VN-7781"):
        registry.rotate_token(place.conn, "acme", device="VN-7781", wall_now=NOW)


def test_withdrawing_ends_every_token_at_once(place: Border):
    tokens = [
        registry.add_source(place.conn, name="acme"),
        registry.add_token(place.conn, "acme", wall_now=NOW),
        registry.add_token(place.conn, "acme", device="VN-7781", wall_now=NOW),
    ]
    assert registry.withdraw_tokens(place.conn, "acme", wall_now=NOW, device="VN-7781") == 1
    assert [whose(place, token) is None for token in tokens] == [False, False, True]
    assert registry.withdraw_tokens(place.conn, "acme", wall_now=NOW) == 2
    assert [whose(place, token) for token in tokens] == [None, None, None]
    assert list_tokens(place.conn, wall_now=NOW) == []


def test_what_a_source_may_do_is_changed_one_term_at_a_time(place: Border):
    token = registry.add_source(place.conn, name="acme", rate_per_s=100)
    registry.set_terms(place.conn, "acme", enrols=True)
    registry.set_terms(place.conn, "acme", screening=ScreeningOverrides(future_limit_s=0))
    changed = whose(place, token)
    assert changed is not None
    assert (changed.enrols, changed.rate_per_s) == (True, 100.0)
    assert changed.screening == ScreeningOverrides(future_limit_s=0)
    registry.set_terms(place.conn, "acme", rate_per_s=0)
    changed = whose(place, token)
    assert changed is not None
    assert changed.rate_per_s is None


def test_no_source_witnesses_at_gates_until_it_is_said(place: Border):
    trackers = whose(place, registry.add_source(place.conn, name="acme", enrols=True))
    gates = registry.add_source(place.conn, name="gates", scopes={Scope.WITNESS})
    seen = whose(place, gates)
    assert trackers is not None
    assert seen is not None
    assert (trackers.scopes, seen.scopes) == ({Scope.POSITIONS}, {Scope.WITNESS})
    registry.set_terms(place.conn, "gates", rate_per_s=5)
    assert [Scope.WITNESS in one.scopes for one in list_sources(place.conn)] == [False, True]
    registry.set_terms(place.conn, "gates", scopes={Scope.POSITIONS})
    assert registry.get_source(place.conn, "gates").scopes == {Scope.POSITIONS}


def test_counters_are_summed_by_source_from_a_day_on(place: Border):
    registry.add_source(place.conn, name="acme")
    acme = registry.get_source(place.conn, "acme").id
    for day, source, outcome, n in (
        (date(2026, 2, 27), acme, "stored", 5),
        (date(2026, 2, 28), acme, "stored", 7),
        (date(2026, 3, 1), acme, "stored", 11),
        (date(2026, 3, 1), acme, "too_late", 2),
        (date(2026, 3, 1), 0, "poison", 1),
    ):
        place.conn.execute(
            "insert into ingest_counts (day, source_id, outcome, n) values (%s, %s, %s, %s)",
            [day, source, outcome, n],
        )
    since = list_outcomes(place.conn, since=date(2026, 2, 28))
    assert [(one.source, one.outcome, one.n) for one in since] == [
        ("acme", "stored", 18),
        ("acme", "too_late", 2),
        (None, "poison", 1),
    ]
    assert [one.n for one in list_outcomes(place.conn)] == [23, 2, 1]
