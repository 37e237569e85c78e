"""What all sections of the configuration share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST = 1_000_000_000
YEAR_S = 86_400 * 366
Count = Annotated[int, Field(strict=True, ge=1, le=MOST)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=YEAR_S, allow_inf_nan=False)]
Hours = Annotated[float, Field(strict=True, ge=0.01, le=720, allow_inf_nan=False)]


class Mistake(ValueError):
    """A refusal with its remedy, as pydantic lets it through."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}. {remedy}")
        self.reason = reason
        self.remedy = remedy


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
