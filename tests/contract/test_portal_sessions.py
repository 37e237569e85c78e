"""Sessions with the portal that are dead, and accounts that it does not take."""

from __future__ import annotations

import httpx
import pytest

from gateway.errors import AuthenticationFailed, Faulted, Rejected
from gateway.ports import Delivered
from tests.builders import a_dossier
from tests.portal_scripts import PUSH, a_connector, a_message, pushed, said, scripted, status

EXPIRED = "Session không hợp lệ hoặc đã hết hạn"


@pytest.mark.parametrize(
    "dead", [said("-2", EXPIRED), said("77", "Phiên làm việc đã hết hạn"), status(401), status(403)], ids=str
)
@pytest.mark.parametrize("service", [PUSH, "LayThuTuc"])
def test_a_dead_session_costs_one_login_and_one_repeat(dead: httpx.Response, service: str) -> None:
    """
    Reported as HTTP 401 or 403, as a code, or in words (contract 2.4).
    """
    portal = scripted({service: [dead]})

    assert a_connector(portal).deliver([a_message(a_dossier())]) == [Delivered()]
    assert portal.calls.count("login") == 2
    assert portal.calls.count(service) == 2
    assert portal.bodies[-1]["session"] == portal.sessions[1]


@pytest.mark.parametrize("dead", [said("-2", EXPIRED), status(401)], ids=str)
def test_a_session_that_stays_dead_opens_the_breaker(dead: httpx.Response) -> None:
    """
    No endless logging in: the account is the trouble.
    """
    portal = scripted({PUSH: [dead] * 5})

    assert type(pushed(portal)) is AuthenticationFailed
    assert portal.calls.count("login") == 2


def test_a_refusal_that_only_mentions_a_phien_stays_a_refusal() -> None:
    """
    After one new login the word counts no more.
    """
    portal = scripted({PUSH: [said("1", "Phiên bản biểu mẫu không hợp lệ")] * 2})

    assert type(pushed(portal)) is Rejected
    assert portal.calls.count("login") == 2


@pytest.mark.parametrize(
    "answer",
    [said("5", "Sai tên đăng nhập hoặc mật khẩu"), said("-4", "Đơn vị không có quyền"), status(401), status(403)],
    ids=str,
)
def test_a_wrong_password_is_said_to_be_one(answer: httpx.Response) -> None:
    """
    One login, no push, no retry behind it.
    """
    portal = scripted({"login": [answer] * 5})

    assert type(pushed(portal)) is AuthenticationFailed
    assert portal.calls == ["login"]


def test_a_login_without_a_session_is_a_fault_of_the_portal() -> None:
    """
    Code 0 and nothing in it.
    """
    assert type(pushed(scripted({"login": [said("0", "Đăng nhập thành công")]}))) is Faulted
