"""Depth of JSON is told before anything parses it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError
from gateway.service.published.pages import cursor, place
from gateway.service.published.problems import TITLES, Refusal, kind_of
from gateway.service.requests.bodies import deeper_than

trees = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def depth(tree: Any) -> int:
    if isinstance(tree, dict):
        return 1 + max(map(depth, tree.values()), default=0)
    return 1 + max(map(depth, tree), default=0) if isinstance(tree, list) else 0


@given(trees, st.integers(0, 6))
def test_the_depth_is_that_of_the_parsed_tree(tree: Any, most: int) -> None:
    """
    Brackets within texts do not count, whatever is escaped in them.
    """
    assert deeper_than(json.dumps(tree).encode(), most) is (depth(tree) > most)


def test_a_million_brackets_are_refused_without_a_stack() -> None:
    """
    No recursion, no parser.
    """
    assert deeper_than(b"[" * 1_000_000, 32)
    assert not deeper_than(b'"' + b"[" * 1_000_000 + b'"', 32)


@pytest.mark.parametrize(
    "content",
    [
        b"[]" * 40 + b'"' + b'\\"' * 500_000, b"[]" * 40 + b'"' + b"\\" * 1_000_000, b"[]" * 40 + b'"' * 1_000_000,
        b"[" * 500_000 + b"]" * 500_000, b"[]" * 500_000, b"[[]" * 300_000, b"[}" * 500_000, b"]" * 1_000_000,
    ],
    ids=["quotes", "backslashes", "strings", "deep", "wide", "stairs", "pairs that are none", "closing"],
)  # fmt: skip
def test_no_content_holds_up_the_others(content: bytes) -> None:
    """
    A million bytes made to be slow are looked at in a fraction of a second of CPU: hours in a scanner that goes back.
    """
    began = time.thread_time()
    deeper_than(content, 32)
    assert time.thread_time() - began < 0.5


@given(st.integers(0, 10**18 - 1))
def test_a_cursor_names_its_place(after: int) -> None:
    """
    There and back, in letters that need no escaping.
    """
    word = cursor(after)

    assert place(word) == after
    assert word.replace("-", "").replace("_", "").isalnum()


@given(st.text())
def test_any_other_word_is_refused(word: str) -> None:
    """
    A cursor that somebody wrote by hand ends in a refusal, never in a fault.
    """
    try:
        number = place(word)
    except Refusal as refusal:
        assert refusal.kind == "invalid-input"
    else:
        assert cursor(number) == word.rstrip("=")


def _errors(kind: type[GatewayError]) -> list[type[GatewayError]]:
    return [kind, *(each for below in kind.__subclasses__() for each in _errors(below))]


@pytest.mark.parametrize("kind", _errors(GatewayError), ids=lambda kind: kind.__name__)
def test_every_error_of_the_library_is_a_problem(kind: type[GatewayError]) -> None:
    """
    A class that somebody adds has an answer, and a status.
    """
    assert kind_of(kind.__new__(kind)) in TITLES
