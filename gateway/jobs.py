"""Long work that clients of the service asked for, kept in the database so that any process can tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway.ports import Clock
from gateway.store import jobs
from gateway.store.base import SqlStore
from gateway.store.jobs import Job, State


@dataclass(frozen=True)
class Jobs:
    """The jobs of one tenant. Everything raises ``StoreError``."""

    store: SqlStore
    clock: Clock

    def add(self, job: Job) -> None:
        with self.store.writing() as sql:
            jobs.add(sql, job)

    def find(self, id_: str) -> Job | None:
        with self.store.reading() as sql:
            return jobs.find(sql, id_)

    def take(self, id_: str, place: str, *, silence: timedelta) -> Mapping[str, Any] | None:
        """
        Do the job *id_* at *place* from now on: its detail, or None when it is over, or done elsewhere by somebody who
        was heard of within *silence*.
        """
        with self.store.writing() as sql:
            return jobs.take(sql, id_, place, now=self.clock.now(), silence=silence)

    def note(self, id_: str, place: str, detail: Mapping[str, Any], *, state: State = "running") -> bool:
        """Say how far it is, or that it ended; false when another place does it by now."""
        with self.store.writing() as sql:
            return jobs.note(sql, id_, place, detail, now=self.clock.now(), state=state)

    def give_back(self, id_: str, place: str) -> None:
        """Let another process go on at once."""
        with self.store.writing() as sql:
            jobs.give_back(sql, id_, place, now=self.clock.now())

    def hear_of(self, ids: Iterable[str], *, silence: timedelta) -> None:
        """These can still be done: what they need is here. They wait, unless a worker was heard of within *silence*."""
        with self.store.writing() as sql:
            for id_ in ids:
                jobs.hear_of(sql, id_, now=self.clock.now(), silence=silence)

    def end_silent(self, kind: str, why: Mapping[str, Any], *, silence: timedelta) -> list[str]:
        """Jobs of *kind* of which nothing was heard for *silence* have failed; *why* joins their detail. Their ids."""
        with self.store.reading() as sql:
            if not jobs.silent(sql, kind, now=self.clock.now(), silence=silence):
                return []
        with self.store.writing() as sql:
            return jobs.end_silent(sql, kind, why, now=self.clock.now(), silence=silence)
