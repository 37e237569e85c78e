"""Remedies: every dead letter has somebody who can mend it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import connectors
from gateway import policy
from gateway.ports import Advice
from gateway.remedies import DEVELOPERS, REFUSED, WORDS, advise
from tests.partners import ScriptedPartner, ShowingPartner

SOURCES = sorted(Path(str(connectors.__path__[0])).rglob("*.py"))


def refusal_words() -> Iterator[str]:
    """The codes that connectors give to refusals of their own, as they stand in ``Rejected(partner, "code", ...)``."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Rejected":
                code = node.args[1]
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    yield code.value


def test_every_word_of_our_own_has_its_remedy() -> None:
    """
    A connector that refuses with a new word fails here until somebody says who mends it.
    """
    words = {policy.EXPIRED, policy.UNDECIDABLE, policy.CONNECTOR_FAULT, *refusal_words()}

    assert {"incomplete", "unknown-code"} <= words
    assert words - set(WORDS) == set()


@pytest.mark.parametrize("advice", [*WORDS.values(), REFUSED], ids=[*WORDS, "refused"])
def test_advice_is_given_in_both_languages(advice: Advice) -> None:
    """
    Vietnamese first, English beside.
    """
    for text in (advice.owner, advice.remedy):
        vietnamese, _, english = text.partition(" / ")
        assert vietnamese and not vietnamese.isascii()
        assert english and english.replace("«", "").replace("»", "").isascii()


def test_the_partners_own_advice_goes_first_and_the_gateway_knows_the_rest() -> None:
    """
    The connector knows its code 4; of another code and without the connector there is general advice.
    """
    knows, silent = ShowingPartner(), ScriptedPartner()

    assert advise(knows, "dossier", "4", "").owner == "Phòng Ví Dụ / The example office"
    assert advise(knows, "dossier", "5", "") == REFUSED
    assert advise(silent, "dossier", "4", "") == advise(None, "dossier", "4", "") == REFUSED
    assert advise(None, "dossier", policy.EXPIRED, "[timeout] x") == WORDS[policy.EXPIRED]


@pytest.mark.parametrize("code", [policy.EXPIRED, policy.UNDECIDABLE])
def test_a_letter_that_a_bug_left_behind_goes_to_the_developers(code: str) -> None:
    """
    The connector raised until the horizon: no operator can mend that.
    """
    assert advise(None, "step", code, "[connector-fault] ValueError").owner == DEVELOPERS
