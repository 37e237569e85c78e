"""
What all value types share: read leniently, print verbatim, compare by key.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from gateway.errors import InvalidInput

REFUSAL = "gateway_refusal"


def as_validation_error(refusal: InvalidInput) -> PydanticCustomError:
    """Carry our own refusal through pydantic; ``explain`` turns it back."""
    return PydanticCustomError(
        REFUSAL,
        "«{shown}» {reason}. {remedy}",
        {"field": refusal.field, "shown": refusal.shown, "reason": refusal.reason, "remedy": refusal.remedy},
    )


class Verbatim:
    """
    An immutable text value.

    ``text`` is what was given without outer blanks and is what ``str`` prints and JSON carries; ``key`` decides
    equality. ``parse`` is the way to make one; it raises ``InvalidInput``.
    """

    __slots__ = ("key", "text")

    key: str
    text: str

    def __init__(self, text: str, key: str, **parts: object) -> None:
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "key", key)
        for name, value in parts.items():
            object.__setattr__(self, name, value)

    @classmethod
    def parse(cls, text: str) -> Self:
        raise NotImplementedError

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).parse, (self.text,)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def accept(value: Any) -> Verbatim:
            if isinstance(value, cls):
                return value
            try:
                return cls.parse(value)
            except InvalidInput as refusal:
                raise as_validation_error(refusal) from None

        return core_schema.no_info_plain_validator_function(
            accept,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.to_string_ser_schema(when_used="json"),
        )


def given_text(field: str, value: object) -> str:
    """*value* without outer blanks, or a refusal when it is no text or an empty one."""
    if not isinstance(value, str):
        raise InvalidInput(
            field,
            type(value).__name__,
            "không phải là chuỗi ký tự (is not a text)",
            "Truyền nguyên văn dưới dạng chuỗi (pass it as text, as it was received)",
        )
    clean = value.strip()
    if not clean:
        raise InvalidInput(
            field, "", "đang để trống (is empty)", "Điền đúng mã như hệ thống nguồn ghi (give it as the source has it)"
        )
    return clean
