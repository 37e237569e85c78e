"""Dossiers at the portal over real sockets: what ends up in the portal's own ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.model import ApplicantKind, DossierStatus, Identifier, IdentifierKind, Origin
from gateway.ports import Delivered
from tests.builders import CODE, MORNING, a_code, a_dossier, a_result, a_step, a_supplement, an_applicant
from tests.portal_scripts import a_message
from tests.portal_sockets import Setting, both_engines, fine, history


@both_engines
def test_a_dossier_runs_its_course(setting: Setting) -> None:
    """
    Created, 2 → 4 → 9 → 10, result attached: the portal's report counts it as on time (18.5.1).
    """
    connector = setting.connector()
    finished = a_dossier(
        status=DossierStatus.RETURNED,
        status_at=MORNING + timedelta(hours=3),
        completed_at=MORNING + timedelta(hours=2),
        returned_at=MORNING + timedelta(hours=3),
        results=(a_result(),),
    )

    outcomes = [
        *connector.deliver([a_message(a_dossier())]),
        *connector.deliver(history(2, 4, 9, 10)),
        *connector.deliver([a_message(finished, established=True)]),
    ]

    assert outcomes == [Delivered()] * 6
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert (record.creates, record.status, setting.statuses()) == (1, 10, ["2", "4", "9", "10"])
    assert record.header["DanhSachGiayToKetQua"][0]["MaGiayToKetQua"] == "KQ.H99.000001"
    counters = setting.portal.counters()
    assert set(counters.violations.values()) == {0}
    assert (counters.logins, counters.invalid_items, counters.unknown_fields, counters.flagged_moves) == (1, 0, 0, 0)


@pytest.mark.parametrize("code", ["3", "-3", "0"])
def test_the_same_create_twice_is_one_dossier(build: Callable[..., Setting], code: str) -> None:
    """
    In any of the three forms of "đã tồn tại" the second becomes an update (18.5.2).
    """
    setting = build(duplicate_code=code)
    connector = setting.connector()

    outcomes = [connector.deliver([a_message(a_dossier())])[0] for _ in range(2)]

    assert fine(outcomes)
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert [version.updating for version in record.versions] == [False, True]


@pytest.mark.parametrize("status", list(DossierStatus))
def test_every_status_is_accepted_as_it_is(setting: Setting, status: DossierStatus) -> None:
    """
    Also those before acceptance, without an acceptance date that never was (18.5.7).
    """
    early = status in {DossierStatus.SUBMITTED, DossierStatus.REFUSED}
    dates: dict[str, Any] = {"accepted_at": None, "due_at": None} if early else {}
    dossier = a_dossier(status=status, status_at=MORNING, **dates)

    assert setting.connector().deliver([a_message(dossier)]) == [Delivered()]
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert record.header["NgayTuChoi"] == ("20260302092000" if status is DossierStatus.REFUSED else "")


def test_a_supplement_with_its_new_due_date_arrives(setting: Setting) -> None:
    """
    2 → 4 → 5 → 4 → 9, both due dates kept (18.5.6).
    """
    connector = setting.connector()
    due = MORNING + timedelta(days=21)
    supplement = a_supplement(
        received_at=MORNING + timedelta(days=4), due_before=due, due_after=due + timedelta(days=3)
    )
    connector.deliver([a_message(a_dossier())])

    assert fine(connector.deliver(history(2, 4, 5, 4, 9)))
    assert fine(
        connector.deliver(
            [a_message(a_dossier(supplements=(supplement,), due_at=due + timedelta(days=3)), established=True)]
        )
    )
    record = setting.portal.dossier(CODE)
    assert record is not None
    (told,) = record.header["DanhSachHoSoBoSung"]
    assert (told["NgayHenTraTruoc"], told["NgayHenTraMoi"]) == ("20260323092000", "20260326092000")


def test_long_texts_are_cut_and_accepted(setting: Setting) -> None:
    """
    An over-long subject and an officer of 80 letters (18.5.12).
    """
    connector = setting.connector()

    assert fine(connector.deliver([a_message(a_dossier(subject="Đề nghị " * 200, note="chữ " * 600))]))
    assert fine(connector.deliver([a_message(a_step(officer="Trần Thị Thử " * 6 + "ăâ"))]))
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert len(record.header["TrichYeuHoSo"]) == 1000
    assert len(record.steps[0].body["NguoiXuLy"]) == 50


def test_a_portal_born_dossier_is_answered_and_never_pushed(setting: Setting) -> None:
    """
    ``DongBoTrangThaiHoSo`` (18.5.9).
    """
    code = "G22.99-260305-00011"
    setting.portal.add_portal_born(code, {"MaHoSo": code, "MaTTHC": "1.001193", "TrangThaiHoSo": "1"})
    connector = setting.connector()
    dossier = a_dossier(
        code=code, origin=Origin.PORTAL, status=DossierStatus.PROCESSING, local_code="H99.01-260305-0003"
    )
    operation = connector.route("dossier", "portal")

    assert connector.deliver([a_message(dossier, operation)]) == [Delivered()]
    record = setting.portal.dossier(code)
    assert record is not None
    assert [outcome.body["TrangThai"] for outcome in record.outcomes] == ["2"]
    assert setting.portal.counters().portal_born_pushed == 0


def test_an_applicant_of_every_kind_is_accepted(setting: Setting) -> None:
    """
    The portal's lists and our tables agree.
    """
    connector = setting.connector()
    numbers = {
        IdentifierKind.PERSONAL: "099090000017",
        IdentifierKind.OLD_CARD: "990000173",
        IdentifierKind.PASSPORT: "B1234567",
        IdentifierKind.TAX: "0100109106",
    }
    owners = [
        an_applicant(kind=kind, identifiers=(Identifier(kind=word, number=number),))
        for kind in ApplicantKind
        for word, number in numbers.items()
    ]

    outcomes = [
        connector.deliver([a_message(a_dossier(code=a_code(number), applicant=owner))])[0]
        for number, owner in enumerate(owners)
    ]

    assert outcomes == [Delivered()] * len(owners)
