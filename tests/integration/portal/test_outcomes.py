"""What the portal answers over real sockets, or does not: nothing is lost, doubled or believed without proof."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from connectors.national_portal.connector import NationalPortal
from connectors.national_portal.mock import FaultKind
from gateway.errors import Busy, Faulted, OutcomeUnknown, Unreachable
from gateway.ports import Delivered, Finding
from tests.builders import CODE, a_dossier, a_result, a_supplement
from tests.portal_scripts import a_message, error_of, portal_settings
from tests.portal_sockets import HEADERS, PASSWORD, STEPS, Setting, both_engines, fine, history


@both_engines
@pytest.mark.parametrize(
    "kind",
    [FaultKind.STALL, FaultKind.SLOW, FaultKind.DROP, FaultKind.CUT, FaultKind.HTML, FaultKind.EMPTY, FaultKind.HTTP],
)
def test_an_answer_lost_after_the_work_is_looked_up(setting: Setting, kind: FaultKind) -> None:
    """
    The portal has the dossier and says so when asked: nothing is sent again (18.5.3).
    """
    setting.happens(kind, HEADERS, after_work=True)
    connector = setting.connector()
    message = a_message(a_dossier(results=(a_result(),), supplements=(a_supplement(),)))

    assert type(error_of(connector.deliver([message])[0])) is OutcomeUnknown
    assert connector.probe(message).finding is Finding.APPLIED
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert len(record.versions) == 1


@both_engines
@pytest.mark.parametrize("kind", [FaultKind.STALL, FaultKind.DROP, FaultKind.HTML, FaultKind.EMPTY, FaultKind.HTTP])
def test_an_answer_lost_before_the_work_is_looked_up_too(setting: Setting, kind: FaultKind) -> None:
    """
    The portal does not have it, so it may go again.
    """
    setting.happens(kind, HEADERS)
    connector = setting.connector()
    message = a_message(a_dossier())

    assert type(error_of(connector.deliver([message])[0])) is OutcomeUnknown
    assert connector.probe(message).finding is Finding.ABSENT
    assert fine(connector.deliver([message]))


def test_a_lost_update_is_noticed(setting: Setting) -> None:
    """
    The portal has the dossier, but as it was before.
    """
    connector = setting.connector()
    connector.deliver([a_message(a_dossier())])
    setting.happens(FaultKind.DROP, HEADERS)
    update = a_message(a_dossier(results=(a_result(),)), established=True)

    assert type(error_of(connector.deliver([update])[0])) is OutcomeUnknown
    assert connector.probe(update).finding is Finding.DIFFERS
    assert connector.deliver([update]) == [Delivered()]
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert [len(version.header["DanhSachGiayToKetQua"]) for version in record.versions] == [0, 1]


def test_nobody_at_the_address_is_unreachable() -> None:
    """
    Not a byte left us; ``check`` says which option to look at.
    """
    settings = portal_settings(adapter_url="http://127.0.0.1:1", password=PASSWORD)
    with closing(NationalPortal("cong", settings)) as connector:
        assert type(error_of(connector.deliver([a_message(a_dossier())])[0])) is Unreachable
        (line,) = connector.check()

    assert not line.ok
    assert "adapter_url" in line.detail


@both_engines
def test_a_wrong_path_holds_everything_and_gives_up_nothing(setting: Setting) -> None:
    """
    No service there: the same as nobody there.
    """
    connector = setting.connector(adapter_prefix="/sai/duong/dan")

    assert type(error_of(connector.deliver([a_message(a_dossier())])[0])) is Unreachable


@pytest.mark.parametrize("kind", [FaultKind.TOO_MANY, FaultKind.CLOSED])
def test_the_portals_wish_to_be_left_alone_is_passed_on(setting: Setting, kind: FaultKind) -> None:
    """
    429 and 503 carry their ``Retry-After`` to the engine.
    """
    setting.happens(kind, HEADERS, retry_after_s=30)

    error = error_of(setting.connector().deliver([a_message(a_dossier())])[0])

    assert isinstance(error, Busy)
    assert error.retry_after is not None
    assert timedelta(seconds=29) < error.retry_after <= timedelta(seconds=30)


@pytest.mark.parametrize("kind", [FaultKind.PADDED_CODE, FaultKind.INT_CODE, FaultKind.DOUBLE])
def test_odd_forms_of_success_are_success(setting: Setting, kind: FaultKind) -> None:
    """
    "00", 0 and the envelope within the envelope.
    """
    setting.happens(kind, count=10)
    connector = setting.connector()

    assert connector.deliver([a_message(a_dossier())]) == [Delivered()]
    assert connector.deliver(history(2, 4)) == [Delivered()] * 2


@pytest.mark.parametrize("kind", [FaultKind.NO_SUCCESS, FaultKind.SAYS_EXISTS, FaultKind.ERROR])
@pytest.mark.parametrize("services", [HEADERS, STEPS], ids=["header", "step"])
def test_a_lie_of_success_is_not_believed(setting: Setting, kind: FaultKind, services: frozenset[str]) -> None:
    """
    Code 0 and a text that is no success; nothing was done, and nothing is marked as done (quirk 2).
    """
    connector = setting.connector()
    if services == STEPS:
        connector.deliver([a_message(a_dossier())])
    setting.happens(kind, services)
    messages = [a_message(a_dossier())] if services == HEADERS else history(2, 4)

    outcomes = connector.deliver(messages)

    assert {type(error_of(outcome)) for outcome in outcomes} == {Faulted}
    assert connector.deliver(messages) == [Delivered()] * len(messages)
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert len(record.versions) == 1
