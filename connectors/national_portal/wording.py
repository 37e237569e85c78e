"""
A pushed object as its source wrote it: what our values would write otherwise is noted, and put back when it is sent.

The portal keeps keys that no list of ours names (contract 18.3), and a one-stop system may say more than we have words
for. What the portal's own catalogue says of the procedure is always the catalogue's (contract 6.1). Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from gateway.model import Wording

Path = tuple[str | int, ...]

_CATALOGUE = frozenset({"MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc"})
_DECIDED = frozenset({"MaHoSo", "TrangThaiHoSo"})
"""What identifies and moves a dossier is ours alone."""


class Misfit(ValueError):
    """A wording that does not fit the object it belongs to."""


def wording_of(sent: Mapping[str, Any], ours: Mapping[str, Any], form: str) -> Wording | None:
    """What *sent* says otherwise than *ours*, the same object as we would write it; None where they agree."""
    found = [[list(path), value] for path, value in _differences(sent, ours, ()) if path[0] not in _CATALOGUE]
    if any(path[0] in _DECIDED for path, _ in found):
        raise Misfit("the number or the status differs")
    return Wording(form=form, words=orjson.dumps(found).decode()) if found else None


def worded(ours: Mapping[str, Any], wording: Wording | None, form: str) -> dict[str, Any]:
    """*ours* in the words of *wording*, if it is one of *form*. Raises ``Misfit``."""
    body = dict(ours)
    if wording is None or wording.form != form:
        return body
    for path, value in orjson.loads(wording.words):
        if path[0] in _DECIDED | _CATALOGUE:
            raise Misfit(path[0])
        body = _with(body, path, value)
    return body


def paths_of(wording: Wording | None) -> frozenset[Path]:
    """Where a wording differs from ours."""
    return frozenset() if wording is None else frozenset(tuple(path) for path, _ in orjson.loads(wording.words))


def _differences(sent: Mapping[str, Any], ours: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, Any]]:
    for key, value in sent.items():
        own = ours.get(key)
        rows, own_rows = _rows(value), _rows(own)
        if rows and own_rows and len(rows) == len(own_rows):
            for index, (row, own_row) in enumerate(zip(rows, own_rows, strict=True)):
                yield from _differences(row, own_row, (*at, key, index))
        elif not _same(value, own):
            yield (*at, key), value
    for key, own in ours.items():
        if key not in sent and not _is_none(own):
            yield (*at, key), [] if isinstance(own, list) else ""


def _same(sent: object, own: object) -> bool:
    """Numbers stand for strings, and what is empty for what is absent (contract 3.2)."""
    if _is_none(sent) and _is_none(own):
        return True
    if isinstance(sent, str | int) and not isinstance(sent, bool) and isinstance(own, str):
        return str(sent) == own
    return sent == own


def _is_none(value: object) -> bool:
    return value is None or value == "" or value == []


def _rows(value: object) -> list[Mapping[str, Any]]:
    """*value* as a list of objects; nothing when it is something else."""
    return value if isinstance(value, list) and all(isinstance(row, Mapping) for row in value) else []


def _with(value: Any, path: Sequence[str | int], new: object) -> Any:
    """*value* with *new* at *path*; what is not on the way is shared."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return [*value[:step], _with(value[step], rest, new), *value[step + 1 :]]
    if isinstance(value, dict) and isinstance(step, str):
        return {**value, step: _with(value.get(step), rest, new)}
    raise Misfit("no such place")
