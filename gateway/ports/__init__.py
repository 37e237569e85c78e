"""
What the core asks of the world: a connector to each partner, and a clock.

Values that cross these ports are plain and frozen. Connectors live in ``connectors`` and in third parties' packages;
tests pass their own, and their own clock.
"""

from gateway.ports.clock import Clock, SystemClock
from gateway.ports.connector import Choosy, Coalescer, Connector, Pulled, Speaker
from gateway.ports.explaining import Advice, Adviser, Health, Preview, Previewer, WireField
from gateway.ports.messages import Delivered, Failed, Finding, Message, Operation, Outcome, Probe
from gateway.ports.receiving import Inbox, Kept, Receipt, Receiver, Reply, Said

__all__ = [
    "Advice",
    "Adviser",
    "Choosy",
    "Clock",
    "Coalescer",
    "Connector",
    "Delivered",
    "Failed",
    "Finding",
    "Health",
    "Inbox",
    "Kept",
    "Message",
    "Operation",
    "Outcome",
    "Preview",
    "Previewer",
    "Probe",
    "Pulled",
    "Receipt",
    "Receiver",
    "Reply",
    "Said",
    "Speaker",
    "SystemClock",
    "WireField",
]
