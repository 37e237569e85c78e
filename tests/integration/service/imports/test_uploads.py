"""Export files over HTTP: streamed to disk, imported in the background, told page by page, and never half."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from connectors.provincial.file import Phase
from gateway.api import Gateway
from gateway.config import settings_from
from gateway.errors import StoreUnavailable
from gateway.jobs import Jobs
from gateway.service.imports.spool import Spool
from tests.clocks import TestClock
from tests.running import until
from tests.serving import serving
from tests.uploads import CSV, EXPORT, ended, token


def test_an_upload_is_imported_and_its_refused_rows_can_be_fetched(client: httpx.Client, gateway: Gateway) -> None:
    """
    202 with a place to ask; then the counts of the import, and the refused row with its reason.
    """
    taken = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    job = ended(client, taken.headers["location"])
    rejects = client.get(f"{taken.headers['location']}/rejects")

    assert (taken.status_code, job["state"]) == (202, "done")
    assert (job["report"]["new"], job["report"]["refused_rows"]) == (2, 4)
    assert (job["done"], job["total"]) == (12, 12)
    assert gateway.totals()["dossiers"] == 2
    assert "Lý do" in rejects.text
    assert rejects.headers["cache-control"] == "no-store"
    assert [entry.action for entry in gateway.operations.audit()][1:] == ["import", "import.rejects"]


def test_a_part_of_the_refused_rows_can_be_fetched_or_is_refused_as_a_problem(client: httpx.Client) -> None:
    """
    A download that was broken off goes on; one that goes on beyond the end, or asks for no bytes, hears why.
    """
    taken = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    ended(client, taken.headers["location"])

    whole, part, beyond, lines = (
        client.get(f"{taken.headers['location']}/rejects", headers=headers)
        for headers in ({}, {"Range": "bytes=5-9"}, {"Range": "bytes=99999999-"}, {"Range": "lines=1-2"})
    )

    assert (part.status_code, part.content) == (206, whole.content[5:10])
    assert (beyond.status_code, beyond.json()["type"]) == (416, "urn:lienthong:problem:no-such-range")
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    assert (lines.status_code, lines.json()["type"]) == (400, "urn:lienthong:problem:malformed")


def test_the_same_file_again_changes_nothing(client: httpx.Client, gateway: Gateway) -> None:
    """
    A client that is not sure whether it sent the file sends it again.
    """
    first = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    ended(client, first.headers["location"])

    again = client.post("/v1/imports/mot-cua", content=EXPORT, headers=CSV)
    job = ended(client, again.headers["location"])

    assert (job["report"]["new"], job["report"]["unchanged"]) == (0, 2)
    until(lambda: Spool(gateway.settings.service.spool).waiting() == [], "the files are gone")


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


def test_progress_is_told_in_words_of_the_import() -> None:
    """
    What the schema says of phases is what imports say.
    """
    assert [phase.value for phase in Phase] == ["reading", "submitting"]
