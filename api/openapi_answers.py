"""What operations answer and take beyond what the framework knows (OpenAPI 3.1).

The statuses of each follow from what it is: open or closed, a reading or a change, and whether its
path names something. The contract tests hold what is answered against them.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from api.door import is_of_machines

Document = dict[str, Any]
Route = tuple[str, str]
"""A method and a path, as `api.permissions` writes it."""

_JSON = "application/json"
_TEXT: Document = {"type": "string"}
_BYTES: Document = {"type": "string", "format": "binary"}
_CSV, _HTML, _PDF = "text/csv", "text/html", "application/pdf"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PARQUET = "application/vnd.apache.parquet"
_LINES = "application/x-ndjson"
_TEXTS = {_CSV, _HTML, "image/svg+xml"}

_SENTENCES: Mapping[int, str] = {
    400: "The body cannot be read at all.",
    401: "Nobody known sent it: sign in, or show a key.",
    403: "Who sent it may not, or not by plain HTTP, or not from a page of others.",
    404: "There is no such thing, or it is not the sender's.",
    408: "The body took too long to come.",
    409: "It stands against what is so now.",
    410: "It is over.",
    413: "The body is too large.",
    414: "The address is too long.",
    415: "A body cannot be of this type.",
    421: "Nobody here has the name it was sent to.",
    422: "A value is missing, unknown or not possible; `detail` names it.",
    429: "Too many requests; `Retry-After` says when again.",
    503: "A store is away or something is at work already; send it again.",
}
_WAITS = {429, 503}

FILES: Mapping[Route, tuple[str, ...]] = {
    ("GET", "/v1/audit.csv"): (_CSV,),
    ("GET", "/v1/documents/{document_id}"): (_PDF, "image/jpeg", "image/png"),
    ("GET", "/v1/imports/form.csv"): (_CSV,),
    ("GET", "/v1/imports/form.xlsx"): (_XLSX,),
    ("GET", "/v1/zone-drafts/{draft}/preview"): (_LINES,),
    ("GET", "/v1/events"): ("text/event-stream",),
    ("GET", "/v1/bulletins/{name}"): (_JSON, _HTML, _CSV, _XLSX, _PDF, "application/zip"),
    ("GET", "/v1/reports.{form}"): (_CSV, _XLSX, _PARQUET),
    ("GET", "/v1/payments/{payment_id}/receipt.{form}"): (_HTML, _PDF),
    ("GET", "/v1/settlements/{day}.{form}"): (_HTML, _PDF, _CSV, _XLSX),
    ("GET", "/v1/crossings.csv"): (_CSV,),
    ("GET", "/v1/ledger"): (_LINES,),
    ("GET", "/v1/simulations/{job_id}/export.{form}"): (
        *(_CSV, _PARQUET, "image/png", "image/svg+xml", _HTML, _PDF),
    ),
    ("GET", "/v1/board"): (_JSON,),
    ("GET", "/v1/board.csv"): (_CSV,),
    ("GET", "/v1/board.geojson"): ("application/geo+json",),
}
"""Operations that answer with files, and of which types."""

_OBJECT: Document = {"type": "object"}
_OBJECTS = (
    ("GET", "/v1/persons/{person}/export"),
    ("GET", "/v1/openapi.json"),
    ("GET", "/v1/live"),
)

ACCEPTED: Document = {
    "title": "AcceptedFixes",
    "description": "How many were accepted, and why others were kept aside.",
    "type": "object",
    "required": ["accepted", "rejected"],
    "properties": {
        "accepted": {"type": "integer", "minimum": 0},
        "rejected": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["index", "reason"],
                "properties": {"index": {"type": "integer"}, "reason": _TEXT},
            },
        },
    },
}
_MAYBE_NUMBER: Document = {"type": ["number", "null"]}
FIX: Document = {
    "title": "Fix",
    "description": "A position: WGS 84 degrees, m/s, degrees from north, metres.",
    "type": "object",
    "required": ["device", "fixed_at", "lon", "lat"],
    "properties": {
        "device": {"type": "string", "minLength": 1, "maxLength": 64},
        "fixed_at": {
            "description": "A moment with its zone, or milliseconds since 1970-01-01 UTC.",
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}],
        },
        "lon": {"type": "number"},
        "lat": {"type": "number"},
        "speed_mps": _MAYBE_NUMBER,
        "heading_deg": _MAYBE_NUMBER,
        "altitude_m": _MAYBE_NUMBER,
        "accuracy_m": _MAYBE_NUMBER,
        "ignition": {"type": ["boolean", "null"]},
    },
}
_FIX: Document = {"$ref": "#/components/schemas/Fix"}
_TAKEN: Document = {"$ref": "#/components/schemas/AcceptedFixes"}
_FIXES: Document = {"type": "array", "items": _FIX}
_FIXES_SENT: Mapping[str, Document] = {
    _JSON: _FIXES,
    _LINES: _TEXT,
    "application/msgpack": _BYTES,
}
_FORWARDED: Document = {
    "type": "object",
    "properties": {"position": _OBJECT, "device": _OBJECT, "event": _OBJECT},
}
_LOCATION: Document = {"type": "object", "required": ["_type"], "properties": {"_type": _TEXT}}
BODIES: Mapping[str, Mapping[str, Document]] = {
    "/v1/fixes": _FIXES_SENT,
    "/v1/traccar": {_JSON: _FORWARDED},
    "/v1/owntracks": {_JSON: {"anyOf": [_LOCATION, {"type": "array", "items": _LOCATION}]}},
    "/v1/ufms": {"application/x-protobuf": _BYTES},
    "/v1/imports": {_CSV: _BYTES, _XLSX: _BYTES},
    "/v1/drafts/{draft_id}/documents": dict.fromkeys((_PDF, "image/jpeg", "image/png"), _BYTES),
    "/v1/trips/{trip_id}/documents": dict.fromkeys((_PDF, "image/jpeg", "image/png"), _BYTES),
}
"""Bodies that are read as they come, by the path without a token at its end."""

_OSMAND = ("id", "lat", "lon", "timestamp", "speed", "bearing", "altitude", "accuracy")
QUERIES: Mapping[str, tuple[str, ...]] = {
    "/v1/osmand/{token}": _OSMAND,
    "/v1/osmand/{token}/": _OSMAND,
    "/v1/owntracks": ("u", "d"),
    "/v1/owntracks/{token}": ("u", "d"),
    "/v1/board.csv": ("lang",),
}
"""What is read of the addresses of routes that are none of the framework's."""

_READ_LIKE_BODIES = {
    ("GET", f"/v1/{path}")
    for path in ("osmand/{token}", "osmand/{token}/", "sms/{token}/answer", "sms/{token}/receipt")
}
"""Readings whose address holds what others hold in a body."""


def responses() -> Document:
    """Return the problems that operations refer to, by the name of each status."""
    return {_name(status): _problem(status) for status in _SENTENCES}


def complete(operation: Document, route: Route, *, closed: bool) -> None:
    """Enter what an operation takes and answers beyond what stands there."""
    method, path = route
    answers = operation.setdefault("responses", {})
    answers.pop("default", None)
    _enter_content(operation, route)
    _enter_repeated(operation)
    for status in _statuses(route, closed=closed):
        answers[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    sent = BODIES.get(path.removesuffix("/{token}"))
    if sent is not None and method == "POST":
        content = {kind: {"schema": schema} for kind, schema in sent.items()}
        operation["requestBody"] = {"required": True, "content": content}
    for name in QUERIES.get(path, ()):
        # A list of its own: both methods of a path are described by one.
        operation["parameters"] = [
            *operation.get("parameters", ()),
            {"name": name, "in": "query", "schema": _TEXT},
        ]


def _enter_content(operation: Document, route: Route) -> None:
    method, path = route
    success = operation["responses"].get("200")
    if route in FILES:
        success["content"] = {
            kind: {"schema": _TEXT} if kind in _TEXTS else {} for kind in FILES[route]
        }
    elif route in _OBJECTS:
        success["content"] = {_JSON: {"schema": _OBJECT}}
    elif path.startswith(("/v1/fixes", "/v1/traccar", "/v1/osmand", "/v1/ufms")) and (
        "aside" not in path
    ):
        success["content"] = {_JSON: {"schema": _TAKEN}}
    elif path.startswith("/v1/owntracks"):
        success["content"] = {_JSON: {"schema": {"type": "array", "maxItems": 0}}}
    elif method == "GET" and path.startswith("/v1/driver/"):
        success["description"] = "This is it."


def _enter_repeated(operation: Document) -> None:
    """Enter that what a key was made for once is shown again with 200."""
    answers = operation["responses"]
    made = next((answers[one] for one in ("201", "202") if one in answers), None)
    if made is not None and "200" not in answers:
        answers["200"] = {**made, "description": "It was made by a request before this one."}


def _statuses(route: Route, *, closed: bool) -> Iterable[int]:
    method, path = route
    named = "{" in path
    yield from (404, 422, 429, 503)
    if closed or named or method != "GET":
        yield from (401, 403)
    if not is_of_machines(path):
        yield from (403, 421)
    if named or method != "GET":
        yield 409
    if method != "GET" or route in _READ_LIKE_BODIES:
        yield from (400, 413, 415)
    if path.startswith("/v1/driver"):
        yield 410
    if path.startswith("/v1/board"):
        yield 414
    if path.endswith("/documents"):
        yield 408


def _problem(status: int) -> Document:
    problem: Document = {
        "description": _SENTENCES[status],
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
        },
    }
    if status in _WAITS:
        problem["headers"] = {
            "Retry-After": {
                "description": "Seconds after which it may go better.",
                "required": False,
                "schema": {"type": "integer", "minimum": 0},
            }
        }
    if status == HTTPStatus.UNAUTHORIZED:
        problem["headers"] = {"WWW-Authenticate": {"required": False, "schema": _TEXT}}
    return problem


def _name(status: int) -> str:
    return HTTPStatus(status).name.title().replace("_", "")
