"""The ledger's chain by hand: what is hashed, and what verification says of each attack."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.errors import ConflictError, FlowctlError
from flowctl.ledger.chain import Head, Kept, canonical, genesis, hash_of, link
from flowctl.ledger.codes import code_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.ledger.signing import read_signed, shown, sign
from flowctl.ledger.verify import (
    Fault,
    find_false_signature,
    find_fault,
    witness_of_code,
    witness_of_head,
)
from flowctl.ledger_key import make_key, read_key

NOON = datetime(2024, 1, 23, 5, 0, tzinfo=UTC)
FIRST = "11111111-1111-4111-8111-111111111111"
SECOND = "22222222-2222-4222-8222-222222222222"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def begin(site: str = "here") -> Head:
    return Head(site, 0, genesis(site), NOON)


def chain(n: int, *, reason: str = "first", site: str = "here") -> list[Kept]:
    entries = [
        Entry(Kind.SLOT, NOON + timedelta(minutes=i), 1 + i % 2, "tan_thanh", reason)
        for i in range(n)
    ]
    return link(begin(site), entries, policy="p1", subjects={1: FIRST, 2: SECOND}, now=NOON)


def head_of(rows: list[Kept]) -> Head:
    return Head("here", rows[-1].row.seq, rows[-1].hash, NOON)


def fault(rows: list[Kept], head: Head) -> Fault:
    found = find_fault("here", rows, head=head)
    assert found is not None
    return found


def test_the_canonical_bytes_are_those_anybody_can_make_with_a_json_library() -> None:
    hanoi = timezone(timedelta(hours=7))
    entry = Entry(
        Kind.OVERTOOK,
        datetime(2024, 1, 23, 12, 0, 0, 250, tzinfo=hanoi),
        2,
        "tan_thanh",
        "kept_promise",
        (1,),
        "Hải quan “A”",
        {"n": 3, "b": "x"},
    )
    [kept] = link(begin(), [entry], policy="p1", subjects={1: FIRST, 2: SECOND}, now=NOON)
    plain = {
        "kind": "overtook",
        "at": "2024-01-23T05:00:00.000250Z",
        "recorded_at": "2024-01-23T05:00:00Z",
        "site": "here",
        "seq": 1,
        "subject": SECOND,
        "others": [FIRST],
        "gate": "tan_thanh",
        "reason": "kept_promise",
        "actor": "Hải quan “A”",
        "policy": "p1",
        "details": {"n": 3, "b": "x"},
        "previous": hashlib.sha256(b"flowctl ledger of here").hexdigest(),
    }
    by_hand = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(kept.row) == by_hand
    assert kept.hash == hashlib.sha256(by_hand).digest()


@pytest.mark.parametrize("details", [{"n": True}, {"n": 2**53}, {"N": 1}, {"n": "a\nb"}])
def test_what_has_no_one_form_is_refused(details: dict[str, int | str]) -> None:
    with pytest.raises(ValueError, match=r"detail|control"):
        link(begin(), [Entry(Kind.PAPER, NOON, details=details)], policy="p", subjects={}, now=NOON)


def test_a_whole_ledger_has_no_fault() -> None:
    rows = chain(5)
    assert find_fault("here", rows, head=head_of(rows)) is None
    assert find_fault("here", [], head=None) is None


def test_an_edited_row_is_named() -> None:
    rows = chain(5)
    rows[2] = Kept(msgspec.structs.replace(rows[2].row, reason="priority"), rows[2].hash)
    found = fault(rows, head_of(rows))
    assert found.seq == 3
    assert "Row 3 (slot of 2024-01-23 05:02:00 UTC) does not fit its hash" in found.sentence


def test_an_edited_row_with_its_hash_made_anew_breaks_the_next() -> None:
    rows = chain(5)
    edited = msgspec.structs.replace(rows[2].row, reason="priority")
    head = head_of(rows)
    rows[2] = Kept(edited, hash_of(edited))
    assert fault(rows, head).sentence.startswith("Row 4 does not follow row 3")


def test_a_removed_row_is_missing() -> None:
    rows = chain(5)
    assert fault(rows[:2] + rows[3:], head_of(rows)) == Fault(
        3, "Row 3 is missing: row 4 follows row 2."
    )


def test_an_inserted_row_and_two_that_changed_places_are_noticed() -> None:
    rows = chain(5)
    inserted = [*rows[:3], rows[1], *rows[3:]]
    assert "inserted or moved" in fault(inserted, head_of(rows)).sentence
    assert fault([rows[0], rows[2], rows[1], *rows[3:]], head_of(rows)).seq == 2


def test_a_tail_cut_off_is_seen_by_the_head_and_by_a_signed_one() -> None:
    rows = chain(5)
    assert "rows 4 to 5 were cut off" in fault(rows[:3], head_of(rows)).sentence
    outside = witness_of_head(sign(head_of(rows), KEY, now=NOON), source="the head outside")
    found = find_fault("here", rows[:3], head=head_of(rows[:3]), witnesses=[outside])
    assert found is not None
    assert found.seq == 4
    assert "the head outside, signed at 2024-01-23 05:00:00 UTC knows row 5" in found.sentence


def test_rows_behind_the_head_are_noticed() -> None:
    rows = chain(5)
    assert fault(rows, head_of(rows[:3])).seq == 4
    assert "head is missing" in (find_fault("here", rows, head=None) or Fault(0, "")).sentence


def test_a_ledger_written_anew_is_whole_in_itself_but_not_against_a_head_or_a_code() -> None:
    true, forged = chain(6), chain(6, reason="priority")
    assert find_fault("here", forged, head=head_of(forged)) is None
    signed = witness_of_head(sign(head_of(true[:4]), KEY, now=NOON), source="the head outside")
    found = find_fault("here", forged, head=head_of(forged), witnesses=[signed])
    assert found is not None
    assert (found.seq, "was written anew" in found.sentence) == (4, True)
    coded = witness_of_code(code_of(true[2].hash))
    assert find_fault("here", true, head=head_of(true), witnesses=[coded, signed]) is None
    by_code = find_fault("here", forged, head=head_of(forged), witnesses=[coded])
    assert by_code is not None
    assert f"No row has the code {code_of(true[2].hash)}" in by_code.sentence


def test_the_rows_of_another_site_do_not_pass_for_ours() -> None:
    rows = chain(3, site="there")
    assert fault(rows, head_of(rows)).seq == 1


def test_a_signed_head_goes_through_json_and_a_changed_one_does_not() -> None:
    signed = sign(head_of(chain(3)), KEY, now=NOON)
    text = msgspec.json.encode(shown(signed))
    assert read_signed(text, where="head.json") == signed
    assert find_false_signature([signed]) is None
    with pytest.raises(FlowctlError, match=r"head.json does not bear its key's signature"):
        read_signed(text.replace(b'"seq":3', b'"seq":2'), where="head.json")
    with pytest.raises(FlowctlError, match=r"head.json holds no signed head"):
        read_signed(b"{}", where="head.json")


def test_a_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path).private_bytes_raw() == made.private_bytes_raw()
    with pytest.raises(ConflictError, match="not overwritten"):
        make_key(path)
    path.write_text("abc")
    with pytest.raises(FlowctlError, match="holds no key"):
        read_key(path)
    with pytest.raises(FlowctlError, match="cannot be read"):
        read_key(tmp_path / "none")
