"""Every refusal of the service is a problem document, whatever refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.api import Gateway
from gateway.config import settings_from
from gateway.errors import ConfigurationError
from tests.serving import serving


def test_what_does_not_exist_is_a_problem(tmp_path: Path) -> None:
    """
    An unknown path gets problem+json in both languages, not a page of HTML.
    """
    settings = settings_from({"service": {"listen": "127.0.0.1:0"}}, folder=tmp_path)
    with Gateway(settings) as gateway, serving(gateway) as client:
        answer = client.get("/khong-co")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:lienthong:problem:not-found",
        "title": "Không tìm thấy / Not found",
        "status": 404,
        "detail": "",
        "errors": [],
    }


@pytest.mark.parametrize("listen", ["8080", "127.0.0.1:70000", "[::g]:80", "http://127.0.0.1:80", ":80"])
def test_an_address_that_is_none_is_refused_with_an_example(listen: str) -> None:
    """
    A slip in ``service.listen`` is found when the configuration is read.
    """
    with pytest.raises(ConfigurationError, match=r"service\.listen: .*127\.0\.0\.1:8080"):
        settings_from({"service": {"listen": listen}})
