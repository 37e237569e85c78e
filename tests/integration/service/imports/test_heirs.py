"""Imports outlive the process that does them: whoever finds the file goes on, and who lost a job spoils nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

import httpx
import pytest

from gateway.api import Gateway
from gateway.model import Change
from gateway.ports import Receipt
from gateway.service.imports.runner import SILENCE, Runner
from gateway.service.imports.spool import FORGOTTEN_S, Spool
from gateway.store.jobs import Held
from tests.clocks import TestClock
from tests.partners import ScriptedPartner
from tests.running import until
from tests.uploads import CSV, ENDED, EXPORT, ID, ended, upload


def test_what_a_dead_process_left_is_imported_by_the_next(gateway: Gateway, clock: TestClock) -> None:
    """
    It had taken the job and was never heard of again; after a minute the next one takes over.
    """
    spool = Spool(gateway.settings.service.spool)
    upload(spool, ID)
    Runner(gateway, spool).add(ID, "mot-cua", "nhap-tep", size=1)
    dead = gateway.jobs.take(ID, "dead", silence=SILENCE)
    assert dead is not None
    clock.advance(SILENCE + timedelta(seconds=1))

    heir = Runner(gateway, spool)
    heir.start()
    until(lambda: (job := gateway.jobs.find(ID)) is not None and job.state in ENDED, "the heir has done it")
    heir.close()

    assert gateway.totals()["dossiers"] == 2
    assert spool.waiting() == []
    assert not gateway.jobs.note(dead, {})


class Stumbling(Gateway):
    """Fails once at something that nobody foresaw."""

    stumbled = False

    def submit_many(
        self, changes: Iterable[Change], connection: object | None = None, *, backfill: bool = False
    ) -> list[Receipt]:
        if not self.stumbled:
            self.stumbled = True
            raise ZeroDivisionError
        return super().submit_many(changes, connection, backfill=backfill)


def test_a_file_that_nobody_can_cope_with_holds_up_no_other(gateway: Gateway, clock: TestClock) -> None:
    """
    Its import failed and says so; the next upload is imported, by the same process.
    """
    spool = Spool(gateway.settings.service.spool)
    with Stumbling(gateway.settings, connectors=[ScriptedPartner()], clock=clock) as stumbling:
        runner = Runner(stumbling, spool)
        for id_ in (ID, ID[::-1]):
            upload(spool, id_)
            runner.add(id_, "mot-cua", "nhap-tep", size=1)
        runner.start()
        until(lambda: spool.waiting() == [], "both are over")
        runner.close()

    jobs = [gateway.jobs.find(id_) for id_ in (ID, ID[::-1])]
    assert [job.state for job in jobs if job] == ["failed", "done"]
    assert "ZeroDivisionError" not in str(jobs)


class Overtaken(Gateway):
    """Is so slow that an heir takes the job over before the end, and does *meanwhile* with it."""

    meanwhile: Callable[[], object]

    def submit_many(
        self, changes: Iterable[Change], connection: object | None = None, *, backfill: bool = False
    ) -> list[Receipt]:
        assert isinstance(self.clock, TestClock)
        self.clock.advance(SILENCE + timedelta(seconds=1))
        self.meanwhile()
        return super().submit_many(changes, connection, backfill=backfill)


@pytest.fixture
def slow(gateway: Gateway, clock: TestClock) -> Iterator[Overtaken]:
    with Overtaken(gateway.settings, connectors=[ScriptedPartner()], clock=clock) as opened:
        yield opened


def imported_by(slow: Overtaken, spool: Spool, caplog: pytest.LogCaptureFixture, times: int) -> None:
    """The slow one, of which nothing was heard, has come to its end after all; with it, *times* imports have."""
    runner = Runner(slow, spool, beat_s=3600.0)
    upload(spool, ID)
    runner.add(ID, "mot-cua", "nhap-tep", size=1)
    with caplog.at_level("INFO", "gateway.service.imports"):
        runner.start()
        until(lambda: caplog.messages.count("import.finished") == times, "all have come to their end")
        runner.close()


def test_who_lost_a_job_leaves_its_file_to_the_heir(slow: Overtaken, caplog: pytest.LogCaptureFixture) -> None:
    """
    The heir is still reading when the slow one ends: nothing is taken from it, and of the slow one's work nothing is
    left but the dossiers.
    """
    spool = Spool(slow.settings.service.spool)
    heirs: list[Held | None] = []
    slow.meanwhile = lambda: heirs.append(slow.jobs.take(ID, "heir", silence=SILENCE))

    imported_by(slow, spool, caplog, times=1)

    assert [path.name for path in spool.folder.iterdir()] == [f"{ID}.csv"]
    assert slow.totals()["dossiers"] == 2
    (heir,) = heirs
    assert heir is not None
    assert slow.jobs.note(heir, {})


def test_who_lost_a_job_does_not_touch_the_refused_rows_of_the_heir(
    slow: Overtaken, gateway: Gateway, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """
    The heir is done and its refused rows may be under somebody's hands when the slow one writes the same rows again.
    """
    spool = Spool(slow.settings.service.spool)
    path = f"/v1/imports/{ID}"
    seen: list[str] = []

    def meanwhile() -> None:
        # The service beside it looks into the same folder.
        client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
        ended(client, path)
        until(lambda: spool.upload(ID) is None, "the heir has tidied up")
        seen.append(client.get(f"{path}/rejects").raise_for_status().text)
        (file,) = spool.folder.glob(f"{ID}*")
        seen.append(f"{file.name} {file.stat().st_ino}")

    slow.meanwhile = meanwhile
    imported_by(slow, spool, caplog, times=3)

    (file,) = spool.folder.glob(f"{ID}*")
    assert seen == [client.get(f"{path}/rejects").text, f"{file.name} {file.stat().st_ino}"]
    job = gateway.jobs.find(ID)
    assert job is not None
    assert (job.state, job.turn, job.detail["report"]["new"]) == ("done", 2, 2)


def test_files_of_no_job_go_after_a_day(gateway: Gateway) -> None:
    """
    A torn upload, and an upload whose process died before it noted the job; not those of today.
    """
    spool = Spool(gateway.settings.service.spool)
    upload(spool, ID)
    spool.start(ID[::-1]).close()

    today = list(spool.forgotten(time.time()))
    tomorrow = {path.suffix for _, path in spool.forgotten(time.time() + FORGOTTEN_S + 1)}

    assert (today, tomorrow) == ([], {".csv", ".part"})


def test_files_that_go_while_somebody_looks_round_disturb_nobody(gateway: Gateway) -> None:
    """
    An upload ends, or another process on the same folder tidies up: no fault, and the rest is looked at.
    """
    spool = Spool(gateway.settings.service.spool)
    first, gone, last = (f"{digit}" * 32 for digit in "abc")
    for id_ in (first, gone, last):
        upload(spool, id_)

    looking = spool.forgotten(time.time() + FORGOTTEN_S + 1)
    seen = [next(looking)[0]]
    spool.forget(gone)
    seen += [id_ for id_, _ in looking]

    assert seen == [first, last]


def test_refused_rows_of_who_lost_a_job_and_died_go_after_a_day(client: httpx.Client, gateway: Gateway) -> None:
    """
    It wrote them when the heir was done already, and came no further. Those of the heir stay as long as the job.
    """
    taken = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    job = ended(client, taken.headers["location"])
    spool = Spool(gateway.settings.service.spool)
    heirs, lost = spool.rejects(job["id"], 1), spool.rejects(job["id"], 0)
    lost.write_bytes(heirs.read_bytes())
    for path in (heirs, lost):
        os.utime(path, (0, 0))

    client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)

    until(lambda: not lost.exists(), "it has been tidied up")
    assert client.get(f"{taken.headers['location']}/rejects").status_code == 200
