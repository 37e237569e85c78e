"""Long work that clients of the service asked for, kept in the database so that any process can tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.ports import Clock
from gateway.store import jobs
from gateway.store.base import SqlStore
from gateway.store.jobs import Held, Job, State
from gateway.store.sql import Statements


@dataclass(frozen=True)
class Jobs:
    """The jobs of one tenant, by the clock that their processes share. Everything raises ``StoreError``."""

    store: SqlStore
    clock: Clock

    def add(self, id_: str, kind: str, client: str, detail: Mapping[str, Any]) -> Job:
        """Note a job that waits to be done."""
        with self.store.writing() as sql:
            now = self._now(sql)
            job = Job(id_, kind, client, "waiting", now, now, detail)
            jobs.add(sql, job)
        return job

    def find(self, id_: str) -> Job | None:
        with self.store.reading() as sql:
            return jobs.find(sql, id_)

    def take(self, id_: str, place: str, *, silence: timedelta) -> Held | None:
        """
        Do the job *id_* at *place* from now on; None when it is over, or done elsewhere by somebody who was heard of
        within *silence*.
        """
        with self.store.writing() as sql:
            return jobs.take(sql, id_, place, now=self._now(sql), silence=silence)

    def note(self, held: Held, detail: Mapping[str, Any], *, state: State = "running") -> bool:
        """Say how far it is, or that it ended; false, and nothing said, when somebody else took it meanwhile."""
        with self.store.writing() as sql:
            return jobs.note(sql, held, detail, now=self._now(sql), state=state)

    def keep(self, held: Held) -> None:
        """Who does it lives, though it has nothing to tell."""
        with self.store.writing() as sql:
            jobs.keep(sql, held, now=self._now(sql))

    def give_back(self, held: Held) -> None:
        """Let another process go on at once."""
        with self.store.writing() as sql:
            jobs.give_back(sql, held, now=self._now(sql))

    def hear_of(self, ids: Iterable[str], *, silence: timedelta) -> None:
        """These can still be done: what they need is here. They wait, unless a worker was heard of within *silence*."""
        with self.store.writing() as sql:
            for id_ in ids:
                jobs.hear_of(sql, id_, now=self._now(sql), silence=silence)

    def silent(self, kind: str, *, silence: timedelta) -> Mapping[str, datetime]:
        """Jobs of *kind* that are not over and of which nothing was heard for *silence*, by when it last was."""
        with self.store.reading() as sql:
            return jobs.silent(sql, kind, now=self._now(sql), silence=silence)

    def end_silent(self, ids: Iterable[str], why: Mapping[str, Any], *, silence: timedelta) -> list[str]:
        """Those of *ids* of which still nothing was heard for *silence* have failed; *why* joins their detail."""
        ended = []
        for id_ in ids:
            with self.store.writing() as sql:
                if jobs.end_silent(sql, id_, why, now=self._now(sql), silence=silence):
                    ended.append(id_)
        return ended

    def _now(self, sql: Statements) -> datetime:
        return self.store.ruling(sql, self.clock.now())
