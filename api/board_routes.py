"""The way to the board's texts: as short as it can be, for a thousand readers a second.

What a framework does around a request would cost more than the answer. So these routes are plain
ASGI, and the app calls them before all that surrounds the others; they stand among its routes for
the table of permissions and for its answers to methods they do not take.
"""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from api.assets import offers_gzip
from api.board_forms import LANGUAGES, Form
from api.board_texts import BoardTexts
from api.errors import EXPECTED, Problem, answer_defect, answer_to
from api.middleware import ProtectiveHeaders

_LONGEST_QUERY = 1000
_SHOWN = 40
_NO_BODY: Message = {"type": "http.response.body", "body": b""}

Choose = Callable[[Request], Form]


class BoardForm:
    """An ASGI endpoint that gives one form of the board, and answers errors by itself."""

    def __init__(self, kind: str, takes: tuple[str, ...], *, strict: bool = True) -> None:
        self._kind = kind
        self._takes = takes
        self._strict = strict

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        texts: BoardTexts = scope["app"].state.board
        try:
            scope["app"].state.rules.check(scope)
            found = await texts.get(self._form(scope))
        except EXPECTED as error:
            answer = answer_to(Request(scope), error)
            await ProtectiveHeaders(answer)(scope, receive, send)
            return
        except Exception as error:
            answer = answer_defect(Request(scope), error)
            await ProtectiveHeaders(answer)(scope, receive, send)
            raise  # to the log
        known, accepted = b"", b""
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                known = value
            elif name == b"accept-encoding":
                accepted = value
        if known and (known == b"*" or found.tag in known):
            start, body = found.unchanged
        elif offers_gzip(accepted.decode("latin-1")):
            start, body = found.packed
        else:
            start, body = found.plain
        await send(start)
        await send(body if scope["method"] == "GET" else _NO_BODY)

    def _form(self, scope: Scope) -> Form:
        query = scope["query_string"]
        if not query and self._strict:
            return Form(self._kind)
        asked = _asked(query, self._kind, self._takes, strict=self._strict)
        language = asked.get("lang")
        if language is None or (language == "all" and self._kind == "page"):
            language = _preferred(scope) if self._kind == "page" else LANGUAGES[0]
        elif language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise Problem(
                422,
                "Not possible",
                f"There is no language {language[:_SHOWN]!r}; there are {known}.",
            )
        return Form(self._kind, language, asked.get("gate", ""))


def _asked(query: bytes, kind: str, takes: tuple[str, ...], *, strict: bool) -> Mapping[str, str]:
    """Return what an address asks for.

    A page's address may carry more: what others put behind it when they pass it on.
    """
    if len(query) > _LONGEST_QUERY:
        long = f"The address asks with {len(query)} characters; the board needs a few."
        raise Problem(414, "Address too long", long)
    asked = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    unknown = sorted(asked.keys() - set(takes))
    if strict and unknown:
        named = ", ".join(name[:_SHOWN] for name in unknown)
        may = f"it knows {', '.join(takes)}" if takes else "it takes none"
        raise Problem(
            422, "Not possible", f"The board as {kind} does not know {named} in the address; {may}."
        )
    return {name: asked[name] for name in takes if name in asked}


def _preferred(scope: Scope) -> str:
    """Return the first of the browser's languages that there is."""
    wanted = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    tags = (tag.strip()[:2] for tag in wanted.decode("latin-1").split(","))
    return next((tag for tag in tags if tag in LANGUAGES), LANGUAGES[0])


def _route(path: str, form: BoardForm) -> Route:
    route = Route(path, form, methods=["GET"])
    route.methods = {"GET"}  # HEAD is answered here; the table of permissions names each path once
    return route


ROUTES = (
    _route("/board", BoardForm("page", ("lang",), strict=False)),
    _route("/board/embed", BoardForm("embed", ("gate", "lang"))),
    _route("/v1/board", BoardForm("json", ())),
    _route("/v1/board.csv", BoardForm("csv", ("lang",))),
    _route("/v1/board.geojson", BoardForm("geojson", ())),
)
_BY_PATH = {route.path: route for route in ROUTES}


def find_route(scope: Scope) -> Route | None:
    """Return the route of a reader's request, which the scope then tells of.

    None of others, and of other methods.
    """
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    route = _BY_PATH.get(scope["path"])
    if route is not None:
        scope["route"] = route
    return route
