"""Who mends what the portal refuses."""

from __future__ import annotations

import pytest

from connectors.national_portal.advice import ANNOUNCER, PORTAL
from connectors.national_portal.codes import Meaning
from gateway.policy import EXPIRED, UNDECIDABLE
from gateway.remedies import OPERATOR, SOURCE
from tests.portal_scripts import a_connector, scripted

SAID = "Cổng trả lời / the portal says: «{}»"


@pytest.mark.parametrize(
    ("operation", "code", "text", "owner", "word"),
    [
        ("dossier", "1", SAID.format("Dữ liệu không hợp lệ: NgayHenTra"), SOURCE, "một cửa"),
        ("dossier", "1", SAID.format("Dữ liệu không hợp lệ: DSKetNoiCSDL[0].MaCSDL"), OPERATOR, "no_database_code"),
        ("dossier", "4", SAID.format("Mã thủ tục 9.000123 không tồn tại"), ANNOUNCER, "thủ tục"),
        ("dossier", EXPIRED, "[3] " + SAID.format("Mã hồ sơ đã tồn tại"), PORTAL, "đã tồn tại"),
        ("step", EXPIRED, "[2] " + SAID.format("Mã hồ sơ không tồn tại"), PORTAL, "không có hồ sơ"),
        ("dossier", EXPIRED, "[-4] " + SAID.format("Đơn vị không có quyền"), OPERATOR, "madonvi"),
        ("dossier", EXPIRED, "[-1] " + SAID.format("Lỗi hệ thống"), PORTAL, "Cổng lỗi"),
        ("dossier", EXPIRED, "[tls] chứng thư của adapter không tin được", OPERATOR, "ca_file"),
        ("dossier", EXPIRED, "[http-404] địa chỉ không có dịch vụ", OPERATOR, "adapter_prefix"),
        ("step", UNDECIDABLE, "TraCuuHoSo: TRANGTHAIHOSO ? → 4, bước / step 4", OPERATOR, "timeline_deduplicated"),
        ("step", "http-413", "gói tin quá lớn", OPERATOR, "steps_per_call"),
        ("dossier", "incomplete", "H99.01.01-260302-0007: MaLinhVuc thủ tục chưa có lĩnh vực", ANNOUNCER, "lĩnh vực"),
        ("dossier", "incomplete", "H99.01.01-260302-0007: DSKetNoiCSDL không khai thác", OPERATOR, "no_database_code"),
    ],
)
def test_each_refusal_has_somebody_to_ask(operation: str, code: str, text: str, owner: str, word: str) -> None:
    """
    The owner and the option, field or system to look at; in both languages.
    """
    advice = a_connector(scripted({})).advise(operation, code, text)

    assert advice is not None
    assert advice.owner == owner
    assert word in advice.remedy
    assert " / " in advice.remedy


def test_codes_mean_what_the_operator_says() -> None:
    """
    The real list is not public: a row in error_codes changes the advice with the verdict.
    """
    connector = a_connector(scripted({}), error_codes={77: Meaning.UNAUTHORISED})

    advice = connector.advise("dossier", EXPIRED, "[77] …")

    assert advice is not None
    assert advice.owner == OPERATOR
    assert connector.advise("dossier", "78", "…") is None


@pytest.mark.parametrize("code", ["unreadable", "unknown-code", "unknown-procedure", EXPIRED, UNDECIDABLE])
def test_what_the_gateway_knows_better_is_left_to_it(code: str) -> None:
    """
    No advice of the portal's own: the general one holds.
    """
    assert a_connector(scripted({})).advise("dossier", code, "TraCuuHoSo: …") is None
