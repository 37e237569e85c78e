"""The settings of what a monitor asks."""

from __future__ import annotations

from gateway.config.address import Address
from gateway.config.base import Section


class MetricsSettings(Section):
    """
    ``/metrics``, ``/health/live`` and ``/health/ready`` on an address of their own, *listen*, of ``lienthong serve``
    and ``lienthong sync`` alike; without it they are not opened. There is no login: keep it on loopback, or on the
    network of the monitor.
    """

    listen: Address | None = None
