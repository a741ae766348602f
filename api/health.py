"""Whether this process can do its work."""

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

router = APIRouter(tags=["health"])


@router.get("/v1/health")
async def get_health(request: Request) -> dict[str, str]:
    """Ask both stores; a store that is away makes this a 503."""
    await request.app.state.store.ping()
    await run_in_threadpool(_ask_database, request)
    return {"status": "ok"}


def _ask_database(request: Request) -> None:
    with request.app.state.pool.connection() as conn:
        conn.execute("select 1")
