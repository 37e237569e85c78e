"""
A dry run of one dead letter: what would be sent now, and what of it is other than it was when it failed.

Pure. Only prints of the earlier values are kept, so that a change is seen and the value is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import orjson

from gateway.ports import Preview


class Difference(StrEnum):
    """A field of the wire form against the one that failed."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    UNKNOWN = "unknown"
    """Nothing was kept of what failed."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value that would be sent: its path in the partner's words, and how it may be shown."""

    path: str
    shown: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Comparison:
    """*fields* in the order of the wire form, *gone* the paths that failed and would not be sent any more."""

    fields: tuple[Field, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def differs(self) -> bool | None:
        """Whether anything is other than at the failure; None when that is not known."""
        if any(field.difference is Difference.UNKNOWN for field in self.fields):
            return None
        return bool(self.gone) or any(field.difference is not Difference.SAME for field in self.fields)


def prints(preview: Preview) -> str:
    """*preview* as it is kept beside a dead letter: a JSON object of prints by path, without any value."""
    return orjson.dumps({path: field.print for path, field in preview.fields.items()}).decode()


def compare(preview: Preview, sent: str) -> Comparison:
    """*preview*, made now, against what ``prints`` kept; *sent* is empty or unreadable when nothing is known."""
    before = _read(sent)
    if before is None:
        return Comparison(tuple(Field(path, field.shown, Difference.UNKNOWN) for path, field in preview.fields.items()))
    return Comparison(
        tuple(
            Field(path, field.shown, _difference(before.get(path), field.print))
            for path, field in preview.fields.items()
        ),
        tuple(path for path in before if path not in preview.fields),
    )


def _difference(before: str | None, now: str) -> Difference:
    if before is None:
        return Difference.NEW
    return Difference.SAME if before == now else Difference.CHANGED


def _read(sent: str) -> Mapping[str, str] | None:
    try:
        found = orjson.loads(sent)
    except orjson.JSONDecodeError:
        return None
    # An empty object was kept by nobody who had something to compare.
    if not isinstance(found, dict) or not found:
        return None
    return {path: str(value) for path, value in found.items()}
