"""The partners' mocks behind real sockets, with switches for faults. Never part of a production system."""

from gateway.sandbox.clock import VirtualClock
from gateway.sandbox.serving import Options, Running, furnished_portal, run, serve

__all__ = ["Options", "Running", "VirtualClock", "furnished_portal", "run", "serve"]
