"""The part of the gateways file about a gateway that takes HTTP requests."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, cast

from pydantic import SecretStr

from flowctl.notify.callbacks import AnswerRule, ReceiptRule
from flowctl.notify.gateway_table import GatewayTable
from flowctl.notify.http import PLACEHOLDERS, HttpAccount, Json, Template, Verdict
from flowctl.site_tables import nearest

_BRACES = re.compile(r"\{([^{}]*)\}")
_ENV, _FILE = "_env", "_file"


def read_http(table: GatewayTable) -> HttpAccount:
    """Read the table of a gateway of kind http."""
    rate, window = table.pace()
    secrets = _secrets(table)
    url = table.text_or_none("callback_url")
    if url is not None and not _is_address(url):
        table.refuse("callback_url", f'"{url}" must begin with http:// or https://')
    return HttpAccount(
        name=table.name,
        template=_template(table, secrets),
        verdict=_verdict(table),
        rate_per_s=rate,
        window=window,
        secrets=secrets,
        tariff=table.tariff(),
        receipt=_receipt(table),
        answer=_answer(table),
        callback_url=url,
    )


def _secrets(table: GatewayTable) -> dict[str, SecretStr]:
    """Read the secrets a template may name: ``password_env = "…"`` gives ``{password}``."""
    if not table.has("secrets"):
        return {}
    inner = table.below("secrets", 'where secrets are, such as password_env = "SMS_PASSWORD"')
    if inner is None:
        return {}
    found: dict[str, SecretStr] = {}
    for key in inner.entries():
        name = key.removesuffix(_ENV).removesuffix(_FILE)
        if name in PLACEHOLDERS:
            inner.refuse(key, f"{{{name}}} has a meaning already; call the secret otherwise")
        found[name] = inner.secret(name)
    inner.close()
    return found


def _template(table: GatewayTable, secrets: Mapping[str, SecretStr]) -> Template:
    url = table.text("url")
    if url and not _is_address(url):
        table.refuse("url", f'"{url}" must begin with http:// or https://')
    encoding: Literal["form", "json"] | None = None
    if table.has("form"):
        encoding = "form"
    if table.has("json"):
        if encoding is not None:
            table.refuse("json", "a request has one body: give form, or json, not both")
        encoding = "json"
    body = cast("dict[str, Json]", _mapping(table, encoding)) if encoding else {}
    template = Template(
        method=table.one_of("method", ("GET", "POST"), "method"),
        url=url,
        headers=_texts(table, "headers"),
        query=_texts(table, "query"),
        body=body,
        encoding=encoding,
        request_id=table.text("request_id") if table.has("request_id") else "{id}",
    )
    if "{id}" not in template.request_id:
        table.refuse("request_id", "must hold {id}, or every message would be the same one")
    _check_names(table, template, PLACEHOLDERS | secrets.keys())
    return template


def _check_names(table: GatewayTable, template: Template, known: frozenset[str]) -> None:
    used: set[str] = set()
    places: tuple[tuple[str, Json], ...] = (
        ("url", template.url),
        ("headers", dict(template.headers)),
        ("query", dict(template.query)),
        (template.encoding or "form", dict(template.body)),
    )
    for key, value in places:
        for name in _names_in(value):
            used.add(name)
            if name not in known:
                wanted = nearest(name, known) or f"; known: {', '.join(sorted(known))}"
                table.refuse(key, f"{{{name}}} is nothing that can be filled in{wanted}")
    if "message" not in used:
        table.refuse(template.encoding or "query", "names {message} nowhere: nothing would be sent")
    if not used & {"phone", "phone_digits", "phone_local"}:
        table.refuse(template.encoding or "query", "names {phone} nowhere: to whom should it go?")


def _names_in(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield from _BRACES.findall(value)
    elif isinstance(value, list):
        for one in value:
            yield from _names_in(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _names_in(one)


def _verdict(table: GatewayTable) -> Verdict:
    default = Verdict()
    inner = table.below("verdict", "how its answers are read") if table.has("verdict") else None
    if inner is None:
        return default
    verdict = Verdict(
        status=_statuses(inner, "status", default.status),
        refused_status=_statuses(inner, "refused_status", default.refused_status),
        code_json=inner.text_or_none("code_json"),
        code_regex=_regex(inner, "code_regex"),
        taken=frozenset(inner.texts_or("taken")),
        refused=frozenset(inner.texts_or("refused")),
        busy=frozenset(inner.texts_or("busy")),
        reference_json=inner.text_or_none("reference_json"),
        reference_regex=_regex(inner, "reference_regex"),
    )
    for kind in ("code", "reference"):
        if inner.has(f"{kind}_json") and inner.has(f"{kind}_regex"):
            inner.refuse(f"{kind}_regex", f"give it, or {kind}_json, not both")
    has_code = inner.has("code_json") or inner.has("code_regex")
    if has_code and not verdict.taken:
        inner.refuse("taken", "is missing; give the codes that mean that the message was taken")
    if not has_code and (verdict.taken or verdict.refused or verdict.busy):
        inner.refuse("code_json", "is missing; say where the code stands, or give code_regex")
    inner.close()
    return verdict


def _receipt(table: GatewayTable) -> ReceiptRule | None:
    inner = table.below("receipt", "how receipts are read") if table.has("receipt") else None
    if inner is None:
        return None
    rule = ReceiptRule(
        reference=inner.text("reference"),
        delivered=_cases(inner, "delivered"),
        failed=_cases(inner, "failed"),
        error=inner.text_or_none("error"),
    )
    inner.close()
    return rule


def _answer(table: GatewayTable) -> AnswerRule | None:
    inner = table.below("answer", "how answers are read") if table.has("answer") else None
    if inner is None:
        return None
    rule = AnswerRule(
        phone=inner.text("phone"),
        text=inner.text("text"),
        reference=inner.text_or_none("reference"),
        charset=inner.text_or_none("charset"),
        coding=inner.text_or_none("coding"),
    )
    inner.close()
    return rule


def _cases(table: GatewayTable, key: str) -> tuple[dict[str, str], ...]:
    value = table.raw(key, 'the cases, such as [{type = "1"}]')
    rows = value if isinstance(value, list) else []
    fit = all(
        isinstance(row, dict) and row and all(isinstance(one, str) for one in row.values())
        for row in rows
    )
    if value is not None and (not rows or not fit):
        table.refuse(key, f'{value!r} must be a list of cases, such as [{{type = "1"}}]')
        return ()
    return tuple(cast("list[dict[str, str]]", rows))


def _mapping(table: GatewayTable, key: str) -> dict[str, object]:
    value = table.raw(key, "a table")
    if not isinstance(value, dict):
        table.refuse(key, f"{value!r} must be a table")
        return {}
    return cast("dict[str, object]", value)


def _texts(table: GatewayTable, key: str) -> dict[str, str]:
    if not table.has(key):
        return {}
    found = _mapping(table, key)
    for name, value in found.items():
        if not isinstance(value, str):
            table.refuse(key, f"{name} = {value!r} must be a text")
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _statuses(table: GatewayTable, key: str, default: frozenset[int]) -> frozenset[int]:
    if not table.has(key):
        return default
    value = table.raw(key, "HTTP statuses")
    if not isinstance(value, list) or not all(
        type(one) is int and 100 <= one <= 599  # noqa: PLR2004
        for one in value
    ):
        table.refuse(key, f"{value!r} must be a list of HTTP statuses, such as [200, 202]")
        return default
    return frozenset(value)


def _regex(table: GatewayTable, key: str) -> re.Pattern[str] | None:
    text = table.text_or_none(key)
    if text is None:
        return None
    try:
        found = re.compile(text)
    except re.error as error:
        table.refuse(key, f'"{text}" is no regular expression: {error}')
        return None
    if found.groups != 1:
        table.refuse(key, f'"{text}" must have one group, in parentheses: what is looked for')
    return found


def _is_address(url: str) -> bool:
    return url.startswith(("http://", "https://"))
