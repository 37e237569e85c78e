"""Whatever is logged has a name that alarms can be built on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from gateway.observe import Event

ROOT = Path(__file__).parents[3]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def logged(path: Path) -> list[str]:
    """What every call ``log.level(…)`` of a module gives as its event, in source form."""
    return [
        ast.unparse(node.args[0]) if node.args else ""
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and ast.unparse(node.func.value) in {"log", "logger", "logging", "_log"}
    ]


def modules(*folders: str) -> list[Path]:
    """All modules below *folders*."""
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py")]


def test_every_event_of_the_core_is_a_constant() -> None:
    """
    No text is made up at the place of logging; and no name waits for an event that never happens.
    """
    events = [event for module in modules("gateway", "mappings") for event in logged(module)]

    assert {event for event in events if not event.startswith("Event.")} == set()
    assert {event.removeprefix("Event.") for event in events} == {event.name for event in Event}


def test_a_connector_names_its_own_events() -> None:
    """
    The core does not know connectors, so each one's events bear its own name in front.
    """
    for module in modules("connectors"):
        owner = module.relative_to(ROOT / "connectors").parts[0]
        for event in logged(module):
            assert re.fullmatch(rf"'{owner}\.[a-z_]+'", event), f"{module.name}: {event}"


@pytest.mark.parametrize("event", Event)
def test_a_name_is_a_part_and_what_happened(event: Event) -> None:
    """
    ``part.what_happened``, small letters.
    """
    part, _, happened = event.value.partition(".")

    assert part.isidentifier()
    assert happened.isidentifier()
    assert event.value.islower()
