"""Who a process is, where nobody gave its number a name."""

from __future__ import annotations

import os

import pytest

from gateway.operations import account


@pytest.mark.parametrize("fault", [KeyError("getpwuid(): uid not found"), OSError()])
def test_a_number_without_an_account_is_its_own_name(fault: Exception) -> None:
    """
    A container that runs under such a number could not start at all.
    """

    def look_up() -> str:
        raise fault

    assert account(look_up) == f"uid-{os.getuid()}"
