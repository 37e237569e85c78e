"""
What a source wrote to one partner in that partner's own words, where ours would say it otherwise or not at all.
"""

from __future__ import annotations

from typing import Annotated

from gateway.model.fields import Filled, Private, Record


class Wording(Record):
    """
    Goes with a body that came in the form of a partner, so that it reaches that partner as it was written.

    *form* names the form; *words* is JSON that only the partner's connector makes and reads. Nothing is decided by it.
    """

    form: Filled
    words: Annotated[str, Private]
