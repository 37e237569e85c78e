"""
One connection, under uvicorn: what uvicorn bears without end gets one.

uvicorn waits for the first byte, for the end of a head and for a body for as long as it takes, keeps a head of any
size, and lets an answer wait for ever for a client that does not read. Each of these has a time or a size here, and
ends with a problem document as long as one can still be said.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.config import ServiceSettings
from gateway.service.guard.door import Door
from gateway.service.guard.early import EARLY
from gateway.service.guard.parting import Parting

LOOK_EVERY_S = 0.25
_MOST_UNREAD_BYTES = 64 * 1024
"""So much of a body that nobody wants is thrown away, so that the connection can be used again."""

_MOST_FRAMING = 8
"""Bytes around each byte of a body that comes in chunks; chunks of one byte need five."""

_UPGRADE = re.compile(rb"\nupgrade[ \t]*:", re.IGNORECASE)
"""
The offer to go on in another protocol, which we need not take. The parser would take the body behind it for the next
request; under another name it is a header like any.
"""
_NO_UPGRADE = b"\nX-Upgrade:"
_HEAD_ENDS = b"\r\n\r\n"


class Stage(Enum):
    """What is expected of the client."""

    QUIET = auto()
    """A request, whenever it likes; the first one soon."""
    HEAD = auto()
    BODY = auto()
    WORK = auto()
    """Nothing: it waits for us."""
    GONE = auto()
    """Nothing any more."""


def guarded(door: Door, settings: ServiceSettings) -> Callable[..., asyncio.Protocol]:
    """What uvicorn is to make for each connection."""
    return partial(GuardedProtocol, door, settings)


class GuardedProtocol(HttpToolsProtocol):
    """A ``Guest`` of *door*."""

    def __init__(self, door: Door, settings: ServiceSettings, **usual: Any) -> None:
        super().__init__(**usual)
        self._door = door
        self._settings = settings
        self._stage = Stage.QUIET
        self._since = 0.0
        self._size = 0
        self._tail = b""
        self._framing = 0
        self._under_way = 0
        self._fresh = True
        self._stuck_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # As uvicorn has it.
        super().connection_made(Parting(transport, self._is_sending, self.loop, self._settings.answer_s))
        self._since = self.loop.time()
        if not len(self._door):
            self.loop.call_later(LOOK_EVERY_S, _look_round, self._door, self.loop)
        kind = self._door.admit(self, self.client[0] if self.client else "")
        if kind:
            self._end(EARLY[kind])

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.left(self)
        self._stage = Stage.GONE
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._stage is Stage.GONE:
            return
        if self._stage is Stage.QUIET:
            self._door.busy(self)
            self._begin(Stage.HEAD)
        if self._stage is Stage.HEAD:
            self._size += len(data)
            data = self._without_offer(data)
        if self._stage is Stage.BODY:
            self._framing += len(data)
        super().data_received(data)
        most = self._settings.max_head_bytes
        if self._stage is Stage.HEAD and self._size > most:
            self._refuse("head-too-large")
        if self._stage is Stage.BODY and self._framing > most + _MOST_FRAMING * self._size:
            # A trailer or an extension of a chunk without end.
            self._refuse("head-too-large")

    def _without_offer(self, data: bytes) -> bytes:
        """*data*, a piece of a head, without an offer in it; what stands behind the head stays as it is."""
        seen = self._tail + data
        end = seen.find(_HEAD_ENDS)
        self._tail = seen[1 - len(_HEAD_ENDS) :]
        head = data if end < 0 else data[: max(0, end + len(_HEAD_ENDS) - (len(seen) - len(data)))]
        return _UPGRADE.sub(_NO_UPGRADE, head) + data[len(head) :] if _UPGRADE.search(head) else data

    def on_message_begin(self) -> None:
        if self._stage in {Stage.QUIET, Stage.WORK}:
            # Behind a request that is worked on, or behind the rest of one that was answered before its end.
            self._door.busy(self)
            self._begin(Stage.HEAD)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes behind a body is no part of the head, whose words a proxy has looked at.
        if self._stage is Stage.HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._stage is Stage.GONE:
            return
        if self.parser.should_upgrade():
            # The offer came in pieces, or behind another request.
            self._refuse("malformed")
            return
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > self._settings.max_head_bytes:
            self._refuse("head-too-large")
            return
        super().on_headers_complete()
        self._begin(Stage.BODY)
        self._under_way += 1

    def on_body(self, body: bytes) -> None:
        if self._stage is Stage.GONE:
            return
        self._size += len(body)
        self._framing -= len(body)
        super().on_body(body)
        if self.cycle.response_complete and self._size > _MOST_UNREAD_BYTES:
            self._end()

    def on_message_complete(self) -> None:
        if self._stage is Stage.GONE:
            return
        super().on_message_complete()
        self._begin(Stage.WORK)
        self._rest()

    def on_response_complete(self) -> None:
        self._under_way -= 1
        # What was sent before the answer is of no more use than what comes behind it.
        self._size = self._framing = 0
        super().on_response_complete()
        if self.transport.is_closing():
            self._gone()
        self._rest()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are not ours.
        self._refuse("malformed")

    def pause_writing(self) -> None:
        self._stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stuck_since = None
        super().resume_writing()

    def leave(self) -> None:
        self._end()

    def look(self, now: float) -> None:
        settings = self._settings
        if self._stuck_since is not None and now - self._stuck_since > settings.answer_s:
            self._door.refused("slow-reader")
            self._gone()
            self.transport.abort()
        elif self._stage is Stage.QUIET and self._fresh and now - self._since > settings.head_s:
            self._door.refused("silent")
            self._end()
        elif (self._stage is Stage.HEAD and self._under_way) or (self._stage is Stage.BODY and self.flow.read_paused):
            # It waits for us, too.
            self._since = now
        elif self._stage is Stage.HEAD and now - self._since > settings.head_s:
            self._refuse("slow", "slow-head")
        elif self._stage is Stage.BODY:
            allowed_s = settings.body_s + self._size / settings.min_body_bytes_per_s
            if now - self._since > allowed_s:
                self._refuse("slow", "slow-body")

    def _begin(self, stage: Stage) -> None:
        self._stage = stage
        self._since = self.loop.time()
        self._size = self._framing = 0
        self._tail = b""

    def _rest(self) -> None:
        """If everything that was asked is answered, wait for more."""
        if self._stage is Stage.WORK and not self._under_way:
            self._begin(Stage.QUIET)
            self._fresh = False
            self._door.idle(self)

    def _is_sending(self) -> bool:
        return self._stage in {Stage.HEAD, Stage.BODY}

    def _refuse(self, kind: str, reason: str = "") -> None:
        """End the connection with a problem of *kind*, if it is this request's turn to be answered."""
        self._door.refused(reason or kind)
        answered = self._stage is Stage.BODY and self.cycle.response_started
        earlier = self._under_way - (self._stage is Stage.BODY and not self.cycle.response_complete)
        self._end(b"" if answered or earlier else EARLY[kind])

    def _end(self, answer: bytes = b"") -> None:
        if answer and not self.transport.is_closing():
            self.transport.write(answer)
        if self._under_way and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()
        self._gone()

    def _gone(self) -> None:
        self._stage = Stage.GONE
        self._door.busy(self)


def _look_round(door: Door, loop: asyncio.AbstractEventLoop) -> None:
    door.look_round(loop.time())
    if len(door):
        loop.call_later(LOOK_EVERY_S, _look_round, door, loop)
