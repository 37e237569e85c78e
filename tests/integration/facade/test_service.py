"""The façade behind the service's socket."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from gateway import Gateway, Settings
from gateway.config import DatabaseSettings
from gateway.fronts import Call, LookUp, OpenIntake
from gateway.ports import Reply
from gateway.service.requests.bodies import MOST_VALUES
from tests.fronting import fronted
from tests.partners import ScriptedPartner
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


@dataclass
class Meeting(ScriptedPartner):
    """Answers in its partner's place, and says of each call whether another one was answered at the same time."""

    most_body_bytes: int = 1_000_000
    source: str = "onestop"
    met: list[bool] = field(default_factory=list)
    _both: threading.Barrier = field(default_factory=lambda: threading.Barrier(2, timeout=0.5))

    @property
    def front(self) -> Meeting:
        return self

    def serves(self, path: str) -> bool:
        return path == "/gap"

    def answer(self, call: Call, intake: OpenIntake, look_up: LookUp, now: datetime) -> Reply:
        try:
            self._both.wait()
        except threading.BrokenBarrierError:
            self.met.append(False)
        else:
            self.met.append(True)
        return Reply(200, "application/json", b"{}")


@pytest.mark.parametrize(("values", "at_once"), [(10, True), (2 * MOST_VALUES, False)], ids=["usual", "endless"])
def test_bodies_of_endless_values_are_read_one_at_a_time(tmp_path: Path, values: int, at_once: bool) -> None:
    """
    Ten megabytes of empty objects are hundreds once they are read. Several such calls wait for each other, usual ones
    for nobody.
    """
    meeting = Meeting()
    body = b"[" + b",".join([b"{}"] * values) + b"]"
    settings = Settings(database=DatabaseSettings(path=tmp_path / "gateway.db"))
    with Gateway(settings, connectors=[meeting]) as gateway, serving(gateway) as client, ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: client.post("/gap", content=body), range(2)))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert meeting.met == [at_once, at_once]
