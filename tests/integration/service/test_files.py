"""Files behind signed links: the portal fetches them without login, nobody fetches anything else (contract 7.5)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.national_portal.links import PublicLinks
from connectors.national_portal.settings import PortalSettings
from gateway.api import Gateway
from gateway.config import settings_from
from gateway.errors import ConfigurationError
from gateway.links import FileLinks
from gateway.model import Change
from tests.builders import a_code, a_document, a_dossier, a_result
from tests.clocks import TestClock
from tests.integration.test_portal_calls import OPTIONS
from tests.serving import serving

KEY = "khoa-duong-dan-vi-du-0123456789abcdef"
LINKS = FileLinks(KEY.encode())
NAME = "đơn đề nghị (1).pdf"
CONTENT = bytes(range(256)) * 64


@pytest.fixture
def source() -> Iterator[tuple[str, list[str]]]:
    """The province's own server of files, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, content = (404, b"") if "khong-co" in self.path else (200, CONTENT)
            self.send_response(status)
            self.send_header("Content-Type", "application/pdf")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@contextmanager
def opened(folder: Path, *urls: str, **files: Any) -> Iterator[tuple[Gateway, httpx.Client, TestClock]]:
    """A service, and a ledger with one dossier that has documents at *urls*."""
    values = {
        "service": {
            "listen": "127.0.0.1:0",
            "files": {"link_key_env": "LINKS", "allowed_networks": ["127.0.0.0/8"], **files},
        }
    }
    clock = TestClock()
    settings = settings_from(values, env={"LINKS": KEY}, folder=folder)
    with Gateway(settings, connectors=[], clock=clock) as gateway, serving(gateway) as client:
        documents = tuple(a_document(url=url) for url in urls)
        gateway.submit(Change(source="mot-cua", source_id="1", body=a_dossier(documents=documents)))
        yield gateway, client, clock


def link(url: str, clock: TestClock) -> str:
    return LINKS.path(a_code(), url, NAME, clock.now())


def test_a_link_leads_to_its_file_and_the_reading_is_audited(tmp_path: Path, source: tuple[str, list[str]]) -> None:
    """
    Blanks and Vietnamese letters in the name, no login; the audit says that a file of this dossier was read.
    """
    url = f"{source[0]}/downloadfile/5501"
    with opened(tmp_path, url) as (gateway, client, clock):
        answer = client.get(link(url, clock))

        assert (answer.status_code, answer.content) == (200, CONTENT)
        assert answer.headers["content-type"] == "application/pdf"
        assert "%C4%91%C6%A1n%20%C4%91" in answer.headers["content-disposition"]
        assert [(entry.action, entry.subject) for entry in gateway.operations.audit()] == [("file", a_code().key)]


def test_a_link_that_was_touched_or_has_ended_leads_nowhere(tmp_path: Path, source: tuple[str, list[str]]) -> None:
    """
    Another file, dossier or day under the same signature; a good link to a file that the dossier does not have; one
    that is over. Nobody asks the province for anything.
    """
    url = f"{source[0]}/downloadfile/5501"
    with opened(tmp_path, url) as (_, client, clock):
        good = link(url, clock)
        empty, files, dossier, print_, until, signature, name = good.split("/")
        tried = [
            "/".join([empty, files, *changed, name])
            for changed in (
                (dossier, "0" * 24, until, signature),
                (a_code(8).key, print_, until, signature),
                (dossier, print_, str(int(until) + 86_400), signature),
                (dossier, print_, until, "é"),
            )
        ]
        tried.append(link("http://127.0.0.1:9/other", clock))
        statuses = [client.get(path).status_code for path in tried]
        clock.advance(timedelta(days=361))
        statuses.append(client.get(good).status_code)

    assert statuses == [404, 404, 404, 404, 404, 403]
    assert source[1] == []


def test_private_addresses_are_not_asked_unless_allowed(tmp_path: Path, source: tuple[str, list[str]]) -> None:
    """
    A dossier whose file lies, so it says, on a machine inside: not asked. What is not there or too long: said so.
    """
    url = f"{source[0]}/downloadfile/5501"
    with opened(tmp_path, url, allowed_networks=[]) as (_, client, clock):
        assert client.get(link(url, clock)).status_code == 502
    assert source[1] == []
    gone = f"{source[0]}/khong-co"
    (tmp_path / "other").mkdir()
    with opened(tmp_path / "other", url, gone, max_bytes=1024) as (_, client, clock):
        assert [client.get(link(each, clock)).status_code for each in (url, gone)] == [502, 404]


def test_files_of_the_folder_stay_within_it(tmp_path: Path) -> None:
    """
    Addresses below the prefix are files of a folder; no way out of it, by dots or by a symbolic link.
    """
    folder = tmp_path / "tep"
    folder.mkdir()
    (folder / "đơn 1.pdf").write_bytes(CONTENT)
    (tmp_path / "mat.txt").write_text("bí mật", "utf-8")
    (folder / "loi-ra.txt").symlink_to(tmp_path / "mat.txt")
    prefix = "https://motcua.vidu.example/tep/"
    urls = [
        f"{prefix}%C4%91%C6%A1n%201.pdf?t=1",
        f"{prefix}../mat.txt",
        f"{prefix}%2e%2e/mat.txt",
        f"{prefix}loi-ra.txt",
        f"{prefix}a%00b",
    ]

    with opened(tmp_path, *urls, prefix=prefix, directory=str(folder)) as (_, client, clock):
        answers = [client.get(link(url, clock)) for url in urls]

    assert [answer.status_code for answer in answers] == [200, 404, 404, 404, 404]
    assert answers[0].content == CONTENT


def test_without_a_key_there_are_no_links(tmp_path: Path) -> None:
    """
    Not configured: the path is unknown. A short key or half a folder is a mistake.
    """
    settings = settings_from({"service": {"listen": "127.0.0.1:0"}}, folder=tmp_path)
    with Gateway(settings, connectors=[], clock=TestClock()) as gateway, serving(gateway) as client:
        assert client.get(link("http://127.0.0.1:9/", TestClock())).status_code == 404
    for files in ({"link_key_env": "SHORT"}, {"link_key_env": "LONG", "prefix": "x"}):
        with pytest.raises(ConfigurationError, match=r"short|directory"):
            settings_from({"service": {"files": files}}, env={"SHORT": "ngan", "LONG": KEY})


def test_the_portal_is_told_links_that_stay_the_same() -> None:
    """
    Every address of a form, also within supplements, becomes a link below the public address; a month later the same
    one, so that an unchanged file is no change. Without a public address all stays as it was.
    """
    clock = TestClock()
    options = OPTIONS | {"link_base": "https://lienthong.vidu.example", "link_key": KEY}
    links = PublicLinks(PortalSettings.model_validate(options), clock.now)
    form = {
        "MaHoSo": "H99", "TaiLieuNop": [{"TenTepDinhKem": NAME, "DuongDanTaiTepTin": a_document().url}],
        "DanhSachGiayToKetQua": [{"TenGiayTo": "", "DuongDanTepTinKetQua": a_result().url}],
        "DanhSachHoSoBoSung": [{"DanhSachGiayToBoSung": [{"DuongDanTaiTepTin": ""}]}],
    }  # fmt: skip
    told = links.put_in(form, a_code())
    clock.advance(timedelta(days=30))

    said = told["TaiLieuNop"][0]["DuongDanTaiTepTin"]  # type: ignore[index]
    assert said == "https://lienthong.vidu.example" + LINKS.path(a_code(), a_document().url, NAME, clock.now())
    assert told["DanhSachGiayToKetQua"][0]["DuongDanTepTinKetQua"].endswith("/tep")  # type: ignore[index]
    assert told["DanhSachHoSoBoSung"] == form["DanhSachHoSoBoSung"]
    assert form["TaiLieuNop"][0]["DuongDanTaiTepTin"] == a_document().url  # type: ignore[index]
    assert PublicLinks(PortalSettings.model_validate(OPTIONS), clock.now).put_in(form, a_code()) is form
