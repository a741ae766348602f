"""A real OpenID Connect provider (npm's oidc-provider) on loopback, and who signs in there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
from community import find_node

from flowctl.server_process import DirectoryLock, ServerProcess, start_on_free_port

_PROVIDER = Path(__file__).parent / "oidc/provider.mjs"
CLIENT_SECRET = "the secret of the tests: 100% & more"
CALLBACK = "https://gate.example/oidc/callback"


def find_obstacle() -> str | None:
    """Return why this machine cannot have the provider, or None where it can."""
    if find_node() is None:
        return "The OpenID provider needs Node.js 20.19 or newer; make test fetches one"
    if not (_PROVIDER.parent / "node_modules").is_dir():
        return "The OpenID provider needs its npm package; make test-packages installs it"
    return None


@contextmanager
def running_provider(home: Path) -> Iterator[str]:
    """Yield the issuer's address, and stop the provider after; ``home`` takes its log."""
    home.mkdir(exist_ok=True)
    lock = DirectoryLock(home)

    def start(port: int) -> ServerProcess:
        command = [find_node() or "node", _PROVIDER, str(port), CALLBACK]
        return ServerProcess(command, lock=lock, log=home / "log", user=None)

    try:
        server, port = start_on_free_port(start, _answers)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop()
    finally:
        lock.close()


def sign_in_there(address: str, name: str) -> httpx.URL:
    """Sign in as a browser would, and return where the provider then sends the browser."""
    with httpx.Client(timeout=20) as browser:
        answer = browser.get(address)
        while True:
            while answer.is_redirect:
                target = httpx.URL(urljoin(str(answer.url), answer.headers["location"]))
                if str(target).startswith(CALLBACK):
                    return target
                answer = browser.get(target)
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert form is not None, answer.text
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert prompt is not None, answer.text
            fields = {"prompt": prompt[1], "login": name, "password": "any"}
            answer = browser.post(urljoin(str(answer.url), form[1]), data=fields)


def _answers(port: int) -> bool:
    try:
        asked = httpx.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration")
    except httpx.TransportError:
        return False
    return asked.is_success
