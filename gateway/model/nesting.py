"""
Values as JSON holds them, one level of nesting after the other.
"""

from __future__ import annotations

from collections.abc import Iterator


def levels(value: object) -> Iterator[list[object]]:
    """*value* alone, then what it holds, then what that holds, as deep as it goes. Does not recurse."""
    level = [value]
    while level:
        yield level
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
