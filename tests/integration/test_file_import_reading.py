"""Files as they come: encodings, delimiters, kinds of file, headings. Each refusal says what to do."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from connectors.provincial.file import DossierHistory, DossierRefused, FileMapping, FileRefused, read_dossiers
from connectors.provincial.file.encoding import TO_TCVN3
from connectors.provincial.file.headings import column_letters
from gateway.model import DossierStatus
from gateway.model.times import VIETNAM
from tests.clocks import TestClock
from tests.exports import PERSON, a_header, a_history, a_mapping, a_step, an_export, text_of


def read(path: Path, mapping: FileMapping | None = None, steps_path: Path | None = None) -> list[DossierHistory]:
    return list(read_dossiers(path, mapping or a_mapping(), steps_path=steps_path, clock=TestClock()))


def refused(path: Path, mapping: FileMapping | None = None, steps_path: Path | None = None) -> str:
    with pytest.raises(FileRefused) as caught:
        read(path, mapping, steps_path)
    return str(caught.value)


def as_1258(text: str) -> bytes:
    """As Windows writes Vietnamese: vowels composed, tone marks apart."""
    tones = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
    out = []
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        tone = [mark for mark in parts[1:] if mark in tones]
        base = unicodedata.normalize("NFC", parts[0] + "".join(mark for mark in parts[1:] if mark not in tones))
        out.append(base + "".join(tone))
    return "".join(out).encode("cp1258")


def as_tcvn3(text: str) -> bytes:
    """As the fonts of the 1990s need it."""
    codes = {letter: byte for byte, letter in TO_TCVN3.items()}
    return bytes(codes.get(letter, ord(letter) if ord(letter) < 0x80 else 0x3F) for letter in text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_unicode_files_are_read_whatever_their_form(tmp_path: Path, encoding: str, delimiter: str) -> None:
    """
    With and without byte order mark, with comma, semicolon and tab, one dossier with four steps arrives.
    """
    path = an_export(tmp_path / "ho-so.csv", a_history(), encoding=encoding, delimiter=delimiter)

    (history,) = read(path)

    assert history.dossier.applicant.name == PERSON
    assert [int(step.status) for step in history.steps] == [2, 4, 9, 10]


def test_windows_1258_is_read_and_kept_as_it_was_given(tmp_path: Path) -> None:
    """
    Headings and words match although tone marks stand apart; the name is stored as the file has it.
    """
    path = tmp_path / "ho-so.csv"
    path.write_bytes(as_1258(text_of(a_history())))

    (history,) = read(path)

    name = history.dossier.applicant.name
    assert unicodedata.normalize("NFC", name) == PERSON
    assert name != PERSON


def test_tcvn3_is_recognised_and_refused_with_advice(tmp_path: Path) -> None:
    """
    It would read as other letters; the operator is told how to convert it.
    """
    path = tmp_path / "ho-so.csv"
    path.write_bytes(as_tcvn3(text_of(a_history()).lower()))

    message = refused(path)

    assert "TCVN3" in message
    assert "UniKey" in message


def test_tcvn3_letters_inside_a_unicode_file_are_recognised_too(tmp_path: Path) -> None:
    """
    A sheet in a .VnTime font saved as UTF-8 shows «M· hå s¬»: the bytes are right, the letters are not.
    """
    western = as_tcvn3(text_of(a_history()).lower()).decode("latin-1")
    path = tmp_path / "ho-so.csv"
    path.write_text(western, encoding="utf-8")

    assert "TCVN3" in refused(path)


def test_broken_utf8_is_named_by_line_and_byte(tmp_path: Path) -> None:
    """
    Two broken places, both told; nothing of the file is read.
    """
    lines = text_of(a_history()).encode().split(b"\r\n")
    lines[1] = lines[1].replace("Ví".encode(), b"V\xc3")
    lines[3] += b"\xff"
    path = tmp_path / "ho-so.csv"
    path.write_bytes(b"\r\n".join(lines))

    message = refused(path)

    assert "dòng 2, byte thứ" in message
    assert "0xC3" in message
    assert "dòng 4" in message
    assert "0xFF" in message


def test_a_nul_byte_is_named_by_its_line(tmp_path: Path) -> None:
    """
    A damaged disk or a half-written export leaves zeros.
    """
    path = tmp_path / "ho-so.csv"
    path.write_bytes(text_of(a_history()).encode() + b"H99.101.01-260302-0008,\0\0\0\n")

    assert "dòng 6 có byte NUL" in refused(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls", id="old workbook"),
        pytest.param(b"  <html><table><tr><td>M\xc3\xa3</td></tr></table></html>", "HTML", id="web page"),
        pytest.param("\ufeff<!DOCTYPE html><html></html>".encode(), "HTML", id="web page with a mark"),
        pytest.param(b'<?xml version="1.0"?><Workbook/>', "XML", id="xml"),
        pytest.param(b"%PDF-1.7", "PDF", id="pdf"),
        pytest.param(b"\x1f\x8b\x08\0", "gzip", id="gzip"),
        pytest.param(b"PK\x03\x04 not really", "hỏng", id="broken zip"),
        pytest.param(b"", "rỗng", id="empty"),
        pytest.param(b" \r\n \r\n", "rỗng", id="blank"),
    ],
)
def test_other_kinds_of_file_are_refused_by_content(tmp_path: Path, content: bytes, says: str) -> None:
    """
    The name is no evidence: exports called .xls are often web pages.
    """
    path = tmp_path / "ho-so.xls"
    path.write_bytes(content)

    assert says in refused(path)


def test_a_zip_that_is_no_workbook_and_a_file_that_is_not_there(tmp_path: Path) -> None:
    """
    Each says what it is.
    """
    path = tmp_path / "ho-so.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ho-so.csv", text_of(a_history()))

    assert "tệp nén (zip)" in refused(path)
    assert "không có tệp này" in refused(tmp_path / "none.csv")
    assert "thư mục" in refused(tmp_path)


def test_report_titles_above_and_headings_repeated_between_are_passed_over(tmp_path: Path) -> None:
    """
    Printed reports begin with a title and repeat their headings on every page.
    """
    lines = text_of(a_history()).splitlines()
    title = ["SỞ VÍ DỤ,,", "BÁO CÁO TÌNH HÌNH TIẾP NHẬN HỒ SƠ,,", ",,"]
    path = tmp_path / "ho-so.csv"
    path.write_text("\n".join([*title, *lines[:3], lines[0], *lines[3:], ",,,", ""]), encoding="utf-8")

    (history,) = read(path)

    assert len(history.steps) == 4
    assert history.lines == (5, 6, 8, 9)


def test_headings_are_found_whatever_their_case_spacing_and_unicode_form(tmp_path: Path) -> None:
    """
    «MÃ  HỒ SƠ (*)» in decomposed letters is the heading «Mã hồ sơ».
    """
    head, *rest = text_of(a_history()).splitlines()
    head = unicodedata.normalize("NFD", head.upper().replace("MÃ HỒ SƠ", "MÃ  HỒ SƠ (*)"))
    path = tmp_path / "ho-so.csv"
    path.write_text("\n".join([head, *rest]), encoding="utf-8")

    assert len(read(path)) == 1


def test_missing_headings_are_all_named_with_the_nearest_found(tmp_path: Path) -> None:
    """
    One look at the message is enough to mend the mapping.
    """
    text = text_of(a_history()).replace("Trích yếu,", "Trích yếu hồ sơ,").replace("Người nộp,", "Họ tên,")
    path = tmp_path / "ho-so.csv"
    path.write_text(text, encoding="utf-8")

    message = refused(path)

    assert "«Trích yếu» (columns.subject), gần nhất là «Trích yếu hồ sơ»" in message
    assert "«Người nộp» (columns.applicant_name)" in message


def test_a_heading_that_stands_twice_is_refused_with_both_columns(tmp_path: Path) -> None:
    """
    Nobody can tell which «Trích yếu» is meant.
    """
    lines = text_of(a_history()).splitlines()
    path = tmp_path / "ho-so.csv"
    path.write_text("\n".join([lines[0] + ",Trích yếu", *(line + ",x" for line in lines[1:])]), encoding="utf-8")

    assert re.search(r"«Trích yếu» \(cột \w và \w\)", refused(path))


def test_a_file_of_another_system_is_refused_by_its_headings(tmp_path: Path) -> None:
    """
    The message lists what was looked for.
    """
    path = tmp_path / "kho.csv"
    path.write_text("Mặt hàng,Số lượng\nGạo,5\n", encoding="utf-8")

    assert "không tìm thấy dòng tiêu đề" in refused(path)
    assert "«Mã hồ sơ»" in refused(path)


def test_quoted_line_breaks_stay_inside_their_cell_and_lines_are_counted_right(tmp_path: Path) -> None:
    """
    A subject of two lines is one cell; the next row is named by its line in the file, not by its number.
    """
    rows = [*a_history(7, Trích_yếu="Đăng ký khai sinh\ncho con thứ hai"), *a_history(8)]

    first, second = read(an_export(tmp_path / "ho-so.csv", rows))

    assert first.dossier.subject == "Đăng ký khai sinh\ncho con thứ hai"
    assert first.lines == (2, 4, 6, 8)
    assert second.lines == (10, 11, 12, 13)


def test_a_quote_that_never_closes_is_named_by_the_line_where_it_opens(tmp_path: Path) -> None:
    """
    It would swallow the rest of the file into one cell.
    """
    lines = text_of(a_history()).splitlines()
    lines[2] = lines[2].replace("Đăng ký", '"Đăng ký')
    path = tmp_path / "ho-so.csv"
    path.write_text("\n".join([*lines, "x" * 200_000]), encoding="utf-8")

    assert "từ dòng 3 có một ô dài bất thường" in refused(path)


def test_a_workbook_gives_dates_numbers_and_steps_from_its_second_sheet(tmp_path: Path) -> None:
    """
    Cells that are dates need no format; a number that stands for text loses its point.
    """
    book = Workbook()
    sheet, steps = book.active, book.create_sheet("Quá trình")
    assert sheet is not None
    sheet.title = "Hồ sơ"
    header = a_header() | {"Lệ phí": "", "Ngày tiếp nhận": "", "Ngày trả": ""}
    values: dict[str, object] = {
        **header, "Lệ phí": 75000.0,
        "Ngày tiếp nhận": datetime(2026, 3, 2, 8, 15), "Ngày trả": datetime(2026, 3, 5, 15, 0),  # noqa: DTZ001
    }  # fmt: skip
    sheet.append(["DANH SÁCH HỒ SƠ"])
    sheet.append(list(values))
    sheet.append(list(values.values()))
    steps.append(["Mã hồ sơ", "Thời điểm", "Trạng thái bước", "Cán bộ", "Nội dung"])
    for row in reversed(a_history()):
        steps.append([row[name] for name in ("Mã hồ sơ", "Thời điểm", "Trạng thái bước", "Cán bộ", "Nội dung")])
    path = tmp_path / "ho-so.xlsx"
    book.save(path)

    (history,) = read(path, a_mapping("sheets", file='sheet = "hồ sơ"\nsteps_sheet = "Quá trình"'))

    assert history.dossier.accepted_at == datetime(2026, 3, 2, 8, 15, tzinfo=VIETNAM)
    assert history.dossier.fees[0].amount == 75_000
    assert [int(step.status) for step in history.steps] == [2, 4, 9, 10]
    assert history.lines == (3,)


def test_a_sheet_that_is_missing_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    """
    The mapping says «Các bước», the workbook «Bước xử lý».
    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(a_header()))
    book.create_sheet("Các bước xử lý")
    path = tmp_path / "ho-so.xlsx"
    book.save(path)

    message = refused(path, a_mapping("sheets", file='steps_sheet = "Các bước"'))

    assert "không có trang «Các bước»" in message
    assert "«Các bước xử lý»" in message


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """
    Some kilobytes that would become gigabytes.
    """
    path = tmp_path / "ho-so.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (40 << 20))

    assert "phình ra quá lớn" in refused(path)


def a_workbook(path: Path, sheet: str) -> Path:
    """A workbook made by hand, with one sheet."""
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        sheets = '<sheets><sheet name="Hồ sơ" sheetId="1" r:id="rId1"/></sheets>'
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{name}" xmlns:r="{kind}">{sheets}</workbook>')
        relation = f'<Relationship Id="rId1" Type="{kind}/worksheet" Target="worksheets/sheet1.xml"/>'
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{relation}</Relationships>")
        data = f'<worksheet xmlns="{name}"><sheetData>{sheet}</sheetData></worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", data)
    return path


@pytest.mark.parametrize(
    ("place", "value"), [pytest.param(8, 1, id="password"), pytest.param(10, 97, id="unknown packing")]
)
def test_a_part_that_cannot_be_unpacked_is_refused(tmp_path: Path, place: int, value: int) -> None:
    """
    A part with a password of its own, or packed as only other programs can: a refusal, not a crash.
    """
    path = a_workbook(tmp_path / "ho-so.xlsx", "")
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x01\x02") + place] = value
    path.write_bytes(content)

    assert "hỏng" in refused(path)


def test_cells_stand_where_their_reference_says_and_formulas_as_they_are_written(tmp_path: Path) -> None:
    """
    Blank cells are not in the file; a formula is refused and never computed, whatever value is stored beside it.
    """
    heads = "".join(f'<c r="{column_letters(i)}5" t="str"><v>{h}</v></c>' for i, h in enumerate(a_header()))
    cells = {**a_header(Ngày_trả="", Trạng_thái="Đã nhận"), "Số giấy tờ": "", "Lệ phí": ""}
    values = "".join(
        f'<c r="{column_letters(i)}9" t="inlineStr"><is><t>{cell}</t></is></c>'
        for i, cell in enumerate(cells.values())
        if cell and list(cells)[i] != "Trích yếu"
    )
    place = column_letters(list(cells).index("Trích yếu"))
    formula = f'<c r="{place}9" t="str"><f>UPPER("a")</f><v>A</v></c>'
    path = a_workbook(tmp_path / "ho-so.xlsx", f'<row r="5">{heads}</row><row r="9">{values}{formula}</row>')

    with pytest.raises(DossierRefused) as caught:
        read(path, a_mapping("columns"))

    assert [(r.line, r.column) for r in caught.value.refusals] == [(9, "Trích yếu")]
    assert "là công thức" in caught.value.refusals[0].reason


@pytest.mark.parametrize(
    ("sheet", "says"),
    [
        pytest.param('<row><c r="XFD1" t="str"><v>x</v></c></row>', "có hơn 512 cột", id="far column"),
        pytest.param('<row><c t="s"><v>5</v></c></row>', "hỏng ở dòng 1", id="string that is not there"),
        pytest.param("<row><c><v>", "hỏng ở dòng 1", id="cut off"),
        pytest.param(f'<row><c t="str"><v>{"x" * 11_000_000}</v></c></row>', "hỏng ở dòng 1", id="endless cell"),
    ],
)
def test_a_damaged_or_boundless_sheet_is_refused_with_its_line(tmp_path: Path, sheet: str, says: str) -> None:
    """
    What no spreadsheet program writes is not read.
    """
    path = a_workbook(tmp_path / "ho-so.xlsx", sheet)
    rewritten = tmp_path / "lai.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(rewritten, "w") as new:
        for part in old.infolist():
            new.writestr(part.filename, old.read(part))

    assert says in refused(rewritten, a_mapping("columns"))


def test_entity_definitions_and_broken_parts_are_refused(tmp_path: Path) -> None:
    """
    A workbook is data from outside.
    """
    declared, broken = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    with zipfile.ZipFile(declared, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "b">]><workbook/>')
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook")

    assert "DTD" in refused(declared)
    assert "hỏng" in refused(broken)


def test_steps_of_a_text_export_come_from_a_second_file(tmp_path: Path) -> None:
    """
    Without it the import stops: a dossier without its history would be told wrongly.
    """
    headers = an_export(tmp_path / "ho-so.csv", [a_header(7), a_header(8)])
    steps = an_export(
        tmp_path / "cac-buoc.csv",
        [
            {"Mã hồ sơ": row["Mã hồ sơ"], **{name: row[name] for name in a_step("", "")}}
            for row in (*a_history(8), *a_history(7))
        ],
    )
    mapping = a_mapping("sheets")

    histories = read(headers, mapping, steps)

    assert [len(history.steps) for history in histories] == [4, 4]
    assert "--steps TỆP" in refused(headers, mapping)
    assert "không cần tệp các bước" in refused(headers, a_mapping("columns"), steps)


def test_dates_of_one_row_become_steps(tmp_path: Path) -> None:
    """
    Layout columns: two dates, two steps, in the mapping's order when they fall on one day.
    """
    path = an_export(tmp_path / "ho-so.csv", [a_header(Ngày_tiếp_nhận="02/03/2026", Ngày_trả="02/03/2026")])

    (history,) = read(path, a_mapping("columns"))

    assert [step.status for step in history.steps] == [DossierStatus.ACCEPTED, DossierStatus.RETURNED]
    assert history.steps[0].officer == "Bộ phận một cửa"
    assert history.dossier.status_at == history.steps[-1].at


def test_blank_cells_of_the_flat_layout_inherit(tmp_path: Path) -> None:
    """
    The dossier's cells stand in the first of its rows only, as merged cells are exported.
    """
    first, *others = a_history()
    blank = dict.fromkeys(a_header(), "")

    (history,) = read(an_export(tmp_path / "ho-so.csv", [first, *(row | blank for row in others)]))

    assert len(history.steps) == 4
    assert history.dossier.applicant.name == PERSON


def test_a_status_that_no_column_tells_is_the_last_step(tmp_path: Path) -> None:
    """
    And a due day without an hour falls due when the office closes.
    """
    rows = [{name: cell for name, cell in row.items() if name != "Trạng thái"} for row in a_history()]

    (history,) = read(an_export(tmp_path / "ho-so.csv", rows))

    assert history.dossier.status is DossierStatus.RETURNED
    assert history.dossier.due_at == datetime(2026, 3, 6, 17, tzinfo=VIETNAM)
