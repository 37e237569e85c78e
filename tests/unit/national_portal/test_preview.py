"""What operators see of a message before it goes to the portal."""

from __future__ import annotations

import pytest

from connectors.national_portal.deliveries import OUTCOME
from gateway.errors import Rejected
from gateway.model import DossierStatus, Origin
from gateway.ports import Message
from tests.builders import a_document, a_dossier, a_step
from tests.portal_scripts import a_connector, a_message, said, scripted


def shown(message: Message, **settings: object) -> dict[str, str]:
    preview = a_connector(scripted({}), **settings).preview(message)
    return {path: field.shown for path, field in preview.fields.items()}


def test_a_header_is_shown_in_the_words_of_the_portal_with_persons_masked() -> None:
    """
    Codes and dates can be read, names, numbers, texts and links cannot; it says whether it would be an update.
    """
    fields = shown(a_message(a_dossier(), established=True))

    assert (fields["isUpdating"], fields["MaHoSo"]) == ("True", "H99.01.01-260302-0007")
    assert (fields["TrangThaiHoSo"], fields["NgayTiepNhan"]) == ("2", "20260302092000")
    assert fields["ChuHoSo"] == "N.V.V.D."
    assert fields["DinhDanhCHS[0].SoDinhDanh"] == "0990*****017"
    assert fields["TrichYeuHoSo"] == "*** (25 ký tự / characters)"
    assert (fields["TaiLieuNop[0].DuocSoHoa"], fields["DanhSachGiayToKetQua"]) == ("1", "")
    seen = " ".join(fields.values())
    assert not any(word in seen for word in ("Nguyễn", "0900000001", "vidu@", "099090000017", "https", "cho con"))


def test_steps_and_outcomes_are_shown_too() -> None:
    """
    An officer is masked as a citizen is; a status that there is nothing to tell of has an empty form.
    """
    born_there = a_dossier(code="G22.99-260302-00007", origin=Origin.PORTAL, status=DossierStatus.SUBMITTED)

    assert shown(a_message(a_step()))["NguoiXuLy"] == "T.T.T."
    assert shown(a_message(a_dossier(), OUTCOME))["TrangThai"] == "2"
    assert shown(a_message(born_there, OUTCOME)) == {}


def test_a_print_tells_that_a_value_changed_and_nothing_else() -> None:
    """
    One message with one masked value mended: that print differs, all others stay. Two messages cannot be compared.
    """
    connector = a_connector(scripted({}))
    message = a_message(a_dossier(subject="một"), key="a" * 32)
    mended = a_message(a_dossier(subject="hai"), key="a" * 32)
    other = a_message(a_dossier(subject="một"), key="b" * 32)
    before, after, elsewhere = (
        {path: field.print for path, field in connector.preview(one).fields.items()} for one in (message, mended, other)
    )

    assert [path for path in before if before[path] != after[path]] == ["TrichYeuHoSo"]
    assert not [path for path in before if before[path] == elsewhere[path]]


def test_what_cannot_be_translated_has_no_preview() -> None:
    """
    An unlisted procedure, a file without an id, a body of the wrong kind: refused as a delivery would be.
    """
    unlisted = a_connector(scripted({"LayThuTuc": [said(0, "Thành công", result=[])]}))
    for connector, message in (
        (unlisted, a_message(a_dossier())),
        (a_connector(scripted({}), profile="v1"), a_message(a_dossier(documents=(a_document(id=None),)))),
        (a_connector(scripted({})), a_message(a_step(), "dossier")),
    ):
        with pytest.raises(Rejected):
            connector.preview(message)
