"""The façade speaks the messages of contract 19, byte for byte, in every variant of contract 2.6."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.national_portal.mock import DSTCODE, PREFIXES
from tests.fronting import Fronted, fronted
from tests.portal import CODE, PASSWORD, UNIT, a_portal, example, example_bytes


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Fronted]:
    with fronted(tmp_path, a_portal()) as built:
        yield built


def with_session(front: Fronted, name: str) -> bytes:
    """The example *name*, its session replaced by one that was opened here."""
    province = front.province
    if not province.session:
        province.log_in()
    return example_bytes(name).replace(example("login.answer")["session"].encode(), province.session.encode())


def test_a_login_is_answered_as_in_the_contract(front: Fronted) -> None:
    """
    19.1: but for the session itself, the answer byte for byte.
    """
    reply = front.province.log_in()

    session = reply.json["session"]
    assert reply.body.replace(session.encode(), example("login.answer")["session"].encode()) == example_bytes(
        "login.answer"
    )


def test_the_examples_of_pushes_are_taken_and_arrive(front: Fronted) -> None:
    """
    19.3 and 19.4: answered byte for byte at once, and later the portal has what it would have had without us.
    """
    first = front.province.post("mapi/integration", with_session(front, "dongbohosomc.request"))
    second = front.province.post("mapi/integration", with_session(front, "capnhattiendohosomc.request"))
    front.deliver()

    assert first.body == example_bytes("dongbohosomc.answer")
    assert second.body == example_bytes("capnhattiendohosomc.answer")
    record = front.portal.dossier(CODE)
    assert record is not None
    header = dict(record.header)
    assert header.pop("TrangThaiHoSo") == "4"
    sent = example("dongbohosomc.request")["data"][0]
    del sent["TrangThaiHoSo"]
    assert header == sent
    assert [step.body for step in record.steps] == example("capnhattiendohosomc.request")["data"]
    assert record.status == 4


@pytest.mark.parametrize(("form", "index"), [("3", 0), ("-3", 1), ("0", 2)])
def test_a_second_create_is_answered_in_the_form_that_is_set(tmp_path: Path, form: str, index: int) -> None:
    """
    19.3: three forms of one answer, and none overwrites.
    """
    with fronted(tmp_path, a_portal(), duplicate_code=form) as front:
        front.province.post("mapi/integration", with_session(front, "dongbohosomc.request"))

        reply = front.province.post("mapi/integration", with_session(front, "dongbohosomc.request"))

    assert json.loads(reply.body) == example("dongbohosomc.duplicates")[index]


def test_a_procedure_is_read_through_and_then_from_memory(front: Fronted) -> None:
    """
    19.2: the portal's own object; while the portal is down, the one that is remembered.
    """
    first = front.province.post("mapi/integration", with_session(front, "laythutuc.request"))
    front.line.down = True
    second = front.province.post("mapi/integration", with_session(front, "laythutuc.request"))

    assert first.json == example("laythutuc.answer")
    assert second.body == first.body


@pytest.mark.parametrize("prefix", [*PREFIXES, ""])
def test_each_prefix_and_each_place_of_the_destination_is_answered(front: Fronted, prefix: str) -> None:
    """
    2.1, 2.2: two generations of adapters or none; dstcode as a header, in the query, or forgotten.
    """
    places: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"dstcode": DSTCODE}, {}),
        ({}, {"dstcode": DSTCODE}),
        ({}, {}),
    ]
    body = json.dumps({"username": UNIT, "password": PASSWORD}).encode()

    replies = [
        front.province.wire.send("POST", f"{prefix}/mapi/login", query, headers, body) for query, headers in places
    ]

    assert [reply.code for reply in replies] == ["0"] * 3


def test_another_destination_is_not_ours(front: Fronted) -> None:
    """
    2.2: what is meant for another provider is not taken for the portal's.
    """
    reply = front.province.wire.send("POST", f"{PREFIXES[0]}/mapi/login", {}, {"dstcode": "VN:GOV:other"}, b"{}")

    assert (reply.status, reply.code) == (400, "-1")


def test_the_prefix_of_the_partner_may_lie_behind_one_of_the_adapters(tmp_path: Path) -> None:
    """
    2.6: a proxy of the province answers behind the path of the adapter itself.
    """
    own = f"{PREFIXES[0]}/tinh"
    with fronted(tmp_path, a_portal(), options={"adapter_prefix": own}) as front:
        front.province.prefix = own

        assert front.province.log_in().code == "0"
