"""
What the portal's calls do here (contract 7): dossiers become changes, notices and receipts wait in the inbox.

The answers are the portal's: 0 done, 1 duplicate number, -1 failure. A tax notice for a dossier that we do not know is
kept for a person; whether it fails the whole call is the setting ``unknown_dossier_in_notice``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import orjson
from pydantic import ValidationError

from connectors.national_portal.inbound.answers import Code, Refused, Unreadable, answer, found, not_found
from connectors.national_portal.inbound.calls import Inbound, Kind, Reception
from connectors.national_portal.inbound.taxes import TaxNotice
from gateway.errors import InvalidInput
from gateway.lifecycle import Advance
from gateway.model import (
    Agency,
    Applicant,
    ApplicantKind,
    Change,
    Channel,
    Dossier,
    DossierCode,
    DossierStatus,
    Identifier,
    IdentifierKind,
    Notice,
    Origin,
    ProcedureCode,
    ResultDelivery,
    body_json,
    explain,
)
from gateway.model.times import from_wire14
from gateway.notices import Why
from gateway.ports import Inbox, Kept, Reply, Said

log = logging.getLogger(__name__)

_DONE = "đã nhận / received"
_TAKEN = "đã tồn tại / exists already"
_UNKNOWN = "không có hồ sơ này / no such dossier"
MEDIA_TYPE = "application/json; charset=utf-8"
_SAID_OF_KEPT = ((Kept.CHANGED, Said.CONFLICT), (Kept.NEW, Said.TAKEN))
_OURS = "hồ sơ của đơn vị, không nhận cập nhật từ Cổng / the dossier was born here and is not updated from the portal"


_REFUSALS: Mapping[Why, tuple[int, str]] = {
    Why.FORGED: (401, "không xác thực được / not authentic"),
    Why.TOO_MANY: (429, "gọi quá nhiều, thử lại sau / too many calls, try again later"),
    Why.CONFLICT: (409, "khác với lần trước / another content than before"),
}


def refusal(why: Why) -> Reply:
    """What a call gets that is not looked at: the portal's words with an HTTP status that any proxy understands."""
    status, text = _REFUSALS[why]
    return Reply(status, MEDIA_TYPE, answer(Code.FAILED, "", text), Said.REFUSED)


MEANWHILE = Reply(200, MEDIA_TYPE, answer(Code.DONE, "", "đã nhận, đang xử lý / received, being processed"))
"""What was stored is not lost: should it be refused later, a person here sees it; the portal need not call again."""


class Receptionist:
    """Carries out receptions for the partner *name*, whose province's own unit is *unit*."""

    def __init__(
        self, name: str, unit: str, inbound: Inbound, *, unknown_dossier_in_notice: Literal["keep", "refuse"]
    ) -> None:
        self._name = name
        self._unit = unit
        self._inbound = inbound
        self._refuses_unknown = unknown_dossier_in_notice == "refuse"

    def receive(self, path: str, content: bytes, inbox: Inbox, now: datetime) -> Reply | None:
        try:
            reception = self._inbound.read(path, content)
            if reception is None:
                return None
            return self._carry_out(reception, content, inbox, now)
        except Unreadable:
            text = "không đọc được JSON / unreadable JSON".encode()
            return Reply(500, "text/plain; charset=utf-8", text, Said.UNREADABLE)
        except Refused as refused:
            inbox.undo()
            return _json(refused.answer, refused.said, _code(refused.number))

    def _carry_out(self, reception: Reception, content: bytes, inbox: Inbox, now: datetime) -> Reply:
        if reception.kind is Kind.LOOK_UP:
            return _looked_up(reception.number, inbox)
        if reception.kind is Kind.TAX_NOTICES:
            return self._notices(reception, inbox)
        if reception.kind is Kind.TAX_RECEIPT:
            return self._tax_receipt(reception, inbox)
        if reception.kind is Kind.DOSSIERS:
            return self._dossiers(reception, content, inbox)
        return self._dossiers_of(reception, [self._promotion(reception, now)], content, inbox)

    def _promotion(self, reception: Reception, now: datetime) -> Dossier:
        """A promotion dossier, new or amended (contract 7.1, 7.2 a), as a dossier born on the portal."""
        body = reception.body
        try:
            filed_at = from_wire14(_text(body, "NgayNopHoSo"), "NgayNopHoSo")
            return Dossier(
                code=DossierCode.parse(reception.number),
                procedure=ProcedureCode.parse(_text(body, "MaTTHC")),
                status=DossierStatus.SUBMITTED,
                status_at=filed_at or now,
                channel=Channel.ONLINE,
                submitted_at=filed_at,
                applicant=Applicant(
                    name=_text(body, "TenThuongNhan"),
                    kind=ApplicantKind.BUSINESS,
                    identifiers=(Identifier(kind=IdentifierKind.TAX, number=_text(body, "MaSoThue")),),
                    email=_text(body, "Email") or None,
                    phone=_text(body, "DienThoai") or None,
                    fax=_text(body, "Fax") or None,
                ),
                subject=_subject(body),
                agency=Agency(name=self._unit),
                result_delivery=ResultDelivery.COUNTER,
                origin=Origin.PORTAL,
            )
        except InvalidInput as error:
            raise Refused(reception.number, f"{error.field}: {error.reason}") from None
        except ValidationError as error:
            text = "; ".join(f"{each.field}: {each.reason}" for each in explain(error))
            raise Refused(reception.number, text) from None

    def _dossiers(self, reception: Reception, content: bytes, inbox: Inbox) -> Reply:
        born_there = [dossier.model_copy(update={"origin": Origin.PORTAL}) for dossier in reception.dossiers]
        return self._dossiers_of(reception, born_there, content, inbox)

    def _dossiers_of(self, reception: Reception, dossiers: list[Dossier], content: bytes, inbox: Inbox) -> Reply:
        """
        Submit what is new. A number that we know is a duplicate unless the portal says that it updates (contract 7.2);
        what cannot follow the dossier's present status refuses the call.
        """
        taken = [dossier for dossier in dossiers if inbox.header(dossier.code) is not None]
        if taken and not reception.updating:
            return self._duplicate(reception, taken[0].code, content, inbox)
        said = Said.REPEATED
        for dossier in dossiers:
            present = inbox.header(dossier.code)
            if present is not None and present.origin is Origin.LOCAL:
                raise Refused(dossier.code.text, _OURS)
            event = _event(dossier.code, content)
            inbox.keep(reception.kind.value, event, content, dossier=dossier.code)
            # What it replaces is part of the id: the portal may go back to a header that it sent before.
            before = "" if present is None else _digest(body_json(present))
            source_id = f"{reception.kind.value}:{event}:{before}"
            receipt = inbox.submit(Change(source=self._name, source_id=source_id, body=dossier))
            if receipt.refusal is not None:
                raise Refused(dossier.code.text, f"{receipt.refusal.field}: {receipt.refusal.reason}")
            if not receipt.duplicate:
                said = Said.LATE if receipt.advance is Advance.LATE else Said.TAKEN
        return _json(answer(Code.DONE, reception.number, _DONE), said, dossiers[0].code)

    def _duplicate(self, reception: Reception, code: DossierCode, content: bytes, inbox: Inbox) -> Reply:
        """A number that is taken: the same message again, or another one, which the portal has to call an update."""
        same = inbox.has(reception.kind.value, _event(code, content))
        said = Said.REPEATED if same else Said.CONFLICT
        return _json(answer(Code.DUPLICATE, code.text, _TAKEN), said, code)

    def _notices(self, reception: Reception, inbox: Inbox) -> Reply:
        """
        Each notice once (contract 7.3): number, tax code and decision together identify it. Another content under the
        same three changes nothing, and is kept beside it for a person. One whose dossier comes later is told then.
        """
        unknown = 0
        awaited: dict[str, DossierCode] = {}
        found: set[Kept] = set()
        for notice in reception.notices:
            code = _known(notice.dossier, inbox)
            if code is None and self._refuses_unknown:
                raise Refused(notice.dossier, _UNKNOWN, Said.UNKNOWN)
            if code is None:
                unknown += 1
                awaited |= _by_key(notice.dossier)
            event, body = "|".join(notice.identity), _notice(notice)
            kept = inbox.keep(reception.kind.value, event, body, dossier=code)
            if kept is Kept.REPEATED and code is not None and inbox.place(reception.kind.value, event, code):
                kept = Kept.NEW
            found.add(kept)
            if kept is Kept.NEW and code is not None:
                self._tell(inbox, reception, code, event, orjson.loads(body))
            if kept is Kept.CHANGED:
                inbox.keep(f"{reception.kind.value}-changed", f"{event}|{_digest(body)}", body, dossier=code)
                log.warning("national_portal.notice_changed", extra={"partner": self._name})
        if unknown:
            log.warning("national_portal.notice_unmatched", extra={"partner": self._name, "notices": unknown})
        said = next((word for kept, word in _SAID_OF_KEPT if kept in found), Said.REPEATED)
        done = answer(Code.DONE, reception.number, _DONE)
        if unknown:
            return Reply(200, MEDIA_TYPE, done, Said.UNKNOWN, awaits=tuple(awaited.values()))
        return _json(done, said, _code(reception.number))

    def _tax_receipt(self, reception: Reception, inbox: Inbox) -> Reply:
        """A payment receipt (contract 7.2 b) belongs to a dossier that we know, or it fails."""
        code = _known(reception.number, inbox)
        if code is None:
            raise Refused(reception.number, _UNKNOWN, Said.UNKNOWN)
        payment = reception.body["ThongTinThanhToan"]
        event = f"{code.key}|{payment['MaThongBaoThue']}|{payment['ThoiGianThanhToan']}"
        kept = inbox.keep(reception.kind.value, event, orjson.dumps(reception.body), dossier=code)
        if kept is Kept.CHANGED:
            text = "chứng từ khác với lần trước / another receipt came under the same number"
            raise Refused(reception.number, text, Said.CONFLICT)
        if kept is Kept.NEW:
            self._tell(inbox, reception, code, event, dict(reception.body))
        said = Said.REPEATED if kept is Kept.REPEATED else Said.TAKEN
        return _json(answer(Code.DONE, reception.number, _DONE), said, code)

    def _tell(self, inbox: Inbox, reception: Reception, code: DossierCode, event: str, data: dict[str, Any]) -> None:
        """The notice becomes a change of its dossier, for whoever must know: the one-stop system above all."""
        topic = reception.kind.value
        body = Notice(dossier=code, topic=topic, data=data)
        # A refusal: the inbox has forgotten it by now and the ledger has not, so it was told long ago.
        inbox.submit(Change(source=self._name, source_id=f"{topic}:{event}", body=body))


def _looked_up(number: str, inbox: Inbox) -> Reply:
    code = _code(number)
    dossier = None if code is None else inbox.header(code)
    if dossier is None:
        return _json(not_found(), Said.UNKNOWN)
    shown = found(
        dossier,
        procedure_name=dossier.procedure_name or "",
        field_code="",
        field_name="",
        kind=str(list(ApplicantKind).index(dossier.applicant.kind) + 1),
        delivery="1" if dossier.channel is Channel.ONLINE else "0",
    )
    return _json(shown, Said.TAKEN, dossier.code)


def _known(number: str, inbox: Inbox) -> DossierCode | None:
    code = _code(number)
    return code if code is not None and inbox.header(code) is not None else None


def _code(number: str) -> DossierCode | None:
    try:
        return DossierCode.parse(number)
    except InvalidInput:
        return None


def _by_key(number: str) -> dict[str, DossierCode]:
    code = _code(number)
    return {} if code is None else {code.key: code}


def _notice(notice: TaxNotice) -> bytes:
    return orjson.dumps(
        {
            "dossier": notice.dossier,
            "tax_code": notice.tax_code,
            "decision": notice.decision,
            "decided_on": notice.decided_on,
            "item": notice.item,
            "amount": notice.amount,
        }
    )


def _subject(body: Mapping[str, Any]) -> str:
    amended = body.get("ThongTinSuaDoi")
    inner = amended if isinstance(amended, Mapping) else {}
    return _text(body, "TenChuongTrinhKhuyenMai") or _text(inner, "TenChuongTrinhKM") or "Khuyến mại"


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return str(value).strip() if isinstance(value, str | int) else ""


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:32]


def _event(code: DossierCode, content: bytes) -> str:
    return f"{code.key}:{_digest(content)}"


def _json(body: bytes, said: Said, dossier: DossierCode | None = None) -> Reply:
    return Reply(200, MEDIA_TYPE, body, said, dossier)
