"""What the mock portal does with dossiers, timelines and outcomes (contract 6, 7.6, 14)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.national_portal.mock import Account, DossierRecord, Portal
from tests.portal import CODE, InProcess, Province, a_code, a_portal, a_province, a_wire_dossier, a_wire_step


def the_dossier(portal: Portal, code: str = CODE) -> DossierRecord:
    record = portal.dossier(code)
    assert record is not None
    return record


def test_an_update_replaces_the_header_and_merges_the_files() -> None:
    """
    6.3: scalars are replaced, files merged by their id, and a file marked deleted goes.
    """
    portal = a_portal()
    province = a_province(portal)
    first = a_wire_dossier()["TaiLieuNop"][0]
    second = {**first, "TepDinhKemId": "5502", "TenTepDinhKem": "ban-ve.pdf"}
    renewed = {**first, "DuongDanTaiTepTin": "https://motcua.vidu.example/moi"}
    province.push(a_wire_dossier(TaiLieuNop=[first, second]))

    province.push(a_wire_dossier(TaiLieuNop=[renewed], TrichYeuHoSo="Sửa"), updating="True")
    assert the_dossier(portal).header["TaiLieuNop"] == [renewed, second]
    assert the_dossier(portal).header["TrichYeuHoSo"] == "Sửa"

    province.push(a_wire_dossier(TaiLieuNop=[{**second, "IsDeleted": "True"}]), updating="True")
    assert the_dossier(portal).header["TaiLieuNop"] == [renewed]
    assert [version.updating for version in the_dossier(portal).versions] == [False, True, True]
    assert portal.counters().updates == 2


def test_files_without_an_id_take_the_place_of_those_without_an_id() -> None:
    """
    In v2 the id is optional; an update must not pile up the same file.
    """
    portal = a_portal()
    province = a_province(portal)
    file = a_wire_dossier()["TaiLieuNop"][0]
    nameless = {**file, "TepDinhKemId": ""}
    province.push(a_wire_dossier(TaiLieuNop=[nameless, file]))

    province.push(a_wire_dossier(TaiLieuNop=[{**nameless, "TenTepDinhKem": "moi.pdf"}]), updating="True")

    assert [row["TenTepDinhKem"] for row in the_dossier(portal).header["TaiLieuNop"]] == ["don-de-nghi.pdf", "moi.pdf"]


def test_an_update_can_replace_everything() -> None:
    """
    Contract 20.5 is open: a portal that replaces is one setting away.
    """
    portal = a_portal(merge_documents=False)
    province = a_province(portal)
    province.push(a_wire_dossier())

    province.push(a_wire_dossier(TaiLieuNop=[]), updating="True")

    assert the_dossier(portal).header["TaiLieuNop"] == []


def test_an_update_of_an_unknown_number_is_refused() -> None:
    """
    6.3: code 2, "không tồn tại".
    """
    portal = a_portal()

    reply = a_province(portal).push(a_wire_dossier(), updating="True")

    assert reply.json == {"error_code": "2", "message": f"Mã hồ sơ {CODE} không tồn tại"}
    assert portal.counters().updates_of_unknown == 1


def test_a_portal_can_hold_on_to_the_procedure() -> None:
    """
    Contract 20.5: whether the procedure of a dossier may change is open.
    """
    portal = a_portal(procedure_may_change=False)
    province = a_province(portal)
    province.push(a_wire_dossier())

    assert province.push(a_wire_dossier(MaTTHC="9.000777"), updating="True").message == "Dữ liệu không hợp lệ: MaTTHC"


def test_numbers_are_compared_without_regard_to_case() -> None:
    """
    One dossier, however its number is written.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())

    assert province.push(a_wire_dossier(CODE.lower())).code == "3"
    assert province.look_up(CODE.lower()).json["result"][0]["MAHOSO"] == CODE


def test_a_batch_is_all_or_nothing() -> None:
    """
    14: nothing is stored and the message names the first bad number.
    """
    portal = a_portal()
    batch = [
        a_wire_dossier(a_code(1)),
        a_wire_dossier(a_code(2), HinhThuc="9"),
        a_wire_dossier(a_code(3), MaTTHC="1.9"),
    ]

    reply = a_province(portal).push(*batch)

    assert reply.json == {"error_code": "1", "message": f"Dữ liệu không hợp lệ: HinhThuc (hồ sơ {a_code(2)})"}
    assert portal.dossiers() == []


def test_a_batch_can_be_taken_in_part() -> None:
    """
    14: the good ones stay although the one code says no.
    """
    portal = a_portal(partial_batches=True)
    batch = [a_wire_dossier(a_code(1)), a_wire_dossier(a_code(2), HinhThuc="9"), a_wire_dossier(a_code(3))]

    reply = a_province(portal).push(*batch)

    assert reply.code == "1"
    assert [record.code for record in portal.dossiers()] == [a_code(1), a_code(3)]


def test_a_number_twice_in_one_batch_exists_the_second_time() -> None:
    """
    The create rule looks at the batch as well.
    """
    portal = a_portal()

    reply = a_province(portal).push(a_wire_dossier(), a_wire_dossier())

    assert reply.code == "3"
    assert portal.dossiers() == []


def test_batches_have_a_largest_size() -> None:
    """
    14: 100 dossiers, 200 steps by default.
    """
    portal = a_portal(max_dossiers=2, max_steps=2)
    province = a_province(portal)
    headers = [a_wire_dossier(a_code(n)) for n in range(3)]

    assert province.push(*headers).message == "Dữ liệu không hợp lệ: data"
    assert province.push(*headers[:2]).code == "0"
    assert province.step(*[a_wire_step(a_code(1), NoiDungXuLy=f"{n}") for n in range(3)]).code == "1"


def test_steps_wait_for_their_dossier() -> None:
    """
    6.4: a timeline of an unknown number is refused, and counted.
    """
    portal = a_portal()

    reply = a_province(portal).step(a_wire_step())

    assert reply.json == {"error_code": "2", "message": f"Mã hồ sơ {CODE} không tồn tại"}
    assert portal.counters().steps_before_dossier == 1


def test_an_exact_repeat_of_a_step_is_ignored() -> None:
    """
    6.4: same number, time, status and text are the same step.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())

    for step in (a_wire_step(), a_wire_step(NguoiXuLy="Người khác"), a_wire_step(NoiDungXuLy="Khác")):
        assert province.step(step).code == "0"

    assert len(the_dossier(portal).steps) == 2
    assert portal.counters().steps_repeated == 1


def test_an_exact_repeat_of_a_step_can_count_twice() -> None:
    """
    Contract 20.14 is open: on such a portal only a client that remembers stays clean.
    """
    portal = a_portal(repeated_steps="counted")
    province = a_province(portal)
    province.push(a_wire_dossier())
    province.step(a_wire_step())

    province.step(a_wire_step())

    assert len(the_dossier(portal).steps) == 2
    assert portal.counters().steps_counted_twice == 1


def test_the_timeline_moves_the_public_status_to_its_latest_step() -> None:
    """
    6.4: a step that happened earlier enters the history and does not move the status.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())

    province.step(a_wire_step(ThoiDiemXuLy="20260310080000", TrangThai="9"))
    province.step(a_wire_step(ThoiDiemXuLy="20260305080000", TrangThai="4"))

    record = the_dossier(portal)
    assert record.status == 9
    assert record.header["TrangThaiHoSo"] == "9"
    assert [(move.old, move.new, move.by) for move in record.moves] == [
        (None, 2, "DongBoHoSoMC"),
        (2, 9, "CapNhatTienDoHoSoMC"),
    ]
    assert [step.late for step in record.steps] == [False, True]


def test_the_timeline_can_leave_the_public_status_alone() -> None:
    """
    Contract 6.4 leaves it open.
    """
    portal = a_portal(timeline_moves_status=False)
    province = a_province(portal)
    province.push(a_wire_dossier())

    province.step(a_wire_step(TrangThai="9"))

    assert the_dossier(portal).status == 2


def test_a_move_outside_the_assumed_list_is_flagged_or_refused() -> None:
    """
    12.1: 2 to 10 is accepted with a flag; a strict portal refuses it.
    """
    lenient, strict = a_portal(), a_portal(transitions="refuse")
    for portal in (lenient, strict):
        a_province(portal).push(a_wire_dossier())

    assert a_province(lenient).push(a_wire_dossier(TrangThaiHoSo="10"), updating="True").code == "0"
    assert [move.flagged for move in the_dossier(lenient).moves] == [False, True]
    reply = a_province(strict).push(a_wire_dossier(TrangThaiHoSo="10"), updating="True")
    assert reply.message == "Dữ liệu không hợp lệ: TrangThaiHoSo"


OUTCOME: dict[str, Any] = {
    "MaHoSo": "G22.99-260305-00011",
    "MaHoSoDonVi": "H99.02-260305-0003",
    "MaDoiTuong": "",
    "TrangThai": "2",
    "NoiDung": "Đã tiếp nhận",
    "NgayXuLy": "20260305140500",
    "TaiLieuXuLy": [],
}


def test_a_portal_born_dossier_is_answered_not_pushed() -> None:
    """
    7.6: DongBoHoSoMC is refused and counted; DongBoTrangThaiHoSo takes one object, and 11 for a refusal.
    """
    portal = a_portal()
    portal.add_portal_born("H99.02-260305-0003", {"MaTTHC": "9.000777"})
    province = a_province(portal)
    outcome = {**OUTCOME, "MaHoSo": "H99.02-260305-0003"}

    assert province.push(a_wire_dossier("H99.02-260305-0003")).message == "Dữ liệu không hợp lệ: MaHoSo"
    assert portal.counters().portal_born_pushed == 1
    assert province.call("DongBoTrangThaiHoSo", type="2", data=[outcome]).message == "Dữ liệu không hợp lệ: data"
    assert province.call("DongBoTrangThaiHoSo", type="1", data=outcome).message == "Dữ liệu không hợp lệ: type"
    assert province.call("DongBoTrangThaiHoSo", type="2", data={**outcome, "TrangThai": "11"}).code == "0"
    assert the_dossier(portal, "H99.02-260305-0003").status == 3


def test_an_outcome_is_only_for_what_the_portal_gave_out() -> None:
    """
    Unknown numbers and the province's own dossiers are refused.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())

    assert province.call("DongBoTrangThaiHoSo", type="2", data=OUTCOME).code == "2"
    own = {**OUTCOME, "MaHoSo": CODE}
    assert province.call("DongBoTrangThaiHoSo", type="2", data=own).message == "Dữ liệu không hợp lệ: MaHoSo"


def test_an_outcome_may_carry_a_file_without_an_id() -> None:
    """
    7.6: TepDinhKemId may be null there, and only there.
    """
    portal = a_portal()
    portal.add_portal_born(OUTCOME["MaHoSo"], {})
    file = {"TepDinhKemId": None, "TenTepDinhKem": "tb.pdf", "DuongDanTaiTepTin": "https://vidu.example/tb.pdf"}

    reply = a_province(portal).call("DongBoTrangThaiHoSo", type="2", data={**OUTCOME, "TaiLieuXuLy": [file]})

    assert reply.code == "0"


def test_a_look_up_shows_the_header_in_upper_case() -> None:
    """
    5.7: non-empty means that the dossier is there; an unknown number gives an empty list and code 0.
    """
    portal = a_portal()
    province = a_province(portal)

    assert province.look_up().json == {"error_code": 0, "message": "Thành công", "result": []}
    province.push(a_wire_dossier())
    province.step(a_wire_step(TrangThai="4"))
    row = province.look_up().json["result"][0]
    assert (row["MAHOSO"], row["MATTHC"], row["TRANGTHAIHOSO"]) == (CODE, "9.000123", "4")
    assert all(name == name.upper() for name in row)


def test_a_merged_province_sends_under_old_and_new_codes() -> None:
    """
    Dossiers of a province that was merged away stay reachable under the successor's account.
    """
    portal = a_portal()
    portal.add_account(Account.of_province("H98", "x", merged=["H97"]))
    province = Province(InProcess(portal), username="000.00.00.H98", password="x", unit="H97")

    assert province.push(a_wire_dossier("H97.05-250301-0001")).code == "0"
    province.unit = "000.00.00.H98"
    assert province.push(a_wire_dossier("000.00.05.H97-250301-0002")).code == "0"
    assert province.push(a_wire_dossier(CODE)).message == "Dữ liệu không hợp lệ: MaHoSo"


@pytest.mark.parametrize("kept", [None, 2])
def test_versions_can_be_bounded(kept: int | None) -> None:
    """
    A long benchmark needs no memory of every header.
    """
    portal = a_portal(keep_versions=kept)
    province = a_province(portal)
    province.push(a_wire_dossier())
    for _ in range(3):
        province.push(a_wire_dossier(), updating="True")

    assert len(the_dossier(portal).versions) == (kept or 4)
