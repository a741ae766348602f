"""What a request may bring: nothing that its route would drop in silence."""

from collections.abc import Iterator

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from api.errors import Problem

_SHOWN = 40


class Nothing(BaseModel):
    """The body of a request that says all by its path: none, or an empty one."""

    model_config = ConfigDict(extra="forbid")


async def _take_nothing(body: Nothing | None = None) -> Nothing | None:
    return body


NO_BODY = Depends(_take_nothing)
"""Refuses what somebody sends to a route that takes no body."""


async def refuse_unknown(request: Request) -> None:
    """Raise the Problem that names parameters of the address which the route does not know."""
    route = request.scope.get("route")
    if not request.url.query or not isinstance(route, APIRoute):
        return
    if not route.path.startswith("/v1/"):
        return
    known = sorted(_query_names(route.dependant))
    unknown = sorted(request.query_params.keys() - known)
    if unknown:
        named = ", ".join(name[:_SHOWN] for name in unknown)
        may = f"it knows {', '.join(known)}" if known else "it takes none"
        raise Problem(
            422,
            "Not possible",
            f"{request.url.path} does not know {named} in the address; {may}.",
        )


def _query_names(dependant: Dependant) -> Iterator[str]:
    """Yield what a route and all it depends on read of the address."""
    for param in dependant.query_params:
        yield param.alias
    for one in dependant.dependencies:
        yield from _query_names(one)
