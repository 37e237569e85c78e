"""
Which dead letters a person means, and how they fall into causes.

Pure. A choice that names what does not exist is refused as a whole, with the nearest that does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import process

from gateway.causes import belongs, cause_key, code_of
from gateway.errors import InvalidInput
from gateway.model import Subject, subject_of
from gateway.model.text import show
from gateway.store.views import DeadLetter

_FIELD = "thông điệp chết / dead letter"
_SEE_LIST = "Xem «lienthong dead-letters list» / See «lienthong dead-letters list»"


@dataclass(frozen=True, slots=True)
class Choice:
    """
    Dead letters that fit everything that is given; nothing given means all.

    *cause* as ``causes`` names it, with or without its print; *since* are those that died then or later.
    """

    ids: tuple[int, ...] = ()
    cause: str | None = None
    partner: str | None = None
    operation: str | None = None
    code: str | None = None
    dossier: Subject | None = None
    since: datetime | None = None


EVERYTHING = Choice()


@dataclass(frozen=True, slots=True)
class Group:
    """Dead letters of one cause, oldest first; never empty."""

    cause: str
    letters: tuple[DeadLetter, ...]

    @property
    def waiting_behind(self) -> int:
        return sum(letter.waiting_behind for letter in self.letters)

    @property
    def oldest(self) -> datetime:
        return min(letter.since for letter in self.letters)


def cause_of(letter: DeadLetter) -> str:
    """The cause as it was recorded; letters of an earlier release have none, so it is made from what they say."""
    return letter.cause or cause_key(letter.partner, letter.operation, letter.code, letter.text)


def chosen(letters: Sequence[DeadLetter], choice: Choice) -> list[DeadLetter]:
    """Those of *letters* that *choice* means. Raises ``InvalidInput`` for a number or a cause that is not there."""
    missing = sorted(set(choice.ids) - {letter.id for letter in letters})
    if missing:
        raise InvalidInput(_FIELD, ", ".join(map(str, missing)), "không có / does not exist", _SEE_LIST)
    if choice.cause is not None:
        _known_cause(letters, choice.cause)
    return [letter for letter in letters if _fits(letter, choice)]


def grouped(letters: Sequence[DeadLetter]) -> list[Group]:
    """*letters* by cause, the largest group first."""
    groups: dict[str, list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault(cause_of(letter), []).append(letter)
    found = [Group(cause, tuple(sorted(members, key=lambda letter: letter.id))) for cause, members in groups.items()]
    return sorted(found, key=lambda group: (-len(group.letters), group.cause))


def _fits(letter: DeadLetter, choice: Choice) -> bool:
    return (
        (not choice.ids or letter.id in choice.ids)
        and (choice.cause is None or belongs(cause_of(letter), choice.cause))
        and choice.partner in (None, letter.partner)
        and choice.operation in (None, letter.operation)
        and choice.code in (None, letter.code)
        and (choice.dossier is None or choice.dossier.key == subject_of(letter.dossier).key)
        and (choice.since is None or letter.since >= choice.since)
    )


def _known_cause(letters: Sequence[DeadLetter], wanted: str) -> None:
    keys = {cause_of(letter) for letter in letters}
    if any(belongs(key, wanted) for key in keys):
        return
    names = sorted(keys | {code_of(key) for key in keys})
    remedy = f"Gần nhất / The nearest: «{process.extractOne(wanted, names)[0]}»" if names else _SEE_LIST
    raise InvalidInput("nguyên nhân / cause", show(wanted), "không có / does not exist", remedy)
