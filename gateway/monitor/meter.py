"""
What this process does, counted as it happens.

Labels are names of the configuration and of the code, and short words; never texts, ids or anything of a dossier.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from gateway.lifecycle import MessageEvent

_CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Meter:
    """The counters of one process in *registry*; an ``Observer``. Safe for several threads."""

    def __init__(self, registry: CollectorRegistry, *, database: str) -> None:
        Info(
            "lienthong_build", "Release of Liên Thông and of Python, and the kind of database.", registry=registry
        ).info({"version": version("lienthong"), "python": sys.version.split()[0], "database": database})
        ProcessCollector(registry=registry)
        calls = Histogram(
            "lienthong_call_seconds", "How long calls and look-ups to a partner took.",
            ["partner", "operation", "kind"], buckets=_CALL_BUCKETS, registry=registry,
        )  # fmt: skip
        outcomes = Counter(
            "lienthong_calls", "Calls and look-ups to a partner by what came of them.",
            ["partner", "operation", "kind", "outcome"], registry=registry,
        )  # fmt: skip
        carried = Counter(
            "lienthong_messages_carried", "Messages by what became of them when they were carried.",
            ["partner", "operation", "event"], registry=registry,
        )  # fmt: skip
        requests = Histogram(
            "lienthong_http_request_seconds", "How long requests to the service took, by route.", ["method", "route"],
            buckets=_REQUEST_BUCKETS, registry=registry,
        )  # fmt: skip
        answers = Counter(
            "lienthong_http_requests", "Requests to the service by route and status of the answer.",
            ["method", "route", "status"], registry=registry,
        )  # fmt: skip
        refused = Counter(
            "lienthong_http_refused", "Connections and requests sent away before any route saw them, by reason.",
            ["reason"], registry=registry,
        )  # fmt: skip
        cleared = Counter(
            "lienthong_retention_deleted_rows", "Rows deleted because they were past their time.", ["data"],
            registry=registry,
        )  # fmt: skip
        reloads = Counter(
            "lienthong_config_reloads", "Reloads of the configuration, by whether they took effect.", ["result"],
            registry=registry,
        )  # fmt: skip
        self._loaded_at = Gauge(
            "lienthong_config_loaded_timestamp_seconds", "When the present configuration was taken over.",
            registry=registry,
        )  # fmt: skip
        self._loaded_at.set_to_current_time()
        self.under_way = Gauge("lienthong_http_requests_under_way", "Requests that are worked on.", registry=registry)
        """How many requests are worked on just now."""
        # Looking a series up costs more than counting in it.
        self._call_seconds = cache(calls.labels)
        self._calls = cache(outcomes.labels)
        self._carried = cache(carried.labels)
        self._request_seconds = cache(requests.labels)
        self._requests = cache(answers.labels)
        self._refused = cache(refused.labels)
        self._cleared = cache(cleared.labels)
        self._reloads = {result: reloads.labels(result) for result in ("taken", "refused")}

    def called(self, partner: str, operation: str, kind: str, outcome: str, took_us: int) -> None:
        self._call_seconds(partner, operation, kind).observe(took_us / 1e6)
        self._calls(partner, operation, kind, outcome).inc()

    def carried(self, partner: str, operation: str, events: Iterable[MessageEvent]) -> None:
        for event in events:
            self._carried(partner, operation, event.value).inc()

    def cleared(self, kind: str, count: int) -> None:
        self._cleared(kind).inc(count)

    def reloaded(self, taken: bool) -> None:
        """The configuration was read again; *taken* unless it had a mistake."""
        self._reloads["taken" if taken else "refused"].inc()
        if taken:
            self._loaded_at.set_to_current_time()

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        """A request to *route*, a template of the service's own, was answered."""
        self._request_seconds(method, route).observe(took_s)
        self._requests(method, route, str(status)).inc()

    def refused(self, reason: str) -> None:
        """A connection or a request was sent away; *reason* is one of the service's own words."""
        self._refused(reason).inc()
