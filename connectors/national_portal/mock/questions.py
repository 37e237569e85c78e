"""
Questions, answers and monthly evaluations that a province pushes (contract 8). One code covers the whole batch.
"""

from __future__ import annotations

from connectors.national_portal.dialect import lists
from connectors.national_portal.dialect.answers import Answer, invalid
from connectors.national_portal.dialect.asks import Ask
from connectors.national_portal.dialect.matters import LAYOUTS, TAKEN
from connectors.national_portal.mock.state import State


def push(state: State, ask: Ask) -> Answer:
    """Take a batch whole or not at all."""
    items = ask.data
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        return invalid("data")
    for item in items:
        bad = LAYOUTS[ask.service].mistake(item)
        if bad is not None:
            state.watch.count.invalid_items += 1
            return invalid(bad)
    store = state.ledger.evaluations if ask.service == lists.EVALUATION else state.ledger.questions
    store.extend(items)
    return TAKEN[ask.service]
