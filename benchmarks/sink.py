"""
A portal that takes everything at once: it reads what HTTP needs, answers with ready bytes, and keeps only a count.

Runs as a process of its own, so that the client is what is measured: ``python -m benchmarks.sink [SECONDS]`` prints its
port, takes so long for an answer, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import orjson

COUNT_PATH = "/so-lan"

_PROCEDURE = re.compile(rb'"maTTHC":"([^"]+)"')
_DOSSIER = b'"MaHoSo":'
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def _http(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _envelope(**more: object) -> bytes:
    return _http(orjson.dumps({"error_code": "0", "message": "Cập nhật thành công", **more}))


_ACCEPTED = _envelope()
_LOGGED_IN = _envelope(session="phien-do-toc-do")


def _procedure(code: str) -> bytes:
    row = {
        "MATTHC": code,
        "TENTTHC": "Thủ tục ví dụ",
        "TRANGTHAI": "1",
        "LINHVUCTHUCHIEN": [{"MALINHVUC": "G99-VD01", "TENLINHVUC": "Lĩnh vực ví dụ"}],
    }
    return _envelope(result=[row])


class _Connection(asyncio.Protocol):
    """One keep-alive connection; requests may arrive in pieces, or several at once."""

    pushes = 0
    delay_s = 0.0

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self._received, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            request, self._received = self._received[:whole], self._received[whole:]
            assert self._transport is not None
            if self.delay_s and b'"data":' in request:
                asyncio.get_running_loop().call_later(self.delay_s, self._transport.write, self._answer(request, end))
            else:
                self._transport.write(self._answer(request, end))

    def _answer(self, request: bytes, end: int) -> bytes:
        if b'"data":' in request:
            _Connection.pushes += request.count(_DOSSIER)
            return _ACCEPTED
        if request.startswith(b"GET"):
            return _http(b"%d" % _Connection.pushes)
        asked = _PROCEDURE.search(request, end)
        return _procedure(asked[1].decode()) if asked else _LOGGED_IN


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


@contextmanager
def running(delay_s: float = 0.0) -> Iterator[str]:
    """The sink in its own process, as the address under which it answers; a push takes *delay_s*."""
    command = [sys.executable, "-m", "benchmarks.sink", str(delay_s)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def taken(address: str) -> int:
    """How many dossiers the sink has taken so far."""
    with urlopen(address + COUNT_PATH, timeout=10) as answer:
        return int(answer.read())


if __name__ == "__main__":
    _Connection.delay_s = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    asyncio.run(_serve())
