"""How many lanes a worker claims ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.flow import LEAST_AHEAD, Flow, after_return, lanes_ahead

NOW = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)


def steady(per_turn: int, apart: timedelta, turns: int = 40) -> Flow:
    flow = Flow()
    for turn in range(turns):
        flow = after_return(flow, per_turn, NOW + turn * apart)
    return flow


@pytest.mark.parametrize(
    ("per_second", "block", "ahead"),
    [
        pytest.param(2_000, 256, 256, id="a quick partner: the whole block"),
        pytest.param(600, 256, 150, id="a quarter of a second"),
        pytest.param(20, 256, LEAST_AHEAD, id="a slow partner: live dossiers soon get their turn"),
        pytest.param(2_000, 16, 16, id="a small block is kept"),
    ],
)
def test_as_much_is_claimed_as_a_moment_carries(per_second: int, block: int, ahead: int) -> None:
    """
    A worker learns how fast lanes come back.
    """
    flow = steady(per_second // 20, timedelta(milliseconds=50))

    assert lanes_ahead(flow, block) == pytest.approx(ahead, abs=1)


@given(
    turns=st.lists(st.tuples(st.integers(0, 500), st.floats(-10, 10, allow_nan=False)), max_size=30),
    block=st.integers(1, 10_000),
)
def test_whatever_the_clock_does_the_block_is_kept(turns: list[tuple[int, float]], block: int) -> None:
    """
    A clock that stands still or is set back: at least one lane, never more than was configured.
    """
    flow, now = Flow(), NOW
    for lanes, seconds in turns:
        now += timedelta(seconds=seconds)
        flow = after_return(flow, lanes, now)

    assert min(block, LEAST_AHEAD) <= lanes_ahead(flow, block) <= block
