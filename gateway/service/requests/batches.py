"""
A batch of changes: read so that one bad change never spoils the others, and answered change by change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from gateway.errors import InvalidInput
from gateway.model import Change, explain
from gateway.ports import Receipt
from gateway.service.access import Caller
from gateway.service.published.problems import Refusal, field_problem
from gateway.service.published.shapes import BatchAnswer, BatchAnswers, BatchItem, batch_answer
from gateway.service.requests.bodies import check_json, in_turn, is_big
from gateway.store.answers import Answer

ITEM: TypeAdapter[BatchItem] = TypeAdapter(BatchItem)
ITEMS: TypeAdapter[list[BatchItem]] = TypeAdapter(list[BatchItem])


class Batch:
    """One batch on its way: the *changes* that can be submitted, and the answers that stand already."""

    def __init__(self, caller: Caller, items: list[BatchItem | BatchAnswer]) -> None:
        self._answers: list[BatchAnswer | None] = []
        self.changes: list[Change] = []
        for item in items:
            answer = item if isinstance(item, BatchAnswer) else _beyond_scope(caller, item)
            self._answers.append(answer)
            if answer is None and isinstance(item, BatchItem):
                self.changes.append(item.change(caller.name))

    def answer(self, receipts: list[Receipt]) -> Answer:
        """What the caller is told, given the *receipts* of the changes."""
        told = iter(zip(self.changes, receipts, strict=True))
        items = [answer or batch_answer(*_named(next(told))) for answer in self._answers]
        outcomes = [item.outcome for item in items]
        return Answer(
            200,
            BatchAnswers(
                accepted=outcomes.count("accepted"), duplicates=outcomes.count("duplicate"),
                refused=outcomes.count("refused"), items=items,
            ).model_dump_json().encode(),
        )  # fmt: skip


def read_batch(request: Request, content: bytes, caller: Caller, *, most: int, most_depth: int) -> Batch:
    """The batch in *content*, of at most *most* changes. Ends the request when it is no batch at all."""
    check_json(request, content, most_depth)
    with in_turn(content) as big:
        return Batch(caller, _items(content, most, big=big))


def _items(content: bytes, most: int, *, big: bool) -> list[BatchItem | BatchAnswer]:
    """The changes of a batch; one that cannot be read stands as its own answer."""
    if big and isinstance(values := _loaded(content), list):
        # Not all at once: a million numbers would become a million mistakes.
        _check_length(len(values), most)
        return [_item(each) for each in values]
    try:
        items: list[BatchItem | BatchAnswer] = list(ITEMS.validate_json(content))
    except ValidationError as error:
        items = _one_by_one(content, error)
    _check_length(len(items), most)
    return items


def _loaded(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        # Also what other readers let pass: NaN, and numbers beyond what any machine can hold.
        unreadable = InvalidInput(
            "body", "", "không phải JSON đọc được (is not readable JSON)", "Gửi lại nội dung nguyên vẹn (send it again)"
        )
        raise Refusal("invalid-input", errors=[unreadable]) from None


def _check_length(count: int, most: int) -> None:
    if not 0 < count <= most:
        raise Refusal("too-large" if count else "malformed", f"1 – {most} thay đổi / changes: {count}")


def _one_by_one(content: bytes, error: ValidationError) -> list[BatchItem | BatchAnswer]:
    whole = [each for each in error.errors(include_url=False, include_input=False) if not each["loc"]]
    if whole:
        raise Refusal("invalid-input", errors=explain(error))
    return [_item(each) for each in _loaded(content)]


def _item(value: object) -> BatchItem | BatchAnswer:
    content = orjson.dumps(value)
    if is_big(content):
        return _refused(value, "too-large")
    try:
        return ITEM.validate_json(content)
    except ValidationError as error:
        return _refused(value, "invalid-input", explain(error))


def _refused(value: object, kind: str, errors: Sequence[InvalidInput] = ()) -> BatchAnswer:
    source_id = value.get("source_id") if isinstance(value, dict) else None
    return BatchAnswer(
        source_id=source_id[:255] if isinstance(source_id, str) else "",
        outcome="refused",
        problem=kind,
        errors=[field_problem(each) for each in errors],
    )


def _named(told: tuple[Change, Receipt]) -> tuple[str, Receipt]:
    change, receipt = told
    return change.source_id, receipt


def _beyond_scope(caller: Caller, item: BatchItem) -> BatchAnswer | None:
    change = item.change(caller.name)
    if caller.grant.covers(change.dossier):
        return None
    return BatchAnswer(source_id=item.source_id, outcome="refused", problem="forbidden")
