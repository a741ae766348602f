"""Short codes of the ledger: read as drivers write them, and misread ones told from forged ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.errors import FlowctlError
from flowctl.ledger.codes import code_of, mark_of, read_code

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
hashes = st.binary(min_size=32, max_size=32)


@given(hashes)
def test_a_code_is_eight_letters_that_stand_for_the_hash(digest: bytes) -> None:
    code = code_of(digest)
    assert len(code) == 8
    assert set(code) <= set(_LETTERS)
    assert read_code(code) == mark_of(digest)


def test_small_letters_spaces_and_mistaken_letters_are_understood() -> None:
    assert code_of(bytes(32)) == "00000000"
    assert read_code(" oooo-ooOO ") == 0


@given(hashes, st.integers(0, 7), st.integers(1, 31))
def test_every_single_wrong_letter_is_noticed(digest: bytes, place: int, step: int) -> None:
    code = code_of(digest)
    wrong = _LETTERS[(_LETTERS.index(code[place]) + step) % 32]
    with pytest.raises(FlowctlError, match="is wrong"):
        read_code(code[:place] + wrong + code[place + 1 :])


@given(hashes, st.integers(0, 6))
def test_two_letters_that_changed_places_are_noticed(digest: bytes, place: int) -> None:
    code = code_of(digest)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped != code:
        with pytest.raises(FlowctlError, match="changed places"):
            read_code(swapped)


@pytest.mark.parametrize("text", ["", "ABC", "ABCDEFGHJ", "ABCD!FGH", "ÄBCDEFGH"])
def test_what_is_no_code_is_said_to_be_none(text: str) -> None:
    with pytest.raises(FlowctlError, match="is no code of the ledger"):
        read_code(text)
