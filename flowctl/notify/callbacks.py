"""What a gateway that speaks HTTP calls us with: receipts, and what phones sent. Pure."""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flowctl.errors import FlowctlError
from flowctl.notify.gateways import Heard, Receipt, international

Fields = Mapping[str, str | bytes]
"""What came, by name: octets from an address or a form, text from JSON."""

_UCS2 = "2"
"""Kannel's coding of a text that is UTF-16."""


class CallbackError(FlowctlError):
    """A gateway's call lacks what its rule in the gateways file says."""


@dataclass(frozen=True, slots=True)
class ReceiptRule:
    """How a receipt is read: names of fields, and the values by which it says how it ended.

    Each of ``delivered`` and ``failed`` lists cases, a case the values that fields must have
    together. What fits none says nothing final.
    """

    reference: str
    delivered: Sequence[Mapping[str, str]]
    failed: Sequence[Mapping[str, str]]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """The names of the fields in which an answer comes."""

    phone: str
    text: str
    reference: str | None = None
    charset: str | None = None
    coding: str | None = None


def read_receipt(rule: ReceiptRule, fields: Fields, at: datetime) -> Receipt | None:
    """Return a receipt; None where it says nothing final.

    Raises
    ------
    CallbackError
        It does not say of what.
    """
    reference = _needed(fields, rule.reference)
    error = None if rule.error is None else _plain(fields.get(rule.error, "")) or None
    if _fits(rule.delivered, fields):
        return Receipt(reference, "DELIVRD", None, at)
    return Receipt(reference, "UNDELIV", error, at) if _fits(rule.failed, fields) else None


def read_answer(rule: AnswerRule, fields: Fields) -> Heard:
    """Return what a phone sent.

    Raises
    ------
    CallbackError
        It does not say from whom.
    """
    phone = international(_needed(fields, rule.phone))
    text = fields.get(rule.text, "")
    if isinstance(text, bytes):
        text = text.decode(_charset_of(rule, fields), "replace")
    reference = None if rule.reference is None else _plain(fields.get(rule.reference, "")) or None
    return Heard(phone, text, reference)


def _fits(cases: Sequence[Mapping[str, str]], fields: Fields) -> bool:
    return any(
        all(_plain(fields.get(name, "")) == value for name, value in case.items()) for case in cases
    )


def _needed(fields: Fields, name: str) -> str:
    value = _plain(fields.get(name, ""))
    if not value:
        raise CallbackError(f'The call has no field "{name}", or it is empty.')
    return value


def _charset_of(rule: AnswerRule, fields: Fields) -> str:
    named = "" if rule.charset is None else _plain(fields.get(rule.charset, ""))
    try:
        charset = codecs.lookup(named).name
    except LookupError:
        charset = "utf-8"
    wide = rule.coding is not None and _plain(fields.get(rule.coding, "")) == _UCS2
    return "utf-16-be" if charset in {"utf-16", "utf-16-be"} or (wide and not named) else charset


def _plain(value: str | bytes) -> str:
    return (value if isinstance(value, str) else value.decode("utf-8", "replace")).strip()
