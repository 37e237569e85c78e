"""
Does the import jobs of one service process, one after the other; what a process left undone when it died is done by the
next that finds the file.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, Final
from uuid import uuid4

from connectors.provincial.file import Part, Phase, import_file, load_mapping
from gateway.api import Gateway
from gateway.errors import ConfigurationError, InvalidInput, StoreError
from gateway.observe import Event, correlated, get_logger
from gateway.observe.tracing import led_to, span, trace_now
from gateway.service.imports.life import Life
from gateway.service.imports.listening import HEARD_EVERY, Listening
from gateway.service.imports.spool import Spool
from gateway.store.jobs import Held, Job, State

log = get_logger(__name__)

SILENCE: Final = timedelta(seconds=60)
"""A job of whose process nothing was heard for so long is taken over."""
STILLNESS: Final = timedelta(minutes=10)
"""An import that does not compute for so long hangs: its process speaks for it no more."""
LOOK_EVERY_S: Final = 15.0
TELL_EVERY_S: Final = 1.0
BEAT_EVERY_S: Final = 15.0
_ENDED: Final = frozenset({"done", "failed"})
_NO_SOURCE: Final = {
    "field": "source",
    "value": "",
    "reason": "nguồn không còn trong cấu hình / the source is no longer configured",
    "remedy": "Cấu hình lại [sources.…] rồi gửi lại tệp / Configure it and send the file again",
}
_NO_FILE: Final = {
    "field": "file",
    "value": "",
    "reason": "tệp không còn ở máy này / the file is no longer on this machine",
    "remedy": "Gửi lại tệp / Send the file again",
}
_LOST: Final = {
    "field": "file",
    "value": "",
    "reason": "máy giữ tệp này đã lâu không lên tiếng / the machine that has this file has been silent for long",
    "remedy": "Gửi lại tệp; gửi hai lần không làm đổi gì / Send the file again; twice changes nothing",
}
_UNEXPECTED: Final = {
    "field": "file",
    "value": "",
    "reason": "chương trình không xử lý được tệp này / the program cannot cope with this file",
    "remedy": "Mở tệp, lưu lại rồi gửi lại; báo mã lần nhập cho bộ phận hỗ trợ"
    " / Open and save the file, send it again; give the job's id to the support",
}


class Runner:
    """A thread that imports, and one that says so every *beat_s*. *spool* is where the uploads lie."""

    def __init__(self, gateway: Gateway, spool: Spool, *, beat_s: float = BEAT_EVERY_S) -> None:
        self._gateway = gateway
        self._spool = spool
        self._beat_s = beat_s
        self._place = f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}"
        self._held: Held | None = None
        self._life = Life(STILLNESS)
        self._hangs = False
        self._heard_at: datetime | None = None
        self._listening = Listening(gateway)
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name="imports", daemon=True),
            threading.Thread(target=self._beat, name="imports-alive", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End after the batch under way; what is left of the job is done by the next process."""
        self._stop.set()
        self._wake.set()
        until = time.monotonic() + self._gateway.settings.delivery.stop_s
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def add(
        self, id_: str, source: str, client: str, *, size: int, steps: bool = False, backfill: bool = False,
        dry_run: bool = False,
    ) -> Job:  # fmt: skip
        """Note that a whole upload lies in the spool, with *steps* in a file of their own or not; wake the thread."""
        detail = {
            "source": source, "backfill": backfill, "dry_run": dry_run, "steps": steps, "bytes": size, "phase": "",
            "done": 0, "total": None, "trace": trace_now(),
        }  # fmt: skip
        job = self._gateway.jobs.add(id_, "import", client, detail)
        self._wake.set()
        return job

    def _run(self) -> None:
        self._life.begin()
        while not self._stop.is_set():
            try:
                for id_ in self._spool.waiting():
                    if self._stop.is_set():
                        return
                    self._speak_for_files()
                    self._try(id_)
                self._tidy()
            except (OSError, StoreError) as fault:
                self._listening.deaf()
                log.warning(Event.IMPORT_POSTPONED, error=type(fault).__name__)
            self._wake.wait(LOOK_EVERY_S)
            self._wake.clear()

    def _try(self, id_: str) -> None:
        job = self._gateway.jobs.find(id_)
        if job is None:
            # Its upload is whole, its job is about to be noted.
            return
        if job.state in _ENDED:
            self._spool.settle(id_, job.turn)
            return
        held = self._held = self._gateway.jobs.take(id_, self._place, silence=SILENCE)
        if held is None:
            return
        request, spans = led_to([held.detail.get("trace", "")])
        try:
            with correlated(request), span("import", "internal", {"job": id_}, after=spans):
                state, told = self._import(held)
        except _Stopped:
            self._spool.withdraw(id_, held.turn)
            self._gateway.jobs.give_back(held)
            return
        finally:
            self._held = None
        if self._gateway.jobs.note(held, told, state=state):
            self._spool.settle(id_, held.turn)
        else:
            # Somebody took the job over meanwhile, and needs the file.
            self._spool.withdraw(id_, held.turn)

    def _import(self, held: Held) -> tuple[State, Mapping[str, Any]]:
        id_, detail = held.id, held.detail
        file, steps = (self._spool.upload(id_, part) for part in (Part.DOSSIERS, Part.STEPS))
        if file is None or (detail.get("steps") and steps is None):
            return "failed", {**detail, "refusal": _NO_FILE}
        log.info(Event.IMPORT_STARTED, source=detail["source"], job=id_)
        source = self._gateway.settings.sources.get(detail["source"])
        if source is None:
            return "failed", {**detail, "refusal": _NO_SOURCE}
        try:
            mapping = load_mapping(source.mapping)
            report = import_file(
                file, mapping, self._gateway,
                rejects_path=self._spool.rejects(id_, held.turn), steps_path=steps,
                progress=_Teller(self, held), clock=self._gateway.clock, backfill=detail["backfill"],
                dry_run=detail.get("dry_run", False),
            )  # fmt: skip
        except (InvalidInput, ConfigurationError) as refusal:
            log.warning(Event.IMPORT_REFUSED, job=id_, error=type(refusal).__name__)
            tables = {each.name: part.name.lower() for part, each in zip(Part, (file, steps), strict=True) if each}
            return "failed", {**detail, "refusal": _in_words(refusal, tables)}
        except (OSError, StoreError, _Stopped):
            raise
        except Exception as fault:  # noqa: BLE001 - a file that we cannot cope with must not end the thread.
            log.error(Event.IMPORT_REFUSED, job=id_, error=type(fault).__name__)  # noqa: TRY400 - may quote the file.
            return "failed", {**detail, "refusal": _UNEXPECTED}
        counts = {name: value for name, value in asdict(report).items() if name not in ("rejects", "seconds")}
        log.info(Event.IMPORT_FINISHED, source=mapping.source, job=id_, **counts)
        refused = [part.name.lower() for part in Part if self._spool.rejects(id_, held.turn, part) in report.rejects]
        whole = {"phase": Phase.SUBMITTING.value, "done": report.rows, "total": report.rows}
        told = {**counts, "rejects": refused, "seconds": round(report.seconds, 3)}
        return "done", {**detail, **whole, "report": told}

    def tell(self, held: Held, detail: Mapping[str, Any]) -> None:
        """Say how far the job is. Raises ``_Stopped`` when this process is to end, or lost the job."""
        if self._stop.is_set() or not self._gateway.jobs.note(held, detail):
            raise _Stopped
        self._speak_for_files()

    def be_heard(self) -> None:
        """
        Say that the job under way is, though it may have nothing to tell for long, and that the others wait for it;
        nothing where the import hangs: then whoever else has the files may do them. Raises ``StoreError``.
        """
        hung, self._hangs = self._hangs, not self._life.is_there(self._gateway.clock.now())
        if self._hangs:
            if not hung:
                log.warning(Event.IMPORT_HANGS)
            return
        held = self._held
        if held is not None:
            self._gateway.jobs.keep(held)
        self._speak_for_files()

    def _beat(self) -> None:
        while not self._stop.wait(self._beat_s):
            # Without the database nobody hears; the import itself says so.
            with suppress(OSError, StoreError):
                self.be_heard()

    def _speak_for_files(self) -> None:
        """Say now and then that the jobs whose files lie here are not lost, however long they wait for their turn."""
        now = self._gateway.clock.now()
        # A clock that was put back does not silence it.
        if self._heard_at is None or not timedelta(0) <= now - self._heard_at < HEARD_EVERY:
            self._gateway.jobs.hear_of(self._spool.waiting(), silence=SILENCE)
            self._heard_at = now

    def _tidy(self) -> None:
        """End jobs that nobody can do any more; delete files of no job, and of who had lost a job that has ended."""
        for id_ in self._listening.end_lost({"refusal": _LOST}):
            log.warning(Event.IMPORT_LOST, job=id_)
        for id_, path in self._spool.forgotten(time.time()):
            job = self._gateway.jobs.find(id_)
            if job is None:
                path.unlink(missing_ok=True)
            elif job.state in _ENDED:
                self._spool.settle(id_, job.turn)


class _Stopped(Exception):
    """The import ends here; what was accepted is recognised when it begins again."""


class _Teller:
    """Writes an import's progress into its job, once a second at most."""

    def __init__(self, runner: Runner, held: Held) -> None:
        self._runner = runner
        self._held = held
        self._told = 0.0

    def update(self, phase: Phase, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._told < TELL_EVERY_S:
            return
        self._told = now
        self._runner.tell(self._held, {**self._held.detail, "phase": phase.value, "done": done, "total": total})


def _in_words(refusal: InvalidInput | ConfigurationError, tables: Mapping[str, str]) -> dict[str, str]:
    """The refusal for a client, who knows the files by their *tables* and not by the names that they have here."""
    if isinstance(refusal, InvalidInput):
        field, reason = refusal.field, refusal.reason
        if refusal.shown in tables:
            field = tables[refusal.shown]
            reason = reason.replace(refusal.shown, f"«{field}»")
        return {"field": field, "value": "", "reason": reason, "remedy": refusal.remedy}
    first = refusal.problems[0]
    # The mapping's own path tells a client nothing but how this machine is laid out.
    return {"field": PurePath(first.path).name, "value": "", "reason": first.reason, "remedy": first.remedy}
