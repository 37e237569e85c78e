"""Logging in at the portal: once for all threads, again when the session ends, never on and on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.errors import AuthenticationFailed
from gateway.ports import Delivered
from tests.builders import a_code, a_dossier, a_step
from tests.portal_scripts import a_message, error_of
from tests.portal_sockets import Setting, both_engines

THREADS = 8


@both_engines
def test_eight_threads_log_in_once(setting: Setting) -> None:
    """
    They all need a session at the same moment; one opens it, and one asks for the procedure.
    """
    connector = setting.connector()
    messages = [a_message(a_dossier(code=a_code(number))) for number in range(THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(lambda message: connector.deliver([message])[0], messages))

    assert outcomes == [Delivered()] * THREADS
    assert setting.portal.counters().logins == 1
    assert len(setting.portal.calls("LayThuTuc")) == 1
    assert len(setting.portal.dossiers()) == THREADS


@pytest.mark.parametrize("form", ["code", "http-401", "http-403"])
def test_a_session_that_expires_in_between_is_renewed_once(build: Callable[..., Setting], form: str) -> None:
    """
    Between header and timeline, seen by eight threads at once: one new login, everything arrives (18.5.4).
    """
    setting = build(expired_as=form)
    connector = setting.connector()
    codes = [a_code(number) for number in range(THREADS)]
    for code in codes:
        connector.deliver([a_message(a_dossier(code=code))])
    setting.portal.expire_sessions()

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = list(pool.map(lambda code: connector.deliver([a_message(a_step(dossier=code))])[0], codes))

    assert outcomes == [Delivered()] * THREADS
    assert setting.portal.counters().logins == 2
    assert [len(record.steps) for record in setting.portal.dossiers()] == [1] * THREADS


def test_a_portal_that_allows_one_session_only_is_no_trouble(build: Callable[..., Setting]) -> None:
    """
    Two processes push each other out; each logs in again and both arrive.
    """
    setting = build(single_session=True)
    ours, theirs = setting.connector(), setting.connector()

    outcomes = [
        connector.deliver([a_message(a_dossier(code=a_code(number)))])[0]
        for number, connector in zip(range(4), itertools.cycle([ours, theirs]), strict=False)
    ]

    assert outcomes == [Delivered()] * 4


def test_a_wrong_password_is_tried_once(setting: Setting) -> None:
    """
    The account is not locked by a queue that keeps trying.
    """
    connector = setting.connector(password="sai")

    error = error_of(connector.deliver([a_message(a_dossier())])[0])

    assert type(error) is AuthenticationFailed
    assert setting.portal.counters().failed_logins == 1
    assert "sai" not in repr(error).replace("Sai", "")
    assert [line.ok for line in connector.check()] == [False]


def test_another_units_code_is_an_account_problem(setting: Setting) -> None:
    """
    ``madonvi`` that the account may not use holds the partner, not the dossier.
    """
    error = error_of(setting.connector(madonvi="H98").deliver([a_message(a_dossier())])[0])

    assert type(error) is AuthenticationFailed
