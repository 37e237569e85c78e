"""Puts the example localities into a wheel, where the demo looks first; a checkout reads them in place."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LocalitiesHook(BuildHookInterface[Any]):
    """Adds ``examples/localities`` as ``gateway/demo/localities`` to everything but an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            build_data["force_include"]["examples/localities"] = "gateway/demo/localities"
