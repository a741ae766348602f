"""The pages, as built into ``api/web/dist``."""

import gzip
import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import TypeAdapter
from starlette.types import Scope

from api.assets import takes_gzip
from api.driver import DriverView, get_driver_view
from api.errors import EXPECTED, Problem
from api.middleware import page_policy, style_hash

router = APIRouter(tags=["pages"], include_in_schema=False)

DIST = Path(__file__).parent / "web" / "dist"

_ASKED_AGAIN = {"Cache-Control": "no-cache"}
"""A page names its hashed assets: an old copy of it would ask for files that are gone."""
_SHARES_PLACE = {"Permissions-Policy": "camera=(), microphone=(), geolocation=(self)"}
_SCANS = {"Permissions-Policy": "camera=(self), microphone=(), geolocation=()"}
_ASKED_IN_HEADS = frozenset({"/v1/health", "/v1/ready"})
_LANGUAGES = ("vi", "zh", "en")
_ICON_SIDES = (192, 512)
_VIEW = TypeAdapter(DriverView)
_POLICY = "Content-Security-Policy"
_STYLES = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


def as_read(scope: Scope) -> Scope:
    """Return a request for the head of a page, as watchers of sites send it, as one for the page.

    The server leaves the body out. What else is under ``/v1`` is read whole or not at all: a stream
    of events would never end.
    """
    path = scope.get("path", "")
    if scope.get("method") != "HEAD" or (path.startswith("/v1/") and path not in _ASKED_IN_HEADS):
        return scope
    return {**scope, "method": "GET"}


@router.get("/")
def operator_page() -> FileResponse:
    """Serve the operator's console."""
    return _page("index.html")


@router.get("/planner")
def planner_page() -> FileResponse:
    """Serve the planner's page."""
    return _page("planner.html")


@router.get("/people")
def people_page() -> FileResponse:
    """Serve the administrators' page: accounts, keys, who did what."""
    return _page("people.html")


@router.get("/agency")
def agency_page() -> FileResponse:
    """Serve the page of the agencies: their work lists, fees, conflicts, how trucks pass."""
    return _page("agency.html")


@router.get("/declare")
def declare_page() -> FileResponse:
    """Serve the page of those who declare trips."""
    return _page("declare.html")


@router.get("/bulletin")
def bulletin_page() -> FileResponse:
    """Serve the page of the daily bulletins."""
    # A bulletin is shown in a sandboxed frame whose document brings its style and has this policy.
    policy = {_POLICY: page_policy("'unsafe-inline'")}
    return FileResponse(built("bulletin.html"), headers=_ASKED_AGAIN | policy)


@router.get("/gate")
def gate_page() -> FileResponse:
    """Serve the page of the officers at the gates, which scans passes."""
    return FileResponse(built("gate.html"), headers=_ASKED_AGAIN | _SCANS)


@router.get("/gate-sw.js")
def gate_service_worker() -> FileResponse:
    """Serve what keeps the officers' page on a tablet."""
    return FileResponse(built("gate-sw.js"), media_type="text/javascript", headers=_ASKED_AGAIN)


@router.get("/d")
def login_page(request: Request) -> Response:
    """Serve the driver's page without a trip: by number, and for phones that keep it."""
    return _driver_page(request, None)


@router.get("/d/{code}")
async def driver_page(request: Request, code: str) -> Response:
    """Serve the driver's page with what its trip looks like now: one answer less to wait for."""
    try:
        view = await get_driver_view(request, code)
    except EXPECTED:  # the page asks by itself and says what is wrong
        view = None
    return _driver_page(request, view)


@router.get("/sw.js")
def service_worker() -> FileResponse:
    """Serve what keeps the driver's page on a phone."""
    return FileResponse(built("sw.js"), media_type="text/javascript", headers=_ASKED_AGAIN)


@router.get("/icon-{side}.png")
def icon(side: int) -> FileResponse:
    """Serve the icon a phone shows for the driver's page."""
    if side not in _ICON_SIDES:
        raise Problem(404, "Not found", f"Icons are {_ICON_SIDES} pixels wide.")
    return FileResponse(built(f"icon-{side}.png"), media_type="image/png")


@router.get("/manifest.webmanifest")
def manifest() -> JSONResponse:
    """Say how a phone installs the driver's page."""
    icons = [
        {
            "src": f"/icon-{side}.png",
            "sizes": f"{side}x{side}",
            "type": "image/png",
            "purpose": "any maskable",
        }
        for side in _ICON_SIDES
    ]
    named = {"name": "flowctl", "short_name": "flowctl", "icons": icons}
    opens = {"id": "/d", "start_url": "/d", "scope": "/d", "display": "standalone"}
    coloured = {"background_color": "#000000", "theme_color": "#000000"}
    return JSONResponse(named | opens | coloured, media_type="application/manifest+json")


def _driver_page(request: Request, view: DriverView | None) -> Response:
    html = built(f"driver.{_language(request, view)}.html").read_bytes()
    styles = map(style_hash, _STYLES.findall(html))
    headers = _SHARES_PLACE | _ASKED_AGAIN | {_POLICY: page_policy(*styles)}
    headers |= {"Vary": "Accept-Encoding, Accept-Language"}
    if view is not None:
        headers["Cache-Control"] = "no-store"
        # Within a script "<" may end it, whatever its type.
        shown = _VIEW.dump_json(view).replace(b"<", b"\\u003c")
        said = b'<script type="application/json" id="view">' + shown + b"</script>"
        html = html.replace(b"</body>", said + b"</body>")
    if takes_gzip(request.headers):
        html = gzip.compress(html, compresslevel=6)
        headers["Content-Encoding"] = "gzip"
    return Response(html, media_type="text/html; charset=utf-8", headers=headers)


def _language(request: Request, view: DriverView | None) -> str:
    """Return the language asked for in the address, else the driver's, else the browser's."""
    preferred = request.headers.get("accept-language", "").split(",")
    wished = [request.query_params.get("lang"), view and view.language]
    wished += [tag.strip()[:2] for tag in preferred]
    return next((one for one in wished if one in _LANGUAGES), _LANGUAGES[0])


def _page(name: str) -> FileResponse:
    return FileResponse(built(name), headers=_ASKED_AGAIN)


def built(name: str) -> Path:
    """Return a page as built.

    Raises
    ------
    Problem
        503, the pages are not built.
    """
    path = DIST / name
    if not path.is_file():
        raise Problem(
            503, "Pages not built", "The pages are not built yet; build them with: make setup"
        )
    return path
