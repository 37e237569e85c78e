"""
Takes in the files of an import as they stream in: the dossiers alone as they are, or a form that has their steps, too.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final, NamedTuple, Protocol

import anyio.to_thread
from fastapi import Request

from connectors.provincial.file import Part
from gateway.errors import InvalidInput
from gateway.service.imports.form import Form
from gateway.service.imports.spool import SUFFIXES, Spool
from gateway.service.published.problems import Refusal

FORM: Final = "multipart/form-data"
SUFFIX_OF: Final = {
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
PARTS: Final = {part.name.lower(): part for part in Part}
"""The files of a form by their names."""
_CHUNK: Final = 1024 * 1024
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Received(NamedTuple):
    """What lies in the spool now: how long the request was in bytes, and whether the steps have a file of their own."""

    size: int
    steps: bool


async def receive(request: Request, spool: Spool, id_: str, most_bytes: int) -> Received:
    """Write the body into the spool as it comes; what is broken off, too long or no export leaves nothing."""
    run = anyio.to_thread.run_sync
    files = _Files(spool, id_)
    try:
        try:
            upload = await run(_upload, request.headers.get("content-type", ""), files)
            size = await _copy(request, upload, most_bytes)
            await run(upload.end)
        except BaseException:
            files.drop()
            raise
    except OSError as fault:
        raise Refusal("store-full" if fault.errno in _FULL else "store-unavailable") from fault
    return Received(size, Part.STEPS in files.open)


async def _copy(request: Request, upload: _Upload, most_bytes: int) -> int:
    size, waiting = 0, bytearray()
    async for piece in request.stream():
        size += len(piece)
        if size > most_bytes:
            raise Refusal("too-large", f"tối đa / at most {most_bytes} byte", headers={"Connection": "close"})
        waiting += piece
        if len(waiting) >= _CHUNK:
            await anyio.to_thread.run_sync(upload.take, bytes(waiting))
            waiting.clear()
    await anyio.to_thread.run_sync(upload.take, bytes(waiting))
    return size


class _Files:
    """The files of one upload while they are written."""

    def __init__(self, spool: Spool, id_: str) -> None:
        self._spool = spool
        self._id = id_
        self.open: dict[Part, tuple[str, BinaryIO]] = {}

    def add(self, part: Part, suffix: str) -> None:
        self.open[part] = (suffix, self._spool.start(self._id, part))

    def write(self, part: Part, data: bytes) -> None:
        self.open[part][1].write(data)

    def finish(self) -> None:
        """All are whole. The dossiers come last: once they are there, the import may begin."""
        for part in sorted(self.open, reverse=True):
            suffix, file = self.open[part]
            if not file.tell():
                raise Refusal("malformed", f"tệp rỗng / the file is empty: {part.name.lower()}")
            self._spool.finish(self._id, part, suffix, file)

    def drop(self) -> None:
        self._spool.drop(self._id, [file for _, file in self.open.values()])


class _Upload(Protocol):
    def take(self, piece: bytes) -> None: ...
    def end(self) -> None: ...


class _Plain:
    """The body is the file of the dossiers."""

    def __init__(self, files: _Files, suffix: str) -> None:
        self._files = files
        files.add(Part.DOSSIERS, suffix)

    def take(self, piece: bytes) -> None:
        self._files.write(Part.DOSSIERS, piece)

    def end(self) -> None:
        self._files.finish()


class _Form:
    """The body is a form: one file by the name of each table."""

    def __init__(self, files: _Files, content_type: str) -> None:
        self._files = files
        self._form = Form(content_type, self._open)

    def take(self, piece: bytes) -> None:
        self._form.take(piece)

    def end(self) -> None:
        self._form.end()
        if Part.DOSSIERS not in self._files.open:
            raise _wrong("dossiers", "thiếu tệp hồ sơ / the file of the dossiers is missing")
        self._files.finish()

    def _open(self, name: str, content_type: str, filename: str) -> Callable[[bytes], None]:
        part = PARTS.get(name)
        if part is None:
            raise _wrong("", "biểu mẫu có phần không dùng tới / the form has a part that is not used")
        if part in self._files.open:
            raise _wrong(name, "có hai lần / is there twice")
        self._files.add(part, _suffix(content_type, filename))
        return partial(self._files.write, part)


def takes_files() -> dict[str, Any]:
    """The request's body in the published schema."""
    file = {"type": "string", "format": "binary"}
    form = {"type": "object", "properties": dict.fromkeys(PARTS, file), "required": ["dossiers"]}
    content = {kind: {"schema": file} for kind in SUFFIX_OF} | {FORM: {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


def _upload(content_type: str, files: _Files) -> _Upload:
    if _plain(content_type) == FORM:
        return _Form(files, content_type)
    return _Plain(files, _suffix(content_type))


def _suffix(content_type: str, name: str = "") -> str:
    """What kind of export it is, by its type, else by its file's name: programs that send forms often know no type."""
    by_name = PurePosixPath(name).suffix.lower()
    suffix = SUFFIX_OF.get(_plain(content_type)) or (by_name if by_name in SUFFIXES else "")
    if not suffix:
        raise Refusal("unsupported-type", f"Content-Type: {' | '.join([*SUFFIX_OF, FORM])}")
    return suffix


def _plain(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _wrong(field: str, reason: str) -> Refusal:
    remedy = f"Gửi các phần / Send these parts: {', '.join(PARTS)}"
    return Refusal("invalid-input", errors=[InvalidInput(field, "", reason, remedy)])
