"""Whether a ledger is as it was written: the first row that is not, and what is wrong with it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from flowctl.ledger.chain import Head, Kept, Sealed, genesis
from flowctl.ledger.codes import mark_of, read_code
from flowctl.ledger.signing import SignedHead


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong: at row ``seq`` (0: before any), in a sentence."""

    seq: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Witness:
    """What somebody kept of the ledger: a row's hash with its number, or its short code alone.

    ``source`` names it in sentences. ``mark`` is the number a short code holds, ``key`` the public
    key of who signed it.
    """

    source: str
    seq: int | None = None
    hash: bytes | None = None
    mark: int | None = None
    key: bytes | None = None


def witness_of_code(code: str) -> Witness:
    """Return what a short code testifies.

    Raises
    ------
    FlowctlError
        It is no code.
    """
    return Witness(f"the code {code.strip().strip('#').upper()}", mark=read_code(code))


def witness_of_head(head: SignedHead, *, source: str) -> Witness:
    """Return what a signed head testifies."""
    return Witness(f"{source}, signed at {_moment(head.at)}", head.seq, head.hash, key=head.key)


def find_false_signature(heads: Iterable[SignedHead]) -> Fault | None:
    """Return the first head that does not bear the signature of its key."""
    return next(
        (
            Fault(
                head.seq,
                f"The signed head of row {head.seq} of {_moment(head.at)} does not bear its key's"
                " signature: it was changed, or was never signed.",
            )
            for head in heads
            if not head.is_genuine()
        ),
        None,
    )


def find_other_signer(witnesses: Iterable[Witness], public: bytes | None) -> Fault | None:
    """Return the first signed head that bears another key than ``public``, where that is known."""
    for witness in witnesses:
        if witness.key is not None and public is not None and witness.key != public:
            return Fault(
                witness.seq or 0,
                f"{_begun(witness.source)}, bears the key {witness.key.hex()}, which is not the"
                f" site's {public.hex()}: somebody else signed it, or the site with another key.",
            )
    return None


class Reached(NamedTuple):
    """The row a walk has come to: its number and its hash."""

    seq: int
    hash: bytes


def find_fault(
    site: str,
    rows: Iterable[Kept | Sealed],
    *,
    head: Head | None,
    witnesses: Sequence[Witness] = (),
    after: Reached | None = None,
) -> Fault | None:
    """Return what is wrong first with a site's ledger, or None where it is whole.

    Without witnesses it cannot be known whether everything was written anew by somebody who owns
    the database: that is what heads outside are for.

    Parameters
    ----------
    rows
        The rows of the site behind ``after``, all where it is None, in the order of their numbers.
    head
        What the database says the newest row is.
    witnesses
        What was kept elsewhere.
    """
    last = begin = after or Reached(0, genesis(site))
    numbered: dict[int, list[Witness]] = {}
    for witness in witnesses:
        if witness.seq is not None:
            numbered.setdefault(witness.seq, []).append(witness)
    marks = {witness.mark: witness for witness in witnesses if witness.mark is not None}
    for witness in numbered.pop(begin.seq, ()):
        if witness.hash != begin.hash:
            return _rewritten(begin.seq, witness)
    for kept in rows:
        fault = _fault_of_row(site, last, kept)
        if fault is not None:
            return fault
        seq = kept.row.seq
        for witness in numbered.pop(seq, ()) if numbered else ():
            if witness.hash != kept.hash:
                return _rewritten(seq, witness)
        if marks:
            marks.pop(mark_of(kept.hash), None)
        last = Reached(seq, kept.hash)
    return next(_faults_of_end(begin.seq, last, head, numbered, marks), None)


def _fault_of_row(site: str, last: Reached, kept: Kept | Sealed) -> Fault | None:
    row, due = kept.row, last.seq + 1
    if row.seq > due:
        missing = f"Row {due} is" if row.seq == due + 1 else f"Rows {due} to {row.seq - 1} are"
        return Fault(due, f"{missing} missing: row {row.seq} follows row {last.seq}.")
    if row.seq < due:
        return Fault(
            row.seq, f"Row {row.seq} stands behind row {last.seq}: it was inserted or moved."
        )
    if not kept.fits():
        return Fault(
            due,
            f"Row {due} ({row.kind} of {_moment(row.at)}) does not fit its hash: it was changed"
            " after it was written.",
        )
    if row.previous != last.hash.hex():
        before = "the site's beginning" if last.seq == 0 else f"row {last.seq}"
        return Fault(
            due,
            f"Row {due} does not follow {before}: it, or what stood before it, was replaced.",
        )
    if row.site != site:
        return Fault(due, f"Row {due} is of the site {row.site}, not of {site}.")
    return None


def _rewritten(seq: int, witness: Witness) -> Fault:
    return Fault(
        seq,
        f"Row {seq} is not the one that {witness.source} knows: it, or a row before it, was"
        " written anew.",
    )


def _faults_of_end(
    begin: int,
    last: Reached,
    head: Head | None,
    numbered: dict[int, list[Witness]],
    marks: dict[int, Witness],
) -> Iterator[Fault]:
    """Yield what is wrong with the ledger's end, the earliest row first."""
    if numbered:
        seq, (witness, *_) = min(numbered.items())
        if seq < begin:
            yield Fault(
                seq,
                f"{_begun(witness.source)}, knows row {seq}, but here are only rows from"
                f" {begin + 1} on: hold it against rows that begin earlier.",
            )
        yield Fault(
            last.seq + 1,
            f"The ledger ends with row {last.seq}, but {witness.source} knows row {seq}: rows"
            f" {last.seq + 1} to {seq} were cut off.",
        )
    for witness in marks.values():
        earlier = "" if begin == 0 else f" stands before row {begin + 1}; or it"
        yield Fault(
            0,
            f"No row has {witness.source}: the row it was given for{earlier}, or one before"
            " it, was changed or cut off; or the code is of another site.",
        )
    if head is None and last.seq > 0:
        yield Fault(last.seq, f"The head is missing, though there are {last.seq} rows.")
    if head is None or (head.seq == last.seq and head.hash == last.hash):
        return
    if head.seq > last.seq:
        yield Fault(
            last.seq + 1,
            f"The ledger ends with row {last.seq}, but its head is row {head.seq}: rows"
            f" {last.seq + 1} to {head.seq} were cut off.",
        )
    elif head.seq < last.seq:
        yield Fault(
            head.seq + 1,
            f"The head is row {head.seq}, but there are rows up to {last.seq}: they were inserted,"
            " or the head was set back.",
        )
    else:
        yield Fault(last.seq, f"The head does not bear the hash of row {last.seq}: it was changed.")


def _begun(source: str) -> str:
    """Return a source as a sentence begins with it."""
    return source[:1].upper() + source[1:]


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
