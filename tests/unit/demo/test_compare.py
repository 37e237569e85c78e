"""The comparison of files and portal must be able to fail: each kind of damage to a ledger is counted."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.demo.compare import Comparison, compare, expected_from
from gateway.model import Dossier, DossierStatus, FeeKind, FeeMoment, ProcessingStep
from gateway.model.times import VIETNAM, to_wire14
from tests.builders import a_code, a_dossier, a_fee, a_step

ACCEPTED = datetime(2026, 3, 2, 9, 20, tzinfo=VIETNAM)
HISTORY = (DossierStatus.ACCEPTED, DossierStatus.PROCESSING, DossierStatus.FINISHED)


def a_history(serial: int = 7, *, subject: str = "Đăng ký khai sinh") -> tuple[Dossier, list[ProcessingStep]]:
    code = a_code(serial)
    steps = [
        a_step(dossier=code, at=ACCEPTED + timedelta(hours=n), status=status, content=f"bước {n}")
        for n, status in enumerate(HISTORY)
    ]
    dossier = a_dossier(
        code=code,
        status=HISTORY[-1],
        status_at=steps[-1].at,
        accepted_at=ACCEPTED,
        completed_at=steps[-1].at,
        subject=subject,
        fees=(a_fee(name="Lệ phí", amount=8000, kind=FeeKind.CHARGE, moment=FeeMoment.ACCEPTANCE),),
    )
    return dossier, steps


def as_pushed(dossier: Dossier, steps: list[ProcessingStep]) -> dict[str, Any]:
    """What an honest portal holds after an honest gateway."""
    kinds = {"personal": "1", "old_card": "2", "passport": "3", "tax": "4"}
    header = {
        "MaHoSo": dossier.code.text,
        "MaTTHC": dossier.procedure.text,
        "TrangThaiHoSo": str(dossier.status.value),
        "KenhThucHien": {"counter": "1", "online": "2", "post": "3"}.get(dossier.channel or "", ""),
        "ChuHoSo": dossier.applicant.name,
        "Email": dossier.applicant.email or "",
        "SoDienThoai": dossier.applicant.phone or "",
        "TrichYeuHoSo": dossier.subject[:1000],
        "NgayNopHoSo": to_wire14(dossier.submitted_at),
        "NgayTiepNhan": to_wire14(dossier.accepted_at),
        "NgayHenTra": to_wire14(dossier.due_at),
        "NgayKetThucXuLy": to_wire14(dossier.completed_at),
        "NgayTra": to_wire14(dossier.returned_at),
        "HinhThuc": {"counter": "0", "post": "1"}[dossier.result_delivery],
        "DonViXuLy": dossier.agency.name,
        "DuocThanhToanTrucTuyen": {"none": "0", "portal": "1", "province": "2", "offline": "3"}[dossier.online_payment],
        "DinhDanhCHS": [{"LoaiDinhDanh": kinds[i.kind], "SoDinhDanh": i.number} for i in dossier.applicant.identifiers],
        "TaiLieuNop": [{"TenTepDinhKem": d.name, "DuongDanTaiTepTin": d.url} for d in dossier.documents],
        "DanhSachLePhi": [{"TenPhiLePhi": fee.name, "Gia": str(fee.amount)} for fee in dossier.fees],
        "DanhSachGiayToKetQua": [{"TenGiayTo": r.name, "DuongDanTepTinKetQua": r.url} for r in dossier.results],
        "DanhSachHoSoBoSung": [
            {
                "NoiDungBoSung": s.content,
                "NgayBoSung": to_wire14(s.requested_at),
                "NgayTiepNhanBoSung": to_wire14(s.received_at),
                "NgayHenTraTruoc": to_wire14(s.due_before),
                "NgayHenTraMoi": to_wire14(s.due_after),
            }
            for s in dossier.supplements
        ],
    }
    bodies = [
        {
            "MaHoSo": dossier.code.text,
            "NguoiXuLy": step.officer[:50],
            "ThoiDiemXuLy": to_wire14(step.at),
            "NoiDungXuLy": step.content,
            "TrangThai": str(step.status.value),
        }
        for step in steps
    ]
    return {
        "code": dossier.code.text,
        "status": dossier.status.value,
        "header": header,
        "steps": [{"arrival": n, "body": body} for n, body in enumerate(bodies, start=1)],
    }


def verdict(ledger: list[dict[str, Any]], *histories: tuple[Dossier, list[ProcessingStep]]) -> Comparison:
    return compare(expected_from([histories]), ledger)


def counts(comparison: Comparison) -> tuple[int, int, int]:
    return comparison.lost, comparison.duplicated, comparison.out_of_order


def test_an_honest_ledger_has_no_findings() -> None:
    """
    Everything arrived once and in order.
    """
    first, second = a_history(7), a_history(8)

    comparison = verdict([as_pushed(*first), as_pushed(*second)], first, second)

    assert comparison.findings == ()
    assert (comparison.dossiers, comparison.steps) == (2, 6)


def _drop_a_step(record: dict[str, Any]) -> None:
    del record["steps"][1]


def _double_a_step(record: dict[str, Any]) -> None:
    record["steps"].append({**deepcopy(record["steps"][2]), "arrival": 4})


def _swap_two_steps(record: dict[str, Any]) -> None:
    record["steps"][0]["arrival"], record["steps"][1]["arrival"] = 2, 1


def _alter_a_step(record: dict[str, Any]) -> None:
    record["steps"][1]["body"]["TrangThai"] = "9"


def _change_the_public_status(record: dict[str, Any]) -> None:
    record["status"] = 4


def _beautify_the_status(record: dict[str, Any]) -> None:
    record["header"]["TrangThaiHoSo"] = "10"


def _forget_the_acceptance(record: dict[str, Any]) -> None:
    record["header"]["NgayTiepNhan"] = ""


def _invent_a_due_date(record: dict[str, Any]) -> None:
    record["header"]["NgayHenTra"] = "20261231170000"


def _charge_another_fee(record: dict[str, Any]) -> None:
    record["header"]["DanhSachLePhi"][0]["Gia"] = "80000"


def _charge_twice(record: dict[str, Any]) -> None:
    record["header"]["DanhSachLePhi"] *= 2


def _lose_the_owner(record: dict[str, Any]) -> None:
    record["header"]["ChuHoSo"] = ""


def _cut_the_subject_too_early(record: dict[str, Any]) -> None:
    record["header"]["TrichYeuHoSo"] = record["header"]["TrichYeuHoSo"][:5]


def _other_procedure(record: dict[str, Any]) -> None:
    record["header"]["MaTTHC"] = "2.000815"


def _blame_another_officer(record: dict[str, Any]) -> None:
    record["steps"][0]["body"]["NguoiXuLy"] = "Người Khác"


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (_drop_a_step, (1, 0, 0)),
        (_double_a_step, (0, 1, 0)),
        (_swap_two_steps, (0, 0, 1)),
        (_alter_a_step, (1, 1, 0)),
        (_change_the_public_status, (1, 0, 0)),
        (_beautify_the_status, (1, 0, 0)),
        (_forget_the_acceptance, (1, 0, 0)),
        (_invent_a_due_date, (1, 0, 0)),
        (_charge_another_fee, (1, 0, 0)),
        (_charge_twice, (1, 0, 0)),
        (_lose_the_owner, (1, 0, 0)),
        (_cut_the_subject_too_early, (1, 0, 0)),
        (_other_procedure, (1, 0, 0)),
        (_blame_another_officer, (1, 0, 0)),
    ],
)
def test_damage_is_counted(damage: Callable[[dict[str, Any]], None], expected: tuple[int, int, int]) -> None:
    """
    One fault in one dossier of two is one finding of its kind, and names that dossier.
    """
    first, second = a_history(7), a_history(8)
    damaged = as_pushed(*first)
    damage(damaged)

    comparison = verdict([damaged, as_pushed(*second)], first, second)

    assert counts(comparison) == expected
    assert {finding.dossier for finding in comparison.findings} == {first[0].code.key}


def test_a_missing_dossier_is_lost_with_its_steps() -> None:
    """
    The portal never heard of it: the dossier and its three steps.
    """
    first, second = a_history(7), a_history(8)

    assert counts(verdict([as_pushed(*first)], first, second)) == (4, 0, 0)


def test_a_dossier_under_two_spellings_is_a_duplicate() -> None:
    """
    Codes compare without case: two records of one code are one too many.
    """
    history = a_history()
    twin = as_pushed(*history)
    twin["code"] = twin["code"].lower()

    assert counts(verdict([as_pushed(*history), twin], history)) == (0, 1, 0)


def test_a_dossier_nobody_exported_does_not_belong_there() -> None:
    """
    The portal shows a dossier that no file has.
    """
    first, second = a_history(7), a_history(8)

    assert counts(verdict([as_pushed(*first), as_pushed(*second)], first)) == (0, 1, 0)


def test_long_texts_may_be_cut_at_the_portals_limits() -> None:
    """
    A subject of 1,200 characters arrives as 1,000 of them, with or without an ellipsis.
    """
    dossier, steps = a_history(subject="Hồ sơ " * 200)
    cut, dotted = as_pushed(dossier, steps), as_pushed(dossier, steps)
    dotted["header"]["TrichYeuHoSo"] = dossier.subject[:997] + "..."

    assert counts(verdict([cut], (dossier, steps))) == (0, 0, 0)
    assert counts(verdict([dotted], (dossier, steps))) == (0, 0, 0)


def test_a_text_with_its_marks_apart_is_cut_by_what_travels() -> None:
    """
    1,000 characters of letters and marks are fewer letters; that is a cut, not a loss.
    """
    dossier, steps = a_history(subject=unicodedata.normalize("NFD", "Hộ tịch " * 200))

    assert counts(verdict([as_pushed(dossier, steps)], (dossier, steps))) == (0, 0, 0)


def test_a_later_export_adds_steps_and_moves_the_header() -> None:
    """
    The second export repeats the first two steps and adds one: each is expected once, the last header stands.
    """
    dossier, steps = a_history()
    earlier = a_dossier(
        code=dossier.code, status=steps[1].status, status_at=steps[1].at, accepted_at=ACCEPTED, subject=dossier.subject
    )
    expected = expected_from([[(earlier, steps[:2])], [(dossier, steps)]])

    assert counts(compare(expected, [as_pushed(dossier, steps)])) == (0, 0, 0)


def test_a_late_fact_of_a_later_export_may_arrive_last() -> None:
    """
    A step of the second export that is older than one of the first was told later, and rightly so.
    """
    dossier, steps = a_history()
    expected = expected_from([[(dossier, [steps[0], steps[2]])], [(dossier, steps)]])
    record = as_pushed(dossier, [steps[0], steps[2], steps[1]])

    assert counts(compare(expected, [record])) == (0, 0, 0)
