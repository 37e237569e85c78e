"""Questions to the portal that change nothing: look-ups of what became of a message, and the check-up."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateway.errors import ConfigurationError
from gateway.ports import Finding
from tests.builders import a_dossier, a_step
from tests.portal_scripts import Answer, a_connector, a_message, said, scripted, status


def test_a_header_that_is_absent_there_equal_or_different() -> None:
    """
    The look-up by number, and what follows from it.
    """
    dossier = a_dossier()
    portal = scripted({})
    connector = a_connector(portal)
    connector.deliver([a_message(dossier)])
    stored = {key.upper(): value for key, value in portal.bodies[-1]["data"][0].items()}
    portal.script["TraCuuHoSo"] += [
        said(0, "", result=[]), said("2", "Mã hồ sơ không tồn tại"), said("00", "", result=[stored]),
        said(0, "", result=[{**stored, "TRANGTHAIHOSO": "1"}]), said(0, "", result=[{**stored, "MAHOSO": "H99-khác"}]),
    ]  # fmt: skip

    findings = [connector.probe(a_message(dossier)).finding for _ in range(5)]

    assert findings == [Finding.ABSENT, Finding.ABSENT, Finding.APPLIED, Finding.DIFFERS, Finding.ABSENT]


def test_an_absent_dossier_has_no_step_either() -> None:
    """
    A step of a dossier that the portal does not have cannot be there.
    """
    assert a_connector(scripted({})).probe(a_message(a_step())).finding is Finding.ABSENT


def test_check_says_line_by_line_what_works() -> None:
    """
    Log in, look up, read a category; nothing is changed there.
    """
    portal = scripted({})

    lines = a_connector(portal, tendonvi="Tỉnh Ví Dụ").check()

    assert [line.ok for line in lines] == [True, True, True]
    assert portal.calls == ["login", "TraCuuHoSo", "LayDanhMucLinhVuc"]


@pytest.mark.parametrize(
    ("answers", "oks", "remedy"),
    [
        ({"login": [httpx.ConnectError("")] * 2}, [False], "adapter_url"),
        ({"login": [said("5", "Sai mật khẩu")]}, [False], "password"),
        ({"TraCuuHoSo": [status(404)]}, [True, False], "integration_endpoint"),
        ({"LayDanhMucLinhVuc": [said("-1", "Không tìm thấy dịch vụ")]}, [True, True, False], "share_endpoint"),
    ],
    ids=str,
)
def test_check_names_what_to_mend(answers: dict[str, list[Answer]], oks: list[bool], remedy: str) -> None:
    """
    It stops at the first fault and says which option is behind it.
    """
    lines = a_connector(scripted(answers)).check()

    assert [line.ok for line in lines] == oks
    assert remedy in lines[-1].detail


def test_check_does_not_claim_a_login_where_there_is_none() -> None:
    """
    Behind a façade the adapter logs in itself.
    """
    portal = scripted({})

    lines = a_connector(portal, variant="D").check()

    assert [line.ok for line in lines] == [True]
    assert portal.calls == ["TraCuuHoSo"]


def test_tls_is_verified_and_a_bad_certificate_file_is_noticed(tmp_path: Any) -> None:
    """
    There is no switch to turn verification off; a broken file stops at the start.
    """
    broken = tmp_path / "ca.pem"
    broken.write_text("không phải chứng thư")

    with pytest.raises(ConfigurationError, match="ca_file"):
        a_connector(scripted({}), adapter_url="https://127.0.0.1:9", ca_file=broken)
