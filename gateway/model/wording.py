"""
What a source wrote to one partner in that partner's own words, where ours would say it otherwise or not at all.
"""

from __future__ import annotations

from typing import Annotated

import orjson
from pydantic import field_validator

from gateway.errors import InvalidInput
from gateway.model.fields import Filled, Private, Record
from gateway.model.nesting import levels
from gateway.model.verbatim import as_validation_error

_MOST_DEPTH = 20


class Wording(Record):
    """
    Goes with a body that came in the form of a partner, so that it reaches that partner as it was written.

    *form* names the form. *words* is a JSON list of pairs, a path of keys and numbers and the value there, which only
    the partner's connector makes and reads. Nothing is decided by it.
    """

    form: Filled
    words: Annotated[str, Private]

    @field_validator("words")
    @classmethod
    def _pairs(cls, words: str) -> str:
        try:
            pairs = orjson.loads(words)
        except orjson.JSONDecodeError:
            pairs = None
        if not isinstance(pairs, list) or not all(map(_is_pair, pairs)) or _is_deep(pairs):
            raise as_validation_error(
                InvalidInput(
                    "words",
                    f"… {len(words)} ký tự (characters)",
                    "không phải danh sách cặp đường dẫn và giá trị (is no list of pairs of path and value)",
                    'Ví dụ đúng (right value): [[["TaiLieuNop", 0, "DungLuong"], "1024"]]',
                )
            )
        return words


def _is_deep(pairs: list[object]) -> bool:
    return any(depth >= _MOST_DEPTH for depth, _ in enumerate(levels(pairs)))


def _is_pair(pair: object) -> bool:
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], list) or not pair[0]:
        return False
    return isinstance(pair[0][0], str) and all(type(step) in (str, int) for step in pair[0])
