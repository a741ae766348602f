"""What became of the trucks of many replications, in one file for other programs."""

from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyarrow import parquet

from flowctl.pictures.simulation_trucks import TIMES, TrucksFile, write_parquet

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TRUCKS: dict[str, Any] = {
    "gates": ["tan_thanh"],
    "yards": ["yard_bao_nguyen"],
    "cargoes": ["normal"],
    "gate": [0, 0],
    "import": [0, 1],
    "yard": [0, -1],
    "cargo": [0, 0],
    **{name: [None, 1_700_000_000.1] for name in TIMES},
}


def test_replications_stand_in_one_file_in_groups_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("flowctl.pictures.simulation_trucks._GROUP_ROWS", 3)
    with TrucksFile(tmp_path / "run" / "trucks.parquet", ZONE) as file:
        for replication in (1, 0, 2):
            file.add(replication, TRUCKS)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["trucks.parquet"]
    written = parquet.ParquetFile(tmp_path / "run" / "trucks.parquet")
    groups = [written.metadata.row_group(k).num_rows for k in range(written.num_row_groups)]
    assert groups == [4, 2]
    table = written.read()
    assert table["replication"].to_pylist() == [1, 1, 0, 0, 2, 2]
    alone = parquet.read_table(BytesIO(write_parquet(TRUCKS, ZONE)))
    assert table.drop_columns(["replication"]).slice(4) == alone


def test_a_run_without_a_replication_leaves_no_file_of_trucks(tmp_path: Path):
    with TrucksFile(tmp_path / "trucks.parquet", ZONE):
        pass
    assert not list(tmp_path.iterdir())
