"""
The questions asked of a pushed object: is a field missing, malformed, too long.

They are asked one after another over the whole object, as contract 18.3 orders them; each answers with the name of the
first bad field. Numbers may stand for strings; a null never may, where the field is not marked so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from connectors.national_portal.dialect.formats import is_boolean

Item = Mapping[str, Any]
Check = Callable[[str], bool]
Rule = Callable[[Item], str | None]


class Need(Enum):
    """Whether a field must be there."""

    FILLED = auto()  # there and not empty
    PRESENT = auto()  # there, may be empty
    OPTIONAL = auto()
    NULLABLE = auto()  # may even be null


@dataclass(frozen=True, slots=True)
class Scalar:
    """A field of text: *check* is asked of what is not empty, *limit* counts characters."""

    name: str
    need: Need = Need.OPTIONAL
    check: Check | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A field that holds a list of objects; FILLED wants at least one."""

    name: str
    layout: Layout
    need: Need = Need.OPTIONAL


@dataclass(frozen=True, slots=True)
class Layout:
    """
    An object's fields, and the rules that need more than one of them.

    Fields that the layout does not name are accepted and kept.
    """

    scalars: tuple[Scalar, ...]
    rows: tuple[Rows, ...] = ()
    also_filled: Rule | None = None
    also_well_formed: Rule | None = None

    @property
    def names(self) -> frozenset[str]:
        return frozenset([field.name for field in self.scalars] + [field.name for field in self.rows])

    def missing(self, item: Item) -> str | None:
        """The first mandatory field that is absent, null or, where that matters, empty."""
        for field in self.scalars:
            need = field.need
            if need is Need.OPTIONAL or need is Need.NULLABLE:
                continue
            value = item.get(field.name)
            if value is None or (need is Need.FILLED and value == ""):
                return field.name
        for table in self.rows:
            if table.need is Need.FILLED and not item.get(table.name):
                return table.name
        if self.also_filled is not None and (bad := self.also_filled(item)) is not None:
            return bad
        return self._nested(item, Layout.missing)

    def malformed(self, item: Item) -> str | None:
        """The first field of the wrong type, form or code."""
        for field in self.scalars:
            value = item.get(field.name, "")
            if type(value) is not str:
                if value is None and field.need is Need.NULLABLE:
                    continue
                if not isinstance(value, int | float) or (isinstance(value, bool) and field.check is not is_boolean):
                    return field.name
                value = str(value)
            if value and field.check is not None and not field.check(value):
                return field.name
        for table in self.rows:
            rows = item.get(table.name, ())
            if rows != () and (not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows)):
                return table.name
        if self.also_well_formed is not None and (bad := self.also_well_formed(item)) is not None:
            return bad
        return self._nested(item, Layout.malformed)

    def too_long(self, item: Item) -> str | None:
        """The first field with more characters than the portal takes."""
        for field in self.scalars:
            if field.limit is not None and len(str(item.get(field.name, ""))) > field.limit:
                return field.name
        return self._nested(item, Layout.too_long)

    def mistake(self, item: Item) -> str | None:
        return self.missing(item) or self.malformed(item) or self.too_long(item)

    def _nested(self, item: Item, question: Callable[[Layout, Item], str | None]) -> str | None:
        for table in self.rows:
            rows = item.get(table.name)
            if not rows or not isinstance(rows, list):
                continue
            for index, row in enumerate(rows):
                if isinstance(row, dict) and (bad := question(table.layout, row)) is not None:
                    return f"{table.name}[{index}].{bad}"
        return None
