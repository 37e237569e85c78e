"""
Finds connectors by the entry point group ``lienthong.connectors``.

A third party's package joins by declaring ``its_name = "its.module:build"`` in that group, where
``build(name, options, clock=…) -> Connector`` makes no call and raises ``ConfigurationError``, paths relative to
the options.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from rapidfuzz import process

from gateway.config.settings import Option, PartnerSettings, Settings
from gateway.errors import ConfigurationError, Problem
from gateway.ports import Clock, Connector, SystemClock

GROUP = "lienthong.connectors"


class Build(Protocol):
    def __call__(self, name: str, options: Mapping[str, Option], *, clock: Clock) -> Connector: ...


def build_connector(name: str, partner: PartnerSettings, clock: Clock | None = None) -> Connector:
    """
    Make the connector of the partner called *name*, without reaching it.

    Raises ``ConfigurationError`` with every mistake of its options, paths as in the file.
    """
    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    if partner.connector not in known:
        raise ConfigurationError([_unknown(name, partner.connector, sorted(known))])
    build = _load(name, known[partner.connector])
    prefix = f"partners.{name}"
    try:
        return build(name, partner.options, clock=clock or SystemClock())
    except ConfigurationError as error:
        raise ConfigurationError(
            [
                problem
                if problem.path.startswith(prefix)
                else Problem(f"{prefix}.{problem.path}".rstrip("."), problem.reason, problem.remedy)
                for problem in error.problems
            ]
        ) from None


def build_connectors(settings: Settings, clock: Clock | None = None) -> dict[str, Connector]:
    """Make the connectors of all partners. Raises ``ConfigurationError`` with the mistakes of all of them."""
    built: dict[str, Connector] = {}
    problems: list[Problem] = []
    for name, partner in settings.partners.items():
        try:
            built[name] = build_connector(name, partner, clock)
        except ConfigurationError as error:
            problems.extend(error.problems)
    if problems:
        for connector in built.values():
            connector.close()
        raise ConfigurationError(problems)
    return built


def _load(name: str, entry: EntryPoint) -> Build:
    try:
        build: Build = entry.load()
    except (ImportError, AttributeError) as error:
        problem = Problem(
            f"partners.{name}.connector",
            f"không nạp được {entry.value} / cannot load {entry.value}: {error}",
            "Cài lại gói chứa bộ kết nối này / Install the package of this connector again",
        )
        raise ConfigurationError([problem]) from error
    return build


def _unknown(name: str, connector: str, known: list[str]) -> Problem:
    nearest = process.extractOne(connector, known, score_cutoff=60)
    return Problem(
        f"partners.{name}.connector",
        f"không có bộ kết nối «{connector}» / there is no connector «{connector}»",
        f"Có phải «{nearest[0]}»? / Did you mean «{nearest[0]}»?"
        if nearest
        else f"Đã cài / Installed: {', '.join(known) or '—'}",
    )
