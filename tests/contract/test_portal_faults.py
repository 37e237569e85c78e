"""What can go wrong on the wire, and which error it becomes: did the request leave, and may it have been done?"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from gateway.errors import (
    AuthenticationFailed,
    Busy,
    ConfigurationError,
    DeliveryError,
    Faulted,
    Held,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from gateway.ports import Delivered, Failed, Finding, Outcome
from tests.builders import a_dossier, a_step
from tests.portal_scripts import PASSWORD, Answer, ScriptedPortal, a_connector, a_message, procedure, said, scripted

PUSH = "DongBoHoSoMC"
HTML = httpx.Response(200, html="<html>Nguyễn Văn Ví Dụ</html>")


def status(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers=headers, html="<html>lỗi</html>")


def error_of(outcome: Outcome) -> DeliveryError:
    assert isinstance(outcome, Failed)
    return outcome.error


def pushed(portal: ScriptedPortal, **changes: Any) -> DeliveryError:
    (outcome,) = a_connector(portal, **changes).deliver([a_message(a_dossier())])
    assert isinstance(outcome, Failed)
    return outcome.error


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


def redirect(location: str, code: int = 307) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(code, headers={"location": location})


BASE = "http://127.0.0.1:9/XrdAdapter/RestService/forward"


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_within_the_adapter_is_followed_with_its_body(code: int) -> None:
    """
    The session goes only where the operator sent it.
    """
    portal = scripted({PUSH: [redirect(f"{BASE}/v2/mapi", code)]})

    assert a_connector(portal).deliver([a_message(a_dossier())]) == [Delivered()]
    assert [str(request.url) for request in portal.requests[2:]] == [f"{BASE}/mapi/integration", f"{BASE}/v2/mapi"]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:10/XrdAdapter/RestService/forward/x", "https://127.0.0.1:9/XrdAdapter/RestService/forward/x",
        "http://127.0.0.1:9/khac", "http://127.0.0.1:9/XrdAdapter/RestService/forward/../../khac", "//vidu.invalid/x",
        "",
        "http://127.0.0.1:9/XrdAdapter/RestService/forward/%2e%2e/khac",
        "http://[127.0.0.1/x",
        "http://127.0.0.1:999999/x",
    ],
)  # fmt: skip
def test_a_redirect_elsewhere_is_not_followed(location: str) -> None:
    """
    Neither another machine nor another path nor another scheme gets the session.
    """
    portal = scripted({PUSH: [redirect(location)]})

    error = pushed(portal)

    assert type(error) is Unreachable
    assert "adapter_url" in error.text
    assert portal.calls.count(PUSH) == 1


def test_redirects_in_circles_end() -> None:
    """
    Three at most.
    """
    portal = scripted({PUSH: [redirect(f"{BASE}/{n}") for n in range(9)]})

    assert type(pushed(portal)) is Unreachable
    assert portal.calls.count(PUSH) == 4


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """
    The size is bounded by a setting; what it was stays unknown.
    """
    sent: list[int] = []

    def endless() -> Any:
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1024

    portal = scripted({PUSH: [httpx.Response(200, content=endless())]})

    error = pushed(portal, max_answer_bytes=10_000)

    assert (type(error), error.code) == (OutcomeUnknown, "too-long")
    assert len(sent) < 20


def test_an_answer_that_trickles_is_cut_off() -> None:
    """
    Bytes come, but the call's time is over.
    """
    ticks = iter(range(0, 10_000, 2))

    def trickle() -> Any:
        for _ in range(1000):
            yield b" "

    portal = scripted({PUSH: [httpx.Response(200, content=trickle())]})

    error = pushed(portal, monotonic=lambda: float(next(ticks)), timeout_s=100)

    assert (type(error), error.code) == (OutcomeUnknown, "timeout")


def test_nothing_is_sent_once_the_time_is_over() -> None:
    """
    Looking up the adapter's name took a minute, which no time-out covers. By now another process may hold the message.
    """
    now = [0.0]

    class SlowNames(ScriptedPortal):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            limits = request.extensions["timeout"]
            limits.get("connect")
            now[0] += 60.0
            limits.get("write")
            return super().handle_request(request)

    portal = SlowNames()

    (outcome,) = a_connector(portal, variant="C", monotonic=lambda: now[0]).deliver([a_message(a_step())])

    assert isinstance(error_of(outcome), OutcomeUnknown)
    assert portal.calls == []


def test_an_errand_that_takes_too_long_ends_before_the_next_call() -> None:
    """
    The portal is slow three times over; nothing more is sent, and the message is as before.
    """
    now = [0.0]

    def slowly(answer: httpx.Response) -> Answer:
        def slow(request: httpx.Request) -> httpx.Response:
            now[0] += 14
            return answer

        return slow

    portal = scripted(
        {
            "login": [slowly(said("0", "Đăng nhập thành công", session="s" * 12))],
            "LayThuTuc": [slowly(procedure())],
            PUSH: [slowly(said("3", "đã tồn tại"))],
        }
    )
    connector = a_connector(portal, monotonic=lambda: now[0])

    (outcome,) = connector.deliver([a_message(a_dossier())])

    assert isinstance(outcome, Failed)
    assert (type(outcome.error), outcome.error.code) == (Unreachable, "out-of-time")
    assert portal.calls == ["login", "LayThuTuc", PUSH]
    assert connector.longest_call == timedelta(seconds=45)


def test_no_second_try_to_connect_once_another_thread_was_sent_away() -> None:
    """
    The connection is refused; while one thread waits to try again, the portal tells another to come back later.
    """
    steps = "DongBoTienTrinhHoSoMC"
    busy = httpx.Response(503, headers={"Retry-After": "600"})
    portal = scripted({steps: [httpx.ConnectError("refused"), busy]})
    others: list[Outcome] = []

    def meanwhile(seconds: float) -> None:
        others.extend(connector.deliver([a_message(a_step())]))

    connector = a_connector(portal, variant="C", sleep=meanwhile)

    (outcome,) = connector.deliver([a_message(a_step())])

    assert [type(error_of(each)) for each in (*others, outcome)] == [Busy, Held]
    assert portal.calls == [steps, steps]


def test_an_answer_that_is_whole_is_heard_however_late_it_is_read() -> None:
    """
    The machine slept while the portal said to come back in ten minutes: nobody calls before.
    """
    now = [0.0]

    def asleep(request: httpx.Request) -> httpx.Response:
        now[0] += 60
        return httpx.Response(503, headers={"Retry-After": "600"}, stream=httpx.ByteStream(b"<html></html>"))

    portal = scripted({"DongBoTienTrinhHoSoMC": [asleep]})
    connector = a_connector(portal, variant="C", monotonic=lambda: now[0])

    first, second = (connector.deliver([a_message(a_step())])[0] for _ in range(2))

    assert (type(error_of(first)), error_of(first).retry_after) == (Busy, timedelta(minutes=10))
    assert isinstance(error_of(second), Held)
    assert len(portal.calls) == 1


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
