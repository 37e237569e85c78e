"""
What a message says, in the portal's form: its stored body read, translated, and its files' addresses put right.
"""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError

from connectors.national_portal import wire
from connectors.national_portal.catalogue import Catalogue
from connectors.national_portal.links import PublicLinks
from connectors.national_portal.patience import Patience
from connectors.national_portal.translate import Translator
from gateway.errors import Rejected
from gateway.model import Dossier, DossierCode, Matter, ProcessingStep, Told, read_body, read_stored
from gateway.ports import Message

_STALE = "thông tin thủ tục quá hạn, chưa hỏi lại được Cổng / procedure data is out of date, the portal cannot be asked"
_NOT_TOLD = "Cổng không nhận thông báo / the portal is told no notices"


class Header(NamedTuple):
    """A header that is ready to go."""

    message: Message
    data: wire.Dossier
    note: str


class Forms:
    """
    Messages by what they carry. Every method raises ``Rejected`` for a body that cannot be read or is of another kind,
    and for what the portal has no form for.
    """

    def __init__(self, name: str, translate: Translator, catalogue: Catalogue, links: PublicLinks) -> None:
        self._name = name
        self._translate = translate
        self._catalogue = catalogue
        self._links = links

    def body(self, message: Message) -> Dossier | ProcessingStep:
        """What *message* carries, with its dossier's first spelling."""
        body = self._read(message)
        if body.kind == "notice" or body.kind == "matter":
            raise Rejected(self._name, "wrong-kind", f"{message.operation}: {_NOT_TOLD}")
        return body

    def matter(self, message: Message) -> Matter:
        """A question, an answer, an evaluation, as its source wrote it."""
        body = self._read(message)
        if body.kind != "matter":
            raise Rejected(self._name, "wrong-kind", f"{message.operation}: cần việc ngoài hồ sơ / needs a matter")
        return body

    def _read(self, message: Message) -> Told:
        try:
            return _spelt(read_stored(message.body), message)
        except ValidationError:
            # The validation error shows what it read; nothing of it may reach a log.
            raise Rejected(
                self._name, "unreadable", "nội dung lưu không đọc được / the stored body cannot be read"
            ) from None

    def dossier(self, message: Message) -> Dossier:
        body = self.body(message)
        if body.kind != "dossier":
            raise Rejected(self._name, "wrong-kind", f"{message.operation}: cần một hồ sơ / needs a dossier")
        return body

    def step(self, message: Message) -> ProcessingStep:
        body = self.body(message)
        if body.kind != "step":
            raise Rejected(self._name, "wrong-kind", f"{message.operation}: cần một bước xử lý / needs a step")
        return body

    def header(self, message: Message, patience: Patience) -> Header:
        """The header of a dossier, by what the catalogue knows of its procedure; may ask the portal for it."""
        dossier = self.dossier(message)
        listed, stale = self._catalogue.procedure(
            dossier.procedure, dossier.code.text, patience, again=message.attempts > 0
        )
        data = self._links.put_in(self._translate.dossier(dossier, listed), dossier.code)
        return Header(message, data, _STALE if stale else "")

    def entry(self, message: Message) -> wire.Step:
        """The entry of the timeline for a step."""
        return self._translate.step(self.step(message))

    def outcome(self, message: Message) -> wire.Outcome | None:
        """The outcome of a dossier that was filed on the portal; None when there is nothing to tell yet."""
        dossier = self.dossier(message)
        return self._links.put_in(self._translate.outcome(dossier), dossier.code)


def _spelt(body: Told, message: Message) -> Told:
    """The body with its dossier's first spelling: a portal that minds the case would take another for a new dossier."""
    if body.kind == "matter" or (body.code if body.kind == "dossier" else body.dossier).text == message.dossier:
        return body
    first = DossierCode.parse(message.dossier)
    return read_body(message.body).model_copy(update={"code" if body.kind == "dossier" else "dossier": first})
