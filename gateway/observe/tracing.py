"""
Spans from intake to partner, by the OpenTelemetry API. Without an SDK in the process nothing is imported, and a span
costs nothing but the question.

Attributes are names of the configuration, short words, counts and ids of ours; never a text, a body or a person.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal, Protocol

from gateway.observe.correlation import current

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

Kind = Literal["server", "internal", "consumer", "client"]
Value = str | int | bool

HEADER = "traceparent"


class Spot(Protocol):
    """An open span, or none."""

    def note(self, name: str, value: Value) -> None:
        """Add one attribute."""
        ...

    def name(self, name: str) -> None:
        """Call it otherwise than when it began."""
        ...

    def fail(self, word: str) -> None:
        """What it stands for went wrong; *word* is a class or an outcome, never a text."""
        ...


class _NoSpan:
    def __enter__(self) -> Spot:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def note(self, name: str, value: Value) -> None:
        pass

    def name(self, name: str) -> None:
        pass

    def fail(self, word: str) -> None:
        pass


class _OpenSpan:
    def __init__(self, span: Span) -> None:
        self._span = span

    def note(self, name: str, value: Value) -> None:
        self._span.set_attribute(f"lienthong.{name}", value)

    def name(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, word: str) -> None:
        from opentelemetry.trace import StatusCode

        self._span.set_status(StatusCode.ERROR, word)


NO_SPAN = _NoSpan()


def span(
    name: str, kind: Kind, attributes: Mapping[str, Value] | None = None, *, after: Sequence[str] = ()
) -> AbstractContextManager[Spot]:
    """
    A span around the block. *after* holds the ``traceparent`` of what led to it: it continues the trace of a single
    one, and is linked to several. An exception leaves its class, not its text.
    """
    tracer = _tracer()
    return NO_SPAN if tracer is None else _opened(tracer, name, kind, attributes or {}, after)


@contextmanager
def _opened(
    tracer: Tracer, name: str, kind: Kind, attributes: Mapping[str, Value], after: Sequence[str]
) -> Iterator[Spot]:
    from opentelemetry.trace import Link, SpanKind, StatusCode, set_span_in_context

    before = [found for found in map(_remote, after) if found is not None]
    told = {f"lienthong.{key}": value for key, value in attributes.items()}
    if correlation := current():
        told["lienthong.correlation"] = correlation
    with tracer.start_as_current_span(
        name,
        context=set_span_in_context(before[0]) if len(before) == 1 else None,
        kind=SpanKind[kind.upper()],
        attributes=told,
        links=[Link(found.get_span_context()) for found in before] if len(before) > 1 else [],
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        try:
            yield _OpenSpan(opened)
        except BaseException as fault:
            opened.set_status(StatusCode.ERROR, type(fault).__name__)
            raise


def recording() -> bool:
    """Whether anybody records spans in this process."""
    return _tracer() is not None


def traceparent() -> str:
    """The present span as a header's value; "" when none is recorded."""
    if _tracer() is None:
        return ""
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def trace_now() -> str:
    """What is kept with a change of what brings it: the request's id, and its span where one is recorded."""
    return f"{current()} {traceparent()}".strip()


def led_to(kept: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """
    Of what ``trace_now`` said of several changes: the one id of all, "" when there are more; and the spans, each once.
    """
    parts = [_parts(each) for each in kept]
    ids = {id_ for id_, _ in parts}
    return ids.pop() if len(ids) == 1 else "", tuple(dict.fromkeys(span for _, span in parts if span))


def _parts(kept: str) -> tuple[str, str]:
    """Id and span of what ``trace_now`` said; a program with spans of its own may have no id."""
    first, _, second = kept.partition(" ")
    return ("", first) if "-" in first else (first, second)


def _remote(header: str) -> Span | None:
    """The span that *header* names, somewhere else or long ago."""
    from opentelemetry.trace import get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    found = get_current_span(TraceContextTextMapPropagator().extract({HEADER: header}))
    return found if found.get_span_context().is_valid else None


def _tracer() -> Tracer | None:
    """The tracer of an SDK, when this process has one."""
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry import trace

    provider = trace.get_tracer_provider()
    return None if isinstance(provider, trace.ProxyTracerProvider) else provider.get_tracer("lienthong", _VERSION)


_VERSION = version("lienthong")
