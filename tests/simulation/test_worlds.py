"""
Whatever goes wrong in them: nothing lost, nothing twice, nothing out of order. ``docs/reliability.md`` says more.
"""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.simulation.databases import ServerPlace
from tests.simulation.plan import PORTAL_FAULTS, STORE_FAULTS, WIRE_FAULTS
from tests.simulation.running import DONE, simulate
from tools.postgres import PostgresServer

SEEDS = range(1, 301)
_TOGETHER = 25
KINDS = (
    *(str(kind) for kind in PORTAL_FAULTS), *WIRE_FAULTS, *STORE_FAULTS, "frozen", "suspended", "clock-set-back",
    "account-locked", "call-lost", "reply-lost", *DONE,
)  # fmt: skip


@pytest.mark.parametrize("first", range(SEEDS.start, SEEDS.stop, _TOGETHER))
def test_worlds_come_to_a_good_end(first: int) -> None:
    """
    Each seed is a province with a bad day of its own.
    """
    total = simulate(range(first, first + _TOGETHER))

    assert total.failed == {}
    assert (total.lost, total.duplicated, total.out_of_order, total.violations) == (0, 0, 0, 0)


def test_worlds_on_postgresql_come_to_a_good_end(postgres_server: PostgresServer) -> None:
    """
    The same promises on the other database, which goes by the world's clock.
    """
    with closing(ServerPlace(postgres_server)) as place:
        total = simulate(range(1, 4), place=place)

    assert total.failed == {}
    assert total.claims > 50


def test_a_seed_decides_everything() -> None:
    """
    The same world twice: a failure can be seen again.
    """
    once, again = (simulate(range(7, 12)).as_dict() for _ in range(2))

    assert once | {"seconds": 0} == again | {"seconds": 0}


def test_the_worlds_of_every_run_hold_all_that_can_go_wrong() -> None:
    """
    A kind of trouble that never comes proves nothing.
    """
    total = simulate(SEEDS[:100])

    missing = [kind for kind in KINDS if not total.happened[kind]]
    assert missing == []
    assert total.kills > 100
