"""A partner in process, scripted: it keeps a ledger of what took effect and answers what it is told to."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from gateway.errors import DeliveryError
from gateway.model.text import mask_name
from gateway.ports import (
    Advice,
    Delivered,
    Failed,
    Finding,
    Health,
    Message,
    Operation,
    Outcome,
    Preview,
    Probe,
    WireField,
)

Answer = Callable[[Sequence[Message]], DeliveryError | None]


@dataclass
class ScriptedPartner:
    """
    Takes effect and answers well, unless *script* holds an answer for the dossier: each is used once, in order.

    An answer gets the messages of the call and returns the error to report; it calls ``apply`` itself when the
    effect shall happen all the same.
    """

    name: str = "partner"
    step_batch: int = 10
    dossier_batch: int = 1
    harmless: bool = True
    longest_call: timedelta = timedelta(seconds=5)
    script: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    applied: list[int] = field(default_factory=list)
    calls: list[tuple[str, str, tuple[int, ...]]] = field(default_factory=list)
    probes: list[int] = field(default_factory=list)
    probe_answers: list[Probe | Exception] = field(default_factory=list)
    overlaps: int = 0
    closed: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: set[str] = set()

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {
            "dossier": Operation("dossier", self.dossier_batch, self.dossier_batch == 1, self.harmless),
            "step": Operation("step", self.step_batch, harmless=self.harmless),
        }

    def route(self, kind: str, origin: str) -> str | None:
        return kind if origin == "local" else None

    def deliver(self, messages: Sequence[Message]) -> Sequence[Outcome]:
        dossiers = {message.dossier for message in messages}
        with self._lock:
            self.overlaps += len(self._busy & dossiers)
            self._busy |= dossiers
            self.calls.append((messages[0].dossier, messages[0].operation, tuple(m.id for m in messages)))
            waiting = self.script[messages[0].dossier]
            answer = waiting.pop(0) if waiting else None
        try:
            if answer is None:
                self.apply(messages)
                return [Delivered()] * len(messages)
            error = answer(messages)
            return [Delivered() if error is None else Failed(error)] * len(messages)
        finally:
            with self._lock:
                self._busy -= dossiers

    def apply(self, messages: Sequence[Message]) -> None:
        with self._lock:
            self.applied.extend(m.id for m in messages if m.id not in self.applied)

    def probe(self, message: Message) -> Probe:
        with self._lock:
            self.probes.append(message.id)
            if self.probe_answers:
                answer = self.probe_answers.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer
            return Probe(Finding.APPLIED if message.id in self.applied else Finding.ABSENT)

    def check(self) -> Sequence[Health]:
        return [Health("partner", True, "ok")]

    def close(self) -> None:
        self.closed = True


def failing(error: DeliveryError) -> Answer:
    """An answer without effect."""
    return lambda messages: error


def lost(partner: ScriptedPartner, error: DeliveryError) -> Answer:
    """An answer that never arrives although the effect happened."""

    def answer(messages: Sequence[Message]) -> DeliveryError:
        partner.apply(messages)
        return error

    return answer


@dataclass
class ShowingPartner(ScriptedPartner):
    """Shows what it would send: *form* by field, the applicant's name masked; and knows whom to ask about code 4."""

    form: dict[str, str] = field(default_factory=lambda: {"MaHoSo": "H99", "ChuHoSo": "Nguyễn Văn Ví Dụ"})
    preview_fault: Exception | None = None

    def preview(self, message: Message) -> Preview:
        if self.preview_fault is not None:
            raise self.preview_fault
        return Preview(
            {
                path: WireField(
                    mask_name(value) if path == "ChuHoSo" else value, sha256(value.encode()).hexdigest()[:8]
                )
                for path, value in self.form.items()
            }
        )

    def advise(self, operation: str, code: str, text: str) -> Advice | None:
        return Advice("Phòng Ví Dụ / The example office", "Gọi phòng / Call it") if code == "4" else None
