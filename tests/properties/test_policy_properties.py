"""Whatever stands in a file of rules: rules that can be, or sentences, and nothing else."""

import tomllib
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from flowctl.policy import Policy
from flowctl.policy_file import policy_faults, read_policy
from flowctl.site import DispatchParams
from flowctl.site_tables import Table

KEYS = st.sampled_from(
    [
        "version",
        "valid_from",
        "basis",
        "slot",
        "no_show",
        "cancellation",
        "free_cancellation_s",
        "priority",
        "haulier",
        "standby",
        "closure",
        "cheating",
        "late_s",
        "extension_s",
        "loses_s",
        "ban_after",
        "ban_days",
        "within_days",
        "classes",
        "most_places_lost",
        "most_share",
        "share",
        "no_show_s",
        "swapped",
        "perishable",
        "gold",
    ]
)
PLAIN = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.sampled_from(["", "arrival", "booking", "alert", "2024-01", "x" * 50]),
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5)
)


@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_values_become_rules_within_their_limits_or_sentences(values: Mapping[str, object]):
    problems: list[str] = []
    policy = read_policy(Table(values, "policy.toml", problems))
    problems += policy_faults(policy, DispatchParams(), "policy.toml")
    assert all(problem.startswith("policy.toml") for problem in problems)
    if not problems:
        assert policy.version
        assert 0 < policy.haulier.most_share <= 1
        assert 0 <= policy.standby.share <= 1
        assert all(one.ban_days > 0 or one.ban_after == 0 for one in (policy.no_show,))
        assert policy.slot.late_s >= DispatchParams().freeze_s


WRITTEN = tomllib.loads('version = "1"\nvalid_from = 2024-01-01T00:00:00Z')


@given(late_s=st.integers(1800, 86_400), share=st.floats(0, 1), ban_after=st.integers(1, 1000))
def test_what_lies_within_its_limits_is_read_as_it_stands(
    late_s: int, share: float, ban_after: int
):
    problems: list[str] = []
    rules = {
        "slot": {"late_s": late_s},
        "standby": {"share": share},
        "no_show": {"ban_after": ban_after},
    }
    policy = read_policy(Table({**WRITTEN, **rules}, "policy.toml", problems))
    assert problems == []
    assert (policy.slot.late_s, policy.standby.share) == (late_s, share)
    assert policy.no_show.ban_after == ban_after
    assert policy.closure == Policy().closure
