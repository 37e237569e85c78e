"""How the command words a dossier's timeline."""

from __future__ import annotations

import pytest

from gateway.cli.story import what
from gateway.delivery.calls import OUTCOME_WORDS
from gateway.lifecycle import MessageState
from gateway.ports import Finding


@pytest.mark.parametrize(
    "word",
    [
        *(f"message.{state.value}" for state in MessageState),
        *(f"call.{outcome}" for outcome in ("delivered", *OUTCOME_WORDS.values())),
        *(f"probe.{finding.name.lower()}" for finding in Finding),
        "accepted.dossier",
        "accepted.step",
    ],
)
def test_every_word_of_the_library_is_said_in_vietnamese(word: str) -> None:
    """
    A state, outcome or finding that nobody worded fails here.
    """
    said = what(word)

    assert word.partition(".")[2] not in said.partition(":")[2]


def test_a_word_from_elsewhere_stays_as_it_is() -> None:
    """
    A connector's own entry is shown, not hidden.
    """
    assert what("note") == "note"
