"""
A name in ``told_of`` that nobody bears: its partner would wait for ever, and nothing would say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from rapidfuzz import process

from connectors.provincial.file import load_mapping
from gateway.api import Gateway
from gateway.errors import ConfigurationError, Problem
from gateway.ports import Choosy

_ALIKE = 60


def unheard(gateway: Gateway) -> Iterator[Problem]:
    """Each name that a partner is to be told of and that is no source's. Raises ``StoreError``."""
    choosy = [each for each in gateway.connectors if isinstance(each, Choosy)]
    known = _sources(gateway) if choosy else frozenset()
    for partner in choosy:
        for name in sorted(partner.told_of - known):
            nearest = process.extractOne(name, sorted(known - {partner.name}), score_cutoff=_ALIKE)
            yield Problem(
                f"partners.{partner.name}.told_of",
                f"không có nguồn nào tên «{name}», nên không báo gì từ đó / no source is called «{name}», so nothing "
                "is told of it",
                f"Có phải «{nearest[0]}»? / Did you mean «{nearest[0]}»?"
                if nearest
                else f"Các nguồn đã biết / The known sources: {', '.join(sorted(known - {partner.name})) or '—'}",
            )


def _sources(gateway: Gateway) -> frozenset[str]:
    """
    Everybody who can tell the gateway something: partners, files, one-stop systems at a façade, and clients of the
    service.
    """
    settings = gateway.settings
    oauth, certificates = settings.service.oauth, settings.service.client_certificates
    return frozenset(
        {
            *settings.partners,
            *(front.source for _, front in gateway.fronts()),
            *_mapped(gateway),
            *(key.grant.name for key in gateway.keys.list()),
            *(() if oauth is None else oauth.clients),
            *(() if certificates is None else certificates.clients),
        }
    )


def _mapped(gateway: Gateway) -> Iterator[str]:
    for source in gateway.settings.sources.values():
        # A mapping that cannot be read is told of by itself.
        with suppress(ConfigurationError):
            yield load_mapping(source.mapping).source
