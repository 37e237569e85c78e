"""What the mock portal computes from what it was told (contract 16)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from connectors.national_portal.mock import Portal, ProcedureSeed
from connectors.national_portal.mock.report import LATE, NO_TERM, ON_TIME, Report, Share
from gateway.model.times import VIETNAM
from tests.portal import CODE, a_code, a_portal, a_province, a_wire_dossier, a_wire_step

MARCH = datetime(2026, 3, 1, tzinfo=VIETNAM), datetime(2026, 4, 1, tzinfo=VIETNAM)

Steps = list[tuple[str, str]]


def report_on(steps: Steps, procedure: ProcedureSeed | None = None, **changes: Any) -> Report:
    """March's report on one dossier accepted on 2 March, due on 23 March 17:00; steps are (day and hour, status)."""
    portal = a_portal()
    province = a_province(portal)
    if procedure is not None:
        portal.add_procedures([procedure])
    province.push(a_wire_dossier(**changes))
    for at, status in steps:
        assert province.step(a_wire_step(ThoiDiemXuLy=f"2026{at}0000", TrangThai=status)).code == "0"
    return portal.report(*MARCH)


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        pytest.param([("030308", "4"), ("032310", "9"), ("033010", "10")], ON_TIME, id="nine counts, not ten"),
        pytest.param([("030308", "4"), ("032408", "9")], LATE, id="a day late"),
        pytest.param([("032010", "10")], ON_TIME, id="ten without nine"),
        pytest.param([("032410", "8")], LATE, id="stopped late"),
        pytest.param([("032010", "7")], ON_TIME, id="withdrawn after acceptance"),
        pytest.param([("030308", "4")], LATE, id="still running at the end of the period"),
        pytest.param([("030308", "4"), ("031008", "5")], ON_TIME, id="waiting for its only supplement"),
        pytest.param(
            [("030308", "4"), ("031008", "5"), ("032008", "4"), ("032608", "9")], ON_TIME, id="pause subtracted"
        ),
        pytest.param([("031008", "5"), ("031108", "4"), ("031208", "5"), ("031308", "9")], LATE, id="asked twice"),
    ],
)
def test_timeliness_follows_the_timeline(steps: Steps, verdict: str) -> None:
    """
    The end is where the rule of 16 puts it, and waiting for the citizen does not count.
    """
    report = report_on(steps)

    assert report.timeliness == {CODE: verdict}
    assert report.on_time == Share(int(verdict == ON_TIME), 1)


@pytest.mark.parametrize(
    ("unit", "limit", "ended", "verdict"),
    [
        ("ngày làm việc", "5", "030909", ON_TIME),
        ("ngày làm việc", "5", "031009", LATE),
        ("ngày", "5", "030709", ON_TIME),
        ("ngày", "5", "030809", LATE),
        ("giờ", "8", "030217", ON_TIME),
        ("tháng", "1", "033109", ON_TIME),
        ("ngày", "", "030709", NO_TERM),
    ],
)
def test_without_a_due_date_the_procedures_term_counts(unit: str, limit: str, ended: str, verdict: str) -> None:
    """
    A dossier without an appointment is measured by the longest time of its procedure.
    """
    procedure = ProcedureSeed("9.000200", "Thủ tục hai", time_limit=limit, time_unit=unit)

    report = report_on([(ended, "9")], procedure, MaTTHC="9.000200", NgayHenTra="")

    assert report.timeliness == {CODE: verdict}


def a_month(portal: Portal, *headers: dict[str, Any]) -> Report:
    province = a_province(portal)
    for serial, changes in enumerate(headers, start=1):
        assert province.push(a_wire_dossier(a_code(serial), **changes)).code == "0"
    return portal.report(*MARCH)


RESULT = {
    "TenGiayTo": "Giấy phép",
    "DuongDanTepTinKetQua": "https://motcua.vidu.example/kq/1",
    "MaGiayToKetQua": "KQ.H99.000001",
}


def test_only_dossiers_accepted_in_the_period_count() -> None:
    """
    The numerator of the sync rate; dossiers without an acceptance date are told apart.
    """
    report = a_month(
        a_portal(),
        {},
        {"NgayTiepNhan": "20260401080000"},
        {"NgayTiepNhan": "", "TrangThaiHoSo": "1"},
        {"NgayTiepNhan": "20260301000000"},
    )

    assert (report.synced, report.without_acceptance) == (2, 1)


def test_online_needs_a_result_with_code_and_link_where_there_is_one_to_issue() -> None:
    """
    Channel 2 alone is not enough for a procedure that issues a paper.
    """
    report = a_month(
        a_portal(),
        {"KenhThucHien": "2"},
        {"KenhThucHien": "2", "DanhSachGiayToKetQua": [RESULT]},
        {"KenhThucHien": "2", "MaTTHC": "9.000777"},
        {"KenhThucHien": "1", "DanhSachGiayToKetQua": [RESULT]},
        {"KenhThucHien": ""},
    )

    assert report.online == Share(2, 5)
    assert report.electronic_result == Share(2, 5)
    assert report.digitised == Share(2, 5)


def test_online_payment_is_measured_among_dossiers_that_owe() -> None:
    """
    Dossiers whose every amount is 0, and procedures without fees, are left out.
    """
    zero = [{"TenPhiLePhi": "Lệ phí", "Gia": "0"}]
    report = a_month(
        a_portal(),
        {"DuocThanhToanTrucTuyen": "1"},
        {"DuocThanhToanTrucTuyen": "3"},
        {"DuocThanhToanTrucTuyen": "2", "DanhSachLePhi": []},
        {"DuocThanhToanTrucTuyen": "0", "DanhSachLePhi": zero},
        {"DuocThanhToanTrucTuyen": "0", "DanhSachLePhi": [], "MaTTHC": "9.000777"},
    )

    assert report.online_payment == Share(2, 3)


def test_reuse_store_and_population_data_follow_their_flags() -> None:
    """
    Each indicator reads its own field.
    """
    file = a_wire_dossier()["TaiLieuNop"][0]
    bare = {"HoSoCoThanhPhanSoHoa": "0", "TaiKhoanDuocXacThucVoiVNeID": "0", "DSKetNoiCSDL": [{"MaCSDL": "7"}]}
    report = a_month(
        a_portal(),
        bare,
        {**bare, "HoSoCoThanhPhanSoHoa": "1"},
        {**bare, "TaiLieuNop": [{**file, "DuocLayTuKhoDMQG": "1"}]},
        {**bare, "TaiKhoanDuocXacThucVoiVNeID": "1"},
        {**bare, "DSKetNoiCSDL": [{"MaCSDL": "1"}]},
    )

    assert report.reused == Share(1, 5)
    assert report.shared_store == Share(1, 5)
    assert report.population_data == Share(3, 5)
