"""Problems: what a client is told when something cannot be (RFC 9457), never a traceback."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

import psycopg
import psycopg_pool
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from redis.exceptions import RedisClusterException, RedisError
from starlette.exceptions import HTTPException

from api.faults import fault_of
from api.permissions import PERMISSIONS
from api.refusals import Said, names_trips, said_values, shown
from flowctl.errors import ConflictError, FlowctlError, NotFoundError, UnavailableError

RETRY_AFTER_S = 2
_MOST_NAMED = 5


class Problem(Exception):  # noqa: N818 - the RFC's word
    """An answer that is a problem: its status, a short title, and a sentence.

    ``kind`` and ``values`` are those of a refusal, see `flowctl.errors.Refusal`.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        *,
        kind: str | None = None,
        values: Mapping[str, Said] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers
        self.type = "about:blank" if kind is None else f"urn:flowctl:{kind}"
        self.values = values or {}


def problem_response(problem: Problem) -> JSONResponse:
    """Return a problem as the answer it is."""
    return JSONResponse(
        {
            "type": problem.type,
            "title": problem.title,
            "status": problem.status,
            "detail": problem.detail,
            **({"values": dict(problem.values)} if problem.values else {}),
        },
        status_code=problem.status,
        headers=dict(problem.headers or {}),
        media_type="application/problem+json",
    )


def install(app: FastAPI) -> None:
    """Turn every error of ``app`` into a problem."""
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Exception, answer_defect)


def answer_to(request: Request, error: Exception) -> JSONResponse:
    """Return the answer to an error of one of the kinds `EXPECTED`."""
    return next(_ANSWERS[kind] for kind in type(error).__mro__ if kind in _ANSWERS)(request, error)


def _answer_problem(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, Problem):
        raise error
    return problem_response(error)


def _answer_refusal(request: Request, error: Exception) -> JSONResponse:
    """Answer what the domain refuses: its errors are sentences made to be shown."""
    if isinstance(error, UnavailableError):
        return _answer_unavailable(request, error)
    if not isinstance(error, FlowctlError):
        raise error
    status, title = next(said for kind, said in _REFUSALS.items() if isinstance(error, kind))
    refusal = error.refusal
    values = said_values(refusal.values)
    if names_trips(refusal):
        try:
            with request.app.state.pool.connection() as conn:
                values = dict(shown(conn, refusal).values)
        except _STORE_AWAY as away:
            return _answer_unavailable(request, away)
    return problem_response(
        Problem(status, title, refusal.sentence, kind=refusal.kind, values=values)
    )


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    path, headers = request.url.path, dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # One route refuses and names itself; others may be at the same path.
        route = request.scope.get("route")
        template = getattr(route, "path", path)
        taken = sorted(method for method, known in PERMISSIONS if known == template)
        headers["Allow"] = ", ".join(taken) or headers.get("Allow", "GET")
    detail = {
        # FastAPI's word for whatever JSON's reader did not call JSON's own fault.
        400: "The body cannot be read as JSON: it is nested too deep, holds a number of too many"
        " digits, or is not in UTF-8.",
        404: f"There is nothing at {path}.",
        405: f"{path} does not take {request.method}; it takes {headers.get('Allow')}.",
    }.get(error.status_code, str(error.detail))
    title = HTTPStatus(error.status_code).phrase
    return problem_response(Problem(error.status_code, title, detail, headers))


def _answer_invalid(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = error.errors()
    for fault in faults:
        if fault["type"] == "json_invalid":
            where = fault["loc"][-1]
            detail = f"The body is no JSON: {fault['ctx']['error']} at character {where}."
            return problem_response(Problem(400, "Malformed body", detail))
    route = request.scope.get("route")
    found = [fault_of(route, fault) for fault in faults[:_MOST_NAMED]]
    named = [one.sentence for one in found]
    if len(faults) > _MOST_NAMED:
        named.append(f"There are {len(faults) - _MOST_NAMED} more.")
    first = found[0]  # a person mends one after the other
    return problem_response(
        Problem(
            422,
            "Not possible",
            " ".join(named),
            kind=first.kind,
            values=said_values(first.values),
        )
    )


def _answer_unavailable(_request: Request, error: Exception) -> JSONResponse:
    detail = "A store does not answer at the moment; send the request again."
    if isinstance(error, UnavailableError):
        detail = str(error)
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return problem_response(Problem(503, "Not available", detail, headers))


def _answer_unstorable(_request: Request, _error: Exception) -> JSONResponse:
    detail = "A value in the request cannot be stored, such as a text with a NUL character in it."
    return problem_response(Problem(422, "Not possible", detail))


def answer_defect(_request: Request, _error: Exception) -> JSONResponse:
    """Answer a defect of ours; the server writes its traceback to the log after this."""
    detail = "Something went wrong here; it is in the log. Trying again may help."
    return problem_response(Problem(500, "Defect", detail))


_REFUSALS: Mapping[type[FlowctlError], tuple[int, str]] = {
    NotFoundError: (404, "Not found"),
    ConflictError: (409, "Conflict"),
    FlowctlError: (422, "Not possible"),
}
_STORE_AWAY = (psycopg.OperationalError, psycopg_pool.PoolTimeout)
_ANSWERS: dict[type[Exception], Callable[[Request, Exception], JSONResponse]] = {
    Problem: _answer_problem,
    FlowctlError: _answer_refusal,
    HTTPException: _answer_http,
    RequestValidationError: _answer_invalid,
    psycopg.OperationalError: _answer_unavailable,
    psycopg_pool.PoolTimeout: _answer_unavailable,
    RedisError: _answer_unavailable,
    RedisClusterException: _answer_unavailable,
    psycopg.DataError: _answer_unstorable,
}
EXPECTED = tuple(_ANSWERS)
"""What may go wrong without a defect of ours."""
