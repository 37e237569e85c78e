"""
What a monitor asks of a store: everything that is counted, in one consistent view; and whether it can be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.store import partners, reports, steering
from gateway.store.moments import from_us
from gateway.store.schema import Found
from gateway.store.sql import Statements
from gateway.store.tally import tallies
from gateway.store.views import PartnerStatus, Worker


@dataclass(frozen=True, slots=True)
class Vitals:
    """
    *oldest* tells by partner and ``waiting``, ``unknown`` or ``dead`` when the oldest such message was accepted;
    *failures* how many calls in a row had no sign of life, by partner; *dead* how many letters there are by partner,
    operation and code; *unplaced* how many notices of each partner belong to no dossier; *changes* how many of each
    kind were ever accepted. *notices* tells how many of each partner ended how (``Said``), *turned_away* how many of
    its calls were not looked at, and why (``Why``); *to_process* how many notices wait to be processed.
    """

    partners: tuple[PartnerStatus, ...]
    oldest: Mapping[tuple[str, str], datetime]
    failures: Mapping[str, int]
    dead: Mapping[tuple[str, str, str], int]
    unplaced: Mapping[str, int]
    changes: Mapping[str, int]
    workers: tuple[Worker, ...]
    notices: Mapping[tuple[str, str], int] = field(default_factory=dict)
    turned_away: Mapping[tuple[str, str], int] = field(default_factory=dict)
    to_process: Mapping[str, int] = field(default_factory=dict)


def vitals(sql: Statements) -> Vitals:
    told = reports.status(sql)
    counts, told_of = reports.totals(sql), tallies(sql)
    return Vitals(
        tuple(told),
        {
            (partner, state): from_us(since)
            for partner, state, since in sql.rows("vital_oldest", partners=[each.partner for each in told])
            if since is not None
        },
        {row.partner: row.state.failures for row in partners.read_all(sql)},
        {(partner, operation, code): n for partner, operation, code, n in sql.rows("vital_dead")},
        dict(sql.rows("vital_inbox")),
        {kind: n for kind, n in counts.items() if kind != "dossiers"},
        tuple(steering.workers(sql)),
        _of_kind(told_of, "notice:"),
        _of_kind(told_of, "turned-away:"),
        dict(sql.rows("vital_notices")),
    )


def _of_kind(told: Mapping[str, Mapping[str, int]], prefix: str) -> dict[tuple[str, str], int]:
    return {
        (partner, what.removeprefix(prefix)): n
        for partner, counts in told.items()
        for what, n in counts.items()
        if what.startswith(prefix)
    }


def found(sql: Statements) -> Found:
    """What the open database says of its release now: a newer one may have migrated it since it was opened."""
    (revision, _), *releases = sql.rows("vital_revisions")
    return Found(revision, dict(releases))


def write(sql: Statements) -> None:
    """Write something, for a transaction that is taken back."""
    sql.run("vital_write")
