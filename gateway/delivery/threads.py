"""
The threads of a process that delivers: its engines together, and other work beside them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from gateway.delivery.engine import Engine
from gateway.delivery.progress import Counts
from gateway.observe import Event, get_logger

log = get_logger(__name__)


def together(engines: Sequence[Engine], work: Callable[[Engine], Counts]) -> list[Counts]:
    """Run all engines, each in a thread of its own. A fault of ours in one ends them all, and is raised."""

    def guarded(engine: Engine) -> Counts:
        try:
            return work(engine)
        except BaseException as fault:
            log.error(Event.DELIVERY_FAILED, error=type(fault).__name__)  # noqa: TRY400 - raised below.
            for other in engines:
                other.halt()
            raise

    with ThreadPoolExecutor(max(1, len(engines)), thread_name_prefix="engine") as pool:
        return list(pool.map(guarded, engines))


@contextmanager
def beside(name: str, work: Callable[[threading.Event], object], patience_s: Callable[[], float]) -> Iterator[None]:
    """
    Beside the block, let *work* run in a thread; then tell it to stop, and wait for it at most the seconds of
    *patience_s*, which may have changed meanwhile.
    """
    end = threading.Event()
    thread = threading.Thread(target=work, args=(end,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(patience_s())
