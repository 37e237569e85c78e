"""
What requests submit at the same time is written in one commit, by one thread, while the others wait for their answers.

A commit waits for the disk, and every statement for its turn among this process's threads: together they wait once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final

from gateway.api import Gateway
from gateway.store.answers import Answer, Asked

MOST: Final = 64
"""Requests in one commit: who comes next must not wait for too many."""
CLOSED_WITHIN_S: Final = 1.0
"""What still waits at the end waits for a database that another holds; its client was told to come back."""

Prepare = Callable[[], Asked]
_Waiting = tuple[Prepare, "asyncio.Future[Answer]"]


class Submissions:
    """Takes requests from the event loop, and gives each its answer there."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="submissions", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, within_s: float = CLOSED_WITHIN_S) -> None:
        """
        End when everything that waits has its answer, or after *within_s* seconds: what was not begun by then never is.
        Nothing is submitted any more.
        """
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(within_s)
        self._over.set()

    async def submit(self, prepare: Prepare) -> Answer:
        """
        The answer to the request that *prepare* makes of its body, in the thread that writes. Raises what *prepare* or
        ``Asked.answer`` raises, and what ``Gateway.submit_once`` puts in the place of an answer.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        # What is done for a request in another thread is still done for it.
        self._queue.put((partial(copy_context().run, prepare), future))
        return await future

    def _run(self) -> None:
        going_on = True
        while going_on:
            turn, going_on = self._turn()
            if turn and not self._over.is_set():
                self._work(turn)

    def _turn(self) -> tuple[list[_Waiting], bool]:
        """What waits now, and whether more may come."""
        turn: list[_Waiting] = []
        item = self._queue.get()
        while item is not None:
            turn.append(item)
            if len(turn) == MOST:
                return turn, True
            try:
                item = self._queue.get_nowait()
            except Empty:
                return turn, True
        return turn, False

    def _work(self, turn: list[_Waiting]) -> None:
        results: dict[int, Answer | Exception] = {}
        asked: dict[int, Asked] = {}
        for n, (prepare, _) in enumerate(turn):
            try:
                asked[n] = prepare()
            except Exception as refusal:  # noqa: BLE001 - told to whoever sent this body.
                results[n] = refusal
        try:
            results.update(zip(asked, self._gateway.submit_once(list(asked.values())), strict=True))
        except Exception as fault:  # noqa: BLE001 - a fault of ours must not end the thread that writes.
            results.update(dict.fromkeys(asked, fault))
        told = [(future, results[n]) for n, (_, future) in enumerate(turn)]
        try:
            turn[0][1].get_loop().call_soon_threadsafe(_tell, told)
        except RuntimeError:
            # The loop is closed: nobody is left who could be told; what was accepted stays.
            return


def _tell(told: list[tuple[asyncio.Future[Answer], Answer | Exception]]) -> None:
    for future, result in told:
        if future.done():
            # Its client has gone; the answer is kept for when it asks again.
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
