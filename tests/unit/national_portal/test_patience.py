"""The time of one errand."""

from __future__ import annotations

import time

import pytest

from connectors.national_portal.patience import elapsed_s


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no clock that counts its sleep")
def test_an_errand_is_measured_by_a_clock_that_a_suspended_machine_does_not_stop() -> None:
    """
    Time goes on for the portal and for the other machines, whose leases run by it.
    """
    before = time.clock_gettime(time.CLOCK_BOOTTIME)

    assert before <= elapsed_s() <= time.clock_gettime(time.CLOCK_BOOTTIME)
