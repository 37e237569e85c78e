"""A mapping file is checked whole."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from connectors.provincial.file import Layout, load_mapping, parse_mapping
from gateway.errors import ConfigurationError, UnknownCode
from tests.exports import COMMON, STEPS, a_mapping


def problems(text: str) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as refused:
        parse_mapping(text)
    return {problem.path: f"{problem.reason}. {problem.remedy}" for problem in refused.value.problems}


def text(layout: str = "flat", more: str = STEPS) -> str:
    return COMMON.format(layout=layout, file="", more=more)


def test_the_example_that_ships_is_a_right_mapping() -> None:
    """
    An operator who copies the example starts from something that works.
    """
    mapping = parse_mapping(files("connectors.provincial.file").joinpath("example.toml").read_text("utf-8"))

    assert mapping.layout is Layout.SHEETS
    assert mapping.words["status"].meaning("CHUYỂN  chuyên viên") == "4"


def test_every_mistake_is_told_at_once() -> None:
    """
    Five mistakes, five lines: each with its path, its reason and a way out.
    """
    broken = text().replace('source = "motcua-vidu"', 'source = "một cửa"')
    broken = broken.replace('"dd/MM/yyyy HH:mm"', '"dd/MM"').replace('"Xong" = 9', '"Xong" = 11')
    broken = broken.replace('"Công dân" = "citizen"', '"Công dân" = "person"').replace("subject =", "subjet =")

    found = problems(broken)

    assert set(found) == {
        "source", "dates.formats[1]", "status.Xong", "applicant_kind.Công dân", "columns.subjet", "columns.subject",
    }  # fmt: skip
    assert "«subject»" in found["columns.subjet"]
    assert "10 Đã trả kết quả" in found["status.Xong"]


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        pytest.param(('layout = "flat"', 'layout = "list"'), "layout", "«sheets», «flat», «columns»", id="layout"),
        pytest.param(('subject = "Trích yếu"', ""), "columns.subject", "bắt buộc", id="missing field"),
        pytest.param(('subject = "Trích yếu"', "subject = 5"), "columns.subject", "phải là", id="wrong type"),
        pytest.param(
            ('subject = "Trích yếu"', 'subject = { headings = ["A"], value = "B" }'), "columns.subject", "cả headings",
            id="both heading and constant",
        ),
        pytest.param(
            ('subject = "Trích yếu"', 'subject = { headings = ["A"], time = "17:00" }'), "columns.subject.time",
            "không phải là ngày", id="time on a text",
        ),
        pytest.param(('time = "17:00"', 'time = "chiều"'), "columns.due_at.time", "17:00", id="bad time"),
        pytest.param(('value = "counter"', 'value = "quầy"'), "columns.result_delivery", "«quầy»", id="constant"),
        pytest.param(
            ('code = ["Mã hồ sơ", "Số hồ sơ"]', 'code = { value = "H99" }'), "columns.code", "không thể", id="fixed"
        ),
        pytest.param(('"dd/MM/yyyy HH:mm",', '"MM/dd/yyyy",'), "dates.formats", "hai ngày khác nhau", id="ambiguous"),
        pytest.param(('kind = { value = "charge" }', ""), "fees[0].kind", "bắt buộc", id="group field"),
        pytest.param(('officer = "Cán bộ"', ""), "steps.officer", "bắt buộc", id="step field"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_place(change: tuple[str, str], path: str, says: str) -> None:
    """
    One mistake is one problem, at the path where the operator must write.
    """
    found = problems(text().replace(*change))

    assert list(found) == [path]
    assert says in found[path]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        pytest.param("[proceduers]\n", "proceduers", id="unknown table"),
        pytest.param('[procedures]\ncheck = "list"\n', "procedures.codes", id="empty list"),
        pytest.param('[procedures]\ncodes = ["1.0133611"]\n', "procedures.codes.1.0133611", id="malformed code"),
        pytest.param('[procedures.names]\n"Khai sinh" = "1,001193"\n', "procedures.names.Khai sinh", id="comma"),
        pytest.param('[agencies]\n"UBND xã Ví Dụ" = "xã"\n', "agencies.UBND xã Ví Dụ", id="agency code"),
        pytest.param('[identifiers]\nmalformed = "invent"\n', "identifiers.malformed", id="identifiers"),
        pytest.param('[[step_columns]]\nat = "A"\n', "step_columns", id="step columns of another layout"),
        pytest.param('[step_status]\n"A" = 4\n"a " = 5\n', "step_status.a ", id="one word, two meanings"),
    ],
)
def test_tables_beside_the_columns_are_checked_too(more: str, path: str) -> None:
    """
    Lists, names and words are wrong in their own place.
    """
    assert path in problems(text(more=STEPS + more))


def test_tcvn3_cannot_be_asked_for() -> None:
    """
    The advice is to convert, since the encoding cannot be told from other text.
    """
    found = problems(COMMON.format(layout="flat", file='[file]\nencoding = "tcvn3"', more=STEPS))

    assert "UniKey" in found["file.encoding"]


def test_broken_toml_and_a_missing_file_are_configuration_errors(tmp_path: Path) -> None:
    """
    Neither is a traceback.
    """
    assert "TOML" in problems("source = ")["ánh xạ"]
    with pytest.raises(ConfigurationError, match="không đọc được"):
        load_mapping(tmp_path / "none.toml")


def test_words_compare_without_case_spacing_and_unicode_form() -> None:
    """
    «ĐANG  LÀM» typed on another keyboard is the same word; an unknown one is refused with what is near.
    """
    words = a_mapping().words["status"]

    assert words.meaning("ĐANG  LÀM") == words.meaning("Đang làm") == "4"
    assert words.meaning("đang xử lý") == "4"
    with pytest.raises(UnknownCode) as refused:
        words.meaning("Đang lam")
    assert "«Đang làm»" in refused.value.remedy
    assert "[status]" in refused.value.reason
