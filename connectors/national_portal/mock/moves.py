"""
Which moves of the public status the law knows (the table is ``gateway.lifecycle``'s).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Final

from gateway.errors import IllegalTransition
from gateway.lifecycle import advance
from gateway.model import DossierStatus

_ANY_TIME: Final = datetime.min.replace(tzinfo=UTC)


@cache
def legal(old: int, new: int) -> bool:
    """Whether the public status may go from *old* to *new*: a move the law knows, or steps forward left out."""
    try:
        advance(DossierStatus(old), _ANY_TIME, DossierStatus(new), _ANY_TIME)
    except IllegalTransition:
        return False
    return True
