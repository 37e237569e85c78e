"""Whatever arrives, the mock portal answers in its own words."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.mocks import Ending, Request
from connectors.national_portal.dialect.lists import SERVICES
from connectors.national_portal.mock import DSTCODE, PREFIXES
from tests.portal import PASSWORD, UNIT, a_portal, a_province, a_wire_dossier, a_wire_step

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(a_wire_dossier())), JSON, st.booleans())
def test_any_value_in_any_field_of_a_dossier_is_judged(name: str, value: Any, updating: bool) -> None:
    """
    Stored as it came, or refused with a code: never an exception, and a refusal stores nothing.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())
    before = portal.dossiers()

    reply = province.push({**a_wire_dossier(), name: value}, updating=str(updating))

    if reply.code != "0":
        assert portal.dossiers() == before


@given(st.sampled_from(sorted(a_wire_step())), JSON)
def test_any_value_in_any_field_of_a_step_is_judged(name: str, value: Any) -> None:
    """
    Appended as it came, or refused with a code.
    """
    portal = a_portal()
    province = a_province(portal)
    province.push(a_wire_dossier())

    reply = province.step({**a_wire_step(), name: value})

    (record,) = portal.dossiers()
    assert [step.body for step in record.steps] == ([{**a_wire_step(), name: value}] if reply.code == "0" else [])


@given(
    st.sampled_from(sorted(SERVICES)),
    st.dictionaries(st.sampled_from(["data", "isUpdating", "type", "maTTHC", "mahoso", "provider", "madonvi"]), JSON),
)
def test_any_envelope_is_answered(service: str, fields: dict[str, Any]) -> None:
    """
    Every service of both groups, with parameters of every kind.
    """
    province = a_province(a_portal(any_group=True))
    province.log_in()

    reply = province.post(
        "mapi/integration", {"session": province.session, "madonvi": UNIT, "service": service, **fields}
    )

    assert reply.status == 200
    assert {"error_code", "message"} <= set(reply.json)


@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.sampled_from(
        [f"{PREFIXES[0]}/mapi/login", f"{PREFIXES[1]}/mapi/share", "/x/DongBoHoSoMC", "/x/KetNoiMotCuaQuocGia/LayDVC",
         f"{PREFIXES[0]}/bndp/public/v1/login", f"{PREFIXES[0]}/bndp/public/v1/list", "/", ""]
    ),
    JSON.map(json.dumps).map(str.encode) | st.binary(max_size=50),
)  # fmt: skip
def test_any_request_ends_in_an_answer(method: str, path: str, body: bytes) -> None:
    """
    Bytes of every kind at every address.
    """
    query = {"providerurl": "https://kho.vidu.example", "session": PASSWORD}

    directive = a_portal().handle(Request(method, path, query, {"dstcode": DSTCODE}, body))

    assert directive.ending is Ending.ANSWER
    assert directive.status in (200, 404, 405)
