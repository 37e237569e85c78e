"""Rows of the portal's catalogue, traps included, and what is read of them."""

from __future__ import annotations

from pathlib import Path

from connectors.national_portal.envelope import read_answer
from connectors.national_portal.procedures import to_procedure
from gateway.model import ProcedureCode


def test_the_portals_procedure_is_read_with_all_its_traps(samples: Path) -> None:
    """
    Numbers as text, amounts with dots, arrays that are missing or null (contract 5.4).
    """
    row = dict(read_answer((samples / "laythutuc.answer.json").read_bytes()).rows[0])
    row |= {"CAPTHUCHIEN": None, "KETQUATHUCHIEN": [{"MAKETQUA": "KQ.H99.000001", "TENKETQUA": None}], "TRANGTHAI": 0}
    del row["THANHPHANHOSO"]

    procedure = to_procedure(row, ProcedureCode.parse("9.000123"))

    assert procedure is not None
    assert procedure.field_name == "Hoạt động xây dựng"
    assert procedure.levels == ()
    assert procedure.papers == ()
    assert procedure.max_time is not None
    assert procedure.max_time.amount == 15
    assert procedure.results[0].code == "KQ.H99.000001"
    assert not procedure.listed


def test_a_procedure_without_anything_but_a_name_is_read() -> None:
    """
    A missing field list crashes naive clients; here it only leaves the field unknown.
    """
    procedure = to_procedure({"TENTTHC": "Thủ tục ví dụ", "LINHVUCTHUCHIEN": None}, ProcedureCode.parse("9.000777"))

    assert procedure is not None
    assert (procedure.code.text, procedure.field_code) == ("9.000777", None)
    assert to_procedure({"MATTHC": "9.000777"}, ProcedureCode.parse("9.000777")) is None
