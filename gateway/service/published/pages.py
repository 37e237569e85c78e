"""
Cursors: opaque words by which a list goes on where its last page ended.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Final

from fastapi import Query

from gateway.errors import InvalidInput
from gateway.model.text import show
from gateway.service.published.problems import Refusal

MOST: Final = 500
_PLACE: Final = re.compile(rb"after:(\d{1,18})")

Limit = Annotated[int, Query(ge=1, le=MOST, description="Số dòng mỗi trang / Lines of one page")]
Cursor = Annotated[
    str | None, Query(alias="cursor", max_length=64, description="«next» của trang trước / of the page before")
]


def cursor(after: int) -> str:
    """The word for what follows number *after*."""
    return base64.urlsafe_b64encode(b"after:%d" % after).decode().rstrip("=")


def place(word: str | None) -> int:
    """The number in a cursor, 0 without one; a word that is none ends the request."""
    if word is None:
        return 0
    try:
        found = _PLACE.fullmatch(base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        found = None
    if found is None:
        remedy = "Dùng nguyên văn «next» của trang trước / Use «next» of the page before as it is"
        raise Refusal("invalid-input", errors=[InvalidInput("cursor", show(word), "không đúng / is not valid", remedy)])
    return int(found[1])
