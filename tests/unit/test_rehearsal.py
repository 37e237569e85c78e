"""A dry run: what would be sent now against the prints of what failed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ports import Preview, WireField
from gateway.rehearsal import Difference, compare, prints

forms = st.dictionaries(st.text(min_size=1, max_size=8), st.text(alphabet="01ab", min_size=1, max_size=4), min_size=1)


def shown(form: dict[str, str]) -> Preview:
    return Preview({path: WireField("***", print_) for path, print_ in form.items()})


@given(before=forms, now=forms)
def test_every_field_is_accounted_for(before: dict[str, str], now: dict[str, str]) -> None:
    """
    What is there now is same, changed or new; what was there and is not is gone; nothing twice.
    """
    found = compare(shown(now), prints(shown(before)))

    assert {field.path: field.difference for field in found.fields} == {
        path: Difference.NEW
        if path not in before
        else Difference.SAME
        if before[path] == now[path]
        else Difference.CHANGED
        for path in now
    }
    assert set(found.gone) == before.keys() - now.keys()
    assert found.differs == (before != now)


@pytest.mark.parametrize("sent", ["", "{", "[]", "{}", "null"])
def test_without_prints_nothing_is_claimed(sent: str) -> None:
    """
    The letter is of an earlier release, or its connector could not show it then.
    """
    found = compare(shown({"MaHoSo": "a1"}), sent)

    assert [field.difference for field in found.fields] == [Difference.UNKNOWN]
    assert found.differs is None


def test_what_is_kept_holds_no_value() -> None:
    """
    The print of a name is kept, the name is not, not even masked.
    """
    kept = prints(Preview({"ChuHoSo": WireField("N.V.V.D.", "3fa2c1")}))

    assert kept == '{"ChuHoSo":"3fa2c1"}'
