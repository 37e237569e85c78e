"""The mock portal speaks the messages of contract 19."""

from __future__ import annotations

import json

import pytest

from connectors.national_portal.mock import Account, Portal, Settings
from gateway.sandbox import VirtualClock
from tests.portal import CODE, InProcess, Province, a_portal, example, example_bytes

SESSION = "c0ffee00-0000-4000-8000-00000000d7c9"


@pytest.fixture
def portal() -> Portal:
    portal = Portal(Settings(), VirtualClock(), new_session=lambda: SESSION)
    portal.add_account(Account.of_province("H99", "<secret>"))
    portal.add_procedures(example("laythutuc.answer")["result"])
    return portal


@pytest.fixture
def province(portal: Portal) -> Province:
    province = Province(InProcess(portal))
    assert province.post("mapi/login", example_bytes("login.request")).status == 200
    return province


def test_a_login_is_answered_with_a_session(portal: Portal) -> None:
    """
    19.1: the answer, byte for byte.
    """
    reply = Province(InProcess(portal)).post("mapi/login", example_bytes("login.request"))

    assert reply.body == example_bytes("login.answer")


def test_a_procedure_is_given_in_full(province: Province) -> None:
    """
    19.2: the same object in the same order; a read answers the integer 0.
    """
    reply = province.post("mapi/integration", example_bytes("laythutuc.request"))

    assert reply.json == example("laythutuc.answer")
    assert reply.body.startswith('{"error_code": 0, "message": "Thành công", "result": ['.encode())
    assert list(reply.json["result"][0]) == list(example("laythutuc.answer")["result"][0])


def test_a_dossier_is_taken(province: Province, portal: Portal) -> None:
    """
    19.3: the answer byte for byte, and the header stored as it came.
    """
    reply = province.post("mapi/integration", example_bytes("dongbohosomc.request"))

    assert reply.body == example_bytes("dongbohosomc.answer")
    record = portal.dossier(CODE)
    assert record is not None
    assert record.header == example("dongbohosomc.request")["data"][0]


@pytest.mark.parametrize(("form", "index"), [("3", 0), ("-3", 1), ("0", 2)], ids=["three", "minus-three", "zero"])
def test_a_second_create_is_answered_in_each_of_the_three_forms(
    portal: Portal, province: Province, form: str, index: int
) -> None:
    """
    19.3: three portals, three ways to say that the number exists; none overwrites.
    """
    portal.configure(duplicate_code=form)
    province.post("mapi/integration", example_bytes("dongbohosomc.request"))
    again = example("dongbohosomc.request")
    again["data"][0]["ChuHoSo"] = "Trần Thị Khác"

    reply = province.post("mapi/integration", again)

    assert reply.json == example("dongbohosomc.duplicates")[index]
    assert json.dumps(reply.json, ensure_ascii=False).encode() == reply.body
    record = portal.dossier(CODE)
    assert record is not None
    assert record.header["ChuHoSo"] == "Nguyễn Văn Ví Dụ"


def test_a_timeline_is_taken(province: Province, portal: Portal) -> None:
    """
    19.4: both steps are in, in order, and the public status follows the last.
    """
    province.post("mapi/integration", example_bytes("dongbohosomc.request"))

    reply = province.post("mapi/integration", example_bytes("capnhattiendohosomc.request"))

    assert reply.body == example_bytes("capnhattiendohosomc.answer")
    record = portal.dossier(CODE)
    assert record is not None
    assert [step.body for step in record.steps] == example("capnhattiendohosomc.request")["data"]
    assert [step.arrival for step in record.steps] == [1, 2]
    assert record.status == 4


def test_the_outcome_of_a_portal_born_dossier_is_taken() -> None:
    """
    19.5: the province answers for a dossier that the portal gave it.
    """
    portal = a_portal()
    portal.add_portal_born("G22.99-260305-00011", {"MaTTHC": "9.000777"})
    province = Province(InProcess(portal))
    province.log_in()

    reply = province.post("mapi/integration", {**example("dongbotrangthaihoso.request"), "session": province.session})

    assert reply.code == "0"
    record = portal.dossier("G22.99-260305-00011")
    assert record is not None
    assert [outcome.body for outcome in record.outcomes] == [example("dongbotrangthaihoso.request")["data"]]
    assert record.status == 2
