"""The ways in that the settings open: keys of our own, an issuer's tokens, certificates that a proxy has checked."""

from __future__ import annotations

from gateway.api import Gateway
from gateway.service.access.certificates import ProxyCertificates
from gateway.service.access.gate import Access, KeyTokens, Tokens
from gateway.service.access.oauth import IssuedTokens, IssuerKeys


def access_to(gateway: Gateway) -> Access:
    """Who may ask *gateway* over the network, as its settings say."""
    settings = gateway.settings.service
    kinds: list[Tokens] = [KeyTokens(gateway.keys)]
    if settings.oauth is not None:
        kinds.append(IssuedTokens(settings.oauth, IssuerKeys(settings.oauth), gateway.clock))
    passed = settings.client_certificates
    return Access(kinds, gateway.clock, None if passed is None else ProxyCertificates(passed))
