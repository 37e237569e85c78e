"""One id for all that is done for one request."""

from __future__ import annotations

import re

import pytest

from gateway.observe import correlated
from gateway.observe.correlation import correlation_of, current

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("traceparent", "request_id", "taken"),
    [
        pytest.param(f"00-{TRACE}-{SPAN}-01", "", TRACE, id="its trace"),
        pytest.param(f"01-{TRACE}-{SPAN}-01-more", "", TRACE, id="a later version"),
        pytest.param(f"00-{TRACE}-{SPAN}-01", "f" * 32, TRACE, id="the trace first"),
        pytest.param("", "7B8E2C1A-5D3F-4E6A-9B0C-1D2E3F4A5B6C", "7b8e2c1a5d3f4e6a9b0c1d2e3f4a5b6c", id="a UUID"),
        pytest.param("rubbish", "a" * 32, "a" * 32, id="no trace after all"),
    ],
)
def test_a_well_formed_id_is_taken_over(traceparent: str, request_id: str, taken: str) -> None:
    """
    The caller finds its own id in our log.
    """
    assert correlation_of(traceparent, request_id) == taken


@pytest.mark.parametrize(
    "request_id",
    ["", "099090000017", "Nguyễn Văn Ví Dụ", "a" * 31, "g" * 32, f"{'a' * 32}\n", "' or 1=1 --", "1" * 4000],
)
@pytest.mark.parametrize("traceparent", ["", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE.upper()}-{SPAN}-01"])
def test_anything_else_gets_a_new_one(traceparent: str, request_id: str) -> None:
    """
    Nobody can put a person's number, or a line of their own, into the log by a header.
    """
    first, second = (correlation_of(traceparent, request_id) for _ in range(2))

    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


def test_an_id_ends_with_its_block() -> None:
    """
    The next request of the same thread does not inherit it.
    """
    with correlated("a"):
        with correlated("b"):
            assert current() == "b"
        assert current() == "a"
    assert current() == ""
