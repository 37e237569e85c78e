"""
Sends spans to a collector, as the standard environment of OpenTelemetry says: ``OTEL_EXPORTER_OTLP_ENDPOINT`` and its
kin. Needs the extra ``otel``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Final

from gateway.observe.events import Event
from gateway.observe.logs import get_logger

log = get_logger(__name__)

LAST_WORDS_S: Final = 3.0
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether *environment* asks for traces: it names a collector or the exporter ``otlp``, and forbids nothing."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter:
        return exporter == "otlp"
    return any(environment.get(name, "").strip() for name in _ENDPOINTS)


@contextmanager
def exported(environment: Mapping[str, str]) -> Iterator[None]:
    """
    Export the spans of the block, when *environment* asks for it; what is left is sent at its end. Traces are an aid:
    without the packages they are missed in the log, and the work goes on.
    """
    if not wanted(environment):
        yield
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        log.warning(Event.TRACING_UNAVAILABLE, package=error.name, remedy="lienthong[otel]")
        yield
        return
    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": "lienthong"}
    provider = TracerProvider(
        resource=Resource.create({**named, "service.version": version("lienthong")}), shutdown_on_exit=False
    )
    # Of a collector that is gone one line for each batch is enough, not one for each attempt.
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        _last_words(provider.shutdown)


def _last_words(shutdown: Callable[[], None]) -> None:
    """A collector that does not answer must not keep the process from ending; the last spans are lost then."""
    thread = threading.Thread(target=shutdown, name="last-spans", daemon=True)
    thread.start()
    thread.join(LAST_WORDS_S)
