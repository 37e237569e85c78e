"""What the portal's rows prove about a lost answer."""

from __future__ import annotations

from typing import Any, cast

import pytest

from connectors.national_portal.evidence import StatusBefore, compare_header, compare_status
from connectors.national_portal.rows import Row, upper
from connectors.national_portal.wire import Dossier
from gateway.model import DossierStatus
from gateway.ports import Finding

SENT = cast(
    "Dossier",
    {
        "MaHoSo": "H99.01.01-260302-0007", "MaTTHC": "1.001193", "TrangThaiHoSo": "4", "ChuHoSo": "Nguyễn Văn Ví Dụ",
        "NgayTra": "", "DanhSachGiayToKetQua": [{"TenGiayTo": "Giấy khai sinh", "MaGiayToKetQua": "KQ.1"}],
    },
)  # fmt: skip


def shown(**changes: Any) -> Row:
    return upper({**SENT, **changes})


@pytest.mark.parametrize(
    ("row", "established", "finding"),
    [
        pytest.param(shown(), True, Finding.APPLIED, id="everything is shown and equal"),
        pytest.param(shown(TrangThaiHoSo=4, NgayTra=None), True, Finding.APPLIED, id="numbers and nulls"),
        pytest.param(shown(TrangThaiHoSo="2"), True, Finding.DIFFERS, id="an older status"),
        pytest.param(shown(DanhSachGiayToKetQua=[]), True, Finding.DIFFERS, id="the result is not there"),
        pytest.param(shown(ChuHoSo=["x"]), True, Finding.DIFFERS, id="nonsense in a column"),
        pytest.param(
            {"MAHOSO": SENT["MaHoSo"], "MATTHC": "1.001193", "TRANGTHAIHOSO": "4"}, True, Finding.DIFFERS,
            id="an update that changed only what is not shown may be lost",
        ),
        pytest.param(
            {"MAHOSO": SENT["MaHoSo"], "MATTHC": "1.001193", "TRANGTHAIHOSO": "4"}, False, Finding.APPLIED,
            id="a first create can only be this one",
        ),
        pytest.param({"MAHOSO": SENT["MaHoSo"]}, False, Finding.DIFFERS, id="a bare number proves nothing"),
    ],
)  # fmt: skip
def test_a_header_is_compared_with_what_the_portal_shows(row: Row, established: bool, finding: Finding) -> None:
    """
    In doubt it differs: then it goes once more, as an update, which changes nothing that is already right.
    """
    probe = compare_header(row, SENT, established=established)

    assert probe.finding is finding
    assert "Nguyễn" not in probe.evidence


@pytest.mark.parametrize(
    ("before", "now", "step", "moves", "finding"),
    [
        pytest.param("2", "4", 4, True, Finding.APPLIED, id="nothing else could have moved it"),
        pytest.param("2", "2", 4, True, Finding.ABSENT, id="it did not move"),
        pytest.param("4", "4", 4, True, Finding.CANNOT_TELL, id="it stood there before"),
        pytest.param("2", "9", 4, True, Finding.CANNOT_TELL, id="it moved elsewhere"),
        pytest.param("", "4", 4, True, Finding.CANNOT_TELL, id="nobody looked before"),
        pytest.param("2", "2", 4, False, Finding.CANNOT_TELL, id="steps do not move the status"),
    ],
)
def test_a_step_is_judged_by_what_moved(before: str, now: str, step: int, moves: bool, finding: Finding) -> None:
    """
    The portal shows no timeline; its status decides only when nothing but the step explains it.
    """
    assert compare_status({"TRANGTHAIHOSO": now}, DossierStatus(step), before, moves=moves).finding is finding


def test_the_memory_of_statuses_is_bounded() -> None:
    """
    The oldest is forgotten first; what is forgotten proves nothing.
    """
    memory = StatusBefore()
    for number in range(10_001):
        memory.note(f"key-{number}", "2")
    memory.forget("key-5")

    assert (memory.of("key-0"), memory.of("key-5"), memory.of("key-10000")) == ("", "", "2")
