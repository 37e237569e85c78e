"""What is kept of a request with its changes, and what several of them have in common."""

from __future__ import annotations

import pytest

from gateway.observe import correlated
from gateway.observe.tracing import led_to, trace_now

ONE, TWO = "1" * 32, "2" * 32
SPAN, OTHER = f"00-{ONE}-{'a' * 16}-01", f"00-{TWO}-{'b' * 16}-01"


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        pytest.param([ONE], (ONE, ()), id="an id without a span"),
        pytest.param([f"{ONE} {SPAN}"], (ONE, (SPAN,)), id="both"),
        pytest.param([SPAN], ("", (SPAN,)), id="a program's own span"),
        pytest.param([f"{ONE} {SPAN}"] * 3, (ONE, (SPAN,)), id="one request, three changes"),
        pytest.param([f"{ONE} {SPAN}", f"{TWO} {OTHER}"], ("", (SPAN, OTHER)), id="two requests in one call"),
        pytest.param(["", ONE], ("", ()), id="one of them from elsewhere"),
        pytest.param([], ("", ()), id="nothing"),
    ],
)
def test_a_call_belongs_to_what_led_to_it(kept: list[str], expected: tuple[str, tuple[str, ...]]) -> None:
    """
    One id when all changes of a call came by one request; every span is linked once.
    """
    assert led_to(kept) == expected


def test_without_an_sdk_only_the_id_is_kept() -> None:
    """
    Nobody records spans in this process: the request's id alone; outside of requests nothing.
    """
    with correlated(ONE):
        assert trace_now() == ONE
    assert trace_now() == ""
