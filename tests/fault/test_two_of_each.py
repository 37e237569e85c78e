"""Two services and two workers on one PostgreSQL, behind one address: any of them may die, and another goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from connectors.provincial.file import read_dossiers
from gateway.api import Gateway
from gateway.config import load
from gateway.demo.compare import compare, expected_from
from gateway.model import Dossier, ProcessingStep, body_json
from tests.proxy import Balancer
from tests.running import a_place, configure, sandbox, start, until
from tests.serving import served
from tools.postgres import PostgresServer

DOSSIERS = 20
CLIENTS = 6

NOTHING_DONE = {"completed_at": None, "returned_at": None, "refused_at": None, "results": ()}

Story = tuple[Dossier, Sequence[ProcessingStep]]
Request = tuple[str, str, bytes]
"""Path, key and content."""


@dataclass
class Life:
    """One process after another in one role."""

    begin: Callable[[ExitStack], subprocess.Popen[str]]
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Life:
        self.process = self.begin(self.stack)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.stack.close()

    def killed_and_begun_again(self) -> None:
        self.__exit__()
        self.__enter__()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


@dataclass
class Crowd:
    """Clients that repeat every request, under its key, until it is answered."""

    address: str
    token: str
    statuses: list[int] = field(default_factory=list)
    repeats: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def work(self, requests: Sequence[Request]) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with httpx.Client(base_url=self.address, headers=headers, trust_env=False, timeout=1.0) as http:
            for path, key, content in requests:
                while not self._taken(http, path, key, content):
                    assert not self.over.wait(0.05), "never answered"
                    self.repeats += 1

    def _taken(self, http: httpx.Client, path: str, key: str, content: bytes) -> bool:
        try:
            answer = http.post(path, content=content, headers={"Idempotency-Key": f'"{key}"'})
        except httpx.TransportError:
            return False
        if answer.status_code in {409, 503}:
            return False
        assert answer.status_code in {200, 201}, answer.text
        self.statuses.append(answer.status_code)
        return True


def requests_of(stories: Sequence[Story]) -> list[list[Request]]:
    """What each client sends: dossiers as they were taken in, each followed by its steps, and by itself as it ended."""
    work: list[list[Request]] = [[] for _ in range(CLIENTS)]
    for number, (dossier, steps) in enumerate(stories):
        code, first = dossier.code.text, steps[0]
        taken_in = dossier.model_copy(update={**NOTHING_DONE, "status": first.status, "status_at": first.at})
        work[number % CLIENTS] += [
            ("/v1/dossiers", code, body_json(taken_in)),
            *(("/v1/steps", f"{code}/{serial}", body_json(step)) for serial, step in enumerate(steps)),
            ("/v1/dossiers", f"{code}/end", body_json(dossier)),
        ]
    return work


@pytest.mark.slow
def test_any_of_two_services_and_two_workers_may_die(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """
    While six clients submit, each of the four is killed and comes back, one service after it stood still for a while;
    a worker stands still for longer than its lease, the other does its work, and it goes on too late.

    Every request is answered once it is repeated often enough; the portal's ledger has each dossier and each step once,
    and in order.
    """
    place = a_place(tmp_path, "ha-tinh", dossiers=DOSSIERS, seed=11)
    folders = [tmp_path / name for name in ("a", "b")]
    read = read_dossiers(place.first.dossiers, place.mapping, steps_path=place.first.steps)
    stories = [(history.dossier, history.steps) for history in read]
    work = requests_of(stories)
    count = sum(map(len, work))
    with ExitStack() as stack, sandbox(tmp_path, place, "calm", 11) as portal:
        portal.fail({"kind": "slow", "probability": 0.5, "delay_s": 0.05})
        database = postgres_server.url(postgres_server.fresh_database())
        for folder in folders:
            folder.mkdir()
            path = configure(folder, place, portal.url)
            text = f'database.url = "{database}"\nservice.listen = "127.0.0.1:0"\n{path.read_text("utf-8")}'
            path.write_text(text, "utf-8")
        gateway = stack.enter_context(Gateway(load(folders[0] / "lienthong.toml", offline=True), connectors=[]))
        key = gateway.keys.create("mot-cua", ["submit"], agencies=None, life=timedelta(days=1))
        balancer = stack.enter_context(Balancer([1, 1]))

        def service(number: int) -> Callable[[ExitStack], subprocess.Popen[str]]:
            def begin(life: ExitStack) -> subprocess.Popen[str]:
                process, url = life.enter_context(served(folders[number]))
                balancer.ports[number] = int(url.rpartition(":")[2])
                return process

            return begin

        def worker(life: ExitStack) -> subprocess.Popen[str]:
            return life.enter_context(start(folders[0], "sync"))

        services = [stack.enter_context(Life(service(number))) for number in (0, 1)]
        workers = [stack.enter_context(Life(worker)) for _ in (0, 1)]
        crowd = Crowd(f"http://127.0.0.1:{balancer.port}", key.token)

        def answered(share: float) -> None:
            until(lambda: len(crowd.statuses) >= count * share, f"{share:.0%} of the requests are answered")

        def all_is_delivered() -> None:
            def open_ones() -> int:
                status = gateway.status()[0]
                return status.pending + status.in_flight + status.unknown

            until(lambda: open_ones() == 0, "everything is delivered")

        with ThreadPoolExecutor(CLIENTS) as threads:
            clients = [threads.submit(crowd.work, each) for each in work]
            try:
                answered(0.1)
                services[0].killed_and_begun_again()
                workers[0].killed_and_begun_again()
                answered(0.3)
                with services[1].frozen():
                    answered(0.5)
                    services[1].process.kill()
                services[1].killed_and_begun_again()
                workers[1].killed_and_begun_again()
                answered(0.8)
                with workers[1].frozen():
                    answered(1.0)
                    all_is_delivered()
            finally:
                crowd.over.set()
            for each in clients:
                each.result()

        outcome = compare(expected_from([stories]), portal.ask("ledger"))
        counters, violations, dead = portal.counters, portal.violations, gateway.status()[0].dead

    assert len(crowd.statuses) == count
    assert crowd.repeats > 0, "nothing that was killed was missed"
    assert (outcome.findings, dead) == ((), 0)
    assert counters["steps_counted_twice"] == 0
    assert counters["creates"] == outcome.dossiers == DOSSIERS
    assert counters["steps"] == outcome.steps
    assert set(violations) <= {"steps_repeated_after_clean_answer"}
