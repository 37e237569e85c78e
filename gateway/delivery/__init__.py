"""Claim, send, record: the loop that carries messages to partners."""

from gateway.delivery.coordinator import Bearing, Pace
from gateway.delivery.engine import Engine
from gateway.delivery.progress import Counts

__all__ = ["Bearing", "Counts", "Engine", "Pace"]
