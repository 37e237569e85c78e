"""Labels stay few, and tell nothing of a person."""

from __future__ import annotations

import pytest

from gateway.monitor.collector import MOST_CAUSES, bounded


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param("-7", "-7", id="a partner's code"),
        pytest.param("connector_fault", "connector_fault", id="ours"),
        pytest.param("", "", id="none"),
        pytest.param("Nguyễn Văn Ví Dụ", "other", id="a name"),
        pytest.param("099090000017", "other", id="an identity number"),
        pytest.param("a" * 33, "other", id="too long"),
    ],
)
def test_what_is_no_code_is_not_told(code: str, told: str) -> None:
    """
    A partner may put anything where its code belongs.
    """
    assert bounded({("cong", "dossier", code): 3}) == {("cong", "dossier", told): 3}


def test_beyond_so_many_codes_they_are_counted_together() -> None:
    """
    A partner that invents a code for every refusal does not flood the monitor; nothing is lost from the sum.
    """
    dead = {("cong", "step", f"e{n}"): 1 + (n == 7) for n in range(MOST_CAUSES + 50)}

    told = bounded(dead)

    assert len(told) == MOST_CAUSES + 1
    assert told["cong", "step", "other"] == 50
    assert told["cong", "step", "e7"] == 2
    assert sum(told.values()) == sum(dead.values())
