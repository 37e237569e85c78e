"""
Orders to workers while they run: pause, limits, maintenance, drain. Each takes effect with a worker's next exchange.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.policy import Control
from gateway.store import audit, partners
from gateway.store.moments import from_us, to_us
from gateway.store.sql import Statements
from gateway.store.views import Worker

LONG_GONE = timedelta(days=1)
"""Workers that vanished without a word are taken off the list after that."""


def pause_partner(sql: Statements, partner: str, act: audit.Act, *, paused: bool) -> None:
    partners.lock(sql, partner)
    sql.run("pause_partner", partner=partner, paused=int(paused))
    audit.append(sql, act, "pause" if paused else "resume", partner)
    _announce(sql, partner)


def pause_lane(sql: Statements, partner: str, key: str, act: audit.Act, *, paused: bool) -> bool:
    """Pause or resume what *partner* is told of the dossier *key*; false when there is no such lane."""
    if sql.row("lane_of", partner=partner, key=key) is None:
        return False
    sql.run("pause_lane", partner=partner, key=key, paused=int(paused))
    audit.append(sql, act, "pause" if paused else "resume", f"{partner}/{key}")
    _announce(sql, partner)
    return True


def paused_lanes(sql: Statements) -> list[tuple[str, str]]:
    """Partner and dossier of every paused lane."""
    return [(partner, dossier) for partner, dossier, _ in sql.rows("paused_lanes")]


def control(sql: Statements, partner: str) -> Control:
    return partners.read(sql, partner).control


def change_control(
    sql: Statements, partner: str, change: Callable[[Control], Control], act: audit.Act, what: str
) -> Control:
    """*change* the orders for *partner* as they are now; *what* says in the audit what was changed."""
    orders = change(partners.lock(sql, partner).control)
    sql.run("set_control", partner=partner, control=orders.text())
    audit.append(sql, act, what, partner, orders.text())
    _announce(sql, partner)
    return orders


def see_worker(
    sql: Statements, partner: str, worker: str, *, place: str, release: str, lanes: int, now: datetime
) -> bool:
    """A worker shows that it lives; whether it is asked to drain."""
    sql.run("see_worker", partner=partner, worker=worker, place=place, release=release, lanes=lanes, now=to_us(now))
    sql.run("forget_workers", before=to_us(now - LONG_GONE))
    row = sql.row("worker_drains", partner=partner, worker=worker)
    return bool(row[0])


def forget_worker(sql: Statements, partner: str, worker: str) -> None:
    sql.run("forget_worker", partner=partner, worker=worker)


def workers(sql: Statements) -> list[Worker]:
    return [
        Worker(partner, worker, place, release, from_us(started), from_us(seen), bool(draining), lanes)
        for partner, worker, place, release, started, seen, draining, lanes in sql.rows("workers")
    ]


def drain(sql: Statements, place: str, act: audit.Act) -> None:
    """Ask the workers at *place* ("": all of them) to finish what they hold and end."""
    sql.run("drain_workers", place=place)
    audit.append(sql, act, "drain", place or "*")


def _announce(sql: Statements, partner: str) -> None:
    if sql.dialect == "postgresql":
        sql.run("announce", partners=[partner])
