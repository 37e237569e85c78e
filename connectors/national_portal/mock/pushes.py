"""
Dossiers, timelines and outcomes that a province pushes (contract 6, 7.6, 14, 18.3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.national_portal.dialect import lists
from connectors.national_portal.dialect.answers import (
    SYSTEM_ERROR,
    Answer,
    existing_dossier,
    invalid,
    naming,
    unknown_dossier,
    unknown_procedure,
)
from connectors.national_portal.dialect.asks import Ask
from connectors.national_portal.mock import files
from connectors.national_portal.mock.accounts import Account
from connectors.national_portal.mock.invariants import Call
from connectors.national_portal.mock.ledger import Dossier, Outcome, Step, Version, key_of
from connectors.national_portal.mock.state import State

Item = Mapping[str, Any]
StepIdentity = tuple[str, str, str, str]


def dossiers(state: State, account: Account, ask: Ask, call: Call, *, only_half: bool) -> Answer:
    """``DongBoHoSoMC``. With *only_half* the first half is stored and the answer says that the system failed."""
    items = ask.data
    if not isinstance(items, list) or not items or len(items) > state.settings.max_dossiers:
        return invalid("data")
    if not isinstance(ask.updating, str) or ask.updating not in lists.WORDS:
        return invalid("isUpdating")
    updating = ask.updating == "True"
    good: list[Item] = []
    created: set[str] = set()
    refusal: Answer | None = None
    for item in items:
        answer = _refuse_dossier(state, account, item, updating, created)
        if answer is None:
            good.append(item)
            created.add(key_of(item["MaHoSo"]))
        elif refusal is None:
            refusal = naming(answer, item, len(items))
    if refusal is not None and not state.settings.partial_batches:
        return refusal
    if only_half:
        good, refusal = good[: (len(good) + 1) // 2], SYSTEM_ERROR
    at = state.now()
    for item in good:
        _store_dossier(state, item, updating, call, at)
    return refusal or Answer(0, "Đồng bộ hồ sơ thành công")


def _refuse_dossier(state: State, account: Account, item: Any, updating: bool, created: set[str]) -> Answer | None:
    """Why the portal does not take *item*, asked in the order of contract 18.3; None when it does."""
    if not isinstance(item, dict):
        return _count_invalid(state, invalid("data"))
    layout = state.layouts.dossier
    known = state.ledger.find(item.get("MaHoSo", ""))
    if known is not None and known.portal_born:
        state.watch.count.portal_born_pushed += 1
    bad = layout.missing(item) or layout.malformed(item) or layout.too_long(item)
    if bad is not None:
        return _count_invalid(state, invalid(bad))
    code, procedure = str(item["MaHoSo"]), str(item["MaTTHC"])
    if not account.owns(code) or (known is not None and known.portal_born):
        return _count_invalid(state, invalid("MaHoSo"))
    if not state.catalogue.knows(procedure):
        return _count_invalid(state, unknown_procedure(procedure))
    if not updating:
        if known is None and key_of(code) not in created:
            return None
        state.watch.count.creates_of_existing += 1
        return existing_dossier(code, state.settings.duplicate_code)
    if known is None:
        state.watch.count.updates_of_unknown += 1
        return unknown_dossier(code)
    if not state.settings.procedure_may_change and known.header["MaTTHC"] != procedure:
        return _count_invalid(state, invalid("MaTTHC"))
    if state.settings.transitions == "refuse" and not state.expected(known.status, int(item["TrangThaiHoSo"])):
        return _count_invalid(state, invalid("TrangThaiHoSo"))
    return None


def _count_invalid(state: State, answer: Answer) -> Answer:
    state.watch.count.invalid_items += 1
    return answer


def _store_dossier(state: State, item: Item, updating: bool, call: Call, at: datetime) -> None:
    settings = state.settings
    dossier = state.ledger.open(str(item["MaHoSo"]).strip())
    header = dict(item)
    if updating and settings.merge_documents:
        header["TaiLieuNop"] = state.ledger.merge_documents(
            dossier.header.get("TaiLieuNop"), item.get("TaiLieuNop") or ()
        )
    dossier.header = header
    if settings.keep_versions is not None and dossier.versions.maxlen is None:
        dossier.versions = deque(dossier.versions, maxlen=settings.keep_versions)
    dossier.versions.append(Version(call.number, at, updating, item))
    if settings.fetch_files:
        files.queue(state.ledger.links, item)
    state.note_unknown(item, state.layouts.dossier.names)
    state.move(dossier, int(item["TrangThaiHoSo"]), lists.DOSSIERS, call, at)
    if updating:
        state.watch.count.updates += 1
    else:
        state.watch.count.creates += 1


def timeline(state: State, account: Account, ask: Ask, call: Call, *, only_half: bool) -> Answer:
    """``CapNhatTienDoHoSoMC``: appends."""
    items = ask.data
    if not isinstance(items, list) or not items or len(items) > state.settings.max_steps:
        return invalid("data")
    good: list[Item] = []
    refusal: Answer | None = None
    for item in items:
        answer = _refuse_step(state, account, item)
        if answer is None:
            good.append(item)
        elif refusal is None:
            refusal = naming(answer, item, len(items))
    if refusal is not None and not state.settings.partial_batches:
        return refusal
    if only_half:
        good, refusal = good[: (len(good) + 1) // 2], SYSTEM_ERROR
    at = state.now()
    for item in good:
        _store_step(state, item, call, at)
    return refusal or Answer(0, "Cập nhật tiến độ thành công")


def _refuse_step(state: State, account: Account, item: Any) -> Answer | None:
    if not isinstance(item, dict):
        return _count_invalid(state, invalid("data"))
    bad = state.layouts.step.mistake(item)
    if bad is not None:
        return _count_invalid(state, invalid(bad))
    code = str(item["MaHoSo"])
    known = state.ledger.find(code)
    if not account.owns(code) and not (known is not None and known.portal_born):
        return _count_invalid(state, invalid("MaHoSo"))
    if known is None:
        state.watch.count.steps_before_dossier += 1
        return unknown_dossier(code)
    return None


def identity(item: Item) -> StepIdentity:
    """What makes two steps the same one: number, time, status, text (6.4)."""
    return (
        key_of(item["MaHoSo"]),
        str(item["ThoiDiemXuLy"]),
        str(item["TrangThai"]),
        str(item["NoiDungXuLy"]),
    )


def identities(items: Sequence[Item]) -> list[StepIdentity]:
    return [identity(item) for item in items]


def _store_step(state: State, item: Item, call: Call, at: datetime) -> None:
    count = state.watch.count
    dossier = state.ledger.by_key[key_of(item["MaHoSo"])]
    this = identity(item)
    if this in dossier.step_identities:
        state.watch.step_repeated(this)
        if state.settings.repeated_steps == "ignored":
            return
        count.steps_counted_twice += 1
    dossier.step_identities.add(this)
    moment = this[1]
    late = moment < dossier.newest_moment
    state.ledger.arrivals += 1
    dossier.steps.append(Step(state.ledger.arrivals, call.number, at, item, late))
    state.note_unknown(item, state.layouts.step.names)
    count.steps += 1
    count.steps_out_of_order += late
    if late:
        return
    dossier.newest_moment = moment
    if state.settings.timeline_moves_status:
        state.move(dossier, int(item["TrangThai"]), lists.TIMELINE, call, at)
        dossier.header["TrangThaiHoSo"] = str(item["TrangThai"])


def outcome(state: State, ask: Ask, call: Call) -> Answer:
    """``DongBoTrangThaiHoSo``: the outcome of a dossier that the portal gave to the province."""
    item = ask.data
    if not isinstance(item, dict):
        return invalid("data")
    if str(ask.parameters.get("type", "")) != "2":
        return invalid("type")
    bad = state.layouts.outcome.mistake(item)
    if bad is not None:
        return _count_invalid(state, invalid(bad))
    dossier = state.ledger.find(item["MaHoSo"])
    if dossier is None:
        return unknown_dossier(str(item["MaHoSo"]))
    if not dossier.portal_born:
        return _count_invalid(state, invalid("MaHoSo"))
    at = state.now()
    dossier.outcomes.append(Outcome(call.number, at, item))
    state.watch.count.outcomes += 1
    _move_by_outcome(state, dossier, str(item["TrangThai"]), call, at)
    return Answer(0, "Đồng bộ trạng thái hồ sơ thành công")


def _move_by_outcome(state: State, dossier: Dossier, status: str, call: Call, at: datetime) -> None:
    """11 is the word for a refusal in this service alone (7.6)."""
    state.move(dossier, 3 if status == "11" else int(status), lists.OUTCOME, call, at)
