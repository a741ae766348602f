import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowctl.notify.gateways import FileGateway, GatewayError, Message

AT = datetime(2024, 1, 23, 1, 0, tzinfo=UTC)


def message(number: int) -> Message:
    return Message(
        id=number,
        at=AT,
        to="+84903123456",
        kind="slot",
        language="vi",
        text=f"Xe 12C12345 số {number}",
        trip=7,
        gate="tan_thanh",
        starts_at="2024-01-23T02:00:00+00:00",
    )


def ids(path: Path) -> list[int]:
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_message_is_one_line_of_json(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    FileGateway(path).send([message(1)])
    [line] = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "id": 1,
        "at": "2024-01-23T01:00:00+00:00",
        "to": "+84903123456",
        "kind": "slot",
        "language": "vi",
        "text": "Xe 12C12345 số 1",
        "trip": 7,
        "gate": "tan_thanh",
        "starts_at": "2024-01-23T02:00:00+00:00",
    }
    assert "số" in line, "people read this file"


def test_phone_numbers_are_for_their_owner_only(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    FileGateway(path).send([message(1)])
    assert path.stat().st_mode & 0o077 == 0


def test_a_message_sent_again_is_not_written_again(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    gateway = FileGateway(path)
    gateway.send([message(1), message(2)])
    gateway.send([message(2), message(3), message(3)])
    assert ids(path) == [1, 2, 3]


def test_a_new_life_after_a_crash_knows_what_the_former_one_wrote(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    FileGateway(path).send([message(1), message(2)])
    FileGateway(path).send([message(2), message(3)])
    assert ids(path) == [1, 2, 3]


def test_two_processes_at_one_file_see_each_others_messages(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    one, other = FileGateway(path), FileGateway(path)
    one.send([message(1)])
    other.send([message(2)])
    one.send([message(2), message(3)])
    assert ids(path) == [1, 2, 3]


def test_a_line_that_was_cut_off_by_a_crash_is_written_anew(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    FileGateway(path).send([message(1), message(2)])
    os.truncate(path, path.stat().st_size - 20)
    FileGateway(path).send([message(1), message(2)])
    lines = path.read_bytes().split(b"\n")
    assert len(lines) == 4
    assert [json.loads(lines[0])["id"], json.loads(lines[2])["id"]] == [1, 2]
    FileGateway(path).send([message(1), message(2)])
    assert path.read_bytes().split(b"\n") == lines


def test_only_the_tail_of_a_long_file_is_read(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    FileGateway(path).send([message(n) for n in range(20_000)])
    FileGateway(path).send([message(n) for n in range(19_000, 20_010)])
    assert ids(path) == list(range(20_010))


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(GatewayError, match=r"no/sms\.jsonl cannot be written"):
        FileGateway(tmp_path / "no" / "sms.jsonl").send([message(1)])


def test_nothing_to_send_writes_nothing(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    FileGateway(path).send([])
    assert path.read_bytes() == b""
