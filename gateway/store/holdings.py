"""
What the ledger holds of dossiers now, for whoever must know it before telling something new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.fronts import Standing
from gateway.model import Dossier, DossierCode, DossierStatus, Origin, read_body
from gateway.store.contract import Known
from gateway.store.moments import from_us
from gateway.store.sql import Statements


def look_up(sql: Statements, code: DossierCode) -> tuple[Dossier, Standing] | None:
    """The present header of a dossier and how it stands, or none when the ledger does not know it."""
    header = header_of(sql, code)
    return None if header is None else (header, standing(sql, [code.key])[code.key])


def standing(sql: Statements, keys: Sequence[str]) -> dict[str, Standing]:
    return {
        key: Standing(DossierStatus(status), from_us(at), Origin(origin), version)
        for key, _, origin, status, at, version, *_ in sql.rows("dossiers", keys=keys)
    }


def header_of(sql: Statements, code: DossierCode) -> Dossier | None:
    """The present header of a dossier, or none when the ledger does not know it."""
    row = sql.row("present_header", key=code.key)
    body = None if row is None else read_body(bytes(row[0]))
    return body if isinstance(body, Dossier) else None


def known(sql: Statements, codes: Sequence[DossierCode]) -> Mapping[str, Known]:
    """What the ledger holds of these dossiers, by ``DossierCode.key``; unknown ones are left out."""
    found = sql.rows("known", keys=sorted({code.key for code in codes}))
    steps: dict[int, set[str]] = {row[4]: set() for row in found}
    for dossier_id, step in sql.rows("known_steps", dossiers=list(steps)):
        steps[dossier_id].add(step)
    return {
        key: Known(
            None if print_ is None else bytes(print_).hex(),
            DossierStatus(status), from_us(at), frozenset(steps[id_]), version,
        )
        for key, print_, status, at, id_, version in found
    }  # fmt: skip
