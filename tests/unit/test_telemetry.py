import json

import numpy as np
import pytest

from flowctl.telemetry.edge import intake
from flowctl.telemetry.fixes import (
    FIX,
    PARTITIONS,
    FixBatch,
    SetAside,
    batch_from_bytes,
    partition_of,
    rows_of,
)
from flowctl.telemetry.formats import own
from flowctl.telemetry.screening import ACCEPTED, REASONS, ScreeningParams, screen

NOW_US = 1_705_971_723_000_000  # 2024-01-23T01:02:03Z
GOOD = {
    "device": "VN-7781",
    "fixed_at": "2024-01-23T01:02:03Z",
    "lon": 106.70,
    "lat": 21.94,
    "speed_mps": 11.2,
    "heading_deg": 12,
    "accuracy_m": 8,
    "ignition": True,
}


def body(*fixes: object) -> bytes:
    return json.dumps(fixes).encode()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lat": 95.0}, "latitude_out_of_range"),
        ({"lon": -181.0}, "longitude_out_of_range"),
        ({"lon": 0.0, "lat": 0.0}, "zero_island"),
        ({"lat": float("nan")}, "not_finite"),
        ({"lon": float("inf")}, "not_finite"),
        ({"fixed_at": 0}, "too_late"),
        ({"fixed_at": NOW_US + 7 * 86_400_000_000}, "future"),
        ({"fixed_at": NOW_US + 301_000_000}, "future"),
        ({"accuracy_m": 5000.0}, "imprecise"),
        ({"fixed_at": NOW_US + 299_000_000}, None),
        ({"fixed_at": NOW_US - 6 * 86_400_000_000}, None),
        ({}, None),
    ],
)
def test_a_fix_is_screened_by_what_it_says_itself(change: dict[str, float], reason: str | None):
    rows = rows_of(1)
    rows["fixed_at"], rows["lon"], rows["lat"] = NOW_US, 106.7, 21.94
    for name, value in change.items():
        rows[name] = value
    [code] = screen(rows, received_at_us=NOW_US, params=ScreeningParams()).tolist()
    assert (None if code == ACCEPTED else REASONS[code]) == reason


def test_the_sender_is_told_which_item_was_set_aside_and_why():
    fixes = body(GOOD, {**GOOD, "lat": 95}, 17, {**GOOD, "fixed_at": "1970-01-01T00:00:00Z"})
    decoded = own.decode_json(fixes)
    taken = intake(decoded, source_id=3, received_at_us=NOW_US, params=ScreeningParams())
    assert len(taken.batch.rows) == 1
    assert [(r.index, r.reason) for r in taken.rejected] == [
        (1, "latitude_out_of_range"),
        (2, "malformed"),
        (3, "too_late"),
    ]
    assert all(rejection.detail for rejection in taken.rejected)
    kept = json.loads(taken.batch.aside[0].raw)
    assert (kept["device"], kept["lat"]) == ("VN-7781", 95)


def test_a_batch_is_split_so_that_one_device_stays_in_one_place():
    devices = tuple(f"truck-{i}" for i in range(40))
    rows = rows_of(120)
    rows["device"] = np.arange(120) % 40
    rows["fixed_at"] = np.arange(120)
    lost = SetAside(1, NOW_US, "malformed", None, None, b"17")
    parts = FixBatch(devices, rows, (lost,)).partitions()
    assert sum(len(part.rows) for part in parts.values()) == 120
    assert [item for part in parts.values() for item in part.aside] == [lost]
    for partition, part in parts.items():
        assert 0 <= partition < PARTITIONS
        assert {partition_of(device) for device in part.devices} <= {partition}
        for row in part.rows:
            assert part.devices[row["device"]] == f"truck-{row['fixed_at'] % 40}"


def test_partitions_never_move_between_releases():
    assert [partition_of(uid) for uid in ("VN-7781", "123456", "桂F12345")] == [6, 1, 6]


def test_a_stream_entry_reads_back_as_it_was_written():
    rows = rows_of(2)
    rows["lon"] = [106.7, 106.8]
    aside = SetAside(2, NOW_US, "future", "a", 5, b"{}")
    batch = FixBatch(("a",), rows, (aside,))
    again = batch_from_bytes(batch.to_bytes())
    assert again.rows.dtype == FIX
    assert again.rows.tobytes() == rows.tobytes()
    assert (again.devices, again.aside) == (("a",), (aside,))
