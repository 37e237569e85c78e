"""Imports that nobody can do any more end where somebody sees it; those that somebody can still do are left alone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.api import Gateway
from gateway.errors import StoreUnavailable
from gateway.jobs import Jobs
from gateway.model import Change
from gateway.ports import Receipt
from gateway.service.imports.listening import GONE, HEARING, Listening
from gateway.service.imports.runner import SILENCE, STILLNESS, Runner
from gateway.service.imports.spool import FORGOTTEN_S, Spool
from tests.clocks import TestClock
from tests.exports import a_history, text_of
from tests.partners import ScriptedPartner
from tests.running import until
from tests.uploads import CSV, ENDED, EXPORT, ID, ended, upload


def test_an_import_whose_machine_is_gone_has_a_visible_end(
    gateway: Gateway, clock: TestClock, client: httpx.Client, tmp_path: Path
) -> None:
    """
    The file lies in a folder that no living process looks into. After an hour whoever asks is told to send it again;
    should the machine come back, it throws the file away.
    """
    lost = Spool(tmp_path / "elsewhere")
    upload(lost, ID)
    Runner(gateway, lost).add(ID, "mot-cua", "nhap-tep", size=1)
    clock.advance(GONE)

    def is_over() -> bool:
        clock.advance(HEARING)
        client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
        return client.get(f"/v1/imports/{ID}").json()["state"] in ENDED

    until(is_over, "somebody has listened in vain")
    job = ended(client, f"/v1/imports/{ID}")
    back = Runner(gateway, lost)
    back.start()
    until(lambda: lost.waiting() == [], "the file is gone")
    back.close()

    assert job["state"] == "failed"
    assert "Gửi lại tệp" in job["refusal"]["remedy"]


def forgotten(spool: Spool) -> Path:
    """A file that a runner deletes when it has looked after everything else."""
    spool.folder.mkdir(exist_ok=True)
    path = spool.folder / f"{'e' * 32}.part"
    path.touch()
    long_ago = time.time() - FORGOTTEN_S - 60
    os.utime(path, (long_ago, long_ago))
    return path


def look_round(gateway: Gateway, spool: Spool, until_gone: Path) -> None:
    runner = Runner(gateway, spool)
    runner.start()
    until(lambda: not until_gone.exists(), "it has looked round")
    runner.close()


def test_who_just_started_calls_nobody_gone(gateway: Gateway, clock: TestClock, tmp_path: Path) -> None:
    """
    Two machines were off over night. The one without the file is up first, and leaves the other's import alone.
    """
    theirs, ours = Spool(tmp_path / "theirs"), Spool(tmp_path / "ours")
    upload(theirs, ID)
    Runner(gateway, theirs).add(ID, "mot-cua", "nhap-tep", size=1)
    clock.advance(10 * GONE)
    look_round(gateway, ours, forgotten(ours))
    look_round(gateway, theirs, theirs.folder / f"{ID}.csv")

    job = gateway.jobs.find(ID)
    assert job is not None
    assert job.state == "done"


def test_a_clock_that_leaps_loses_no_import(gateway: Gateway, clock: TestClock) -> None:
    """
    The machine's clock is put right by a day while another process has an import: it spoke a moment ago, speaks again,
    and is heard. Only when it has died, and somebody listened for a while and for an hour in all, its import is lost.
    """
    listening = Listening(gateway)
    gateway.jobs.add(ID, "import", "nhap-tep", {})

    def heard(speaks: bool, minutes: int) -> list[str]:
        clock.advance(timedelta(minutes=minutes))
        if speaks:
            gateway.jobs.hear_of([ID], silence=SILENCE)
        return listening.end_lost({})

    assert [heard(True, 5) for _ in range(4)] == [[]] * 4
    assert heard(False, 24 * 60) == []
    assert [heard(True, 5) for _ in range(4)] == [[]] * 4
    assert [heard(False, 5) for _ in range(12)] == [[]] * 12
    assert heard(False, 5) == [ID]


class Cut(Gateway):
    """Its threads for imports are away from the database."""

    away = True

    @property
    def jobs(self) -> Jobs:
        if self.away and threading.current_thread().name == "imports":
            raise StoreUnavailable("cut")
        return super().jobs


def test_who_was_away_from_the_database_calls_nobody_gone(
    gateway: Gateway, clock: TestClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """
    Nobody could say anything for hours. The first one back does not take that for the silence of the others.
    """
    ours = Spool(tmp_path / "ours")
    left = forgotten(ours)
    with Cut(gateway.settings, connectors=[], clock=clock) as cut:
        runner = Runner(cut, ours)
        runner.start()
        runner.add(ID, "mot-cua", "nhap-tep", size=1)
        until(lambda: "import.postponed" in caplog.messages, "it cannot look round")
        clock.advance(10 * GONE)
        cut.away = False
        runner.add(ID[::-1], "mot-cua", "nhap-tep", size=1)
        until(lambda: not left.exists(), "it has looked round")
        runner.close()

    job = gateway.jobs.find(ID)
    assert job is not None
    assert job.state == "waiting"


class Long(Gateway):
    """Imports slowly, beside another process that looks for lost jobs."""

    def submit_many(
        self, changes: Iterable[Change], connection: object | None = None, *, backfill: bool = False
    ) -> list[Receipt]:
        assert isinstance(self.clock, TestClock)
        self.clock.advance(GONE / 2 + timedelta(seconds=1))
        assert self.jobs.silent("import", silence=GONE) == {}
        return super().submit_many(changes, connection, backfill=backfill)


def test_a_file_behind_long_ones_is_not_lost(gateway: Gateway, clock: TestClock) -> None:
    """
    Two imports stand before it that take an hour together: nobody takes it for lost meanwhile.
    """
    spool = Spool(gateway.settings.service.spool)
    ids = sorted((ID, ID[::-1], "f" * 32))
    with Long(gateway.settings, connectors=[ScriptedPartner()], clock=clock) as slow:
        runner = Runner(slow, spool)
        for n, id_ in enumerate(ids):
            upload(spool, id_, text_of(a_history(n)).encode())
            runner.add(id_, "mot-cua", "nhap-tep", size=1)
        runner.start()
        until(lambda: spool.waiting() == [], "all are over")
        runner.close()

    assert [job.state for id_ in ids if (job := gateway.jobs.find(id_))] == ["done"] * 3


class Stepwise(Gateway):
    """Its one batch takes very long: it does something for each step that it is granted, else it hangs."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.inside, self.granted, self.done = (threading.Semaphore(0) for _ in range(3))
        self.is_over = False

    def submit_many(
        self, changes: Iterable[Change], connection: object | None = None, *, backfill: bool = False
    ) -> list[Receipt]:
        self.inside.release()
        while not self.is_over:
            self.granted.acquire()
            self.done.release()
        return super().submit_many(changes, connection, backfill=backfill)

    def step(self) -> None:
        self.granted.release()
        assert self.done.acquire(timeout=10)


@pytest.fixture
def stepwise(gateway: Gateway, clock: TestClock) -> Iterator[tuple[Stepwise, Runner]]:
    spool = Spool(gateway.settings.service.spool)
    with Stepwise(gateway.settings, connectors=[ScriptedPartner()], clock=clock) as opened:
        runner = Runner(opened, spool)
        upload(spool, ID)
        runner.add(ID, "mot-cua", "nhap-tep", size=1)
        runner.start()
        assert opened.inside.acquire(timeout=10)
        yield opened, runner
        opened.is_over = True
        opened.granted.release()
        runner.close()


def test_an_import_that_works_in_silence_is_neither_lost_nor_taken(
    stepwise: tuple[Stepwise, Runner], gateway: Gateway, clock: TestClock
) -> None:
    """
    One batch takes hours and has nothing to tell. Its process says that it works, so nobody takes the job from it or
    calls it lost, and it ends as if nothing had been.
    """
    slow, runner = stepwise
    for _ in range(20):
        clock.advance(STILLNESS - timedelta(seconds=1))
        slow.step()
        runner.be_heard()
        clock.advance(SILENCE)
        assert gateway.jobs.take(ID, "other", silence=SILENCE) is None
        assert gateway.jobs.silent("import", silence=GONE) == {}
    slow.is_over = True
    slow.granted.release()

    until(lambda: (job := gateway.jobs.find(ID)) is not None and job.state == "done", "it is done")


def test_who_has_files_speaks_for_them_after_its_clock_was_put_back(
    stepwise: tuple[Stepwise, Runner], gateway: Gateway, clock: TestClock
) -> None:
    """
    Its machine had started seven hours ahead. Put right, it does not keep silent for as long: others, by whose clocks
    that is long, would call lost what waits here for its turn.
    """
    _, runner = stepwise
    behind = "f" * 32
    upload(Spool(gateway.settings.service.spool), behind)
    runner.add(behind, "mot-cua", "nhap-tep", size=1)
    spoke_at = []
    for leap in (timedelta(minutes=5), timedelta(hours=-7)):
        clock.advance(leap)
        runner.be_heard()
        job = gateway.jobs.find(behind)
        assert job is not None
        spoke_at.append(job.changed_at)

    assert spoke_at == [clock.now() + timedelta(hours=7), clock.now()]


def test_an_import_that_hangs_is_left_to_others(
    stepwise: tuple[Stepwise, Runner], gateway: Gateway, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    """
    Its thread waits for something that never comes. The process lives and speaks for it no longer: one that has the
    same files may do it, and where there is none, whoever waits for it hears of its end.
    """
    _, runner = stepwise

    def is_seen() -> bool:
        clock.advance(STILLNESS)
        runner.be_heard()
        return "import.hangs" in caplog.messages

    until(is_seen, "its process sees that it hangs")

    assert gateway.jobs.take(ID, "other", silence=SILENCE) is not None
    clock.advance(GONE + timedelta(seconds=1))
    runner.be_heard()
    assert list(gateway.jobs.silent("import", silence=GONE)) == [ID]
    assert caplog.messages.count("import.hangs") == 1
