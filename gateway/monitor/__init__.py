"""
What a monitor asks of a running gateway: metrics and health. Needs the extra ``metrics``.
"""

from gateway.monitor.endpoint import Endpoint, answer
from gateway.monitor.health import Check, Condition, Report
from gateway.monitor.meter import Meter
from gateway.monitor.monitor import CONTENT_TYPE, Monitor

__all__ = ["CONTENT_TYPE", "Check", "Condition", "Endpoint", "Meter", "Monitor", "Report", "answer"]
