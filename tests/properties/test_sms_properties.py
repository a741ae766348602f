"""What holds for every text and every octet that comes by SMPP."""

from contextlib import suppress

import smpp34
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.notify.gsm7 import decode_gsm7, encode_gsm7
from flowctl.notify.segments import alphabet_of
from flowctl.notify.smpp_pdu import PduError, encode_text, read_delivered

LETTERS = decode_gsm7(bytes(n for n in range(128) if n != 0x1B)) + "\f^{}\\[~]|€"


def delivered(text: bytes, coding: int) -> bytes:
    return smpp34.DeliverSm("84903123456", "8888", text, data_coding=coding).encode()[16:]


@settings(max_examples=50, deadline=None)
@given(st.text(LETTERS, max_size=150))
def test_every_text_of_gsm_letters_is_read_as_it_was_written(text: str):
    assert alphabet_of(text) == "gsm7"
    assert decode_gsm7(encode_gsm7(text)) == text


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60), st.booleans())
def test_every_text_is_read_as_it_was_written_whatever_its_script(text: str, latin1: bool):
    coding, octets = encode_text(text, alphabet_of(text), latin1=latin1)
    assert read_delivered(delivered(octets, coding), latin1=latin1).text == text


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 255), st.integers(0, 200))
def test_no_octets_bring_the_reader_down(text: bytes, coding: int, cut: int):
    body = delivered(text, coding)
    for octets in (body, body[:cut], text):
        with suppress(PduError):
            one = read_delivered(octets, latin1=False)
            one.receipt()
