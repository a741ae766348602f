import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowctl.clock import ClockWriter, SharedClock, WallClock, clock

START = datetime(2024, 1, 22, 17, tzinfo=UTC)


def test_every_reader_of_the_shared_clock_sees_what_its_writer_set(tmp_path: Path):
    writer = ClockWriter(tmp_path / "clock", start=START, speed=60)
    readers = [SharedClock(tmp_path / "clock") for _ in range(2)]
    assert [reader.now() for reader in readers] == [START, START]
    later = START + timedelta(hours=1)
    writer.set(at=later, until=later)
    assert [reader.now() for reader in readers] == [later, later]


def test_the_shared_clock_runs_at_its_speed_and_stops_where_it_must(tmp_path: Path):
    writer = ClockWriter(tmp_path / "clock", start=START, speed=1000)
    reader = SharedClock(tmp_path / "clock")
    writer.set(at=START, until=START + timedelta(seconds=20))
    before = time.time()
    first = reader.now()
    assert START <= first <= START + timedelta(seconds=1000 * (time.time() - before) + 10)
    time.sleep(0.05)
    assert reader.now() == START + timedelta(seconds=20)


def test_a_clock_file_whose_writer_died_is_named(tmp_path: Path):
    path = tmp_path / "clock"
    ClockWriter(path, start=START, speed=1)
    path.write_bytes(b"\0" * 8 + b"\1" * 40)
    with pytest.raises(RuntimeError, match="torn"):
        SharedClock(path).now()


def test_without_a_file_domain_time_is_real_time():
    assert isinstance(clock(None), WallClock)
    assert abs(clock(None).now() - datetime.now(UTC)) < timedelta(seconds=5)
