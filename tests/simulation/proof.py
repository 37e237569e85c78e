"""
What must be true of every world: what was accepted against what the portal holds.

The ledger of facts is kept here, from the receipts alone; nobody asks the outbox or the connector what they think.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from connectors.national_portal.codes import OUTCOMES
from connectors.national_portal.mock import DossierRecord
from gateway.lifecycle import Advance
from gateway.model import Change, Dossier, Origin, ProcessingStep
from gateway.model.times import to_wire14
from gateway.ports import Receipt

Effect = tuple[str, ...]
"""How one told fact shows at the portal: its kind first, then what tells it apart."""


@dataclass(slots=True)
class Findings:
    """What went wrong with one dossier, or with a whole world."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.duplicated or self.out_of_order or self.violations)

    def lines(self) -> list[str]:
        kinds = ("lost", "duplicated", "out_of_order", "violations")
        return [f"{kind}: {line}" for kind in kinds for line in getattr(self, kind)]


@dataclass(slots=True)
class Told:
    """
    One dossier as sources told it: *bodies* in the order of acceptance, their *effects*, None where nothing is to be
    seen, and which of them were *late*, so that they do not move the status.
    """

    effects: list[Effect | None] = field(default_factory=list)
    bodies: list[Dossier | ProcessingStep] = field(default_factory=list)
    late: list[bool] = field(default_factory=list)
    steps: set[str] = field(default_factory=set)
    headers: list[Dossier] = field(default_factory=list)
    sources: set[tuple[str, str]] = field(default_factory=set)
    foreign: bool = False


PARTNER = "cong"


class Facts:
    """All that was accepted. Receipts are checked against what was known before."""

    def __init__(self) -> None:
        self.by_key: defaultdict[str, Told] = defaultdict(Told)
        self.count: Counter[str] = Counter()

    def note(self, change: Change, receipt: Receipt) -> str | None:
        """Take in one receipt; what is wrong with it, if anything. Refusals are for the one who submitted."""
        told = self.by_key[change.dossier.key]
        if receipt.refusal is not None:
            return None
        known = self._is_known(told, change)
        told.sources.add((change.source, change.source_id))
        if receipt.duplicate:
            return None if known else f"{change.dossier.key}: called a duplicate, but is new"
        if known:
            return f"{change.dossier.key}: accepted twice"
        self._accept(told, change, receipt)
        return None

    def _is_known(self, told: Told, change: Change) -> bool:
        body = change.body
        if (change.source, change.source_id) in told.sources:
            return True
        if isinstance(body, ProcessingStep):
            return body.identity in told.steps
        return bool(told.headers) and told.headers[-1] == body

    def _accept(self, told: Told, change: Change, receipt: Receipt) -> None:
        body = change.body
        assert isinstance(body, Dossier | ProcessingStep)
        self.count["accepted"] += 1
        if isinstance(body, ProcessingStep):
            told.steps.add(body.identity)
            effect: Effect | None = _of_step(body)
        else:
            told.foreign = told.foreign or body.origin is Origin.PORTAL
            told.headers.append(body)
            effect = _of_outcome(body) if told.foreign else _of_header(body)
        if receipt.kept_back or (told.foreign and isinstance(body, ProcessingStep)) or change.source == PARTNER:
            # What the portal said itself it is not told.
            return
        told.effects.append(effect)
        told.bodies.append(body)
        told.late.append(receipt.advance is Advance.LATE)


def _of_step(step: ProcessingStep) -> Effect:
    return ("step", to_wire14(step.at), str(step.status.value), step.content)


def _of_header(dossier: Dossier) -> Effect:
    return ("header", dossier.subject, str(dossier.status.value))


def _of_outcome(dossier: Dossier) -> Effect | None:
    code = OUTCOMES.get(dossier.status)
    return None if code is None else ("outcome", dossier.return_note or "", code)


def arrived(record: DossierRecord) -> list[Effect]:
    """What the portal holds of one dossier, in the order in which it came."""
    found: list[tuple[int, int, Effect]] = []
    found += (
        (version.call, 0, ("header", str(version.header["TrichYeuHoSo"]), str(version.header["TrangThaiHoSo"])))
        for version in record.versions
    )
    found += (
        (step.call, step.arrival, ("step", step.moment, step.status, str(step.body["NoiDungXuLy"])))
        for step in record.steps
    )
    found += (
        (outcome.call, 0, ("outcome", str(outcome.body["NoiDung"]), str(outcome.body["TrangThai"])))
        for outcome in record.outcomes
    )
    return [effect for _, _, effect in sorted(found, key=lambda each: each[:2])]


def compare(
    key: str,
    told: Told,
    effects: Sequence[Effect],
    findings: Findings,
    *,
    stuck_at: int | None,
    strict: bool,
    needless: Collection[int] = (),
) -> None:
    """
    Hold what *effects* the portal has against what was *told*.

    A header or an outcome may come again before anything later did, since that changes nothing; in a *strict* world an
    outcome may not. *stuck_at* is the number of the fact that waits for a person: from there on nothing needs to be
    there. The *needless* facts, superseded or cancelled, may be there in their turn.
    """
    told_effects = [(number, effect) for number, effect in enumerate(told.effects) if effect is not None]
    wanted = [each for each in told_effects if each[0] not in needless]
    at = 0
    last: Effect | None = None
    for effect in effects:
        before, behind = wanted[at - 1][0] if at else -1, wanted[at][0] if at < len(wanted) else len(told.effects)
        if at < len(wanted) and effect == wanted[at][1]:
            at += 1
        elif any(before < number < behind and effect == other for number, other in told_effects):
            # A needless one, which may have gone before it became needless.
            pass
        elif effect == last and (effect[0] == "header" or not strict):
            continue
        elif effect in (each for _, each in wanted[at:]):
            findings.out_of_order.append(f"{key}: {_shown(effect)} came before {_shown(wanted[at][1])}")
            at = next(n for n in range(at, len(wanted)) if wanted[n][1] == effect) + 1
        elif effect[0] == "header" and effect in (each for _, each in wanted):
            findings.out_of_order.append(f"{key}: {_shown(effect)} came back after later ones")
        else:
            findings.duplicated.append(f"{key}: {_shown(effect)}")
        if effect[0] != "step":
            last = effect
    for number, effect in wanted[at:]:
        if stuck_at is None or number < stuck_at:
            findings.lost.append(f"{key}: {_shown(effect)}")


def folded(key: str, told: Told, places: Collection[int]) -> list[str]:
    """
    What is wrong with the facts at *places* having been superseded: each is a header, and a later one next to it said
    the same to a citizen.
    """
    wrong: list[str] = []
    for place in places:
        behind = range(place + 1, len(told.bodies))
        stand_in = next((number for number in behind if number not in places), None)
        bodies = told.bodies[place : (stand_in or place) + 1]
        if stand_in is None or not all(isinstance(body, Dossier) for body in bodies):
            wrong.append(f"{key}: fact {place} was superseded, and no header stands for it")
            continue
        said = {(body.status, body.due_at) for body in bodies if isinstance(body, Dossier)}
        if len(said) > 1:
            wrong.append(f"{key}: fact {place} was superseded, and a citizen never saw it")
    return wrong


def files(told: Told, *, merges: bool) -> frozenset[str]:
    """The submitted files that the portal ends with, had every header been sent."""
    present: set[str] = set()
    first = True
    for body in told.bodies:
        if not isinstance(body, Dossier):
            continue
        named = {document.id or "" for document in body.documents}
        gone = {document.id or "" for document in body.documents if document.deleted}
        present = (present | named) - gone if merges and not first else named
        first = False
    return frozenset(present)


def _shown(effect: Effect) -> str:
    return " ".join(effect)
