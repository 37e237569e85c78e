"""What of a new configuration can take effect in a process that runs on. Pure."""

from __future__ import annotations

from gateway.config.settings import Settings
from gateway.errors import ConfigurationError, Problem

NEVER = ("tenant", "database")
"""Another of these would be another gateway."""
AT_START = ("service", "metrics")
"""What listens is opened once."""


def taken_over(present: Settings, new: Settings) -> tuple[Settings, tuple[str, ...]]:
    """
    The settings to go on with, and the names of the sections that differ and wait for the next start.

    Raises ``ConfigurationError`` when *new* is another gateway's.
    """
    others = [name for name in NEVER if getattr(present, name) != getattr(new, name)]
    if others:
        raise ConfigurationError(
            [
                Problem(
                    name,
                    "không đổi được khi đang chạy / cannot change while it runs",
                    "Khởi động lại tiến trình / Start the process anew",
                )
                for name in others
            ]
        )
    waiting = tuple(name for name in AT_START if getattr(present, name) != getattr(new, name))
    return new.model_copy(update={name: getattr(present, name) for name in waiting}), waiting
