"""The published schema against the running service: whatever a client makes of it, no fault of ours comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import cycle
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.api import Gateway
from gateway.config import settings_from
from tests.partners import ScriptedPartner
from tests.serving import serving

few = settings(
    max_examples=6, derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """The schema, as a client reads it from a running service, and a key with every right."""
    folder = tmp_path_factory.mktemp("schema")
    (folder / "mapping.toml").write_text("", "utf-8")
    given = settings_from(
        {
            "tenant": {"code": "H99"},
            "service": {"listen": "127.0.0.1:0"},
            "partners": {"partner": {"connector": "not-asked"}},
        },
        folder=folder,
        offline=True,
    )
    with Gateway(given, connectors=[ScriptedPartner()]) as gateway, serving(gateway) as client:
        rights = ["submit", "read", "import", "operate", "changes"]
        key = gateway.keys.create("mot-cua", rights, agencies=None, life=timedelta(days=1))
        schema = schemathesis.openapi.from_url(f"{client.base_url}/openapi.json")
        yield schema, key.token


@pytest.fixture(scope="module")
def cases(published: tuple[Any, str]) -> list[Any]:
    """
    A few requests to every operation, as the schema wants them and as it does not. To draw them costs far more than to
    send them.
    """
    drawn: list[Any] = []
    for operation in published[0].get_all_operations():

        @few
        @given(cases_of(operation.ok()))
        def draw(case: Any) -> None:
            drawn.append(case)

        draw()
    return drawn


def cases_of(operation: Any) -> SearchStrategy[Any]:
    return st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode])


def test_no_request_ends_in_a_fault_of_ours(published: tuple[Any, str], cases: Sequence[Any]) -> None:
    """
    Valid and broken requests to every operation, with a good key: the answer is one that the schema names, in the shape
    that it names, and never a 500.
    """
    checks = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
    for case in cases:
        case.call_and_validate(headers={"Authorization": f"Bearer {published[1]}"}, checks=checks)


def test_nobody_is_let_in_without_a_key(cases: Sequence[Any]) -> None:
    """
    Such requests without a key, and with one that nobody made: 401, a problem document, whatever else is wrong.
    """
    for case, authorization in zip(cases, cycle(["", f"Bearer lt_khongco_{'0' * 43}"]), strict=False):
        answer = case.call(headers={"Authorization": authorization})
        # A head beyond bounds is refused before anybody looks for a key in it.
        assert answer.status_code in {401, 431}
        assert answer.headers["content-type"] == ["application/problem+json"]


def test_every_operation_is_tried(published: tuple[Any, str], cases: Sequence[Any]) -> None:
    """
    The schema names what the service has under ``/v1``, and each operation asks for a key. Each names also the answers
    that no operation gives by itself.
    """
    operations = [each.ok() for each in published[0].get_all_operations()]

    assert len(operations) >= 16
    assert {case.operation.label for case in cases} == {each.label for each in operations}
    assert all(each.definition.raw.get("security") for each in operations)
    everywhere = {"400", "405", "408", "429", "431", "500", "503"}
    assert [each.label for each in operations if not everywhere <= each.definition.raw["responses"].keys()] == []
