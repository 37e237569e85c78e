"""Our words in, the portal's out, and back: codes, cuts, refusals, and the samples read and written again."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.national_portal.envelope import read_answer
from connectors.national_portal.procedures import to_procedure
from connectors.national_portal.received import Reader
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.translate import Listed, Translator, moment
from gateway.errors import Rejected
from gateway.model import (
    ApplicantKind,
    Channel,
    DossierStatus,
    FeeKind,
    FeeMoment,
    Identifier,
    IdentifierKind,
    OnlinePayment,
    Origin,
    OtherPaper,
    Procedure,
    ProcedureCode,
    ProcedureResult,
    ResultDelivery,
    Reuse,
)
from gateway.model.times import VIETNAM, to_wire14
from tests.builders import MORNING, a_document, a_dossier, a_fee, a_result, a_step, a_supplement, an_applicant

LISTED = Listed(
    "1.001193",
    Procedure(
        code=ProcedureCode.parse("1.001193"),
        name="Thủ tục đăng ký khai sinh",
        field_code="G15-HT01",
        field_name="Hộ tịch",
        results=(ProcedureResult(code="KQ.G15.000001", name="Giấy khai sinh"),),
    ),
)


def translator(**changes: Any) -> Translator:
    values: dict[str, Any] = {"adapter_url": "http://127.0.0.1:9", "madonvi": "H99"}
    return Translator("cong", PortalSettings(**values | changes))


def test_the_dossier_sample_is_read_and_written_back(samples: Path) -> None:
    """
    The v2 layout survives the way in and out, field by field.
    """
    sample = orjson.loads((samples / "dongbohosomc.request.json").read_bytes())["data"][0]
    settings = PortalSettings(adapter_url="http://127.0.0.1:9", madonvi="H99")
    row = read_answer((samples / "laythutuc.answer.json").read_bytes()).rows[0]
    procedure = to_procedure(row, ProcedureCode.parse("9.000123"))
    assert procedure is not None

    dossier = Reader(settings.codes).dossier(sample)

    assert Translator("cong", settings).dossier(dossier, Listed("9.000123", procedure)) == sample


def test_the_timeline_sample_is_read_and_written_back(samples: Path) -> None:
    """
    Both steps, in order.
    """
    sample = orjson.loads((samples / "capnhattiendohosomc.request.json").read_bytes())["data"]
    reader = Reader(PortalSettings(adapter_url="http://127.0.0.1:9", madonvi="H99").codes)

    assert [translator().step(reader.step(each)) for each in sample] == sample


def test_the_outcome_sample_is_written(samples: Path) -> None:
    """
    A portal-born dossier is answered with both numbers and the reduced status.
    """
    sample = orjson.loads((samples / "dongbotrangthaihoso.request.json").read_bytes())["data"]
    dossier = a_dossier(
        code="G22.99-260305-00011",
        local_code="H99.02-260305-0003",
        origin=Origin.PORTAL,
        return_note="Đã tiếp nhận",
        status_at=datetime(2026, 3, 5, 7, 5, tzinfo=UTC),
        accepted_at=None,
        due_at=None,
    )

    assert translator().outcome(dossier) == sample


@pytest.mark.parametrize("word", list(ApplicantKind))
@pytest.mark.parametrize("delivery", list(ResultDelivery))
@pytest.mark.parametrize("payment", list(OnlinePayment))
def test_every_word_of_ours_has_a_code(word: ApplicantKind, delivery: ResultDelivery, payment: OnlinePayment) -> None:
    """
    Closed lists are mapped in full.
    """
    dossier = a_dossier(applicant=an_applicant(kind=word), result_delivery=delivery, online_payment=payment)

    data = translator().dossier(dossier, LISTED)

    assert data["LoaiDoiTuong"] in {"1", "2", "3", "4"}
    assert data["HinhThuc"] in {"0", "1"}
    assert data["DuocThanhToanTrucTuyen"] in {"0", "1", "2", "3"}


def test_the_other_tables_are_complete_but_for_the_kiosk() -> None:
    """
    A kiosk has no code yet (domain: codes for the kiosk channel are not settled), every other word has.
    """
    codes = PortalSettings(adapter_url="http://127.0.0.1:9", madonvi="H99").codes

    assert set(Channel) - set(codes.channels) == {Channel.KIOSK}
    assert set(codes.identifiers) == set(IdentifierKind)
    assert set(codes.fee_kinds) == set(FeeKind)
    assert set(codes.fee_moments) == set(FeeMoment)
    assert set(codes.reuses) == set(Reuse)
    assert set(codes.filed_at) == set(Origin)
    assert set(DossierStatus) - set(codes.outcomes) == {DossierStatus.SUBMITTED}


def test_a_word_without_a_code_stops_loudly() -> None:
    """
    The refusal names the dossier, the field, the word, the table and what to do; there is no default.
    """
    with pytest.raises(Rejected) as caught:
        translator().dossier(a_dossier(channel=Channel.KIOSK), LISTED)

    assert caught.value.code == "unknown-code"
    for part in ("H99.01.01-260302-0007", "KenhThucHien", "kiosk", "codes.channels"):
        assert part in caught.value.text


def test_an_operator_gives_the_kiosk_a_code() -> None:
    """
    One row in the settings, the others stay.
    """
    translate = translator(codes={"channels": {"kiosk": "1"}})

    assert translate.dossier(a_dossier(channel=Channel.KIOSK), LISTED)["KenhThucHien"] == "1"
    assert translate.dossier(a_dossier(channel=Channel.POST), LISTED)["KenhThucHien"] == "3"


def test_an_unknown_channel_is_sent_empty_and_never_as_online() -> None:
    """
    Empty counts as counter at the portal; online would be embellishment.
    """
    assert translator().dossier(a_dossier(channel=None), LISTED)["KenhThucHien"] == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"submitted_at": None}, "NgayNopHoSo", id="no submission date"),
        pytest.param({"accepted_at": None}, "NgayTiepNhan", id="accepted without a date"),
        pytest.param({"applicant": an_applicant(identifiers=())}, "SoGiayToChuHoSo", id="no id number"),
        pytest.param({"results": (a_result(result_code=None, name="Bản tự chế"),)}, "MaGiayToKetQua", id="result code"),
        pytest.param({"documents": (a_document(reuse=Reuse.RESULT),)}, "MaKetQuaThayThe", id="reused result"),
    ],
)
def test_what_the_portal_insists_on_is_never_made_up(changes: dict[str, Any], field: str) -> None:
    """
    The message stops with the field's name and no personal value.
    """
    with pytest.raises(Rejected) as caught:
        translator().dossier(a_dossier(**changes), LISTED)

    assert field in caught.value.text
    assert "Nguyễn" not in caught.value.text


def test_a_result_listed_under_its_name_gets_the_listed_code() -> None:
    """
    The portal's own catalogue knows the code of a result of exactly this name.
    """
    dossier = a_dossier(results=(a_result(result_code=None, name="giấy  khai sinh"),))

    assert translator().dossier(dossier, LISTED)["DanhSachGiayToKetQua"][0]["MaGiayToKetQua"] == "KQ.G15.000001"


def test_a_procedure_without_field_stops() -> None:
    """
    ``MaLinhVuc`` comes from the portal's catalogue or from nowhere.
    """
    bare = Listed("1.001193", Procedure(code=ProcedureCode.parse("1.001193"), name="Thủ tục"))

    with pytest.raises(Rejected, match="MaLinhVuc"):
        translator().dossier(a_dossier(), bare)


def test_a_dossier_before_acceptance_has_no_acceptance_date() -> None:
    """
    Filed and refused dossiers were never accepted: the date stays empty.
    """
    filed = a_dossier(status=DossierStatus.SUBMITTED, accepted_at=None, due_at=None)
    refused = a_dossier(status=DossierStatus.REFUSED, status_at=MORNING, accepted_at=None, due_at=None)

    assert translator().dossier(filed, LISTED)["NgayTiepNhan"] == ""
    assert translator().dossier(refused, LISTED)["NgayTiepNhan"] == ""
    assert translator().dossier(refused, LISTED)["NgayTuChoi"] == "20260302092000"


def test_an_identifier_that_is_missing_may_be_left_out_but_is_never_replaced() -> None:
    """
    With ``without_identifier = "send"`` the fields go empty; no placeholder number exists (integrity rule 8).
    """
    dossier = a_dossier(applicant=an_applicant(identifiers=()))

    data = translator(without_identifier="send").dossier(dossier, LISTED)

    assert data["SoGiayToChuHoSo"] == ""
    assert data["DinhDanhCHS"] == []


def test_only_databases_that_were_used_are_named() -> None:
    """
    Without one, the configured code for none goes, or the message stops.
    """
    unused = a_dossier(databases=())

    assert translator().dossier(a_dossier(databases=("1",)), LISTED)["DSKetNoiCSDL"] == [{"MaCSDL": "1"}]
    assert translator().dossier(unused, LISTED)["DSKetNoiCSDL"] == [{"MaCSDL": "7"}]
    with pytest.raises(Rejected, match="DSKetNoiCSDL"):
        translator(no_database_code=None).dossier(unused, LISTED)


def test_the_account_goes_only_with_a_dossier_filed_online() -> None:
    """
    v2 sends ``MaDoiTuong`` with channel 2 and else empty (contract 6.1, 11).
    """
    applicant = an_applicant(account_id="00000000-0000-4000-8000-0000000000aa")

    online = translator().dossier(a_dossier(applicant=applicant, channel=Channel.ONLINE), LISTED)
    counter = translator().dossier(a_dossier(applicant=applicant, channel=Channel.COUNTER), LISTED)

    assert online["MaDoiTuong"] == "00000000-0000-4000-8000-0000000000aa"
    assert counter["MaDoiTuong"] == ""


V2_ONLY = {
    "KenhThucHien", "SoGiayToChuHoSo", "DinhDanhCHS", "NgayNopHoSo", "NgayTuChoi", "NoiNopHoSo", "HoSoCoThanhPhanSoHoa",
    "TaiKhoanDuocXacThucVoiVNeID", "DuocThanhToanTrucTuyen", "DSKetNoiCSDL",
}  # fmt: skip


def test_the_layout_of_2020_has_its_own_fields() -> None:
    """
    v1 carries the receipt number and none of the later fields (contract 6.1).
    """
    full = a_dossier(receipt_number="BN-17", results=(a_result(),), supplements=(a_supplement(),))
    v1, v2 = translator(profile="v1").dossier(full, LISTED), translator().dossier(full, LISTED)

    assert set(v2) - set(v1) == V2_ONLY
    assert set(v1) - set(v2) == {"SoBienNhan"}
    assert "MaGiayToKetQua" not in v1["DanhSachGiayToKetQua"][0]
    assert "DuocSoHoa" not in v1["TaiLieuNop"][0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"subject": "  "}, "TrichYeuHoSo"), ({"documents": (a_document(id=None),)}, "TepDinhKemId")],
)
def test_the_layout_of_2020_insists_on_other_fields(changes: dict[str, Any], field: str) -> None:
    """
    Subject and file id were mandatory then.
    """
    with pytest.raises(Rejected, match=field):
        translator(profile="v1").dossier(a_dossier(**changes), LISTED)


def test_supplement_rounds_keep_both_due_dates() -> None:
    """
    One entry per request, open or completed (contract 6.2.4, 18.5.6).
    """
    rounds = (
        a_supplement(
            received_at=MORNING + timedelta(days=3), due_before=MORNING, due_after=MORNING + timedelta(days=5)
        ),
        a_supplement(id="2"),
    )

    done, waiting = translator().dossier(a_dossier(supplements=rounds), LISTED)["DanhSachHoSoBoSung"]

    assert (done["TrangThaiBoSung"], done["NgayHenTraTruoc"], done["NgayHenTraMoi"]) == (
        "1",
        "20260302092000",
        "20260307092000",
    )
    assert (waiting["TrangThaiBoSung"], waiting["NgayTiepNhanBoSung"]) == ("0", "")


def test_every_scalar_is_a_string_and_nothing_is_null() -> None:
    """
    Numbers, flags and dates all travel as text (contract 3.2).
    """
    dossier = a_dossier(
        fees=(a_fee(amount=0, code=None),),
        results=(a_result(),),
        supplements=(a_supplement(documents=(a_document(),)),),
        other_papers=(OtherPaper(name="Đơn", quantity=2, kind="Bản chính"),),
    )

    def scalars(value: object) -> list[object]:
        if isinstance(value, dict):
            return [each for inner in value.values() for each in scalars(inner)]
        if isinstance(value, list):
            return [each for inner in value for each in scalars(inner)]
        return [value]

    data = translator().dossier(dossier, LISTED)

    assert {type(value) for value in scalars(data)} == {str}
    assert data["DanhSachLePhi"][0]["Gia"] == "0"
    assert data["DanhSachLePhi"][0]["MaPhiLePhi"] == "2"
    assert data["DanhSachTepDinhKemKhac"][0] == {"TenGiayTo": "Đơn", "SoLuong": "2", "LoaiGiayTo": "1"}


@pytest.mark.parametrize("status", list(DossierStatus))
def test_the_status_is_sent_as_it_is(status: DossierStatus) -> None:
    """
    Waiting, stopped and unpaid dossiers are not turned into finished ones (integrity rule 6).
    """
    dossier = a_dossier(status=status, refused_at=None)

    assert translator().dossier(dossier, LISTED)["TrangThaiHoSo"] == str(status.value)
    assert translator().step(a_step(status=status))["TrangThai"] == str(status.value)


def test_long_texts_are_cut_where_the_portal_would_refuse_them() -> None:
    """
    Subject with an ellipsis, officer without; the original stays in our own body.
    """
    dossier = a_dossier(subject="Đ" * 1001, note="g" * 2000, documents=(a_document(name="t" * 4001),))

    data = translator().dossier(dossier, LISTED)

    assert data["TrichYeuHoSo"] == "Đ" * 997 + "..."
    assert len(data["GhiChu"]) == 1999
    assert len(data["TaiLieuNop"][0]["TenTepDinhKem"]) == 4000
    assert translator().step(a_step(officer="Ấ" * 80))["NguoiXuLy"] == "Ấ" * 50
    assert len(dossier.subject) == 1001


def test_a_text_of_exactly_the_limit_is_not_touched() -> None:
    """
    The limit is inclusive.
    """
    assert translator().dossier(a_dossier(subject="a" * 1000), LISTED)["TrichYeuHoSo"] == "a" * 1000


@given(st.text(alphabet=st.sampled_from("aêộđ ̣̂́e"), min_size=1, max_size=120))
def test_a_cut_never_parts_a_letter_from_its_marks(officer: str) -> None:
    """
    Also for decomposed names: the cut is a start of the name and leaves no mark behind.
    """
    sent = translator().step(a_step(officer="x" + officer))["NguoiXuLy"]

    assert ("x" + officer).startswith(sent)
    assert len(sent) <= 50
    rest = ("x" + officer)[len(sent) :]
    assert not rest or not unicodedata.combining(rest[0])


@pytest.mark.parametrize(
    ("status", "code"), [(2, "2"), (4, "2"), (5, "5"), (6, "2"), (3, "5"), (7, "5"), (8, "5"), (9, "2"), (10, "2")]
)
def test_outcomes_use_the_reduced_list(status: int, code: str) -> None:
    """
    The portal takes accepted and supplement-or-refusal for its own dossiers (contract 7.6).
    """
    outcome = translator().outcome(a_dossier(status=DossierStatus(status), origin=Origin.PORTAL))

    assert outcome is not None
    assert outcome["TrangThai"] == code


def test_a_dossier_just_filed_on_the_portal_has_no_outcome() -> None:
    """
    The portal gave it that status itself.
    """
    filed = a_dossier(status=DossierStatus.SUBMITTED, origin=Origin.PORTAL)

    assert translator().outcome(filed) is None


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, VIETNAM]))  # noqa: DTZ001
)
def test_the_quick_clock_agrees_with_the_careful_one(at: datetime) -> None:
    """
    Fourteen digits of Vietnamese wall time, whatever the offset in which a moment was kept.
    """
    assert moment(at) == to_wire14(at)


def test_several_identifiers_travel_together() -> None:
    """
    The first is the number on the dossier, all are listed with their kind.
    """
    applicant = an_applicant(
        identifiers=(
            Identifier(kind=IdentifierKind.PERSONAL, number="099090000017"),
            Identifier(kind=IdentifierKind.PASSPORT, number="B1234567"),
        )
    )

    data = translator().dossier(a_dossier(applicant=applicant), LISTED)

    assert data["SoGiayToChuHoSo"] == "099090000017"
    assert [each["LoaiDinhDanh"] for each in data["DinhDanhCHS"]] == ["1", "3"]
