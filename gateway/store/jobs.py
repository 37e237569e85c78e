"""
Long work that somebody asked for over the network: what it is, who does it now, and how far it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson

from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements

State = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Job:
    """
    *detail* is what the kind of job needs and tells: plain values, none of them personal. *turn* counts how often it
    was taken.
    """

    id: str
    kind: str
    client: str
    state: State
    started_at: datetime
    changed_at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """
    The job *id*, done at *place* now. *turn* fences: nothing is taken from a place that has lost the job meanwhile.
    """

    id: str
    place: str
    turn: int
    detail: Mapping[str, Any]


def add(sql: Statements, job: Job) -> None:
    sql.run("add_job", id=job.id, kind=job.kind, client=job.client, detail=_text(job.detail), at=to_us(job.started_at))


def find(sql: Statements, id_: str) -> Job | None:
    row = sql.row("job", id=id_)
    if row is None:
        return None
    id_, kind, client, state, detail, started_at, changed_at, turn = row
    return Job(id_, kind, client, state, from_us(started_at), from_us(changed_at), orjson.loads(detail), turn)


def take(sql: Statements, id_: str, place: str, *, now: datetime, silence: timedelta) -> Held | None:
    """The job, which *place* now does; None when somebody else does it, or it is over."""
    row = sql.row("take_job", id=id_, place=place, at=to_us(now), silent=to_us(now - silence))
    return None if row is None else Held(id_, place, row[0], orjson.loads(row[1]))


def note(sql: Statements, held: Held, detail: Mapping[str, Any], *, now: datetime, state: State = "running") -> bool:
    """Say how far the job is, or that it ended; false when it is no longer the business of who held it."""
    return sql.row("note_job", **_fence(held), state=state, detail=_text(detail), at=to_us(now)) is not None


def keep(sql: Statements, held: Held, *, now: datetime) -> None:
    """Who holds it lives, but has nothing to tell."""
    sql.run("keep_job", **_fence(held), at=to_us(now))


def give_back(sql: Statements, held: Held, *, now: datetime) -> None:
    """It is held no longer; whoever finds it first goes on."""
    sql.run("give_back_job", **_fence(held), at=to_us(now))


def hear_of(sql: Statements, id_: str, *, now: datetime, silence: timedelta) -> None:
    """The job can still be done: what it needs is there. It waits, unless its worker was heard of within *silence*."""
    sql.run("hear_of_job", id=id_, at=to_us(now), silent=to_us(now - silence))


def silent(sql: Statements, kind: str, *, now: datetime, silence: timedelta, want: int = 100) -> dict[str, datetime]:
    """Up to *want* jobs of *kind* that are not over, and of which nothing was heard for *silence*: when it last was."""
    rows = sql.rows("silent_jobs", kind=kind, silent=to_us(now - silence), want=want)
    return {id_: from_us(changed_at) for id_, changed_at in rows}


def end_silent(sql: Statements, id_: str, why: Mapping[str, Any], *, now: datetime, silence: timedelta) -> bool:
    """The job has failed, *why* joins its detail; false when it is over, or was heard of within *silence*."""
    job = find(sql, id_)
    if job is None:
        return False
    detail = _text({**job.detail, **why})
    return sql.row("end_silent_job", id=id_, detail=detail, at=to_us(now), silent=to_us(now - silence)) is not None


def _fence(held: Held) -> dict[str, Any]:
    return {"id": held.id, "place": held.place, "turn": held.turn}


def _text(detail: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(detail)).decode()
