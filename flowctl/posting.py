"""Posting JSON to a flowctl that may be busy: patient with a store away, blunt with a refusal."""

import time
from typing import Any

import httpx

from flowctl.errors import FlowctlError, UnavailableError

TRIES = 6
FIRST_PAUSE_S = 0.1
_LONGEST_QUOTE = 400


def post_json(client: httpx.Client, path: str, body: Any, *, token: str) -> Any:  # noqa: ANN401 - JSON
    """Post ``body`` and return the answer's JSON.

    A failure of the server or of the way to it is tried again `TRIES` times in all, each pause
    twice as long as the one before: identity makes a doubled post harmless.

    Raises
    ------
    FlowctlError
        The request was refused; carries the answer's own sentence.
    UnavailableError
        No attempt was answered.
    """
    headers = {"Authorization": f"Bearer {token}"}
    trouble = ""
    for attempt in range(TRIES):
        try:
            answer = client.post(path, json=body, headers=headers)
        except httpx.TransportError as error:
            trouble = str(error)
        else:
            if answer.is_success:
                return answer.json()
            if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                raise refusal_of("POST", path, answer)
            trouble = _sentence(answer)
        time.sleep(FIRST_PAUSE_S * 2**attempt)
    raise UnavailableError(f"POST {path} found no answer in {TRIES} attempts: {trouble}")


def refusal_of(method: str, path: str, answer: httpx.Response) -> FlowctlError:
    """Return what an answer that is no success says, as an error to be raised."""
    return FlowctlError(f"{method} {path} was refused: {_sentence(answer)}")


def _sentence(answer: httpx.Response) -> str:
    """Return the ``detail`` of a problem, or the beginning of whatever was said."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and isinstance(problem.get("detail"), str):
        return str(problem["detail"])
    return answer.text[:_LONGEST_QUOTE]
