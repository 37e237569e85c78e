"""
Questions, answers and monthly evaluations that the one-stop system pushes: taken as they are, for the portal alone
(contract 8).

They are about no dossier. Each is a matter of the ledger: what was told of one question, or of one month of a unit,
reaches the portal in order, and the same again has no effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from connectors.national_portal.dialect import lists
from connectors.national_portal.dialect.answers import Answer, invalid
from connectors.national_portal.dialect.asks import Ask
from connectors.national_portal.dialect.matters import LAYOUTS, TAKEN
from connectors.national_portal.facade import refusals
from connectors.national_portal.facade.settings import FacadeSettings
from gateway.errors import InvalidInput
from gateway.fronts import OpenIntake
from gateway.model import AgencyCode, Change, Matter, MatterCode, body_json

Item = Mapping[str, Any]

_TOPICS: Final = {
    lists.PUSH_QUESTIONS: "hoi-dap",
    # By the portal's number of the question, which may be that of another question here.
    lists.PUSH_ANSWERS: "tra-loi",
    lists.EVALUATION: "danh-gia",
}


class Matters:
    """Takes them for the partner *partner*."""

    def __init__(self, partner: str, settings: FacadeSettings) -> None:
        self._partner = partner
        self._settings = settings

    def push(self, ask: Ask, intake: OpenIntake) -> Answer:
        """One of the services; the first element that is refused decides the answer, as for dossiers."""
        items = ask.data
        if not isinstance(items, list) or not 0 < len(items) <= self._settings.max_matters:
            return invalid("data")
        read = [self._read(ask.service, item) for item in items]
        refused = [(place, each) for place, each in enumerate(read, 1) if isinstance(each, Answer)]
        good = [each for each in read if isinstance(each, Matter)]
        if good and (not refused or self._settings.partial_batches):
            self._keep(good, intake)
        if refused:
            place, answer = refused[0]
            return answer if len(items) == 1 else Answer(answer.code, f"{answer.message} (mục / item {place})")
        return TAKEN[ask.service]

    def _keep(self, matters: list[Matter], intake: OpenIntake) -> None:
        with intake() as opened:
            versions = dict(opened.versions([each.code for each in matters]))
            for each in matters:
                key = each.code.key
                # What comes after something else under the same code is another fact, also where it was told before.
                id_ = f"matter:{key}:{versions.get(key, 0)}:{sha256(body_json(each)).hexdigest()[:32]}"
                (receipt,) = opened.take([Change(source=self._settings.source, source_id=id_, body=each)])
                assert receipt.refusal is None, "whoever answers for a partner is told as one"
                versions[key] = receipt.version

    def _read(self, service: str, item: object) -> Matter | Answer:
        if not isinstance(item, Mapping):
            return invalid("data")
        bad = LAYOUTS[service].mistake(item)
        if bad is not None:
            return refusals.of_field(bad, item)
        unit, number, text = _place(service, item)
        try:
            agency = AgencyCode.parse(str(item[unit]))
        except InvalidInput:
            return refusals.of_field(unit, item)
        try:
            code = MatterCode.parse(f"{self._partner}/{_TOPICS[service]}/{agency}/{text}")
        except InvalidInput:
            return refusals.of_field(number, item)
        return Matter(code=code, form=service, data=item)


def _place(service: str, item: Item) -> tuple[str, str, str]:
    """Which field names the unit, which the number, and the number itself."""
    if service != lists.EVALUATION:
        return "MADONVI", "HOIDAPID", str(item["HOIDAPID"]).strip()
    month, _, year = str(item["NgayTongHop"]).partition("-")
    procedure = str(item.get("MaThuTuc") or "")
    return "Madonvi", "MaThuTuc", f"{year}-{month:0>2}" + (f"-{procedure}" if procedure else "")
