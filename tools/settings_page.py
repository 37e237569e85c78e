"""Writes the tables of docs/configuration.md from the settings themselves: ``make docs``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from connectors.national_portal.settings import PortalSettings

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
TABLE = re.compile(r"(<!-- national_portal -->\n).*?(<!-- end -->)", re.DOTALL)


def with_tables(page: str) -> str:
    """Return *page* with its generated tables as the settings are now."""
    rows = "".join(_rows(PortalSettings))
    table = f"\n| Key | Default | Meaning |\n| --- | --- | --- |\n{rows}\n"
    return TABLE.sub(lambda found: found[1] + table + found[2], page)


def _rows(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in _own_first(model):
        section = _section(field.annotation)
        if section is not None:
            yield from _rows(section, f"{prefix}{name}.")
        else:
            yield f"| `{prefix}{name}` | {_default(field)} | {field.description or ''} |\n"


def _own_first(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    """The keys of the section itself, in their order, and then those that it shares with other sections."""
    return sorted(model.model_fields.items(), key=lambda item: item[0] not in model.__annotations__)


def _section(annotation: object) -> type[BaseModel] | None:
    """The section of settings that a key holds, also one that may be left out."""
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if field.is_required():
        return "**required**"
    if value is None or value == "" or isinstance(value, SecretStr):
        return "–"
    if value == {}:
        return "built in"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, frozenset):
        return f"`{sorted(int(item) for item in value)}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`".replace("'", '"')
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")
