"""Turns pydantic's findings into sentences for the person who wrote the file: where, what, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import process

from gateway.config.base import Mistake
from gateway.errors import Problem

_TABLE = (
    "phải là một bảng / must be a table",
    "Viết thành [{path}] rồi từng dòng «khóa = giá trị» / Write [{path}] and «key = value» lines",
)
_NUMBER = ("phải là một số / must be a number", "Ghi số không có dấu nháy / Write a number without quotes")
_WHOLE = ("phải là số nguyên / must be a whole number", "Ghi số không có dấu nháy / Write a number without quotes")
_TEXT = ("phải là chuỗi ký tự / must be text", "Đặt giá trị trong dấu nháy kép / Put the value in double quotes")
_NAME = (
    "tên không hợp lệ / is not a valid name",
    "Dùng chữ thường a-z, số, «-», «_», bắt đầu bằng chữ / Use a-z, digits, «-», «_», starting with a letter",
)

_PLAIN: Mapping[str, tuple[str, str]] = {
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "mapping_type": _TABLE,
    "dict_type": _TABLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "string_type": _TEXT,
    "path_type": _TEXT,
    "string_pattern_mismatch": _NAME,
    "string_too_short": ("để trống / is empty", "Ghi một giá trị / Give a value"),
    "missing": ("thiếu khóa bắt buộc này / this key is required", "Thêm dòng «{key} = …» / Add a line «{key} = …»"),
}


def problems_of(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """
    Explain every finding of *error*, which came from validating *model*. Refused values are not repeated.
    """
    for finding in error.errors(include_url=False, include_input=False):
        yield _problem(finding, [str(part) for part in finding["loc"] if part not in {"[key]", "options"}], model)


def _problem(finding: ErrorDetails, location: list[str], model: type[BaseModel]) -> Problem:
    path = ".".join(location)
    kind, context = finding["type"], finding.get("ctx", {})
    if kind == "extra_forbidden":
        return Problem(path, "không có khóa này / no such key", _suggestion(location, model))
    if kind == "value_error" and isinstance(mistake := context["error"], Mistake):
        return Problem(path, mistake.reason, mistake.remedy)
    if kind == "literal_error":
        return Problem(path, "giá trị lạ / unknown value", f"Chọn một trong / Choose one of: {context['expected']}")
    if kind in _LIMITS:
        reason, remedy = _LIMITS[kind](context)
    else:
        reason, remedy = _PLAIN.get(
            kind, (f"không hợp lệ / is not valid ({kind})", "Xem docs/configuration.md / See docs/configuration.md")
        )
    return Problem(path, reason, remedy.format(path=path, key=location[-1] if location else ""))


_LIMITS: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "greater_than": lambda ctx: ("quá nhỏ / is too small", f"Ghi số lớn hơn / Give more than {ctx['gt']:g}"),
    "greater_than_equal": lambda ctx: ("quá nhỏ / is too small", f"Ghi từ / Give at least {ctx['ge']:g}"),
    "less_than_equal": lambda ctx: ("quá lớn / is too large", f"Ghi tối đa / Give at most {ctx['le']:g}"),
    "string_too_long": lambda ctx: (
        "quá dài / is too long",
        f"Tối đa / At most {ctx['max_length']} ký tự / characters",
    ),
}


def _suggestion(location: list[str], model: type[BaseModel]) -> str:
    known = _keys_at(location[:-1], model)
    nearest = process.extractOne(location[-1], known, score_cutoff=60)
    if nearest:
        return f"Có phải «{nearest[0]}»? / Did you mean «{nearest[0]}»?"
    return f"Các khóa có ở đây / The keys here are: {', '.join(known)}"


def _keys_at(location: list[str], model: type[BaseModel]) -> list[str]:
    """Find the keys that *model* knows below *location*, through nested models and named tables."""
    current: Any = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            current = _without_none(current.model_fields[part].annotation)
        else:
            current = get_args(current)[1]
    return list(current.model_fields)


def _without_none(annotation: Any) -> Any:
    """What a table that may be left out holds."""
    parts = [part for part in get_args(annotation) if part is not type(None)]
    return parts[0] if type(None) in get_args(annotation) and len(parts) == 1 else annotation
