"""Scripts and styles of the pages, as built: small on the line, and asked for once."""

from functools import lru_cache

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOR_EVER = "public, max-age=31536000, immutable"
"""Their names change with their content."""


class Assets(StaticFiles):
    """The built files of a folder; gzipped where the build left such a copy and the reader can."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        answer = await self._packed(path, scope) or await super().get_response(path, scope)
        answer.headers["Cache-Control"] = _FOR_EVER
        return answer

    async def _packed(self, path: str, scope: Scope) -> Response | None:
        if not takes_gzip(Headers(scope=scope)):
            return None
        try:
            answer = await super().get_response(f"{path}.gz", scope)
        except HTTPException:
            return None
        answer.headers["Content-Encoding"] = "gzip"
        answer.headers.add_vary_header("Accept-Encoding")
        return answer


def takes_gzip(headers: Headers) -> bool:
    """Return whether the reader of an answer can unpack gzip."""
    return offers_gzip(headers.get("accept-encoding", ""))


@lru_cache(maxsize=64)
def offers_gzip(accepted: str) -> bool:
    """Return whether an ``Accept-Encoding`` names gzip; browsers send the same few."""
    offered = (one.partition(";") for one in accepted.split(","))
    return any(name.strip() == "gzip" and more.strip() != "q=0" for name, _, more in offered)
