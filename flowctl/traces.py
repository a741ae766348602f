"""Spans of what the processes do, sent by OpenTelemetry where somebody asks for them.

They are where ``flowctl[otel]`` is installed and ``OTEL_EXPORTER_OTLP_ENDPOINT`` says who takes
them (``http://127.0.0.1:4318``); OpenTelemetry's other ``OTEL_…`` variables hold as well. Elsewhere
a span is one that does nothing. Like a log, a span names what is done, never to whom: no path, no
query, no error's text.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from flowctl.errors import FlowctlError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_NOTHING: AbstractContextManager[None] = nullcontext()

_provider: "TracerProvider | None" = None
_tracer: "Tracer | None" = None


def begin(process: str) -> None:
    """Send this process's spans from now on, if somebody is named who takes them.

    Raises
    ------
    FlowctlError
        Somebody is, and what sends spans is not installed.
    """
    global _provider, _tracer  # noqa: PLW0603 - a process has one tracer, as it has one log
    if not os.environ.get(ENDPOINT) or _tracer is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise FlowctlError(
            f"{ENDPOINT} is set, and what sends spans is not installed: install flowctl[otel], or"
            " unset it."
        ) from error
    _provider = TracerProvider(resource=Resource.create({"service.name": f"flowctl-{process}"}))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("flowctl")


def end() -> None:
    """Send what is not sent yet; nothing is traced afterwards."""
    global _provider, _tracer  # noqa: PLW0603
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


def span(name: str, **about: str | float) -> AbstractContextManager["Span | None"]:
    """Return a context that is a span, within the one that is running; ``about`` are attributes."""
    return _NOTHING if _tracer is None else _spanning(_tracer, name, about)


@contextmanager
def _spanning(
    tracer: "Tracer", name: str, about: Mapping[str, str | float]
) -> "Iterator[Span | None]":
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - who traces nothing needs it not

    with tracer.start_as_current_span(
        name, attributes=about, record_exception=False, set_status_on_exception=False
    ) as running:
        try:
            yield running
        except Exception:
            running.set_status(StatusCode.ERROR)
            raise
