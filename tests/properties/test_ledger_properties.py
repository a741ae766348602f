"""Whatever single thing is done to a ledger, verification finds it, and names where."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from flowctl.ledger.chain import Head, Kept, Row, genesis, hash_of, line_of, link, read_line
from flowctl.ledger.codes import code_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.ledger.signing import sign
from flowctl.ledger.verify import find_fault, witness_of_code, witness_of_head

NOON = datetime(2024, 1, 23, 5, 0, tzinfo=UTC)
SUBJECTS = {n: f"{n:08x}-0000-4000-8000-000000000000" for n in range(1, 5)}
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))

_texts = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\x7f"))
entries = st.builds(
    Entry,
    st.sampled_from(Kind),
    st.datetimes(datetime(2024, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.none() | st.sampled_from(sorted(SUBJECTS)),
    st.none() | _texts.filter(bool),
    st.none() | _texts.filter(bool),
    st.lists(st.sampled_from(sorted(SUBJECTS)), max_size=2).map(tuple),
    _texts,
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True), _texts | st.integers(0, 2**53 - 1)
    ),
)


def build(given_entries: list[Entry]) -> tuple[list[Kept], Head]:
    begin = Head("here", 0, genesis("here"), NOON)
    rows = link(begin, given_entries, policy="p", subjects=SUBJECTS, now=NOON)
    return rows, Head("here", rows[-1].row.seq, rows[-1].hash, NOON)


_CHANGES: dict[str, Callable[[Row], object]] = {
    "actor": lambda row: row.actor + "x",
    "at": lambda row: row.at + timedelta(microseconds=1),
    "details": lambda _: msgspec.Raw(b'{"x":"y","n":1}'),
    "gate": lambda row: (row.gate or "") + "x",
    "kind": lambda row: row.kind + "x",
    "others": lambda row: [*row.others, SUBJECTS[1]],
    "policy": lambda row: row.policy + "x",
    "previous": lambda row: row.previous[:-1] + ("0" if row.previous[-1] != "0" else "1"),
    "reason": lambda row: (row.reason or "") + "x",
    "recorded_at": lambda row: row.recorded_at - timedelta(hours=1),
    "seq": lambda row: row.seq + 1,
    "site": lambda row: row.site + "x",
    "subject": lambda row: SUBJECTS[1] if row.subject != SUBJECTS[1] else None,
}


def test_every_field_of_a_row_has_a_change_here() -> None:
    assert set(_CHANGES) == set(Row.__struct_fields__)


@given(
    st.lists(entries, min_size=1, max_size=8), st.data(), st.sampled_from(sorted(_CHANGES)),
    st.booleans(),
)  # fmt: skip
def test_any_change_of_any_field_of_any_row_is_found(
    given_entries: list[Entry], data: st.DataObject, field: str, with_hash: bool
) -> None:
    rows, head = build(given_entries)
    assert find_fault("here", rows, head=head) is None
    place = data.draw(st.integers(0, len(rows) - 1))
    changed = msgspec.structs.replace(rows[place].row, **{field: _CHANGES[field](rows[place].row)})
    rows[place] = Kept(changed, hash_of(changed) if with_hash else rows[place].hash)
    fault = find_fault("here", rows, head=head)
    assert fault is not None
    assert fault.seq in (place + 1, place + 2)


@given(st.lists(entries, min_size=2, max_size=8), st.data())
def test_a_row_removed_doubled_or_moved_is_found(
    given_entries: list[Entry], data: st.DataObject
) -> None:
    rows, head = build(given_entries)
    place = data.draw(st.integers(0, len(rows) - 1))
    other = data.draw(st.integers(0, len(rows) - 1).filter(lambda n: n != place))
    removed = rows[:place] + rows[place + 1 :]
    doubled = [*rows[:other], rows[place], *rows[other:]]
    moved = [*removed[:other], rows[place], *removed[other:]]
    for wrong in (removed, doubled, moved, rows[:place]):
        assert find_fault("here", wrong, head=head) is not None


@given(st.lists(entries, min_size=1, max_size=8), st.data())
def test_a_ledger_written_anew_from_any_row_on_contradicts_every_later_head_and_code(
    given_entries: list[Entry], data: st.DataObject
) -> None:
    rows, head = build(given_entries)
    place = data.draw(st.integers(0, len(rows) - 1))
    kept = data.draw(st.integers(place, len(rows) - 1))
    altered = list(given_entries)
    altered[place] = Entry(Kind.PAPER, NOON, actor="a forger's")
    forged, forged_head = build(altered)
    assert find_fault("here", forged, head=forged_head) is None
    signed = sign(Head("here", kept + 1, rows[kept].hash, NOON), KEY, now=NOON)
    for witness in (
        witness_of_head(signed, source="a head"),
        witness_of_code(code_of(rows[kept].hash)),
    ):
        assert find_fault("here", rows, head=head, witnesses=[witness]) is None
        assert find_fault("here", forged, head=forged_head, witnesses=[witness]) is not None


@given(st.lists(entries, min_size=1, max_size=4))
def test_what_is_exported_is_read_back_as_it_was(given_entries: list[Entry]) -> None:
    rows, _ = build(given_entries)
    read = [read_line(line_of(kept)) for kept in rows]
    assert [(hash_of(one.row), one.hash) for one in read] == [(k.hash, k.hash) for k in rows]
