"""
What a one-stop system pushes, into canonical values: first as strict as the portal is (contract 18.3), then as the
model is, then compared with what we would send, so that nothing is lost on the way. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from connectors.national_portal.dialect.answers import Answer, invalid
from connectors.national_portal.dialect.layout import Layout
from connectors.national_portal.dialect.layouts import layouts
from connectors.national_portal.facade import refusals
from connectors.national_portal.facade.rules import rules_of
from connectors.national_portal.received import Reader
from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.translate import OUTCOME_FORM, STEP_FORM, Listed, Translator, dossier_form
from connectors.national_portal.wording import wording_of
from gateway.errors import InvalidInput, Rejected
from gateway.fronts import Standing
from gateway.model import Dossier, DossierCode, DossierStatus, Procedure, ProcessingStep, Result
from gateway.model.times import from_wire14

Item = Mapping[str, Any]

_LOCAL: Final = "2"
_FINAL: Final = frozenset({DossierStatus.REFUSED, DossierStatus.RETURNED})
_OF_OUTCOME: Final[Mapping[str, DossierStatus]] = {
    **{str(status.value): status for status in DossierStatus},
    # Contract 7.6: a refusal in this service alone.
    "11": DossierStatus.REFUSED,
}


class NotTaken(Exception):
    """The element is refused; *answer* says why in the portal's words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.code)
        self.answer = answer


class Readings:
    """Reads elements of ``data`` by the settings of one partner. Every method raises ``NotTaken``."""

    def __init__(self, partner: str, settings: PortalSettings) -> None:
        self._layouts = layouts(rules_of(settings))
        self._reader = Reader(settings.codes)
        self._translate = Translator(partner, settings)
        self._form = dossier_form(settings.profile)

    def dossier(self, element: object, now: datetime) -> Dossier:
        """
        A header as it stands by itself. Where the wire does not say when the status was reached, it was at acceptance
        at the earliest. For a status that nothing follows *now* stands: all that the timeline tells is older. It never
        lies beyond *now*: a day written wrong would stand before all that follows, also before its own correction.
        """
        item = _checked(element, self._layouts.dossier)
        try:
            # Where it was filed is the portal's matter (12.5); that it is pushed as a header makes it ours (6.3).
            dossier = self._reader.dossier(
                {**_named(item, self._layouts.dossier), "NoiNopHoSo": _LOCAL}, status_at=_reached(item, now)
            )
            procedure = Procedure(
                code=dossier.procedure,
                name=str(item["TenTTHC"]),
                field_code=str(item["MaLinhVuc"]),
                field_name=str(item["TenLinhVuc"]),
            )
            ours = self._translate.dossier(dossier, Listed(dossier.procedure.text, procedure))
        except InvalidInput as error:
            raise NotTaken(refusals.of_input(error)) from None
        except ValidationError as error:
            raise NotTaken(refusals.of_validation(error)) from None
        except Rejected as error:
            raise NotTaken(invalid(error.text)) from None
        status_at = min(dossier.status_at, now)
        return dossier.model_copy(update={"status_at": status_at, "wording": wording_of(item, ours, self._form)})

    def step(self, element: object) -> ProcessingStep:
        """One entry of a timeline."""
        item = _checked(element, self._layouts.step)
        try:
            step = self._reader.step(_named(item, self._layouts.step))
        except InvalidInput as error:
            raise NotTaken(refusals.of_input(error)) from None
        except ValidationError as error:
            raise NotTaken(refusals.of_validation(error)) from None
        return step.model_copy(update={"wording": wording_of(item, self._translate.step(step), STEP_FORM)})

    def outcome_item(self, element: object) -> tuple[Item, DossierCode]:
        """What became of a dossier that the portal sent, checked by itself, and its number."""
        item = _checked(element, self._layouts.outcome)
        try:
            return item, DossierCode.parse(str(item["MaHoSo"]))
        except InvalidInput as error:
            raise NotTaken(refusals.of_input(error)) from None

    def outcome(self, item: Item, header: Dossier, standing: Standing, now: datetime) -> Dossier:
        """
        The dossier *header* with the outcome that *item* reports (contract 7.6), *header* itself where it has that
        already. It was reached no earlier than what the ledger has, and not beyond *now*: see ``dossier``.
        """
        if self._outcome(item, header, header.status_at) == header:
            return header
        try:
            at = from_wire14(str(item["NgayXuLy"]), "NgayXuLy") or now
        except InvalidInput as error:
            raise NotTaken(refusals.of_input(error)) from None
        return self._outcome(item, header, max(min(at, now), standing.status_at))

    def _outcome(self, item: Item, header: Dossier, at: datetime) -> Dossier:
        try:
            changed = Dossier(
                **dict(header)
                | {
                    "status": _OF_OUTCOME[str(item["TrangThai"])],
                    "status_at": at,
                    "local_code": str(item["MaHoSoDonVi"]),
                    "applicant": header.applicant.model_copy(update={"account_id": str(item["MaDoiTuong"]) or None}),
                    "return_note": str(item["NoiDung"]) or None,
                    "results": tuple(_result(file) for file in item.get("TaiLieuXuLy") or ()),
                    "wording": None,
                }
            )
            ours = self._translate.outcome(changed)
        except InvalidInput as error:
            raise NotTaken(refusals.of_input(error)) from None
        except ValidationError as error:
            raise NotTaken(refusals.of_validation(error)) from None
        except Rejected as error:
            raise NotTaken(invalid(error.text)) from None
        if ours is None:
            raise NotTaken(refusals.of_field("TrangThai", item))
        # The number is told as the portal gave it, however it is written here.
        said = {**item, "MaHoSo": ours["MaHoSo"]}
        return changed.model_copy(update={"wording": wording_of(said, ours, OUTCOME_FORM)})


def _checked(element: object, layout: Layout) -> Item:
    """*element* with its scalars as texts, when the portal would take it by its form (contract 18.3)."""
    if not isinstance(element, Mapping):
        raise NotTaken(invalid("data"))
    item = _plain(element, layout)
    bad = layout.mistake(item)
    if bad is not None:
        raise NotTaken(refusals.of_field(bad, item))
    return item


def _plain(item: Item, layout: Layout) -> dict[str, Any]:
    """
    Numbers of the fields that the layout names, and booleans where a word may stand, as the texts that they stand for
    (contract 3.2); what the layout does not name stays as it is.
    """
    plain = dict(item)
    for scalar in layout.scalars:
        value = plain.get(scalar.name)
        takes_words = scalar.check is not None and scalar.check("True")
        if isinstance(value, int) and (takes_words or not isinstance(value, bool)):
            plain[scalar.name] = str(value)
    for table in layout.rows:
        rows = plain.get(table.name)
        if isinstance(rows, list):
            plain[table.name] = [_plain(row, table.layout) if isinstance(row, dict) else row for row in rows]
    return plain


def _named(item: Item, layout: Layout) -> dict[str, Any]:
    """
    What the layout names and has checked. The reader takes keys in any case, and another spelling of a name, which the
    portal keeps like any other key, would stand for the field itself.
    """
    named = {scalar.name: item[scalar.name] for scalar in layout.scalars if scalar.name in item}
    for table in layout.rows:
        rows = item.get(table.name)
        if isinstance(rows, list):
            named[table.name] = [_named(row, table.layout) for row in rows]
    return named


def _reached(item: Item, now: datetime) -> datetime:
    """When the status of a header was reached, as far as its own date does not say it."""
    for name in ("NgayTiepNhan", "NgayNopHoSo"):
        known = from_wire14(str(item.get(name) or ""), name)
        if known is not None:
            return max(known, now) if int(item["TrangThaiHoSo"]) in _FINAL else known
    return now


def _result(file: Item) -> Result:
    return Result(
        name=str(file["TenTepDinhKem"]),
        url=str(file["DuongDanTaiTepTin"]),
        component_code=str(file.get("MaThanhPhanHoSo") or "") or None,
        id=str(file.get("TepDinhKemId") or "") or None,
    )
