"""A one-stop system at the façade of two services on one PostgreSQL, behind one address: one of them may die."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.api import Gateway
from gateway.config import load
from gateway.ports import SystemClock
from gateway.sandbox import serve
from tests.portal import PASSWORD, UNIT, Lost, Province, Reply, Socket, a_code, a_portal, a_wire_dossier, a_wire_step
from tests.proxy import Balancer
from tests.running import until
from tests.serving import served
from tests.stores import PostgresBackend

EACH = 6
"""Dossiers of each of two clients."""

CONFIGURATION = """
tenant.code = "H99"
database.url = "{database}"
service.listen = "127.0.0.1:0"

[partners.cong]
connector = "national_portal"
adapter_url = "{portal}"
madonvi = "{unit}"
username = "{unit}"
password_file = "mat-khau"

[partners.cong.facade]
username = "{unit}"
password_file = "mat-khau"
session_secret_file = "phien.khoa"
"""


@dataclass
class Client:
    """Says everything again until it is answered."""

    province: Province
    done: int = 0
    lost: int = 0
    codes: list[str] = field(default_factory=list)

    def insist(self, say: Callable[[], Reply]) -> Reply:
        while self.lost < 100:
            try:
                return say()
            except Lost:
                self.lost += 1
        pytest.fail("never answered")

    def work(self, serials: range, killed: threading.Event) -> None:
        """Sync all, and go on asking until one of the services has died, and once more."""
        for serial in serials:
            self.sync(serial)
            self.done += 1
        while not killed.is_set():
            self.insist(self.province.look_up)
        self.insist(self.province.look_up)

    def sync(self, serial: int) -> None:
        dossier, question = a_wire_dossier(a_code(serial)), a_question(serial)
        steps = [a_wire_step(a_code(serial), ThoiDiemXuLy=f"2026030{day}080000") for day in (3, 4, 5)]
        reply = self.insist(lambda: self.province.push(dossier))
        if "đã tồn tại" in reply.message:
            reply = self.insist(lambda: self.province.push(dossier, updating="True"))
        self.codes.append(reply.code)
        self.codes.append(self.insist(lambda: self.province.step(*steps)).code)
        self.codes.append(self.insist(lambda: self.province.call("DongBoHoiDap", data=[question])).code)


def a_question(serial: int) -> dict[str, Any]:
    return {"HOIDAPID": serial, "MaLinhVuc": "G17-XD99", "NOIDUNG": "Hỏi?", "MADONVI": "H99", "TENDONVI": "Ví Dụ"}


@pytest.mark.slow
def test_one_of_two_services_may_die_under_a_one_stop_system(postgres_backend: PostgresBackend, tmp_path: Path) -> None:
    """
    Two connections push with one session, which one of the services opened. One service is killed in the middle: what
    it had not answered is said again, and the other takes it, under the same session. The portal has each dossier
    created once, each step once and in order, each question once.
    """
    portal = a_portal(SystemClock())
    with ExitStack() as stack:
        behind = stack.enter_context(serve(portal))
        (tmp_path / "mat-khau").write_text(PASSWORD, "utf-8")
        (tmp_path / "phien.khoa").write_text("khoa-ky-phien-cua-mat-tien-vi-du-00001", "utf-8")
        settings = CONFIGURATION.format(database=postgres_backend.url, portal=behind.url, unit=UNIT)
        (tmp_path / "lienthong.toml").write_text(settings, "utf-8")
        gateway = stack.enter_context(Gateway(load(tmp_path / "lienthong.toml")))
        services = [stack.enter_context(served(tmp_path, stderr=subprocess.DEVNULL)) for _ in range(2)]
        balancer = stack.enter_context(Balancer([int(url.rpartition(":")[2]) for _, url in services]))
        address = f"http://127.0.0.1:{balancer.port}"
        clients = [Client(Province(stack.enter_context(Socket(address)))) for _ in range(2)]
        clients[0].province.log_in()
        session = clients[1].province.session = clients[0].province.session
        killed = threading.Event()
        with ThreadPoolExecutor(2) as threads:
            running = [
                threads.submit(client.work, range(number * EACH, (number + 1) * EACH), killed)
                for number, client in enumerate(clients)
            ]
            try:
                until(lambda: min(client.done for client in clients) >= 1, "both services take dossiers")
                services[0][0].kill()
            finally:
                killed.set()
            for each in running:
                each.result()
        taken = gateway.totals()
        gateway.run_until_idle()

    assert [client.codes for client in clients] == [["0"] * 3 * EACH] * 2
    assert {client.province.session for client in clients} == {session}
    assert sum(client.lost for client in clients) > 0, "nothing that was killed was missed"
    assert taken == {"dossiers": 2 * EACH, "dossier": 2 * EACH, "step": 6 * EACH, "matter": 2 * EACH}
    records, counters = portal.dossiers(), portal.counters()
    assert [(record.creates, len(record.steps)) for record in records] == [(1, 3)] * 2 * EACH
    assert (counters.steps_out_of_order, counters.steps_repeated) == (0, 0)
    questions = sorted(portal.pushed_questions(), key=lambda question: int(question["HOIDAPID"]))
    assert questions == [a_question(serial) for serial in range(2 * EACH)]
