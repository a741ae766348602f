import asyncio
import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowctl.notify.file import FileGateway
from flowctl.notify.gateways import GatewayAway, Message

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


def send(gateway: FileGateway, messages: Iterable[Message]) -> None:
    async def at_once() -> None:
        await asyncio.gather(*map(gateway.send, messages))

    # In a thread of its own: a browser of other tests may hold the loop of this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, at_once()).result()


def ids(path: Path) -> list[int]:
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_message_is_one_line_of_json(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    send(FileGateway(path), [message(1)])
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
    send(FileGateway(path), [message(1)])
    assert path.stat().st_mode & 0o077 == 0


def test_a_message_sent_again_is_not_written_again(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    gateway = FileGateway(path)
    send(gateway, [message(1), message(2)])
    send(gateway, [message(2), message(3), message(3)])
    assert ids(path) == [1, 2, 3]


def test_a_new_life_after_a_crash_knows_what_the_former_one_wrote(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    send(FileGateway(path), [message(1), message(2)])
    send(FileGateway(path), [message(2), message(3)])
    assert ids(path) == [1, 2, 3]


def test_two_processes_at_one_file_see_each_others_messages(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    one, other = FileGateway(path), FileGateway(path)
    send(one, [message(1)])
    send(other, [message(2)])
    send(one, [message(2), message(3)])
    assert ids(path) == [1, 2, 3]


def test_a_line_that_was_cut_off_by_a_crash_is_written_anew(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    send(FileGateway(path), [message(1), message(2)])
    os.truncate(path, path.stat().st_size - 20)
    send(FileGateway(path), [message(1), message(2)])
    lines = path.read_bytes().split(b"\n")
    assert len(lines) == 4
    assert [json.loads(lines[0])["id"], json.loads(lines[2])["id"]] == [1, 2]
    send(FileGateway(path), [message(1), message(2)])
    assert path.read_bytes().split(b"\n") == lines


def test_only_the_tail_of_a_long_file_is_read(tmp_path: Path):
    path = tmp_path / "sms.jsonl"
    send(FileGateway(path), [message(n) for n in range(8_000)])
    send(FileGateway(path), [message(n) for n in range(7_000, 8_010)])
    assert ids(path) == list(range(8_010))


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(GatewayAway, match=r"no/sms\.jsonl cannot be written"):
        send(FileGateway(tmp_path / "no" / "sms.jsonl"), [message(1)])
