"""The mark of a practice, on whatever an application answers."""

import asyncio
import base64
import hashlib
from datetime import date, time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from api.practice import PracticeMark

DAY = date(2024, 1, 23)
PAGE = (
    '<html lang="vi"><head><title>flowctl</title><link rel="icon" href="/assets/icon.svg"></head>'
    '<body class="x"><div id="page"></div></body></html>'
)


def _page(_: Request) -> Response:
    policy = "style-src 'self' 'sha256-own'; script-src 'self'"
    answer = HTMLResponse(PAGE, headers={"Content-Security-Policy": policy})
    answer.set_cookie("flowctl_session", "secret", httponly=True)
    return answer


def _in_pieces(_: Request) -> Response:
    return StreamingResponse(iter([PAGE[:60], PAGE[60:]]), media_type="text/html")


def _cookies(request: Request) -> Response:
    return JSONResponse(request.cookies)


APP = PracticeMark(
    Starlette(
        routes=[
            Route("/", _page, methods=["GET", "HEAD"]),
            Route("/pieces", _in_pieces),
            Route("/v1/cookies", _cookies),
        ]
    ),
    DAY,
    begins=time(6, 30),
    speed=20.0,
)


def ask(path: str, headers: dict[str, str] | None = None, *, method: str = "GET") -> httpx.Response:
    async def asking() -> httpx.Response:
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://practice") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(asking())


@pytest.mark.parametrize("path", ["/", "/pieces"])
def test_a_page_says_that_nothing_is_real_in_three_languages(path: str):
    answer = ask(path, {"accept-encoding": "gzip"})
    assert answer.status_code == 200
    for lang, word in (("vi", "Thực hành"), ("zh-CN", "演练"), ("en", "Practice")):
        assert f'<span lang="{lang}"><b>{word}</b>' in answer.text
    assert (
        f'<body class="x"><div class="practice" role="note" data-practice="{DAY}">' in answer.text
    )
    assert "<title>Thực hành 演练 Practice · flowctl</title>" in answer.text
    assert "/assets/icon.svg" not in answer.text
    assert "{" not in answer.text.split("<body")[1]
    assert f"a copy of {DAY}, nothing here is real" in answer.text
    for language in ("06:30", "20 times as fast", "nhanh gấp 20 lần", "以时钟的20倍"):
        assert language in answer.text
    if path == "/":
        assert int(answer.headers["content-length"]) == len(answer.content)


def test_the_pages_policy_allows_the_style_of_the_mark_beside_its_own():
    page = ask("/")
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert page.headers["content-security-policy"] == (
        f"style-src 'self' 'sha256-{digest}' 'sha256-own'; script-src 'self'"
    )


def test_another_icon_stands_in_the_browsers_tab():
    answer = ask("/practice.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.startswith("<svg")


def test_a_question_for_headers_alone_is_answered():
    answer = ask("/", method="HEAD")
    assert answer.status_code == 200


def test_the_real_deployments_session_is_neither_seen_nor_ended():
    set_here = ask("/").headers["set-cookie"]
    assert set_here.startswith("practice_flowctl_session=secret; HttpOnly")
    both = {"cookie": "flowctl_session=real; practice_flowctl_session=practised; other=1"}
    assert ask("/v1/cookies", both).json() == {"flowctl_session": "practised"}
    assert ask("/v1/cookies", {"cookie": "flowctl_session=real"}).json() == {}
