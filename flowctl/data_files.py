"""Where the data that ships with flowctl lies: sites, scenarios, messages."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from flowctl.errors import FlowctlError, NotFoundError


@lru_cache(maxsize=1)
def data_dir() -> Path:
    """Return the folder ``data``, which lies beside the package in a clone and when installed.

    Raises
    ------
    NotFoundError
        Where the package was taken from its place without its data.
    """
    found = Path(__file__).resolve().parent.parent / "data"
    if not (found / "sites").is_dir():
        raise NotFoundError(f"{found} has no folder sites; install flowctl with its data folder")
    return found


def list_sites() -> tuple[str, ...]:
    """Return the ids of the sites that ship with flowctl, in order."""
    return tuple(sorted(path.parent.name for path in data_dir().glob("sites/*/site.toml")))


@lru_cache(maxsize=8)
def catalogue(language: str) -> Mapping[str, Any]:
    """Return all words of a language.

    Raises
    ------
    FlowctlError
        There are none.
    """
    path = data_dir() / "messages" / f"{language}.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise FlowctlError(f"There are no texts in the language {language!r}.") from error
    words: Mapping[str, Any] = json.loads(text)
    return words
