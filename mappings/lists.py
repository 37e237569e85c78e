"""
Closed lists of codes: what a list does not contain is refused with near entries, never defaulted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Generic, TypeVar


class NotInList(LookupError):
    """A code or name that a list does not contain. *suggestions* are near entries for a person, never a default."""

    def __init__(self, list_name: str, code: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(list_name, code, tuple(suggestions))
        self.list = list_name
        self.code = code
        self.suggestions = tuple(suggestions)

    @property
    def remedy(self) -> str:
        """What a person can do, with the near entries."""
        if not self.suggestions:
            return "Bổ sung vào danh mục hoặc sửa mã ở nguồn (add it to the list, or correct it at the source)"
        return f"Gần giống (did you mean): {'; '.join(self.suggestions)}"

    def __str__(self) -> str:
        return f"«{self.code}» không có trong danh mục {self.list} (is not in the list {self.list}). {self.remedy}"


class Row(Mapping[str, str]):
    """One line of a list by column name; an absent value is the empty string."""

    __slots__ = ("_cells", "list")

    def __init__(self, list_name: str, cells: Mapping[str, str]) -> None:
        self.list = list_name
        self._cells = dict(cells)

    def __getitem__(self, column: str) -> str:
        return self._cells[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)

    def __repr__(self) -> str:
        return f"Row({self.list!r}, {self._cells!r})"

    @property
    def source(self) -> str:
        return self._cells.get("source", "")

    @property
    def confidence(self) -> str:
        """A official text, B practical source, C derived, D estimate; empty where the file speaks for all rows."""
        return self._cells.get("confidence", "")

    def valid_on(self, day: date) -> bool:
        """Whether the row holds on *day*; open ends hold for ever."""
        start, end = self._cells.get("valid_from", ""), self._cells.get("valid_to", "")
        return (not start or date.fromisoformat(start) <= day) and (not end or day <= date.fromisoformat(end))


class CodeList:
    """
    A closed list of codes. Looking up compares keys: NFC, blanks squeezed, without case.
    """

    def __init__(self, name: str, rows: Mapping[str, Row]) -> None:
        self.name = name
        self._rows = {name_key(code): (code, row) for code, row in rows.items()}
        if len(self._rows) != len(rows):
            raise ValueError(f"{name}: two rows share a code")

    def row(self, code: str) -> Row:
        """The row of *code*. Raises ``NotInList``."""
        found = self._rows.get(name_key(code))
        if found is None:
            raise NotInList(self.name, code, self.near(code))
        return found[1]

    def near(self, code: str, limit: int = 3) -> list[str]:
        """Codes that look like *code*, best first."""
        return near_codes(code, [listed for listed, _ in self._rows.values()], limit)

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes as they are written in the list."""
        return tuple(code for code, _ in self._rows.values())

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and name_key(code) in self._rows

    def __iter__(self) -> Iterator[Row]:
        return (row for _, row in self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)


Ours = TypeVar("Ours", bound=Hashable)


class CodeMap(Generic[Ours]):
    """
    Our values and a partner's codes for the same list, both ways.

    *unmapped* are our values for which the partner is known to have no code. Two of ours may share a code only when
    *back* says which one the code means.
    """

    def __init__(
        self,
        name: str,
        pairs: Mapping[Ours, str],
        *,
        unmapped: Iterable[Ours] = (),
        back: Mapping[str, Ours] | None = None,
    ) -> None:
        self.name = name
        self._theirs = dict(pairs)
        self._unmapped = frozenset(unmapped)
        self._ours = {code: ours for ours, code in pairs.items()}
        shared = len(self._ours) != len(pairs)
        if shared and back is None:
            raise ValueError(f"{name}: two of our values share a code and nothing says what it means")
        self._ours.update(back or {})

    def theirs(self, ours: Ours) -> str:
        """The partner's code. Raises ``NotInList``."""
        try:
            return self._theirs[ours]
        except KeyError:
            raise NotInList(self.name, str(ours)) from None

    def ours(self, theirs: str) -> Ours:
        """Our value for the partner's code. Raises ``NotInList``."""
        try:
            return self._ours[theirs]
        except KeyError:
            raise NotInList(self.name, theirs, near_codes(theirs, self._ours)) from None

    def missing(self, everything: Iterable[Ours]) -> set[Ours]:
        """Values of *everything* that are neither mapped nor declared unmapped: a test keeps this empty."""
        return set(everything) - set(self._theirs) - self._unmapped


def name_key(text: str) -> str:
    """The key by which names and codes compare: NFC, blanks squeezed, without case."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def near_codes(code: str, choices: Iterable[str], limit: int = 3) -> list[str]:
    """Codes a few characters away, those first that begin alike."""
    # Imported here: only a refusal needs it, and it doubles the time to import this module.
    from rapidfuzz import fuzz, process

    wanted = name_key(code)
    keyed = {choice: name_key(choice) for choice in choices}
    found = process.extract(wanted, keyed, scorer=fuzz.ratio, limit=10 * limit, score_cutoff=60)
    found.sort(key=lambda hit: (-hit[1], -_alike_at_start(wanted, hit[0])))
    return [choice for _, _, choice in found[:limit]]


def _alike_at_start(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def near_names(name: str, choices: Iterable[str], limit: int = 3) -> list[str]:
    """Names with about the same words."""
    from rapidfuzz import fuzz, process

    found = process.extract(name_key(name), list(choices), scorer=fuzz.token_sort_ratio, limit=limit, score_cutoff=60)
    return [choice for choice, _, _ in found]
