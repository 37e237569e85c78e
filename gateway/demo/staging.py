"""
What a demonstration works on: the places, and the two exports of each on disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.provincial.file import FileMapping, load_mapping
from gateway.demo.cases import record_at
from gateway.demo.catalogue import read_calendar, read_catalogue
from gateway.demo.exports import ExportFiles, write_export
from gateway.demo.generator import generate, share_out
from gateway.demo.locality import Locality, load_localities
from gateway.errors import InvalidInput

WEEK_LATER = "-tuan-sau"
"""What the name of the second export ends in."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place with its exports; *later* is the same dossiers a week on."""

    locality: Locality
    mapping: FileMapping
    dossiers: int
    first: ExportFiles
    later: ExportFiles


def write_places(folder: Path, *, dossiers: int | None, seed: int, only: str | None = None) -> tuple[Place, ...]:
    """
    Write the exports of all places, or of the one named *only*, into *folder*; places without a dossier are left out.

    *dossiers* are shared out by the places' volumes; None gives each its own volume. Raises ``InvalidInput`` for an
    unknown place and ``ConfigurationError`` for broken files of an example.
    """
    localities = _chosen(load_localities(read_catalogue()), only)
    volumes = {locality.slug: locality.volume for locality in localities}
    shares = volumes if dossiers is None else share_out(dossiers, volumes)
    calendar = read_calendar()
    places: list[Place] = []
    for locality in localities:
        cases = generate(locality, shares[locality.slug], seed, calendar)
        if not cases:
            continue
        first = [record_at(case, locality.export_at) for case in cases]
        later = [record_at(case, locality.second_export_at) for case in cases]
        places.append(
            Place(
                locality,
                load_mapping(locality.folder / "mapping.toml"),
                len(cases),
                write_export(locality, first, folder, locality.slug, seed),
                write_export(locality, later, folder, f"{locality.slug}{WEEK_LATER}", seed),
            )
        )
    return tuple(places)


def _chosen(localities: Sequence[Locality], only: str | None) -> Sequence[Locality]:
    if only is None:
        return localities
    chosen = [locality for locality in localities if locality.slug == only]
    if not chosen:
        raise InvalidInput(
            "--locality",
            only,
            "không có địa phương này / no such place",
            f"Chọn một trong / Choose one of: {', '.join(locality.slug for locality in localities)}",
        )
    return chosen
