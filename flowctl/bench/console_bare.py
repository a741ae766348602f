"""A bare ASGI application that always gives the same bytes: what no answer can be faster than."""

import os
from pathlib import Path
from typing import Any

import uvicorn

ANSWER = "FLOWCTL_BENCH_ANSWER"


def main() -> None:
    """Serve the file named in the environment on the port named there, as the API is served."""
    body = Path(os.environ[ANSWER]).read_bytes()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]

    async def app(_scope: dict[str, Any], _receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["FLOWCTL_PORT"]),
        lifespan="off",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
