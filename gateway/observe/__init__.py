"""What the gateway says about itself: event names, loggers that cannot leak, and their output."""

from gateway.observe.correlation import correlated
from gateway.observe.events import Event
from gateway.observe.logs import get_logger, set_up
from gateway.observe.observer import NOBODY, Observer
from gateway.observe.redact import redact, redact_text

__all__ = ["NOBODY", "Event", "Observer", "correlated", "get_logger", "redact", "redact_text", "set_up"]
