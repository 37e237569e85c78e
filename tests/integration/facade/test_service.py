"""The façade behind the service's socket."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.fronting import fronted
from tests.portal import PASSWORD, UNIT, a_portal, example_bytes
from tests.serving import serving

LOGIN = "/XrdAdapter/RestService/forward/mapi/login"


def test_the_service_answers_at_the_addresses_of_the_adapter_and_no_other(tmp_path: Path) -> None:
    """
    A login in the portal's dialect; what the portal would not answer, the service does not know; too long a body is
    refused in the dialect without being read.
    """
    body = json.dumps({"username": UNIT, "password": PASSWORD}).encode()
    with fronted(tmp_path, a_portal(), max_body_bytes=2048) as front, serving(front.gateway) as client:
        answers = [
            client.post(LOGIN, content=body),
            client.post(LOGIN.replace("login", "nothing"), content=body),
            client.post(LOGIN, content=body + b" " * 4096),
            client.get(LOGIN),
            client.delete(LOGIN),
        ]

    assert answers[0].json()["error_code"] == "0"
    assert answers[0].headers["content-type"] == "application/json; charset=utf-8"
    assert [answer.status_code for answer in answers] == [200, 404, 413, 405, 405]
    assert answers[2].json() == {"error_code": "1", "message": "Dữ liệu không hợp lệ: body"}
    assert answers[3].json()["error_code"] == "-1"


def test_without_its_settings_nothing_is_answered_in_the_portals_place(tmp_path: Path) -> None:
    """
    A partner without the section ``facade``: its addresses do not exist here.
    """
    with fronted(tmp_path, a_portal(), options={"facade": None}) as front, serving(front.gateway) as client:
        answer: httpx.Response = client.post(LOGIN, content=example_bytes("login.request"))

    assert answer.status_code == 404
