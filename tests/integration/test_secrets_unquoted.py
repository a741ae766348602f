"""What was typed into a field that is secret stands in no answer, whatever is wrong with it."""

import re
from collections.abc import Iterator
from typing import get_args

import pytest
from api_server import RunningApi, SetClock
from border import SECRET
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from api.app import create_app
from api.faults import fault_of
from flowctl.settings import Settings

TYPED = "3141592653"
"""Stands at the beginning of every value that is sent, where a refusal would quote it."""
WRONG = (TYPED * 600, int(TYPED), float(TYPED) + 0.5, [TYPED], {TYPED: TYPED}, TYPED[:2])
NAMES = re.compile(r"pass|secret|token|^code$|^old$|^new$|^auth$|p256dh|endpoint|recovery|cookie")

Field = tuple[str, ...]


def secret_fields(annotation: object, at: Field = ()) -> Iterator[Field]:
    """Yield where in a body of a type something stands whose name sounds secret."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if NAMES.search(name):
                yield (*at, name)
            yield from secret_fields(field.annotation, (*at, name))
        return
    for part in get_args(annotation):
        yield from secret_fields(part, at)


ROUTES = [
    (str(context.path), context.original_route)
    for context in iter_route_contexts(create_app(Settings(secret=SECRET), SetClock()).routes)
    if isinstance(context.original_route, APIRoute)
]
FIELDS = [
    (path, route, field)
    for path, route in ROUTES
    if route.body_field is not None
    for field in dict.fromkeys(secret_fields(route.body_field.field_info.annotation))
]


def test_the_secret_fields_are_found():
    assert sorted({".".join(field) for _, _, field in FIELDS}) == [
        "code",
        "endpoint",
        "keys.auth",
        "keys.p256dh",
        "new",
        "old",
        "password",
    ]


@pytest.mark.parametrize(
    ("route", "field"),
    [pytest.param(route, field, id=f"{path} {'.'.join(field)}") for path, route, field in FIELDS],
)
def test_a_refusal_names_a_secret_field_and_never_what_was_typed(route: APIRoute, field: Field):
    assert route.body_field is not None
    refused = 0
    for typed in WRONG:
        body: object = typed
        for name in reversed(field):
            body = {name: body}
        _, errors = route.body_field.validate(body, {}, loc=("body",))
        for error in errors or ():
            said = fault_of(route, error)
            assert TYPED[:3] not in said.sentence + str(said.values), said
            refused += error["loc"][1:] == field
    assert refused >= 4


def test_a_password_that_is_too_long_is_refused_without_a_letter_of_it(api: RunningApi):
    answer = api.client().post("/v1/sessions", json={"account": "an", "password": TYPED * 100})
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "password: what was sent is too long; give at most 200 characters."
    )
    assert TYPED[:3] not in answer.text


def test_a_password_sent_in_place_of_a_body_is_not_repeated(api: RunningApi):
    answer = api.client().post("/v1/sessions", json=TYPED)
    assert answer.status_code == 422
    assert TYPED not in answer.text


def test_the_code_an_identity_provider_sends_somebody_back_with_is_not_repeated(api: RunningApi):
    answer = api.client().get("/oidc/callback", params={"code": TYPED * 401})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("code: what was sent is too long")
    assert TYPED[:3] not in answer.text
