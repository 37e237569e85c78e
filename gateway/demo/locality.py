"""
A place of the examples: what its one-stop desk does, and how its export looks.

Everything comes from ``examples/localities/<name>/locality.toml``; procedures are named by code there and read from
the shipped catalogue, so that an invented procedure cannot slip in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from gateway.demo.acts import SCRIPTS
from gateway.demo.catalogue import CatalogueEntry
from gateway.errors import ConfigurationError, Problem
from gateway.model.times import VIETNAM
from mappings import read_rows

CodeForm = Literal["forward", "reverse", "central"]
Layout = Literal["flat", "two-sheets", "two-files"]

_SHIPPED = Path(__file__).parent / "localities"
_CHECKOUT = Path(__file__).parents[2] / "examples" / "localities"
_FULL_PROCESS = "toan_trinh"


@dataclass(frozen=True)
class Agency:
    """An office that accepts dossiers, from *since* until *until* (both inclusive, None for no bound)."""

    name: str
    code: str
    code_form: CodeForm
    tiers: tuple[str, ...]
    weight: int
    departments: tuple[str, ...]
    since: date | None
    until: date | None

    @property
    def written_code(self) -> str:
        """The code in the order that this office prints: level 1 first, or last as QCVN 102:2016 had it."""
        if self.code_form != "reverse":
            return self.code
        province, *below = self.code.split(".")
        unit, sub, leaf = (*below, *("00", "00", "00")[len(below) :])
        return f"{leaf:0>3}.{sub}.{unit}.{province}"

    def exists_on(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Service:
    """
    A procedure as this place offers it: at which tier, and at which level.

    *old_level* is 3, 4 or empty, *level* what it is called today; without a level, today's default of full process.
    """

    procedure: CatalogueEntry
    tier: str
    level: str
    old_level: str

    @property
    def paid_online(self) -> bool:
        """Level 4 brought payment online; level 3 leaves it to the desk (service_levels)."""
        return self.level == _FULL_PROCESS


@dataclass(frozen=True)
class ExportForm:
    """The look of an export. *dossier_columns* and *step_columns* map a heading to the generator's key for it."""

    layout: Layout
    suffix: Literal[".csv", ".xlsx"]
    encoding: str
    delimiter: str
    time_format: str
    dossier_columns: Mapping[str, str]
    step_columns: Mapping[str, str]
    dossier_sheet: str
    step_sheet: str


@dataclass(frozen=True)
class Locality:
    """One place; shares are relative weights."""

    slug: str
    name: str
    unit: str
    volume: int
    dossiers_a_year: int
    first_day: date
    export_at: datetime
    second_export_at: datetime
    agencies: tuple[Agency, ...]
    services: tuple[Service, ...]
    places: tuple[str, ...]
    channels: Mapping[str, int]
    deliveries: Mapping[str, int]
    business_share: float
    pays_online_share: float
    procedure_suffix: str
    decomposed_names_share: float
    scripts: Mapping[str, int]
    statuses: Mapping[int, tuple[str, ...]]
    words: Mapping[str, Mapping[str, str]]
    form: ExportForm
    folder: Path


def localities_folder() -> Path:
    """Where the examples lie: inside an installed package, or beside it in a checkout."""
    return _SHIPPED if _SHIPPED.is_dir() else _CHECKOUT


def load_localities(catalogue: Mapping[str, CatalogueEntry], folder: Path | None = None) -> tuple[Locality, ...]:
    """All places, by name. Raises ``ConfigurationError`` with every mistake of every file."""
    localities: list[Locality] = []
    problems: list[Problem] = []
    for path in sorted((folder or localities_folder()).glob("*/locality.toml")):
        try:
            localities.append(load_locality(path, catalogue))
        except ConfigurationError as error:
            problems += error.problems
    if problems or not localities:
        missing = Problem(
            str(folder or localities_folder()),
            "không có locality.toml / no example locality here",
            "Cài lại gói lienthong / Install the package again",
        )
        raise ConfigurationError(problems or [missing])
    return tuple(localities)


def load_locality(path: Path, catalogue: Mapping[str, CatalogueEntry]) -> Locality:
    """One place from its file. Raises ``ConfigurationError`` for unknown procedures and scripts."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    problems = [
        Problem(f"{path}: services", f"«{code}» không có trong danh mục TTHC", "Not in the shipped catalogue.")
        for group in raw["services"]
        for code in group["procedures"]
        if code not in catalogue
    ]
    scripts: Mapping[str, int] = raw.get("scripts", {})
    problems += [
        Problem(f"{path}: scripts.{name}", "không có kịch bản này", f"Known: {', '.join(sorted(SCRIPTS))}.")
        for name in scripts
        if name not in SCRIPTS
    ]
    if problems:
        raise ConfigurationError(problems)
    place, mix = raw["place"], raw["mix"]
    return Locality(
        slug=path.parent.name,
        name=place["name"],
        unit=place["unit"],
        volume=place["dossiers"],
        dossiers_a_year=place.get("dossiers_a_year", 0),
        first_day=place["first_day"],
        export_at=_vietnamese(place["export_at"]),
        second_export_at=_vietnamese(place["second_export_at"]),
        agencies=tuple(_agency(item) for item in raw["agencies"]),
        services=_services(raw["services"], catalogue),
        places=tuple(place["places"]),
        channels=mix["channels"],
        deliveries=mix["deliveries"],
        business_share=mix["business_share"],
        pays_online_share=mix["pays_online_share"],
        procedure_suffix=mix.get("procedure_suffix", ""),
        decomposed_names_share=mix.get("decomposed_names_share", 0.0),
        scripts={name: scripts.get(name, script.weight) for name, script in SCRIPTS.items()},
        statuses={int(status): tuple(words) for status, words in raw["statuses"].items()},
        words=raw["words"],
        form=_form(raw["export"]),
        folder=path.parent,
    )


def _agency(item: Mapping[str, Any]) -> Agency:
    return Agency(
        name=item["name"],
        code=item["code"],
        code_form=item.get("code_form", "forward"),
        tiers=tuple(item["tiers"]),
        weight=item["weight"],
        departments=tuple(item["departments"]),
        since=item.get("since"),
        until=item.get("until"),
    )


def _services(groups: Sequence[Mapping[str, Any]], catalogue: Mapping[str, CatalogueEntry]) -> tuple[Service, ...]:
    levels = {row["code"]: row["maps_to"] for row in read_rows("service_levels") if row["scheme"].startswith("4-level")}
    return tuple(
        Service(catalogue[code], group["tier"], levels.get(group["level"], _FULL_PROCESS), group["level"])
        for group in groups
        for code in group["procedures"]
    )


def _form(export: Mapping[str, Any]) -> ExportForm:
    return ExportForm(
        layout=export["layout"],
        suffix=export["suffix"],
        encoding=export.get("encoding", ""),
        delimiter=export.get("delimiter", ","),
        time_format=export["time_format"],
        dossier_columns=export["dossier_columns"],
        step_columns=export["step_columns"],
        dossier_sheet=export.get("dossier_sheet", ""),
        step_sheet=export.get("step_sheet", ""),
    )


def _vietnamese(local: datetime) -> datetime:
    return local.replace(tzinfo=VIETNAM)
