"""The pages, as built into ``api/web/dist``."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from api.errors import Problem

router = APIRouter(tags=["pages"], include_in_schema=False)

DIST = Path(__file__).parent / "web" / "dist"


@router.get("/")
def operator_page() -> FileResponse:
    """Serve the operator's console."""
    return _page("index.html")


@router.get("/board")
def board_page() -> FileResponse:
    """Serve the public board."""
    return _page("board.html")


@router.get("/d/{code}")
def driver_page(code: str) -> FileResponse:  # noqa: ARG001 - the page reads it from its address
    """Serve the driver's page; it asks for its trip itself."""
    return _page("driver.html")


@router.get("/planner")
def planner_page() -> FileResponse:
    """Serve the planner's page."""
    return _page("planner.html")


def _page(name: str) -> FileResponse:
    path = DIST / name
    if not path.is_file():
        raise Problem(
            503, "Pages not built", "The pages are not built yet; build them with: make setup"
        )
    # The page names its hashed assets: an old copy of it would ask for files that are gone.
    return FileResponse(path, headers={"Cache-Control": "no-cache"})
