"""Drivers' phone numbers: mobile, Vietnamese or Chinese, in E.164."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from flowctl.errors import FlowctlError

_REGIONS = ("VN", "CN")
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_EXPECTED = "give a mobile number such as 0903 123 456 or +86 138 0013 8000."


def parse_phone(text: str) -> str:
    """Return a mobile number in E.164; one without a country code is taken as Vietnamese.

    Raises
    ------
    FlowctlError
        Where it is not a number, not of Vietnam or China, or a landline. The sentence does not
        repeat the number: errors are logged.
    """
    try:
        number = phonenumbers.parse(text, "VN")
    except NumberParseException as error:
        raise FlowctlError(
            f"The phone is not a phone number; {_EXPECTED}", kind="no_phone"
        ) from error
    region = phonenumbers.region_code_for_number(number)
    if not phonenumbers.is_valid_number(number) or region is None:
        raise FlowctlError(f"The phone is not a number that exists; {_EXPECTED}", kind="no_phone")
    if region not in _REGIONS:
        raise FlowctlError(
            f"The phone is of {region}; messages go to Vietnam and China only: {_EXPECTED}",
            kind="phone_abroad",
        )
    if phonenumbers.number_type(number) not in _MOBILE:
        raise FlowctlError(
            f"The phone is a landline, which takes no message; {_EXPECTED}", kind="phone_landline"
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
