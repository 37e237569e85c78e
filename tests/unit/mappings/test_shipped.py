"""
The shipped lists themselves: whole, consistent with each other and with the code.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from importlib.resources import files

import pytest

from gateway.errors import InvalidInput
from gateway.model import AgencyCode, DossierCode, DossierStatus, ProcedureCode
from mappings import code_list, procedures, read_rows, status_words

FILES = sorted(
    entry.name.removesuffix(".csv") for entry in (files("mappings") / "codes").iterdir() if ".csv" in entry.name
)
DIALECTS = sorted({row["dialect"] for row in read_rows("local_status_words")})


@pytest.mark.parametrize("name", FILES)
def test_every_list_is_whole(name: str) -> None:
    """
    No ragged line, text composed, confidence letters as the README explains them.
    """
    for row in read_rows(name):
        assert None not in row
        assert None not in row.values()
        assert all(unicodedata.is_normalized("NFC", cell) for cell in row.values())
        assert row.confidence in {"", "A", "B", "C", "D"}


@pytest.mark.parametrize("name", FILES)
def test_no_list_speaks_of_where_it_was_made(name: str) -> None:
    """
    Sources are documents and public places, not somebody's machine.
    """
    text = (files("mappings") / "codes" / f"{name}.csv").read_text(encoding="utf-8")

    assert not re.search(r"\bseeds?\b|/tmp/|/home/|localhost", text)


def test_statuses_are_the_national_ones() -> None:
    """
    Code and name of each status agree with the enumeration.
    """
    assert {int(row["code"]): row["name_vi"] for row in code_list("dossier_statuses")} == {
        status.value: status.label_vi for status in DossierStatus
    }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_status_words_lead_to_national_statuses(dialect: str) -> None:
    """
    Every word of every vendor has one meaning, and every dialect can say that a dossier is done.
    """
    codes = {int(row["code"]) for row in status_words(dialect)}

    assert codes <= {status.value for status in DossierStatus}
    assert {1, 2, 3, 4, 5, 6, 7, 8, 9, 10} == codes
    assert all(row.source for row in status_words(dialect))


@pytest.mark.parametrize("row", list(code_list("dossier_code_formats")), ids=lambda row: row["id"])
def test_the_code_reads_each_layout_of_the_list(row: dict[str, str]) -> None:
    """
    The examples parse to the layout whose expression they match, and to no other.
    """
    for example in row["examples"].split("; "):
        whole = example.replace("...", "H15.50.05.13-261008")
        code = DossierCode.parse(whole)

        assert code.layout == row["id"]
        assert [other["id"] for other in code_list("dossier_code_formats") if re.match(other["regex"], whole)] == [
            row["id"]
        ]


def test_all_agency_codes_parse() -> None:
    """
    Each listed agency can be named in either order where it has one.
    """
    for code in code_list("agency_codes").codes:
        assert str(AgencyCode.parse(code)) == code


def test_old_provinces_became_the_34() -> None:
    """
    63 old provinces, each whole in one of the 34; agency code and statistics code are never derived from each other.
    """
    old, new = code_list("provinces_2025"), code_list("provinces_34")

    assert (len(old), len(new)) == (63, 34)
    assert {row["new_code"] for row in old} == set(new.codes)
    assert {row["h_code_after_2025"] for row in old} == {row["h_code_after_2025"] for row in new}
    assert all(row["h_code_old"] in code_list("agency_codes") for row in old)


def test_the_procedure_list_is_clean() -> None:
    """
    Every code is a base code, every code once, and names that several codes share are known.
    """
    entries = list(procedures())
    names = Counter(entry.name.casefold() for entry in entries)

    assert len(entries) == len(read_rows("procedures")) == 1579
    assert all(ProcedureCode.parse(entry.code).suffix is None for entry in entries)
    assert sum(count > 1 for count in names.values()) == 7
    assert {row["code"] for row in read_rows("procedure_components")} <= {entry.code for entry in entries}


def test_troubled_codes_are_not_in_the_list() -> None:
    """
    What the model refuses cannot be reached through the catalogue either.
    """
    for code in ("1.0133611", "1.014955-Xoa", "1,014947"):
        assert code not in procedures()
        with pytest.raises(InvalidInput):
            ProcedureCode.parse(code)
