"""
The end of a simulated province: what was accepted against what the portal holds, and every message in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.national_portal.mock import DossierRecord
from gateway.model import Dossier
from tests.simulation import proof

if TYPE_CHECKING:
    from tests.simulation.world import World

_ENDED = ("delivered", "superseded", "cancelled", "resolved")
_BEHIND = ("pending", "unknown", "dead", "cancelled", "resolved")


def prove(world: World) -> None:
    """Find whatever is wrong with *world*, now that it has come to rest."""
    rows = world.audit.states()
    by_key: dict[str, list[str]] = {}
    for _, key, _, state, _, _ in rows:
        by_key.setdefault(key, []).append(state)
    for key, told in world.facts.by_key.items():
        _dossier(world, key, told, by_key.get(key, []))
    for text in world.bearing.beyond_the_rate():
        world.violated(text)
    for name, number in world.portal.counters().violations.items():
        # Entries that somebody made late arrive late; their order is proved above.
        if number and name != "steps_out_of_order":
            world.violated(f"the portal counts {name}: {number}")


def _dossier(world: World, key: str, told: proof.Told, states: Sequence[str]) -> None:
    if len(states) != len(told.effects):
        world.violated(f"{key}: {len(states)} messages for {len(told.effects)} facts")
    stuck_at = states.index("dead") if "dead" in states else None
    _states(world, key, states, stuck_at)
    record = world.portal.dossier(key)
    effects = [] if record is None else proof.arrived(record)
    superseded = [place for place, state in enumerate(states) if state == "superseded"]
    cancelled = [place for place, state in enumerate(states) if state == "cancelled"]
    # The last of several headers was sent for those before it, and all wait for a person now.
    given_up = [
        place
        for place, state in enumerate(states)
        if state == "dead" and place < len(told.bodies) and isinstance(told.bodies[place], Dossier)
    ]
    proof.compare(
        key, told, effects, world.findings,
        stuck_at=stuck_at, strict=world.plan.strict, needless={*superseded, *cancelled, *given_up},
    )  # fmt: skip
    world.count["superseded"] += len(superseded)
    for text in proof.folded(key, told, superseded):
        world.violated(text)
    if record is not None and stuck_at is None and not cancelled and not told.foreign:
        _files(world, key, told, record)
    if record is not None and record.creates > 1:
        world.findings.duplicated.append(f"{key}: created {record.creates} times")
    if told.headers and world.store.broken_link(told.headers[0].code) is not None:
        world.violated(f"{key}: its chain is broken")


def _files(world: World, key: str, told: proof.Told, record: DossierRecord) -> None:
    wanted = proof.files(told, merges=world.plan.portal["merge_documents"])
    there = {str(row["TepDinhKemId"]) for row in record.header["TaiLieuNop"]}
    if there != wanted:
        world.violated(f"{key}: the portal has the files {sorted(there)} instead of {sorted(wanted)}")


def _states(world: World, key: str, states: Sequence[str], stuck_at: int | None) -> None:
    ended = len(states) if stuck_at is None else stuck_at
    for place, state in enumerate(states):
        good = _ENDED if place < ended else ("dead",) if place == ended else _BEHIND
        if state not in good:
            world.violated(f"{key}: fact {place} ends as {state} instead of {good[0]}")
    if stuck_at is not None and world.plan.mended:
        row = [row for row in world.audit.states() if row[1] == key][stuck_at]
        if world.operator.may_be_helped(row):
            world.violated(f"{key}: fact {stuck_at} is still dead: {row[4]}")
