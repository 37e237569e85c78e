"""Two files of one import in one request: the dossiers and their steps, both or neither."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import httpx
import pytest

from gateway.api import Gateway
from gateway.service.imports.runner import Runner
from gateway.service.imports.spool import Spool
from tests.exports import a_header, a_step, text_of
from tests.running import until
from tests.uploads import CSV, EXPORT, ID, ended, upload

CODE = {"Mã hồ sơ": a_header(1)["Mã hồ sơ"]}
DOSSIERS = text_of([a_header(1), a_header(2)]).encode()
STEPS = text_of(
    [
        CODE | a_step("02/03/2026", "Đã nhận"),
        CODE | a_step("05/03/2026", "Đã trả"),
        a_step("05/03/2026", "Xong"),
    ]
).encode()
"""Two steps of the first dossier, and one of which nobody knows whose it is."""
BOUNDARY = "cat-o-day"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def test_dossiers_and_steps_are_imported_together(client: httpx.Client, gateway: Gateway) -> None:
    """
    As a browser or curl sends them: the steps first, one told by its type, one by its name. The refused step is handed
    out by itself, mended it can be sent again; of the dossiers there is none.
    """
    files = [
        ("steps", ("buoc.CSV", STEPS, "application/octet-stream")),
        ("dossiers", ("ho-so.txt", DOSSIERS, "text/csv; charset=utf-8")),
    ]
    taken = client.post("/v1/imports/hai-tep", files=files)
    job = ended(client, taken.headers["location"])
    rejects = {
        table: client.get(f"{taken.headers['location']}/rejects?table={table}") for table in ("dossiers", "steps")
    }

    assert (taken.status_code, job["state"], job["report"]["rejects"]) == (202, "done", ["steps"])
    assert (job["report"]["new"], job["report"]["steps"], job["report"]["refused_rows"]) == (2, 2, 1)
    assert (gateway.totals()["dossiers"], gateway.totals()["step"]) == (2, 2)
    assert [each.status_code for each in rejects.values()] == [404, 200]
    (row,) = csv.DictReader(io.StringIO(rejects["steps"].text.removeprefix("\ufeff")))
    assert (row["Dòng"], row["Nội dung"]) == ("4", "Xong hồ sơ")
    left = [[".1", ".tu-choi-buoc", ".csv"]]
    spool = gateway.settings.service.spool
    until(lambda: [path.suffixes for path in spool.iterdir()] == left, "the files are gone")


@pytest.mark.parametrize(
    "disposition",
    [
        "name=dossiers; filename=\"=?utf-8?B?aOG7kyBzxqEuY3N2?=\"; filename*=utf-8''h%E1%BB%93%20s%C6%A1.csv",
        "name=\"dossiers\"; FileName* = UTF-8'vi'h%E1%BB%93%20s%C6%A1.CSV",
        'name="dossiers"; filename="hồ sơ.csv"',
    ],
    ids=[".NET", "by its long name alone", "a browser"],
)
def test_a_file_with_a_vietnamese_name_is_known_by_it(client: httpx.Client, disposition: str) -> None:
    """
    Programs write such a name in their own ways, and many send no type beside it.
    """
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode()
    body = part + EXPORT + f"\r\n--{BOUNDARY}--\r\n".encode()

    taken = client.post("/v1/imports/mot-cua", content=body, headers=FORM)

    assert taken.status_code == 202
    assert ended(client, taken.headers["location"])["report"]["new"] == 2


def test_a_dry_run_tells_what_would_be(client: httpx.Client, gateway: Gateway) -> None:
    """
    The counts and the refused rows of the import, and nothing in the ledger; then the same for good.
    """
    files = {"dossiers": ("ho-so.csv", DOSSIERS), "steps": ("buoc.csv", STEPS)}
    jobs = []
    for dry_run in ("true", "false"):
        taken = client.post(f"/v1/imports/hai-tep?dry_run={dry_run}", files=files)
        jobs.append(ended(client, taken.headers["location"]))
        assert client.get(f"{taken.headers['location']}/rejects?table=steps").status_code == 200
        assert gateway.totals()["dossiers"] == (0 if dry_run == "true" else 2)

    assert [job["dry_run"] for job in jobs] == [True, False]
    assert [job["report"]["new"] for job in jobs] == [2, 2]


def test_steps_that_are_missing_are_asked_for(client: httpx.Client) -> None:
    """
    A source whose steps have a table of their own, and a file of dossiers alone: the job says what to add.
    """
    taken = client.post("/v1/imports/hai-tep", content=DOSSIERS, headers=CSV)

    job = ended(client, taken.headers["location"])

    assert (job["state"], "tệp các bước" in job["refusal"]["remedy"]) == ("failed", True)


@pytest.mark.parametrize(
    ("dossiers", "steps", "field"),
    [(DOSSIERS, b"\0", "steps"), (DOSSIERS, DOSSIERS, "steps"), (STEPS, STEPS, "dossiers")],
    ids=["no text", "the dossiers twice", "the steps twice"],
)
def test_of_two_files_the_refused_one_is_named(client: httpx.Client, dossiers: bytes, steps: bytes, field: str) -> None:
    """
    By the table that it was sent for; what it is called in the spool tells its sender nothing.
    """
    files = {"dossiers": ("ho-so.csv", dossiers), "steps": ("buoc.csv", steps)}
    taken = client.post("/v1/imports/hai-tep", files=files)
    job = ended(client, taken.headers["location"])

    assert (job["state"], job["refusal"]["field"]) == ("failed", field)
    assert f"{job['id']}." not in job["refusal"]["reason"]


def a_form(*parts: tuple[str, str, bytes], end: bytes = b"--\r\n") -> bytes:
    """A form as bytes, with *parts* by name, type and content."""
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode()
        + content + b"\r\n"
        for name, kind, content in parts
    )  # fmt: skip
    return body + f"--{BOUNDARY}".encode() + end


WHOLE = ("dossiers", "text/csv", DOSSIERS), ("steps", "text/csv", STEPS)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (DOSSIERS, 400),
        (a_form(*WHOLE)[:-10], 400),
        (a_form(*WHOLE, end=b""), 400),
        (a_form(WHOLE[0], ("steps", "text/csv", b"")), 400),
        (a_form(("dossiers", f"text/csv\r\nX: {'x' * 5000}", DOSSIERS)), 400),
        (a_form(), 422),
        (a_form(WHOLE[1]), 422),
        (a_form(*WHOLE, WHOLE[0]), 422),
        (a_form(*WHOLE, ("note", "text/csv", b"x")), 422),
        (a_form(("dossiers", "text/plain", DOSSIERS)), 415),
        (a_form(WHOLE[0], ("steps", "text/csv", b"x" * 64 * 1024)), 413),
    ],
    ids=[
        "nothing", "no form", "cut", "no end", "empty steps", "a long header", "no part", "steps alone", "twice",
        "another part", "another type", "too long",
    ],
)  # fmt: skip
def test_a_form_that_is_none_leaves_nothing(client: httpx.Client, gateway: Gateway, body: bytes, status: int) -> None:
    """
    Cut, empty, with parts that are missing, too many, of another kind or too long: refused, and no file stays.
    """
    answer = client.post("/v1/imports/hai-tep", content=body, headers=FORM)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert list(gateway.settings.service.spool.glob("*")) == []


@pytest.mark.parametrize("boundary", ["", "; boundary=", f"; boundary={'x' * 300}"])
def test_a_form_without_a_boundary_is_no_form(client: httpx.Client, gateway: Gateway, boundary: str) -> None:
    """
    Nobody can tell its parts apart.
    """
    headers = {"Content-Type": f"multipart/form-data{boundary}"}
    answer = client.post("/v1/imports/hai-tep", content=a_form(*WHOLE), headers=headers)

    assert answer.status_code == 400
    assert list(gateway.settings.service.spool.glob("*")) == []


def test_a_form_comes_in_pieces_of_any_size(client: httpx.Client) -> None:
    """
    The network cuts it wherever it likes, also within the words that part the files.
    """
    body = a_form(*WHOLE)

    def pieces() -> Iterator[bytes]:
        yield from (body[at : at + 7] for at in range(0, len(body), 7))

    taken = client.post("/v1/imports/hai-tep", content=pieces(), headers=FORM)

    assert ended(client, taken.headers["location"])["report"]["new"] == 2


def test_steps_that_are_gone_end_the_import(gateway: Gateway) -> None:
    """
    Their file was deleted from the folder by hand: dossiers without their steps would be half an import.
    """
    spool = Spool(gateway.settings.service.spool)
    upload(spool, ID, DOSSIERS)
    runner = Runner(gateway, spool)
    runner.add(ID, "hai-tep", "nhap-tep", size=1, steps=True)
    runner.start()
    until(lambda: spool.waiting() == [], "it is over")
    runner.close()

    job = gateway.jobs.find(ID)
    assert job is not None
    assert (job.state, job.detail["refusal"]["field"]) == ("failed", "file")
    assert gateway.totals()["dossiers"] == 0
