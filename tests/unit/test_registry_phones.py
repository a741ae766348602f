import pytest

from flowctl.errors import FlowctlError
from flowctl.registry.phones import parse_phone


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("0903 123 456", "+84903123456"),
        ("+84 903.123.456", "+84903123456"),
        ("(+84) 903-123-456", "+84903123456"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
    ],
)
def test_a_mobile_number_of_either_country_has_one_spelling(typed: str, phone: str):
    assert parse_phone(typed) == phone


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("024 3826 1234", "landline"),
        ("+86 771 210 1234", "landline"),
        ("+1 202 555 0123", "of US"),
        ("77", "not a number that exists"),
        ("call me", "not a phone number"),
        ("", "not a phone number"),
        ("0977 88", "not a number that exists"),
    ],
)
def test_what_takes_no_message_is_refused_and_not_repeated(typed: str, named: str):
    with pytest.raises(FlowctlError, match=named) as refused:
        parse_phone(typed)
    assert not typed or typed not in str(refused.value)
