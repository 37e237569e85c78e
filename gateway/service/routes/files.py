"""
Files of dossiers behind signed links: GET without login, for partners that fetch what they were told of (contract 7.5).
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import quote, unquote

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from gateway.config.files import FileSettings
from gateway.http import HttpFault
from gateway.http.links import LinkedFile, LinkReader, LinkRules
from gateway.links import FileLinks, is_over
from gateway.model import DossierCode
from gateway.observe import Event, get_logger
from gateway.service.context import Service
from gateway.service.published.problems import Refusal

log = get_logger(__name__)

_PIECE_BYTES = 64 * 1024
_ANY = "application/octet-stream"
_SEEN_AS = "partner:link"
"""Whoever has the link: in the audit nobody else can be named."""


def routes(service: Service, settings: FileSettings) -> APIRouter:
    """GET /files/{dossier}/{print}/{until}/{signature}/{name}."""
    router = APIRouter(include_in_schema=False)
    links = FileLinks(settings.link_key.get_secret_value().encode())
    files = Files(settings)

    @router.get("/files/{dossier}/{print_}/{until}/{signature}/{name:path}")
    def file(dossier: str, print_: str, until: str, signature: str, name: str) -> StreamingResponse:
        if not links.fits(dossier, print_, until, signature):
            raise Refusal("not-found")
        if is_over(until, service.gateway.clock.now()):
            raise Refusal("forbidden", "đường dẫn đã hết hạn / the link has ended")
        url = service.gateway.file_address(DossierCode.parse(dossier), print_)
        if url is None:
            raise Refusal("not-found")
        stack = ExitStack()
        found = files.open(url, stack)
        service.gateway.note_access(_SEEN_AS, "file", dossier)
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
        }
        if found.length is not None:
            headers["Content-Length"] = str(found.length)
        return StreamingResponse(_closing(found, stack), media_type=found.media_type or _ANY, headers=headers)

    return router


class Files:
    """Opens files at their own addresses, or in the province's folder."""

    def __init__(self, settings: FileSettings) -> None:
        self._settings = settings
        self._reader = LinkReader(
            LinkRules(settings.max_bytes, settings.allowed_networks, whole_s=settings.whole_s, ca_file=settings.ca_file)
        )

    def open(self, url: str, stack: ExitStack) -> LinkedFile:
        """The file at *url*, open until *stack* closes. Ends the request when there is none."""
        try:
            found = self._in_folder(url, stack) or stack.enter_context(self._reader.open(url))
        except HttpFault as fault:
            log.warning(Event.FILE_UNAVAILABLE, reason=fault.code)
            raise Refusal("file-unavailable", fault.text) from None
        except OSError as fault:
            log.warning(Event.FILE_UNAVAILABLE, reason=type(fault).__name__)
            raise Refusal("file-unavailable") from None
        if found.status == 200:
            return found
        stack.close()
        raise Refusal("not-found" if found.status in {404, 410} else "file-unavailable", f"HTTP {found.status}")

    def _in_folder(self, url: str, stack: ExitStack) -> LinkedFile | None:
        folder, prefix = self._settings.directory, self._settings.prefix
        if folder is None or not url.startswith(prefix):
            return None
        name = unquote(url.removeprefix(prefix).partition("?")[0]).lstrip("/")
        if "\0" in name:
            raise Refusal("not-found")
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()) or not path.is_file():
            raise Refusal("not-found")
        file = stack.enter_context(path.open("rb"))
        length = path.stat()[stat.ST_SIZE]
        if length > self._settings.max_bytes:
            raise Refusal("file-unavailable", f"> {self._settings.max_bytes} byte")
        return LinkedFile(200, _ANY, length, iter(lambda: file.read(_PIECE_BYTES), b""))


def _closing(found: LinkedFile, stack: ExitStack) -> Iterator[bytes]:
    with stack:
        yield from found.pieces
