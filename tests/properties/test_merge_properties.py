"""What is stored of fixes is the same whatever was delivered when, how often, and with what."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowctl.storage.fixes import STORED, merge_rows

Delivery = tuple[float, ...]

# Few values, so that identities collide and contents agree as often as they differ.
deliveries = st.lists(
    st.lists(
        st.tuples(
            st.integers(1, 2),  # device
            st.integers(1, 2),  # source
            st.integers(1, 3),  # moment
            st.integers(1, 5),  # reception
            st.sampled_from([106.0, 107.0]),  # longitude
            st.sampled_from([5.0, 50.0, float("nan")]),  # accuracy
        ),
        max_size=6,
    ),
    min_size=1,
    max_size=5,
)


def rows_of(fixes: list[Delivery]) -> NDArray[np.void]:
    rows = np.zeros(len(fixes), dtype=STORED)
    for name in ("speed_mps", "heading_deg", "altitude_m"):
        rows[name] = np.nan
    columns = ("device_id", "source_id", "fixed_at", "received_at", "lon", "accuracy_m")
    for i, fix in enumerate(fixes):
        for name, value in zip(columns, fix, strict=True):
            rows[name][i] = value
    return rows[np.lexsort((rows["source_id"], rows["fixed_at"], rows["device_id"]))]


def identity(row: np.void) -> tuple[int, int, int]:
    return int(row["device_id"]), int(row["fixed_at"]), int(row["source_id"])


def kept(batches: list[list[Delivery]]) -> dict[tuple[int, int, int], bytes]:
    """Return what a table holds after batches were merged into it, by identity."""
    table: dict[tuple[int, int, int], np.void] = {}
    for batch in batches:
        rows = rows_of(batch)
        there = {identity(row): table[identity(row)] for row in rows if identity(row) in table}
        merged = merge_rows(rows, np.array(list(there.values()), dtype=STORED))
        assert not {identity(row) for row in merged.insert} & set(table)
        assert {identity(row) for row in merged.replace} <= set(table)
        assert len(merged.insert) == (~merged.duplicate).sum()
        order = np.lexsort(
            (merged.insert["source_id"], merged.insert["fixed_at"], merged.insert["device_id"])
        )
        assert order.tolist() == list(range(len(merged.insert)))
        for row in (*merged.insert, *merged.replace):
            table[identity(row)] = row
    return {key: row.tobytes() for key, row in table.items()}


@given(deliveries, st.randoms(use_true_random=False))
def test_the_order_and_the_bundling_of_deliveries_change_nothing(
    batches: list[list[Delivery]], random: Random
):
    fixes = [fix for batch in batches for fix in batch]
    shuffled = random.sample(fixes, len(fixes))
    one_by_one = [[fix] for fix in shuffled]
    twice = [*batches, shuffled]
    assert kept(batches) == kept([fixes]) == kept(one_by_one) == kept(twice)


@given(deliveries)
def test_a_fix_that_is_not_kept_contradicts_the_one_that_is_and_is_told(
    batches: list[list[Delivery]],
):
    fixes = [fix for batch in batches for fix in batch]
    rows = rows_of(fixes)
    merged = merge_rows(rows, np.empty(0, dtype=STORED))

    def says(row: np.void) -> tuple[object, ...]:
        return (*identity(row), float(row["lon"]), str(row["accuracy_m"]))

    assert {says(row) for row in rows} == {says(row) for row in (*merged.insert, *merged.lost)}
    assert len(merged.lost) == len({says(row) for row in merged.lost})
