"""Whether this process serves, and whether requests should come to it."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from flowctl.errors import UnavailableError
from flowctl.storage.schema import describe_misfit, find_revision

router = APIRouter(tags=["health"])


@router.get("/v1/health")
async def get_health() -> dict[str, str]:
    """Say that this process serves.

    Stores are not asked: whoever starts it anew where this fails would mend none by that.
    """
    return {"status": "ok"}


@router.get("/v1/ready")
async def get_ready(request: Request) -> dict[str, str]:
    """Say whether requests should come here, with a 503 where not.

    That is a store that is away, or a schema that lacks what this version needs; a site is loaded
    in every process that answers.
    """
    await request.app.state.store.ping()
    revision = await run_in_threadpool(_find_revision, request)
    return {"status": "ready", "schema": revision, "site": request.app.state.site.id}


def _find_revision(request: Request) -> str:
    with request.app.state.pool.connection() as conn:
        revision, misfit = find_revision(conn), describe_misfit(conn)
    if revision is None or misfit is not None:
        raise UnavailableError(str(misfit))
    return revision
