"""What is refused goes to the rejects file, whole dossiers at a time, with a reason a tired operator understands."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from connectors.provincial.file import FileRefused, read_dossiers
from connectors.provincial.file.refusals import DossierRefused
from tests.clocks import TestClock
from tests.exports import (
    NUMBER,
    PERSON,
    MemoryLedger,
    a_header,
    a_history,
    a_mapping,
    a_step,
    an_export,
    bring_in,
    read_back,
    text_of,
)

Rows = list[dict[str, str]]
SHARED_NAME = "Cấp chứng chỉ kiểm định viên"


def rejects_of(tmp_path: Path, rows: Rows) -> Rows:
    """Import *rows* beside a sound dossier; the sound one must pass and nothing of the others may."""
    ledger = MemoryLedger()
    path = an_export(tmp_path / "ho-so.csv", [*a_history(1), *rows])

    report = bring_in(path, ledger)

    assert set(ledger.dossiers) == {"H99.101.01-260302-0001"}
    refused = read_back(tmp_path / "rejects.csv")
    assert report.refused_rows == len(refused)
    return refused


@pytest.mark.parametrize(
    ("changes", "column", "says"),
    [
        pytest.param({"Mã TTHC": "1.999999"}, "Mã TTHC", "không có trong danh mục", id="unknown procedure"),
        pytest.param({"Mã TTHC": "1.0133611"}, "Mã TTHC", "có 7 chữ số sau dấu chấm", id="a digit too many"),
        pytest.param({"Mã TTHC": "1.014955-Xoa"}, "Mã TTHC", "dấu đã xóa", id="deleted"),
        pytest.param({"Mã TTHC": "1,014947"}, "Mã TTHC", "Có phải 1.014947?", id="comma"),
        pytest.param({"Mã TTHC": ""}, "Mã TTHC", "thiếu mã hoặc tên thủ tục", id="no procedure"),
        pytest.param({"Ngày tiếp nhận": "31/02/2026"}, "Ngày tiếp nhận", "không có trong lịch", id="31 February"),
        pytest.param({"Ngày tiếp nhận": "02/03/2027"}, "Ngày tiếp nhận", "ở tương lai", id="next year"),
        pytest.param({"Ngày tiếp nhận": "02/03/1026"}, "Ngày tiếp nhận", "quá xa trong quá khứ", id="a wrong year"),
        pytest.param({"Ngày hẹn trả": "01/03/2026"}, "Ngày hẹn trả", "trước ngày tiếp nhận", id="due before accepted"),
        pytest.param({"Trạng thái": "Đang lam"}, "Trạng thái", "Có phải là «Đang làm»", id="unknown word"),
        pytest.param({"Đối tượng": "Người dân"}, "Đối tượng", "trong bảng [applicant_kind]", id="unknown kind"),
        pytest.param({"Số giấy tờ": "000000000000"}, "Số giấy tờ", "không phải số thật", id="placeholder"),
        pytest.param({"Số giấy tờ": "99090000017"}, "Số giấy tờ", "bỏ số 0 ở đầu", id="zero lost"),
        pytest.param({"Người nộp": ""}, "Người nộp", "thiếu tên chủ hồ sơ", id="no name"),
        pytest.param({"Lệ phí": "12.5"}, "Lệ phí", "không phải số nguyên", id="half a đồng"),
        pytest.param({"Lệ phí": "-5"}, "Lệ phí", "không phải số nguyên", id="negative"),
        pytest.param({"Trích yếu": "=A1&B1"}, "Trích yếu", "Paste Values", id="formula"),
        pytest.param({"Trích yếu": "#N/A"}, "Trích yếu", "lỗi của bảng tính", id="formula error"),
        pytest.param({"Trích yếu": "Khai \x07 sinh"}, "Trích yếu", "ký tự điều khiển", id="control character"),
        pytest.param({"Trích yếu": "Khai s\ufffdnh"}, "Trích yếu", "ký tự hỏng", id="lost character"),
        pytest.param({"Trích yếu": "x" * 40_000}, "Trích yếu", "dài 40000 ký tự", id="overlong cell"),
        pytest.param({"Mã hồ sơ": "H99.101.01-260231-0002"}, "Mã hồ sơ", "31/02 không tồn tại", id="code of no day"),
        pytest.param({"Mã hồ sơ": "HS-12"}, "Mã hồ sơ", "ba phần", id="no code"),
        pytest.param({"Mã hồ sơ": "H99.101.01-260302-48213"}, "Mã hồ sơ", "bí danh", id="alias"),
    ],
)
def test_each_trouble_ends_in_words_with_its_line_and_column(
    tmp_path: Path, changes: dict[str, str], column: str, says: str
) -> None:
    """
    The dossier is held back whole: its first row bears the reason, the others say with which line they go.
    """
    refused = rejects_of(tmp_path, [row | changes for row in a_history(2)])

    assert [row["Dòng"] for row in refused] == ["6", "7", "8", "9"]
    assert refused[0]["Cột"] == column
    assert says in refused[0]["Lý do"]
    assert {row["Lý do"] for row in refused[1:]} == {"kèm theo dòng 6, cùng hồ sơ"}


@pytest.mark.parametrize(
    ("step", "column", "says"),
    [
        pytest.param(a_step("31/02/2026 10:00", "Đang làm"), "Thời điểm", "không có trong lịch", id="31 February"),
        pytest.param(a_step("", "Đang làm"), "Thời điểm", "thiếu thời điểm", id="no time"),
        pytest.param(a_step("02/03/2026 10:00", "Lạ"), "Trạng thái bước", "không có trong bảng", id="unknown word"),
        pytest.param(a_step("02/03/2026 10:00", "Đang làm", Cán_bộ=""), "Cán bộ", "thiếu cán bộ", id="no officer"),
        pytest.param(
            a_step("05/03/2026 16:00", "Đang làm"), "Trạng thái bước", "không thể theo sau 10", id="after the end"
        ),
    ],
)
def test_one_bad_step_holds_back_its_dossier(tmp_path: Path, step: dict[str, str], column: str, says: str) -> None:
    """
    A history with a hole would be told wrongly, so the whole dossier waits; the bad row bears the reason.
    """
    rows = a_history(2)
    rows.insert(1, rows[0] | step)

    refused = rejects_of(tmp_path, rows)

    assert len(refused) == 5
    assert refused[1]["Cột"] == column
    assert says in refused[1]["Lý do"]
    assert refused[0]["Lý do"] == "kèm theo dòng 7, cùng hồ sơ"


def test_all_faults_of_a_row_are_told_together(tmp_path: Path) -> None:
    """
    Mended once, not three times.
    """
    rows = a_history(2, Người_nộp="", Trích_yếu="", Đối_tượng="Ai đó")

    refused = rejects_of(tmp_path, rows)

    assert refused[0]["Cột"] == "Người nộp, Đối tượng, Trích yếu"
    assert refused[0]["Lý do"].count(";") == 2


def test_a_row_without_a_code_is_refused_by_itself(tmp_path: Path) -> None:
    """
    Nobody knows to which dossier it belongs.
    """
    ledger = MemoryLedger()
    headers = an_export(tmp_path / "ho-so.csv", [a_header(1), a_header(2, Mã_hồ_sơ="")])
    code = {"Mã hồ sơ": a_header(1)["Mã hồ sơ"]}
    steps = an_export(tmp_path / "buoc.csv", [code | a_step("02/03/2026", "Đã trả")])

    report = bring_in(headers, ledger, a_mapping("sheets"), steps_path=steps)

    (row,) = read_back(tmp_path / "rejects.csv")
    assert (report.new, report.refused_rows) == (1, 1)
    assert (row["Dòng"], row["Lý do"]) == ("3", "thiếu mã hồ sơ. Điền theo giấy tiếp nhận")


def test_a_code_with_two_bodies_names_both_lines_and_the_field(tmp_path: Path) -> None:
    """
    Which of the two is right only the operator can tell.
    """
    rows = a_history(2)
    rows[2] |= {"Trích yếu": "Đăng ký khai tử"}

    refused = rejects_of(tmp_path, rows)

    assert refused[2]["Cột"] == "Trích yếu"
    assert "khác dòng 6" in refused[2]["Lý do"]
    assert refused[0]["Lý do"] == "kèm theo dòng 8, cùng hồ sơ"


def test_a_step_told_twice_in_two_ways_names_both_lines(tmp_path: Path) -> None:
    """
    Same time, status and text, but another officer.
    """
    rows = a_history(2)
    rows.append(rows[1] | {"Cán bộ": "Lê Văn Mẫu"})

    refused = rejects_of(tmp_path, rows)

    assert "với dòng 7" in refused[4]["Lý do"]


def test_a_name_that_several_procedures_bear_is_refused_with_their_codes(tmp_path: Path) -> None:
    """
    And one that a single procedure bears is enough; doubled spaces and case do not matter.
    """
    ledger = MemoryLedger()
    by_name = {"Mã TTHC": "", "Tên thủ tục": SHARED_NAME}
    rows = [*(row | by_name for row in a_history(2)), *(
        row | {"Mã TTHC": "", "Tên thủ tục": "thủ tục  đăng ký KHAI SINH"} for row in a_history(3)
    )]  # fmt: skip

    bring_in(an_export(tmp_path / "ho-so.csv", rows), ledger)

    refused = read_back(tmp_path / "rejects.csv")
    assert "là tên chung của 2 thủ tục" in refused[0]["Lý do"]
    assert ledger.headers("H99.101.01-260302-0003")[-1].procedure.text == "1.001193"


def test_a_list_of_the_operator_decides_which_procedures_are_known(tmp_path: Path) -> None:
    """
    With check = "list" only those pass; with "none" any code of the right form.
    """
    path = an_export(tmp_path / "ho-so.csv", a_history(1, Mã_TTHC="1.999999"))
    listed = a_mapping(more='[procedures]\ncheck = "list"\ncodes = ["1.999999"]\n')
    other = a_mapping(more='[procedures]\ncheck = "list"\ncodes = ["1.001193"]\n')

    assert bring_in(path, MemoryLedger(), listed).new == 1
    assert bring_in(path, MemoryLedger(), a_mapping(more='[procedures]\ncheck = "none"\n')).new == 1
    assert bring_in(path, MemoryLedger(), other).refused_rows == 4


def test_a_row_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    """
    A comma in an address that nobody quoted shifts everything behind it.
    """
    lines = text_of(a_history(2)).splitlines()
    lines[2] = lines[2].replace("UBND xã Ví Dụ", "UBND xã Ví Dụ, huyện Mẫu")
    path = tmp_path / "ho-so.csv"
    path.write_text("\n".join(lines), encoding="utf-8")

    report = bring_in(path, MemoryLedger())

    with (tmp_path / "rejects.csv").open(encoding="utf-8-sig") as file:
        text = file.read()
    assert report.refused_rows == 4
    assert "có 17 ô, tiêu đề có 16" in text


def test_steps_without_their_dossier_are_refused_in_their_own_file(tmp_path: Path) -> None:
    """
    Rejects of the steps stand beside those of the dossiers, so that both can be imported again.
    """
    mapping = a_mapping("sheets")
    headers = an_export(tmp_path / "ho-so.csv", [a_header(1, Mã_TTHC="x")])
    steps = an_export(
        tmp_path / "buoc.csv",
        [{"Mã hồ sơ": a_header(serial)["Mã hồ sơ"]} | a_step("02/03/2026 09:00", "Đã trả") for serial in (1, 2)],
    )

    report = bring_in(headers, MemoryLedger(), mapping, steps_path=steps)

    held, orphan = read_back(tmp_path / "rejects-buoc.csv")
    assert [path.name for path in report.rejects] == ["rejects.csv", "rejects-buoc.csv"]
    assert held["Lý do"] == "kèm theo dòng 2 của bảng hồ sơ, cùng hồ sơ"
    assert "không có dòng hồ sơ nào" in orphan["Lý do"]


def test_the_rejects_file_mended_is_imported_with_the_same_mapping(tmp_path: Path) -> None:
    """
    It repeats each row as it was, in three more columns; after mending, everything has arrived.
    """
    ledger = MemoryLedger()
    path = an_export(tmp_path / "ho-so.csv", [*a_history(1), *a_history(2, Mã_TTHC="1,001193")], delimiter=";")
    bring_in(path, ledger)
    rejects = tmp_path / "rejects.csv"
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    text = rejects.read_text(encoding="utf-8-sig")
    assert text.splitlines()[0].startswith("Dòng;Cột;Lý do;Mã hồ sơ;")
    mended = tmp_path / "mended.csv"
    mended.write_text(text.replace("1,001193;", "1.001193;"), encoding="utf-8-sig")

    report = bring_in(mended, ledger)

    assert (report.new, report.refused_rows) == (1, 0)
    assert set(ledger.dossiers) == {"H99.101.01-260302-0001", "H99.101.01-260302-0002"}


def test_rejects_of_rejects_have_the_three_columns_once(tmp_path: Path) -> None:
    """
    Mended wrongly, refused again.
    """
    bring_in(an_export(tmp_path / "ho-so.csv", a_history(2, Mã_TTHC="x")), MemoryLedger())
    first = (tmp_path / "rejects.csv").rename(tmp_path / "lan-1.csv")

    bring_in(first, MemoryLedger())

    heads = (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    assert heads.count("Lý do") == 1
    assert len(read_back(tmp_path / "rejects.csv")) == 4


def test_an_earlier_rejects_file_is_kept_and_the_source_never_overwritten(tmp_path: Path) -> None:
    """
    Somebody may be mending it.
    """
    path = an_export(tmp_path / "ho-so.csv", a_history(2, Mã_TTHC="x"))
    (tmp_path / "rejects.csv").write_text("đang sửa", encoding="utf-8")

    bring_in(path, MemoryLedger())

    assert (tmp_path / "rejects.csv.cu").read_text(encoding="utf-8") == "đang sửa"
    with pytest.raises(FileRefused, match="vừa là tệp nhập"):
        bring_in(path.rename(tmp_path / "rejects.csv"), MemoryLedger())


def test_what_the_ledger_refuses_goes_to_the_rejects_too(tmp_path: Path) -> None:
    """
    The ledger says "returned"; the file wants to go on processing afterwards.
    """
    ledger = MemoryLedger()
    path = an_export(tmp_path / "ho-so.csv", a_history(1))
    bring_in(path, ledger)
    rows = [a_header(1, Trạng_thái="Đang làm", Ngày_trả="") | a_step("06/03/2026 09:00:00", "Đang làm")]

    report = bring_in(an_export(path, rows), ledger)

    (row,) = read_back(tmp_path / "rejects.csv")
    assert (report.refused_rows, report.accepted) == (1, 0)
    assert "không thể theo sau 10 Đã trả kết quả" in row["Lý do"]


def test_reasons_carry_no_personal_values(tmp_path: Path) -> None:
    """
    They are in the row already; a reason may be read aloud.
    """
    refused = rejects_of(tmp_path, a_history(2, Số_giấy_tờ=NUMBER + "5", Mã_TTHC="x"))

    for row in refused:
        assert NUMBER not in row["Lý do"]
        assert PERSON not in row["Lý do"]
    assert "*" in refused[0]["Lý do"]


def test_a_pull_back_that_nobody_dated_is_refused(tmp_path: Path) -> None:
    """
    The last step says finished, the dossier says processing: which is older, the file does not tell.
    """
    refused = rejects_of(tmp_path, [r | {"Trạng thái": "Đang làm", "Ngày trả": ""} for r in a_history(2)[:3]])

    assert "đi lùi so với bước cuối" in refused[0]["Lý do"]


def test_reading_without_a_ledger_raises_or_tells(tmp_path: Path) -> None:
    """
    A program that compares a file with a portal may want to stop at the first fault, or to collect them.
    """
    path = an_export(tmp_path / "ho-so.csv", [*a_history(1, Mã_TTHC="x"), *a_history(2)])
    told: list[DossierRefused] = []

    histories = list(read_dossiers(path, a_mapping(), refused=told.append, clock=TestClock()))

    assert [history.dossier.code.text for history in histories] == ["H99.101.01-260302-0002"]
    assert [refusal.line for refusal in told[0].refusals] == [2, 3, 4, 5]
    with pytest.raises(DossierRefused, match="dòng 2, cột Mã TTHC"):
        list(read_dossiers(path, a_mapping(), clock=TestClock()))
