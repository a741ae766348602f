import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from flowctl.errors import FlowctlError
from flowctl.registry.keys import (
    MOST_EPOCHS,
    decrypt_answer,
    decrypt_phone,
    derive_keys,
    encrypt_answer,
    encrypt_phone,
    find_trip_of_code,
    hash_phone,
    link_code,
)

KEYS = derive_keys(SecretStr("one secret of forty letters or so, one!"))
OTHERS = derive_keys(SecretStr("two secret of forty letters or so, two!"))
PHONE = "+84903123456"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_a_phone_opens_with_its_secret_only():
    cipher = encrypt_phone(KEYS, PHONE)
    assert decrypt_phone(KEYS, cipher) == PHONE
    with pytest.raises(FlowctlError, match="FLOWCTL_SECRET"):
        decrypt_phone(OTHERS, cipher)


def test_one_phone_never_looks_the_same_twice_but_is_recognised_by_its_hash():
    assert encrypt_phone(KEYS, PHONE) != encrypt_phone(KEYS, PHONE)
    assert hash_phone(KEYS, PHONE) == hash_phone(KEYS, PHONE)
    assert hash_phone(KEYS, PHONE) != hash_phone(KEYS, "+84903123457")
    assert hash_phone(KEYS, PHONE) != hash_phone(OTHERS, PHONE)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(1, 255))
def test_a_cipher_that_was_touched_does_not_open(place: int, change: int):
    cipher = bytearray(encrypt_phone(KEYS, PHONE))
    cipher[place % len(cipher)] ^= change
    with pytest.raises(FlowctlError):
        decrypt_phone(KEYS, bytes(cipher))


def test_a_cipher_that_was_cut_off_does_not_open():
    for cut in (b"", encrypt_phone(KEYS, PHONE)[:5]):
        with pytest.raises(FlowctlError):
            decrypt_phone(KEYS, cut)


def test_each_purpose_has_a_key_of_its_own_and_none_is_printed():
    keys = {KEYS.phone_cipher, KEYS.phone_hash, KEYS.link}
    assert len(keys) == 3
    assert not any(key.hex() in repr(KEYS) or repr(key) in repr(KEYS) for key in keys)


EPOCHS = st.integers(0, MOST_EPOCHS - 1)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 10_000_000), EPOCHS)
def test_a_link_leads_to_its_trip_and_number_and_fits_into_a_text(trip: int, epoch: int):
    code = link_code(KEYS, trip, epoch)
    assert find_trip_of_code(KEYS, code) == (trip, epoch)
    assert find_trip_of_code(OTHERS, code) is None
    assert len(code) <= 14


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 10_000_000), EPOCHS, st.integers(0, 13), st.sampled_from(ALPHABET))
def test_a_link_with_another_letter_in_it_leads_nowhere(
    trip: int, epoch: int, place: int, letter: str
):
    code = link_code(KEYS, trip, epoch)
    place %= len(code)
    wrong = code[:place] + letter + code[place + 1 :]
    assert find_trip_of_code(KEYS, wrong) == ((trip, epoch) if wrong == code else None)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=40))
def test_what_somebody_types_leads_nowhere(code: str):
    assert find_trip_of_code(KEYS, code) is None


def test_a_link_has_one_spelling():
    assert find_trip_of_code(KEYS, "0" + link_code(KEYS, 7, 0)) is None


def test_what_a_driver_wrote_is_kept_unreadable_and_opens_as_nothing_else():
    cipher = encrypt_answer(KEYS, "3 20 phút")
    assert decrypt_answer(KEYS, cipher) == "3 20 phút"
    assert "phút".encode() not in cipher
    with pytest.raises(FlowctlError, match="stored answer does not open"):
        decrypt_answer(OTHERS, cipher)
