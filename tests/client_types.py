"""The pages' types of the API (api/web/src/api.d.ts), which openapi-typescript makes of its words.

``PYTHONPATH=tests:. .venv/bin/python tests/client_types.py`` writes them anew after a change.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from api_server import SetClock
from border import SECRET

from api.app import create_app
from api.openapi import document
from flowctl.settings import Settings

_ROOT = Path(__file__).parents[1]
FILE = _ROOT / "api" / "web" / "src" / "api.d.ts"
# Apart from the pages' own packages: it is written on TypeScript 5, they are checked by 7.
_MAKER = _ROOT / "tests" / "openapi" / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
_SAID = {"description", "title", "summary", "examples"}
_HEAD = """\
/** Made by tests/client_types.py of what the API says of itself; not to be changed by hand. */
"""
_EMPTY = re.compile(
    r"^ +\w+\?: never;\n"  # what a path or an operation has not
    r"|^ +headers: \{\n +\[name: string\]: unknown;\n +\};\n",
    re.MULTILINE,
)
_WITHOUT = re.compile(r"^ +parameters: \{\n +\};\n", re.MULTILINE)


def described() -> dict[str, Any]:
    """Return what the API says of itself."""
    found: dict[str, Any] = json.loads(
        json.dumps(document(create_app(Settings(secret=SECRET), SetClock())))
    )
    return found


def slim(whole: dict[str, Any]) -> dict[str, Any]:
    """Return a description without its words for people and without its problems."""
    left = without_words(whole)
    for methods in left["paths"].values():
        for operation in methods.values():
            operation.pop("operationId", None)
            operation["responses"] = {
                status: {**answer, "description": ""}
                for status, answer in operation["responses"].items()
                if status.startswith("2")
            }
    return {
        "openapi": left["openapi"],
        "info": {"title": "flowctl", "version": "1"},
        "paths": left["paths"],
        "components": {"schemas": left["components"]["schemas"]},
    }


def rendered(whole: dict[str, Any]) -> str:
    """Return the types of a description."""
    with tempfile.TemporaryDirectory() as name:
        said, made = Path(name) / "v1.json", Path(name) / "api.d.ts"
        said.write_text(json.dumps(slim(whole)), encoding="utf-8")
        subprocess.run(
            [
                "scripts/with_node",
                "node",
                _MAKER,
                said,
                "--default-non-nullable=false",
                "--output",
                made,
            ],
            cwd=_ROOT,
            check=True,
            capture_output=True,
        )
        types = made.read_text(encoding="utf-8")
    _, _, types = types.partition("*/\n")
    return _HEAD + _WITHOUT.sub("", _EMPTY.sub("", types))


def without_words(part: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return a description without what is said in it for people."""
    if isinstance(part, dict):
        return {
            name: without_words(one)
            for name, one in part.items()
            if name not in _SAID or isinstance(one, dict)  # a field may be called so
        }
    return [without_words(one) for one in part] if isinstance(part, list) else part


if __name__ == "__main__":
    FILE.write_text(rendered(described()), encoding="utf-8")
