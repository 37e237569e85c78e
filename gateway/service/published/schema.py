"""
The published schema: bodies are read by the gateway's own models, so their shapes are added to it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gateway.service.access import SCHEME
from gateway.service.guard.early import EARLY
from gateway.service.published.problems import ProblemDocument, documented

_ANYWHERE: Final = ("method-not-allowed", "unexpected")
"""How a request may end before or behind any operation, beside what ends it early."""
_PLACE: Final = "#/components/schemas/{model}"


def takes(shape: type[BaseModel], *, many: bool = False) -> dict[str, Any]:
    """The ``openapi_extra`` of a route that takes *shape*, or a list of it."""
    one: dict[str, Any] = {"$ref": _PLACE.format(model=shape.__name__)}
    schema = {"type": "array", "items": one, "minItems": 1} if many else one
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def reads(*parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The ``openapi_extra`` of a route that reads its caller and *parameters* by itself, for speed."""
    return {"parameters": [dict(each) for each in parameters], "security": [{SCHEME: []}]}


def publish_shapes(app: FastAPI, shapes: Iterable[type[BaseModel]]) -> None:
    """Complete the schema of *app* with *shapes*, which its routes name, and with what no route is asked about."""
    built = app.openapi
    named: tuple[type[BaseModel], ...] = (*shapes, ProblemDocument)

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = built()
            every: list[tuple[type[BaseModel], JsonSchemaMode]] = [(shape, "validation") for shape in named]
            _, ours = models_json_schema(every, ref_template=_PLACE)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name, schema in ours["$defs"].items():
                schemas.setdefault(name, schema)
            for operation in (each for path in document["paths"].values() for each in path.values()):
                for status, response in documented(*EARLY, *_ANYWHERE).items():
                    operation["responses"].setdefault(str(status), response)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]  # The way that FastAPI documents.
