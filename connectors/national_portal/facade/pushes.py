"""
Dossiers, timelines and outcomes that the one-stop system pushes, taken into the ledger (contract 6, 7.6, 14, 18.3).

One call is one transaction. The first element that is refused decides the answer, and nothing of the call is kept,
unless the settings let the good ones stay.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from connectors.national_portal.dialect.answers import (
    Answer,
    existing_dossier,
    invalid,
    naming,
    unknown_dossier,
)
from connectors.national_portal.dialect.asks import Ask
from connectors.national_portal.facade import refusals
from connectors.national_portal.facade.accounts import Callers
from connectors.national_portal.facade.reading import Item, NotTaken, Readings
from connectors.national_portal.facade.settings import FacadeSettings
from gateway.fronts import Intake, OpenIntake, Standing
from gateway.model import Change, Dossier, Origin, ProcedureCode, ProcessingStep, body_json

Listed = Callable[[ProcedureCode], bool | None]
Relay = Callable[[Item], Answer]

log = logging.getLogger(__name__)

_DOSSIERS_TAKEN: Final = Answer(0, "Đồng bộ hồ sơ thành công")
_STEPS_TAKEN: Final = Answer(0, "Cập nhật tiến độ thành công")
_OUTCOME_TAKEN: Final = Answer(0, "Đồng bộ trạng thái hồ sơ thành công")
_OUTCOME_TYPE: Final = "2"
_WORDS: Final = {"true": True, "false": False}


class Pushes:
    """
    *listing* says for one call whether the portal lists a procedure, as far as that is known. *relay* tells the portal
    at once of a dossier that it never sent through us.
    """

    def __init__(
        self,
        settings: FacadeSettings,
        readings: Readings,
        callers: Callers,
        *,
        listing: Callable[[], Listed],
        relay: Relay,
        portal_born_steps: bool,
    ) -> None:
        self._settings = settings
        self._readings = readings
        self._callers = callers
        self._listing = listing
        self._relay = relay
        self._portal_born_steps = portal_born_steps

    def dossiers(self, ask: Ask, intake: OpenIntake, now: datetime) -> Answer:
        """``DongBoHoSoMC``."""
        items = _batch(ask.data, self._settings.max_dossiers)
        if items is None:
            return invalid("data")
        updating = _flag(ask.updating)
        if updating is None:
            return invalid("isUpdating")
        listed = self._listing()
        read = [self._dossier(item, listed, now) for item in items]
        said: list[Answer | None] = []
        with intake() as opened:
            opened.standing([each.code for each in read if isinstance(each, Dossier)])
            for each in read:
                answer = self._keep(opened, each, updating=updating) if isinstance(each, Dossier) else each
                said.append(answer)
                if answer is not None and not self._settings.partial_batches:
                    break
            return self._close(opened, items, said) or _DOSSIERS_TAKEN

    def steps(self, ask: Ask, intake: OpenIntake) -> Answer:
        """``CapNhatTienDoHoSoMC``: the steps of one dossier in one call are one history."""
        items = _batch(ask.data, self._settings.max_steps)
        if items is None:
            return invalid("data")
        read = [self._step(item) for item in items]
        with intake() as opened:
            standing = opened.standing([each.dossier for each in read if isinstance(each, ProcessingStep)])
            said = [each if isinstance(each, Answer) else self._why_not(each, standing) for each in read]
            good = [
                (index, each)
                for index, each in enumerate(read)
                if isinstance(each, ProcessingStep) and said[index] is None
            ]
            if len(good) == len(read) or self._settings.partial_batches:
                receipts = opened.take([self._change(each, f"step:{each.identity}") for _, each in good])
                for (index, step), receipt in zip(good, receipts, strict=True):
                    if receipt.refusal is not None:
                        said[index] = refusals.of_input(receipt.refusal, "Step")
                    elif receipt.kept_back:
                        # The portal would show its status for good; the timeline here has it, for whoever asks why.
                        log.warning("national_portal.facade_kept_back", extra={"key": step.dossier.key})
            return self._close(opened, items, said) or _STEPS_TAKEN

    def outcome(self, ask: Ask, intake: OpenIntake, now: datetime) -> Answer:
        """``DongBoTrangThaiHoSo``: one dossier, which the portal sent."""
        if str(ask.parameters.get("type", "")) != _OUTCOME_TYPE:
            return invalid("type")
        try:
            item, code = self._readings.outcome_item(ask.data)
            with intake() as opened:
                standing = opened.standing([code]).get(code.key)
                header = opened.header(code)
                if standing is not None and standing.origin is Origin.LOCAL:
                    return invalid("MaHoSo")
                if standing is not None and header is not None:
                    changed = self._readings.outcome(item, header, standing, now)
                    return (None if changed == header else self._submit(opened, changed, standing)) or _OUTCOME_TAKEN
        except NotTaken as refused:
            return refused.answer
        return self._relay(item)

    def _dossier(self, item: object, listed: Listed, now: datetime) -> Dossier | Answer:
        try:
            dossier = self._readings.dossier(item, now)
        except NotTaken as refused:
            return refused.answer
        if not self._callers.owns(dossier.code):
            return invalid("MaHoSo")
        if listed(dossier.procedure) is False:
            return refusals.of_procedure(dossier.procedure.text)
        return dossier

    def _step(self, item: object) -> ProcessingStep | Answer:
        try:
            return self._readings.step(item)
        except NotTaken as refused:
            return refused.answer

    def _keep(self, intake: Intake, dossier: Dossier, *, updating: bool) -> Answer | None:
        """
        Why the header is not taken, by what the ledger has of its number (contract 6.3); None when it is. One that says
        what the last one said has no effect.
        """
        standing = intake.standing([dossier.code]).get(dossier.code.key)
        if standing is None:
            if updating and self._settings.unknown_updates == "refuse":
                return unknown_dossier(dossier.code.text)
            return self._submit(intake, dossier, None)
        if standing.origin is Origin.PORTAL:
            return invalid("MaHoSo")
        if not updating:
            return existing_dossier(dossier.code.text, self._settings.duplicate_code)
        header = intake.header(dossier.code)
        if header is not None and dossier.model_copy(update={"status_at": header.status_at}) == header:
            return None
        # It tells how the dossier stands now, so it is never older than what the ledger has.
        dossier = dossier.model_copy(update={"status_at": max(dossier.status_at, standing.status_at)})
        return self._submit(intake, dossier, standing)

    def _submit(self, intake: Intake, dossier: Dossier, standing: Standing | None) -> Answer | None:
        version = 0 if standing is None else standing.version
        (receipt,) = intake.take([self._change(dossier, f"dossier:{dossier.code.key}:{version}")])
        return None if receipt.refusal is None else refusals.of_input(receipt.refusal, "Dossier")

    def _why_not(self, step: ProcessingStep, standing: Mapping[str, Standing]) -> Answer | None:
        known = standing.get(step.dossier.key)
        if known is None:
            return unknown_dossier(step.dossier.text) if self._callers.owns(step.dossier) else invalid("MaHoSo")
        if known.origin is Origin.PORTAL and not self._portal_born_steps:
            return invalid("MaHoSo")
        return None

    def _change(self, body: Dossier | ProcessingStep, id_: str) -> Change:
        """
        The fact under an id of its own: another content under the same number is another fact, as the portal sees it.
        """
        print_ = sha256(body_json(body)).hexdigest()[:32]
        return Change(source=self._settings.source, source_id=f"{id_}:{print_}", body=body)

    def _close(self, intake: Intake, items: Sequence[object], said: Sequence[Answer | None]) -> Answer | None:
        """The first refusal of *said*, which also undoes the call unless the good ones may stay."""
        for item, answer in zip(items, said, strict=False):
            if answer is not None:
                if not self._settings.partial_batches:
                    intake.undo()
                return naming(answer, item, len(items))
        return None


def _batch(data: Any, most: int) -> list[object] | None:
    return data if isinstance(data, list) and 0 < len(data) <= most else None


def _flag(value: object) -> bool | None:
    """The words, and real booleans (contract 3.2)."""
    if isinstance(value, bool):
        return value
    return _WORDS.get(value.strip().casefold()) if isinstance(value, str) else None
