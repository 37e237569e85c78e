"""
Catalogue entries in canonical form.
"""

from __future__ import annotations

from gateway.model import Procedure, TimeUnit
from mappings import procedures


def test_every_shipped_procedure_has_a_canonical_form() -> None:
    """
    A unit or a code that the model does not know would fail the build, not a delivery.
    """
    entries = [Procedure.of(entry) for entry in procedures()]

    assert len(entries) == len(procedures())
    assert {entry.max_time.unit for entry in entries if entry.max_time} == set(TimeUnit)


def test_birth_registration_has_its_papers_and_results() -> None:
    """
    What the portal asks for in a dossier header comes from the catalogue, not from hand.
    """
    birth = Procedure.of(procedures().by_code("1.001193"))

    assert birth.code.base == "1.001193"
    assert birth.field_name
    assert "Giấy chứng sinh" in [paper.name for paper in birth.papers]
    assert birth.listed
