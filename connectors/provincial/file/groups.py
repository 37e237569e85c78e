"""Columns that together are one fee line, document, paper, result or supplement round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.provincial.file.cells import Place, RowReader, places
from connectors.provincial.file.headings import Binding
from connectors.provincial.file.mapping import GROUP_FIELDS, FileMapping, Group
from gateway.model import (
    Document,
    DossierCode,
    FeeKind,
    FeeLine,
    FeeMoment,
    OtherPaper,
    Result,
    Reuse,
    SupplementRound,
    explain,
)

Made = TypeVar("Made")

_MAKERS: Mapping[str, tuple[Callable[..., object], str]] = {
    "documents": (Document, "url"),
    "other_papers": (OtherPaper, "name"),
    "fees": (FeeLine, "amount"),
    "results": (Result, "url"),
    "supplements": (SupplementRound, "requested_at"),
}
"""What a group makes, and the cell that decides whether a row has it."""

_DONE = frozenset({"requested_at", "received_at"})
_DUE = frozenset({"due_before", "due_after"})
_NUMBERS = frozenset({"amount", "quantity"})
_FLAGS = frozenset({"digitised", "from_national_store"})


def make(
    kind: Callable[..., Made], reader: RowReader, place: Callable[[str], Place | None], /, **values: Any
) -> Made | None:
    """*kind* of *values*; what the model refuses becomes a fault at ``place(field)``."""
    try:
        return kind(**values)
    except ValidationError as error:
        for refusal in explain(error):
            reader.fault(place(refusal.field.split(".")[0]), refusal)
        return None


class GroupReader:
    """Reads all groups of one mapping from the cells that the reader stands at."""

    def __init__(self, mapping: FileMapping, binding: Binding, reader: RowReader) -> None:
        self._words = mapping.words
        self._reader = reader
        self._groups = [(group, places(group.columns, binding)) for group in mapping.groups]

    @property
    def positions(self) -> set[int]:
        """Where in the row the groups read."""
        return {p.position for _, fields in self._groups for p in fields.values() if p.position is not None}

    def read(self, code: DossierCode | None) -> dict[str, tuple[Any, ...]]:
        """What the row has of each kind; a group whose cells are all blank is nothing."""
        found: dict[str, tuple[Any, ...]] = dict.fromkeys(GROUP_FIELDS, ())
        for number, (group, fields) in enumerate(self._groups, start=1):
            made = self._one(group, fields, f"{code}-BS{number}")
            if made is not None:
                found[group.kind] = (*found[group.kind], made)
        return found

    def _one(self, group: Group, fields: Mapping[str, Place], fallback_id: str) -> object:
        reader = self._reader
        if all(place.value is not None or reader.text(place) is None for place in fields.values()):
            return None
        kind, key = _MAKERS[group.kind]
        others = f"ô này, trong khi các ô khác của nhóm {group.path} có chữ"
        if reader.needed(fields[key], others) is None:
            return None
        before = len(reader.faults)
        values = {name: self._value(group.kind, name, place) for name, place in fields.items()}
        if group.kind == "supplements":
            values["id"] = values.get("id") or fallback_id
            reader.needed(fields["content"], "nội dung yêu cầu bổ sung")
        if len(reader.faults) > before:
            return None
        told = {name: value for name, value in values.items() if value is not None}
        return make(kind, reader, lambda name: fields.get(name, fields[key]), **told)

    def _value(self, kind: str, name: str, place: Place) -> object:
        reader, words = self._reader, self._words
        if name in _DONE or name in _DUE:
            return reader.at(place, past=name in _DONE)
        if name in _NUMBERS:
            return reader.amount(place)
        if name in _FLAGS:
            return reader.flag(place)
        if name == "reuse":
            return reader.parsed(place, lambda raw: Reuse(words["reuse"].meaning(raw)))
        if kind == "fees" and name == "kind":
            return reader.parsed(place, lambda raw: FeeKind(words["fee_kind"].meaning(raw)))
        if kind == "fees" and name == "moment":
            return reader.parsed(place, lambda raw: FeeMoment(words["fee_moment"].meaning(raw)))
        return reader.text(place)


def positions_of(fields: Sequence[Mapping[str, Place]]) -> set[int]:
    """Where in the row several fields are read."""
    return {place.position for some in fields for place in some.values() if place.position is not None}
