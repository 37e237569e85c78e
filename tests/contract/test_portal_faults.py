"""What can go wrong on the wire, and which error it becomes: did the request leave, and may it have been done?"""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from gateway.errors import (
    AuthenticationFailed,
    Busy,
    DeliveryError,
    Faulted,
    Held,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from gateway.ports import Delivered
from tests.builders import a_dossier
from tests.portal_scripts import (
    HTML,
    PASSWORD,
    PUSH,
    Answer,
    a_connector,
    a_message,
    error_of,
    pushed,
    said,
    scripted,
    status,
)


@pytest.mark.parametrize(
    ("answer", "push", "question"),
    [
        pytest.param(httpx.ConnectError("refused"), Unreachable, Unreachable, id="refused"),
        pytest.param(httpx.ConnectTimeout(""), Unreachable, Unreachable, id="no connection in time"),
        pytest.param(httpx.PoolTimeout(""), Unreachable, Unreachable, id="no free connection"),
        pytest.param(
            httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), Unreachable, Unreachable, id="bad certificate"
        ),
        pytest.param(httpx.WriteTimeout(""), OutcomeUnknown, Unreachable, id="half written"),
        pytest.param(httpx.WriteError(""), OutcomeUnknown, Unreachable, id="broken while writing"),
        pytest.param(httpx.ReadTimeout(""), OutcomeUnknown, Unreachable, id="silence"),
        pytest.param(httpx.ReadError(""), OutcomeUnknown, Unreachable, id="broken while reading"),
        pytest.param(httpx.RemoteProtocolError(""), OutcomeUnknown, Unreachable, id="broken HTTP"),
        pytest.param(httpx.Response(200), OutcomeUnknown, Unreachable, id="empty"),
        pytest.param(HTML, OutcomeUnknown, Unreachable, id="a web page"),
        pytest.param(httpx.Response(200, text="Thành công"), OutcomeUnknown, Unreachable, id="plain text"),
        pytest.param(httpx.Response(200, content=b'{"error_c'), OutcomeUnknown, Unreachable, id="half an answer"),
        pytest.param(httpx.Response(200, json={"message": "Thành công"}), OutcomeUnknown, Unreachable, id="no code"),
        pytest.param(httpx.Response(204), OutcomeUnknown, Unreachable, id="204"),
        pytest.param(status(500), OutcomeUnknown, Unreachable, id="500"),
        pytest.param(status(502), OutcomeUnknown, Unreachable, id="502"),
        pytest.param(status(504), OutcomeUnknown, Unreachable, id="504"),
        pytest.param(status(408), OutcomeUnknown, Unreachable, id="408"),
        pytest.param(status(303, location="/ket-qua"), OutcomeUnknown, Unreachable, id="303 done, see elsewhere"),
        pytest.param(status(429), Busy, Busy, id="429"),
        pytest.param(status(503), Busy, Busy, id="503"),
        pytest.param(status(404), Unreachable, Unreachable, id="404 no such path"),
        pytest.param(status(405), Unreachable, Unreachable, id="405"),
        pytest.param(status(407), AuthenticationFailed, AuthenticationFailed, id="407"),
        pytest.param(status(413), Rejected, Faulted, id="413 too large"),
        pytest.param(status(400), Faulted, Faulted, id="400"),
        pytest.param(
            httpx.Response(400, json={"error_code": "1", "message": "sai"}), Rejected, Faulted, id="400, envelope"
        ),
        pytest.param(
            httpx.Response(404, json={"error_code": "-1", "message": "sai"}), Faulted, Faulted, id="404, envelope"
        ),
        pytest.param(said("-1", "Lỗi hệ thống"), Faulted, Faulted, id="a fault by its own word"),
        pytest.param(said("-4", "Đơn vị không có quyền"), AuthenticationFailed, AuthenticationFailed, id="no right"),
    ],
)
def test_every_fault_becomes_one_error(answer: Answer, push: type, question: type) -> None:
    """
    A push may have been done unless the fault proves the contrary; a question that is lost loses nothing.
    """
    again = [answer] * 2

    assert type(pushed(scripted({PUSH: list(again)}))) is push
    with pytest.raises(DeliveryError) as caught:
        a_connector(scripted({"TraCuuHoSo": list(again)})).probe(a_message(a_dossier()))
    assert type(caught.value) is question


@pytest.mark.parametrize("answer", [HTML, status(500), httpx.ReadTimeout(""), said("-1", "Lỗi hệ thống")], ids=str)
def test_a_fault_while_logging_in_or_asking_first_leaves_the_message_untouched(answer: Answer) -> None:
    """
    Nothing about the dossier has left us then: try again, no look-up.
    """
    for service in ("login", "LayThuTuc"):
        portal = scripted({service: [answer]})
        assert type(pushed(portal)) in {Unreachable, Faulted}
        assert PUSH not in portal.calls


def test_a_refused_connection_is_tried_again_at_once() -> None:
    """
    Not a byte had left; the call notices nothing.
    """
    portal = scripted({PUSH: [httpx.ConnectError("refused")]})
    pauses: list[float] = []

    assert a_connector(portal, sleep=pauses.append, connect_retry_wait_s=0.2).deliver([a_message(a_dossier())]) == [
        Delivered()
    ]
    assert portal.calls[2:] == [PUSH, PUSH]
    assert pauses == [0.2]


def test_a_connection_that_stays_refused_is_not_hammered() -> None:
    """
    One more try, then the engine's backoff.
    """
    portal = scripted({PUSH: [httpx.ConnectError("refused")] * 9})

    assert type(pushed(portal)) is Unreachable
    assert portal.calls.count(PUSH) == 2


@pytest.mark.parametrize("fault", [httpx.ReadTimeout(""), httpx.ConnectTimeout("")], ids=str)
def test_nothing_else_is_tried_again_within_a_call(fault: Exception) -> None:
    """
    A push whose fate is unknown is never repeated blindly.
    """
    portal = scripted({PUSH: [fault]})

    pushed(portal)

    assert portal.calls.count(PUSH) == 1


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "120"}, timedelta(seconds=120)),
        ({"retry-after": "Mon, 02 Mar 2026 03:05:00 GMT"}, timedelta(minutes=5)),
        (
            {"retry-after": "Mon, 02 Mar 2026 03:05:00 GMT", "date": "Mon, 02 Mar 2026 03:04:00 GMT"},
            timedelta(minutes=1),
        ),
        ({"retry-after": "Mon, 02 Mar 2026 02:00:00 GMT"}, timedelta(0)),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "9" * 5000}, timedelta(days=366)),
        ({"retry-after": "Mon, 02 Mar 99999 03:05:00 GMT"}, None),
    ],
    ids=str,
)
@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_read_in_both_forms(code: int, headers: dict[str, str], wait: timedelta | None) -> None:
    """
    Seconds or a date, the date against the portal's own clock when it shows one.
    """
    portal = scripted({PUSH: [status(code, **headers)]})

    error = pushed(portal, now=lambda: datetime(2026, 3, 2, 3, 0, tzinfo=UTC))

    assert isinstance(error, Busy)
    assert error.retry_after == wait


@pytest.mark.parametrize("code", [500, 502, 504, 404, 400])
def test_retry_after_is_obeyed_with_any_status(code: int) -> None:
    """
    A gateway in front says when to come back in its own way; nothing is sent before, by whatever thread.
    """
    portal = scripted({PUSH: [status(code, **{"retry-after": "120"})]})
    connector = a_connector(portal, now=lambda: datetime(2026, 3, 2, 3, 0, tzinfo=UTC))

    outcomes = [connector.deliver([a_message(a_dossier())])[0] for _ in range(2)]

    assert [error_of(outcome).retry_after for outcome in outcomes] == [timedelta(seconds=120)] * 2
    assert isinstance(error_of(outcomes[1]), Held)
    assert portal.calls.count(PUSH) == 1


def test_no_secret_and_no_person_in_any_error_or_log(caplog: pytest.LogCaptureFixture) -> None:
    """
    Session, password, owner and officer are planted in every answer; none comes out.
    """
    caplog.set_level(logging.DEBUG)
    dossier = a_dossier()
    secret = "c0ffee00-0000-4000-8000-000000000000"
    words = f"Lỗi: phiên {secret}, mật khẩu {PASSWORD}, Nguyễn Văn Ví Dụ, 099090000017, 0900000001, vidu@vidu.example"
    answers: list[Answer] = [
        said("1", words), said("-1", words), said("0", words), said("-2", words), httpx.Response(200, text=words),
        httpx.Response(500, text=words), httpx.Response(404, text=words), httpx.ReadTimeout(""), said("99", words),
    ]  # fmt: skip
    shown: list[str] = []
    for answer in answers:
        error = pushed(scripted({PUSH: [answer] * 3}))
        shown += [repr(error), str(error), "".join(traceback.format_exception(error))]
        shown.append(repr(pushed(scripted({"login": [answer] * 3}))))
    connector = a_connector(scripted({}))
    shown += [repr(connector), repr(vars(connector)), *(repr(health) for health in connector.check()), caplog.text]

    everything = "\n".join(shown)

    assert dossier.applicant.name not in everything
    for private in (secret, PASSWORD, "Nguyễn", "099090000017", "0900000001", "vidu@vidu.example"):
        assert private not in everything
    assert "lỗi: phiên" in everything.casefold()
