"""When spans are exported: as the standard environment says."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from gateway.observe.exporting import LAST_WORDS_S, wanted

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        pytest.param({}, False, id="nothing said"),
        pytest.param(ENDPOINT, True, id="a collector"),
        pytest.param({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True, id="for traces"),
        pytest.param({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, False, id="blank"),
        pytest.param({"OTEL_TRACES_EXPORTER": "otlp"}, True, id="at the usual place"),
        pytest.param({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False, id="metrics only"),
        pytest.param({**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, False, id="switched off"),
    ],
)
def test_the_environment_decides(environment: dict[str, str], expected: bool) -> None:
    """
    Nothing leaves the machine unless somebody names a collector.
    """
    assert wanted(environment) is expected


LAST_SPAN = """
from time import monotonic
from gateway.observe.exporting import exported
from gateway.observe.tracing import span
with exported({"OTEL_EXPORTER_OTLP_ENDPOINT": "as said"}):
    with span("work", "internal"):
        pass
    ending = monotonic()
print(monotonic() - ending)
"""


def test_a_collector_that_does_not_answer_keeps_no_process_from_ending() -> None:
    """
    It takes the call and says nothing, as behind a broken firewall: the last spans are lost after a moment.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        collector = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        ended = subprocess.run(
            [sys.executable, "-c", LAST_SPAN],
            env={**os.environ, **collector}, capture_output=True, encoding="utf-8", timeout=60, check=True,
        )  # fmt: skip

    assert float(ended.stdout) < LAST_WORDS_S + 2
