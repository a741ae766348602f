"""What fills stores of its own never fills somebody else's."""

import pytest

from flowctl.bench.own_stores import refuse_other_stores
from flowctl.errors import FlowctlError


def test_nothing_is_refused_where_no_store_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("FLOWCTL_DATABASE_URL", raising=False)
    monkeypatch.delenv("FLOWCTL_VALKEY_URL", raising=False)
    refuse_other_stores()


@pytest.mark.parametrize("name", ["FLOWCTL_DATABASE_URL", "FLOWCTL_VALKEY_URL"])
def test_a_store_that_the_environment_names_is_not_filled(
    monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setenv(name, "somewhere")
    with pytest.raises(FlowctlError, match=f"unset {name}"):
        refuse_other_stores()
