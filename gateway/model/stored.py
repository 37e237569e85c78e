"""
Bodies as the ledger holds them: read, and not judged again.

A body was validated when it was accepted, and its bytes stand in the chain of hashes. Who delivers it reads it into a
*twin* of the canonical record: the same attributes and bounds, made of the record's own fields, at half the cost.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import msgspec
from pydantic.fields import FieldInfo

from gateway.errors import InvalidInput
from gateway.model.change import Told, read_body
from gateway.model.dossier import Dossier
from gateway.model.fields import Record
from gateway.model.step import ProcessingStep
from gateway.model.verbatim import Verbatim

_UNIONS = (Union, types.UnionType)
_AWARE = Annotated[datetime, msgspec.Meta(tz=True)]


def read_stored(data: bytes) -> Told:
    """
    What ``body_json`` wrote, for reading only.

    Its *kind* tells what it is; ``isinstance`` and pydantic's methods do not work.

    Raises ``pydantic.ValidationError`` on other bytes; what only ``read_body`` understands is read by it.
    """
    try:
        return cast("Dossier | ProcessingStep", _STORED.decode(data))
    except (msgspec.DecodeError, InvalidInput, ValueError):
        return read_body(data)


@cache
def _twin(record: type[Record], tagged: bool = False) -> type[msgspec.Struct]:
    """The struct with the fields and the properties of *record*; *tagged* is known by its ``kind``."""
    fields: list[Any] = [
        (name, _bounded(field)) if field.is_required() else (name, _bounded(field), field.default)
        for name, field in record.model_fields.items()
        if not (tagged and name == "kind")
    ]
    return msgspec.defstruct(
        record.__name__,
        fields,
        namespace={
            "__repr__": _name_only,
            "__rich_repr__": _nothing,
            **{name: value for name, value in vars(record).items() if isinstance(value, property)},
            **({"kind": record.model_fields["kind"].default} if tagged else {}),
        },
        tag_field="kind" if tagged else None,
        tag=record.model_fields["kind"].default if tagged else None,
        forbid_unknown_fields=True,
        frozen=True,
        kw_only=True,
        gc=False,
    )


def _bounded(field: FieldInfo) -> Any:
    """The type of *field* with its bounds: a changed copy of a record has passed no door."""
    found = [(name, getattr(each, name, None)) for each in field.metadata for name in ("ge", "pattern")]
    bounds: dict[str, Any] = {name: bound for name, bound in found if bound is not None}
    kind = _type(field.annotation)
    return Annotated[kind, msgspec.Meta(**bounds)] if bounds else kind


def _type(annotation: Any) -> Any:
    """*annotation* with twins in place of records, and without what only a validation looks at."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin in _UNIONS:
        return reduce(or_, map(_type, inner))
    if origin is tuple:
        return types.GenericAlias(tuple, (_type(inner[0]), ...))
    if origin is Literal:
        return type(inner[0])
    if annotation is datetime:
        return _AWARE
    return _twin(annotation) if isinstance(annotation, type) and issubclass(annotation, Record) else annotation


def _name_only(struct: msgspec.Struct) -> str:
    """Nothing personal in tracebacks and logs."""
    return f"<{type(struct).__name__}>"


def _nothing(_: msgspec.Struct) -> Iterator[str]:
    return iter(())


def _parsed(kind: type[Verbatim], text: object) -> Verbatim:
    return kind.parse(cast("str", text))


_STORED = msgspec.json.Decoder(_twin(Dossier, tagged=True) | _twin(ProcessingStep, tagged=True), dec_hook=_parsed)
