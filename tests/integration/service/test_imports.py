"""Export files over HTTP: streamed to disk, imported in the background, told page by page, and never half."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.provincial.file import Phase
from gateway.api import Gateway
from gateway.config import settings_from
from gateway.errors import StoreUnavailable
from gateway.jobs import Jobs
from gateway.model import Change
from gateway.ports import Receipt
from gateway.service.imports.runner import GONE, SILENCE, Runner
from gateway.service.imports.spool import FORGOTTEN_S, Spool
from tests.clocks import TestClock
from tests.exports import a_history, mapping_text, text_of
from tests.partners import ScriptedPartner
from tests.running import until
from tests.serving import serving

EXPORT = text_of([*a_history(1), *a_history(2), *a_history(3, Đối_tượng="Ai đó")]).encode()
"""Two dossiers, and one whose four rows are refused."""
CSV = {"Content-Type": "text/csv"}
ENDED = {"done", "failed"}


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def gateway(tmp_path: Path, clock: TestClock) -> Iterator[Gateway]:
    (tmp_path / "mot-cua.toml").write_text(mapping_text(), "utf-8")
    settings = settings_from(
        {
            "service": {"listen": "127.0.0.1:0", "max_import_bytes": 64 * 1024},
            "sources": {"mot-cua": {"mapping": "mot-cua.toml"}},
        },
        folder=tmp_path,
    )
    with Gateway(settings, connectors=[ScriptedPartner()], clock=clock) as opened:
        yield opened


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    with serving(gateway) as opened:
        opened.headers["Authorization"] = f"Bearer {token(gateway, 'nhap-tep')}"
        yield opened


def token(gateway: Gateway, name: str, agencies: list[str] | None = None) -> str:
    return gateway.keys.create(name, ["import"], agencies=agencies, life=timedelta(days=1)).token


def ended(client: httpx.Client, path: str) -> dict[str, Any]:
    """The job, once it is over."""
    found: list[dict[str, Any]] = [{}]

    def over() -> bool:
        found[0] = client.get(path).raise_for_status().json()
        return found[0]["state"] in ENDED

    until(over, "the import is over")
    return found[0]


def test_an_upload_is_imported_and_its_refused_rows_can_be_fetched(client: httpx.Client, gateway: Gateway) -> None:
    """
    202 with a place to ask; then the counts of the import, and the refused row with its reason.
    """
    taken = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    job = ended(client, taken.headers["location"])
    rejects = client.get(f"{taken.headers['location']}/rejects")

    assert (taken.status_code, job["state"]) == (202, "done")
    assert (job["report"]["new"], job["report"]["refused_rows"]) == (2, 4)
    assert gateway.totals()["dossiers"] == 2
    assert "Lý do" in rejects.text
    assert rejects.headers["cache-control"] == "no-store"
    assert [entry.action for entry in gateway.operations.audit()][1:] == ["import", "import.rejects"]


def test_the_same_file_again_changes_nothing(client: httpx.Client, gateway: Gateway) -> None:
    """
    A client that is not sure whether it sent the file sends it again.
    """
    first = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    ended(client, first.headers["location"])

    again = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    job = ended(client, again.headers["location"])

    assert (job["report"]["new"], job["report"]["unchanged"]) == (0, 2)
    assert Spool(gateway.settings.service.spool).waiting() == []


def test_a_file_that_cannot_be_read_says_why(client: httpx.Client) -> None:
    """
    The job failed, with reason and remedy as the command gives them.
    """
    taken = client.post("/v1/imports/mot-cua", content=b"\x00\x01\x02 no table", headers=CSV)

    job = ended(client, taken.headers["location"])

    assert job["state"] == "failed"
    assert job["refusal"]["remedy"]
    assert job["report"] is None


@pytest.mark.parametrize(
    ("path", "content", "kind", "status"),
    [
        ("mot-cua", b"", "text/csv", 400),
        ("mot-cua", b"x" * (64 * 1024 + 1), "text/csv", 413),
        ("mot-cua", b"x", "text/plain", 415),
        ("khac", b"x", "text/csv", 422),
    ],
)
def test_an_upload_that_cannot_be_leaves_nothing(
    client: httpx.Client, gateway: Gateway, path: str, content: bytes, kind: str, status: int
) -> None:
    """
    Empty, too long, of another type, for a source that is not configured.
    """
    answer = client.post(f"/v1/imports/{path}", content=content, headers={"Content-Type": kind})

    assert answer.status_code == status
    assert list(gateway.settings.service.spool.glob("*")) == []


def test_an_import_belongs_to_who_sent_it(client: httpx.Client, gateway: Gateway) -> None:
    """
    Another client's job is not there; a key of some agencies cannot import for all.
    """
    taken = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    other = {"Authorization": f"Bearer {token(gateway, 'khac')}"}
    some = {"Authorization": f"Bearer {token(gateway, 'huyen', ['H99.01'])}", **CSV}

    assert client.get(taken.headers["location"], headers=other).status_code == 404
    assert client.post("/v1/imports/mot-cua", content=EXPORT, headers=some).status_code == 403


def upload(spool: Spool, id_: str, content: bytes = EXPORT) -> None:
    file = spool.start(id_)
    file.write(content)
    spool.finish(id_, ".csv", file)


ID = "0123456789abcdef" * 2


def test_what_a_dead_process_left_is_imported_by_the_next(gateway: Gateway, clock: TestClock) -> None:
    """
    It had taken the job and was never heard of again; after a minute the next one takes over.
    """
    spool = Spool(gateway.settings.service.spool)
    upload(spool, ID)
    Runner(gateway, spool).add(ID, "mot-cua", "nhap-tep", backfill=False, size=1)
    assert gateway.jobs.take(ID, "dead", silence=SILENCE) is not None
    clock.advance(SILENCE + timedelta(seconds=1))

    heir = Runner(gateway, spool)
    heir.start()
    until(lambda: (job := gateway.jobs.find(ID)) is not None and job.state in ENDED, "the heir has done it")
    heir.close()

    assert gateway.totals()["dossiers"] == 2
    assert spool.waiting() == []
    assert not gateway.jobs.note(ID, "dead", {})


def test_an_import_whose_machine_is_gone_has_a_visible_end(
    gateway: Gateway, clock: TestClock, client: httpx.Client, tmp_path: Path
) -> None:
    """
    The file lies in a folder that no living process looks into. After an hour whoever asks is told to send it again;
    should the machine come back, it throws the file away.
    """
    lost = Spool(tmp_path / "elsewhere")
    upload(lost, ID)
    Runner(gateway, lost).add(ID, "mot-cua", "nhap-tep", backfill=False, size=1)
    clock.advance(GONE + timedelta(seconds=1))
    client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)

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
    Runner(gateway, theirs).add(ID, "mot-cua", "nhap-tep", backfill=False, size=1)
    clock.advance(10 * GONE)
    look_round(gateway, ours, forgotten(ours))
    look_round(gateway, theirs, theirs.folder / f"{ID}.csv")

    job = gateway.jobs.find(ID)
    assert job is not None
    assert job.state == "done"


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
        runner.add(ID, "mot-cua", "nhap-tep", backfill=False, size=1)
        until(lambda: "import.postponed" in caplog.messages, "it cannot look round")
        clock.advance(10 * GONE)
        cut.away = False
        runner.add(ID[::-1], "mot-cua", "nhap-tep", backfill=False, size=1)
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
        assert self.jobs.end_silent("import", {}, silence=GONE) == []
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
            runner.add(id_, "mot-cua", "nhap-tep", backfill=False, size=1)
        runner.start()
        until(lambda: spool.waiting() == [], "all are over")
        runner.close()

    assert [job.state for id_ in ids if (job := gateway.jobs.find(id_))] == ["done"] * 3


class Forgetful(Gateway):
    """Its database takes no job."""

    @property
    def jobs(self) -> Jobs:
        raise StoreUnavailable("held")


def test_an_upload_that_cannot_be_noted_does_not_lie_about(gateway: Gateway, clock: TestClock) -> None:
    """
    The database is gone when the file is whole: the client is told to send it again, and nothing stays here.
    """
    with Forgetful(gateway.settings, connectors=[], clock=clock) as forgetful, serving(forgetful) as client:
        client.headers["Authorization"] = f"Bearer {token(gateway, 'nhap-tep')}"
        answer = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)

    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")
    assert list(gateway.settings.service.spool.glob("*")) == []


def test_an_import_is_logged_under_the_id_of_its_request(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """
    The upload's answer tells the id; what is done for it in the background bears it, too.
    """
    with caplog.at_level("INFO", "gateway.service.imports"):
        taken = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
        ended(client, taken.headers["location"])

    told = {record.msg: vars(record).get("correlation") for record in caplog.records}
    request = taken.headers["X-Request-ID"]
    assert told == {"import.started": request, "import.finished": request}


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
            runner.add(id_, "mot-cua", "nhap-tep", backfill=False, size=1)
        runner.start()
        until(lambda: spool.waiting() == [], "both are over")
        runner.close()

    jobs = [gateway.jobs.find(id_) for id_ in (ID, ID[::-1])]
    assert [job.state for job in jobs if job] == ["failed", "done"]
    assert "ZeroDivisionError" not in str(jobs)


class Overtaken(Gateway):
    """Is so slow that an heir takes the job over before the end."""

    def submit_many(
        self, changes: Iterable[Change], connection: object | None = None, *, backfill: bool = False
    ) -> list[Receipt]:
        assert isinstance(self.clock, TestClock)
        self.clock.advance(SILENCE + timedelta(seconds=1))
        assert self.jobs.take(ID, "heir", silence=SILENCE) is not None
        return super().submit_many(changes, connection, backfill=backfill)


def test_who_lost_a_job_leaves_its_file_to_the_heir(gateway: Gateway, clock: TestClock) -> None:
    """
    The slow one comes to its end after all; the heir is still reading.
    """
    spool = Spool(gateway.settings.service.spool)
    with Overtaken(gateway.settings, connectors=[ScriptedPartner()], clock=clock) as slow:
        runner = Runner(slow, spool)
        upload(spool, ID)
        runner.add(ID, "mot-cua", "nhap-tep", backfill=False, size=1)
        runner.start()
        until(lambda: slow.totals().get("dossiers") == 2, "the slow one has submitted")
        runner.close()

    assert spool.waiting() == [ID]
    assert gateway.jobs.note(ID, "heir", {})


def test_a_mapping_that_vanished_is_named_without_its_place(client: httpx.Client, tmp_path: Path) -> None:
    """
    The client learns which file the operator must bring back, not how the machine is laid out.
    """
    (tmp_path / "mot-cua.toml").unlink()

    taken = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    job = ended(client, taken.headers["location"])

    assert (job["state"], job["refusal"]["field"]) == ("failed", "mot-cua.toml")
    assert str(tmp_path) not in str(job)


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """The disk takes no more than that; files of this test only grow beyond it where it says so."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_upload_that_fills_the_disk_gives_its_room_back(tmp_path: Path) -> None:
    """
    507, to be tried again later; the part that fitted does not stay and keep the disk full.
    """
    service = {"listen": "127.0.0.1:0", "max_body_bytes": 1024}
    settings = settings_from({"service": service, "sources": {"mot-cua": {"mapping": "x.toml"}}}, folder=tmp_path)
    with Gateway(settings, connectors=[]) as opened, serving(opened) as client:
        client.headers["Authorization"] = f"Bearer {token(opened, 'nhap-tep')}"
        with no_file_longer_than(8 * 1024 * 1024):
            answer = client.post("/v1/imports/mot-cua", content=bytes(8 * 1024 * 1024 + 1), headers=CSV)

    assert (answer.status_code, answer.headers.get("retry-after")) == (507, "5")
    assert list(settings.service.spool.iterdir()) == []


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


def test_progress_is_told_in_words_of_the_import() -> None:
    """
    What the schema says of phases is what imports say.
    """
    assert [phase.value for phase in Phase] == ["reading", "submitting"]
