"""When spans are exported: as the standard environment says."""

from __future__ import annotations

import pytest

from gateway.observe.exporting import wanted

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
