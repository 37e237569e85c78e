"""Which late steps lose the later one that hid them, and which do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.store.stranded import Step, stranded

BEGIN = datetime(2026, 3, 2, 2, 20, tzinfo=UTC)


def steps(*told: str) -> list[Step]:
    """Steps as ``hour state``, with ``late`` behind those that came late; their ids count from 1."""
    found = []
    for id_, text in enumerate(told, start=1):
        hour, state, *late = text.split()
        found.append(Step(id_, id_, "step", state, bool(late), BEGIN + timedelta(hours=int(hour))))
    return found


@pytest.mark.parametrize(
    ("told", "cancelled", "gone", "latest"),
    [
        pytest.param(["9 dead", "5 pending late"], {1}, [2], None, id="the only later one goes"),
        pytest.param(["3 delivered", "9 dead", "5 pending late"], {2}, [3], 3, id="an earlier one hides nothing"),
        pytest.param(["3 delivered", "9 dead", "2 pending late"], {2}, [], 3, id="what is older still stays hidden"),
        pytest.param(["7 resolved", "9 dead", "5 pending late"], {2}, [], 7, id="another later one hides it"),
        pytest.param(
            ["7 cancelled", "9 dead", "5 pending late"], {2}, [3], None, id="one cancelled before hides nothing"
        ),
        pytest.param(["9 dead", "5 dead late", "8 pending"], {1}, [2], 8, id="what comes behind it hides nothing yet"),
        pytest.param(["9 dead", "5 unknown late"], {1}, [], 5, id="what may be there already is looked up"),
        pytest.param(["9 dead", "5 dead late"], {1, 2}, [], None, id="both are decided about"),
        pytest.param(
            ["1 dead late", "2 pending late", "3 pending late"], {1}, [], 3, id="a history told late as a whole"
        ),
        pytest.param(
            ["9 dead", "5 pending late", "4 pending late"], {1}, [2, 3], None, id="one late step hides no other"
        ),
        pytest.param(["5 dead", "5 pending late"], {1}, [2], None, id="one at the same moment"),
    ],
)
def test_a_late_step_goes_with_the_last_step_that_hid_it(
    told: list[str], cancelled: set[int], gone: list[int], latest: int | None
) -> None:
    """
    Nothing else goes, and what partners know of then ends with the latest step that is left.
    """
    found = stranded(steps(*told), cancelled)

    assert [step.id for step in found.steps] == gone
    assert found.latest == (None if latest is None else BEGIN + timedelta(hours=latest))
