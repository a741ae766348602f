"""The API described for machines (OpenAPI 3.1): every route under /v1, and the events we send.

What the framework writes of its own routes is completed: who may call each and with which right,
how errors look, the routes that are none of the framework's, and the webhooks.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.routing import Route

from api.auth import COOKIE
from api.openapi_answers import ACCEPTED, FIX, Document, complete, responses
from api.permissions import PERMISSIONS, SCOPES
from flowctl.registry.accounts import Role
from flowctl.storage.webhooks import EVENT_SCOPES

router = APIRouter(prefix="/v1", tags=["openapi"])

_VERSION = "1"
_ABOUT = (
    "Machines show their key as a bearer token (`Authorization: Bearer …`); `x-scope` is the right"
    " it needs. People sign in by `POST /v1/sessions`, and their changes carry the header"
    " `X-Flowctl: 1`; `x-roles` says who may. Moments are ISO 8601 with their zone. What cannot be"
    " is answered as a problem (RFC 9457). Messages in both directions are signed as Standard"
    " Webhooks say."
)
_PROBLEM: Document = {
    "title": "ProblemDetails",
    "description": "Why something cannot be (RFC 9457). `type` is about:blank, or urn:flowctl: and"
    " a code that `values` belong to; `detail` is a sentence for people.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:flowctl:plate_active"]},
        "title": {"type": "string", "examples": ["Conflict"]},
        "status": {"type": "integer", "examples": [409]},
        "detail": {"type": "string"},
        "values": {"type": "object"},
    },
}
_SCHEMES: Document = {
    "key": {"type": "http", "scheme": "bearer", "description": "A source's key."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}
_MOMENT: Document = {"type": "string", "format": "date-time"}
_TEXT: Document = {"type": "string"}
_NUMBER: Document = {"type": "integer"}
_EVENT_FIELDS: dict[str, dict[str, tuple[Document, Any]]] = {
    "declaration.made": {},
    "declaration.changed": {
        "fields": ({"type": "array", "items": _TEXT}, ["goods_class", "weight_t"])
    },
    "stage.changed": {
        "stage": (_TEXT, "customs_in_yard"),
        "act": (_TEXT, "confirmed"),
        "origin": (_TEXT, "partner"),
        "at": (_MOMENT, "2026-11-23T01:15:00Z"),
    },
    "crossing.made": {
        "crossing": (_NUMBER, 33),
        "gate": (_TEXT, "huu_nghi"),
        "direction": (_TEXT, "export"),
        "at": (_MOMENT, "2026-11-23T03:41:00Z"),
        "due_at": ({"type": ["string", "null"], "format": "date-time"}, "2026-11-24T15:41:00Z"),
    },
    "payment.made": {"payment": (_NUMBER, 77), "amount_vnd": (_NUMBER, 350_000)},
}
"""What the data of each event may hold beside the trip; see `flowctl.registry.events`."""


@router.get("/openapi.json", include_in_schema=True)
def get_document(request: Request) -> JSONResponse:
    """Return this description."""
    return JSONResponse(document(request.app))


@lru_cache(maxsize=1)
def document(app: FastAPI) -> Document:
    """Return the whole description of an application, whose routes stand."""
    found = get_openapi(title="flowctl", version=_VERSION, description=_ABOUT, routes=app.routes)
    paths: Document = {
        path: methods for path, methods in found["paths"].items() if path.startswith("/v1/")
    }
    found["paths"] = paths
    for route in app.routes:
        if type(route) is Route and route.path.startswith("/v1/"):
            _describe(paths, route)
    for method, path in sorted(PERMISSIONS):
        operation = paths.get(template(path), {}).get(method.lower())
        if operation is not None:
            _complete(operation, (method, path))
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas |= {"ProblemDetails": _PROBLEM, "Fix": FIX, "AcceptedFixes": ACCEPTED}
    components["responses"] = responses()
    components["securitySchemes"] = _SCHEMES
    found["webhooks"] = {event: {"post": _event(event)} for event in EVENT_SCOPES}
    return found


def template(path: str) -> str:
    """Return a route's path as OpenAPI writes it, without the names of converters."""
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def _describe(paths: Document, route: Route) -> None:
    """Enter a route that is none of the framework's: what its path holds, and its first words."""
    known = paths.setdefault(template(route.path), {})
    names: Iterable[str] = route.param_convertors
    for method in sorted((route.methods or set()) - {"HEAD"}):
        known.setdefault(
            method.lower(),
            {
                "summary": f"{method.title()} {route.path.split('/')[2]}",
                "description": "In a form of its own; see README.",
                "parameters": [
                    {"name": name, "in": "path", "required": True, "schema": _TEXT}
                    for name in names
                ],
                "responses": {"200": {"description": "It was taken, or this is it."}},
            },
        )


def _complete(operation: Document, route: tuple[str, str]) -> None:
    roles = PERMISSIONS[route]
    complete(operation, route, closed=roles is not None)
    if roles is None:
        operation["security"] = []
        return
    people = sorted(str(role) for role in roles if role is not Role.MACHINE)
    ways: list[Document] = [{"session": []}] if people else []
    if Role.MACHINE in roles:
        operation["x-scope"] = str(SCOPES[route])
        ways.append({"key": []})
    operation["x-roles"] = people
    operation["security"] = ways


def _event(event: str) -> Document:
    fields = _EVENT_FIELDS[event]
    example = {"trip": 412, **{name: shown for name, (_, shown) in fields.items()}}
    data: Document = {
        "type": "object",
        "required": ["trip"],
        "properties": {
            "trip": _NUMBER,
            "plate": {**_TEXT, "description": "Where the source may read declarations."},
            **{name: schema for name, (schema, _) in fields.items()},
        },
    }
    body = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {"type": {"const": event}, "timestamp": _MOMENT, "data": data},
        "examples": [
            {"type": event, "timestamp": "2026-11-23T01:15:02Z", "data": example},
        ],
    }
    headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "summary": event,
        "description": "Sent to webhooks of sources that may read it, signed as Standard Webhooks"
        " say, until it is answered 2xx; the same webhook-id is the same event.",
        "x-scope": str(EVENT_SCOPES[event]),
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": _TEXT} for name in headers
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"2XX": {"description": "It arrived."}},
    }
