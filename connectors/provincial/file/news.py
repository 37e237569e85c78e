"""What a file tells that the ledger does not know yet."""

from __future__ import annotations

import hashlib

from connectors.provincial.file.build import DossierHistory
from connectors.provincial.file.ledger import Known
from gateway.lifecycle import advance
from gateway.model import Change, Dossier, ProcessingStep, body_json, unfold


def news(history: DossierHistory, known: Known | None, source: str) -> list[Change]:
    """
    The changes that bring the ledger from *known* to *history*, in order; none when it is there already.

    A dossier that the ledger has never seen is told with its whole history. A known one gets the steps it lacks,
    then the header when it differs; the header of the first step is never told again. Raises InvalidInput when the
    history contradicts itself or cannot follow what the ledger holds.
    """
    changes = unfold(history.dossier, history.steps, source)
    if known is None or known.header_fingerprint is None:
        return changes
    news = [
        change
        for change in changes
        if isinstance(change.body, ProcessingStep) and change.body.identity not in known.steps
    ]
    fingerprint = hashlib.sha256(body_json(history.dossier)).hexdigest()
    if fingerprint != known.header_fingerprint:
        news.append(_header(history.dossier, fingerprint, known, source))
    _check(known, news)
    return news


def _header(dossier: Dossier, fingerprint: str, known: Known, source: str) -> Change:
    """
    A header may return to an earlier content (a correction taken back): that is a new fact, so the ledger's version
    is part of its id. A header older than the ledger's is told once.
    """
    source_id = f"dossier:{dossier.code.key}:{fingerprint}"
    older = dossier.status_at < known.status_at
    return Change(source=source, source_id=source_id if older else f"{source_id}:v{known.version}", body=dossier)


def _check(known: Known, changes: list[Change]) -> None:
    """Raise IllegalTransition before anything is submitted, so that no dossier is told by half."""
    status, at = known.status, known.status_at
    for change in changes:
        body = change.body
        assert isinstance(body, Dossier | ProcessingStep), "a file holds dossiers and their steps"
        when = body.at if isinstance(body, ProcessingStep) else body.status_at
        advance(status, at, body.status, when)
        if when >= at:
            status, at = body.status, when
