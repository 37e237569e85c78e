"""
The bare endpoint beside ours: the same framework and server, one JSON body, one durable insert, no more.

A process of its own: ``python -m benchmarks.bare_service FOLDER`` prints its port, and ends with its standard input.
"""

from __future__ import annotations

import socket
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

import anyio.to_thread
import uvicorn
from fastapi import FastAPI, Request


def bare(folder: Path) -> FastAPI:
    """An application with ``POST /v1/dossiers`` on a database in *folder*."""
    database = sqlite3.connect(folder / "bare.db", isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS body (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    lock = threading.Lock()
    app = FastAPI()

    def keep(content: bytes) -> int:
        with lock:
            cursor = database.execute("INSERT INTO body (body) VALUES (?)", (content,))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    @app.post("/v1/dossiers", status_code=201)
    async def submit(request: Request) -> dict[str, Any]:
        content = await request.body()
        return {"id": await anyio.to_thread.run_sync(keep, content)}

    return app


def main(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = uvicorn.Server(
            uvicorn.Config(
                bare(folder), http="httptools", loop="asyncio", ws="none", log_config=None, access_log=False,
                server_header=False, proxy_headers=False,
            )
        )  # fmt: skip
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
        while not server.started:
            time.sleep(0.01)  # Until the server's own thread has begun.
        print(listener.getsockname()[1], flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
