"""
Where the façade answers and what it demands: the portal's side of the partner's own options.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from connectors.national_portal.dialect.asks import PREFIXES
from connectors.national_portal.settings import PortalSettings


@dataclass(frozen=True, slots=True)
class PortalPaths:
    """``asks.Paths``: the addresses that the partner's options name, behind either adapter's prefix or none."""

    login_path: str
    share_path: str
    integration_path: str
    create_path: str
    update_path: str
    timeline_path: str
    facade_path: str
    prefixes: tuple[str, ...]
    dstcode: str
    dstcode_needed: bool = False


@dataclass(frozen=True, slots=True)
class PortalRules:
    """``layouts.Rules``: the lists are those with which the connector writes."""

    profile: Literal["v1", "v2"]
    paper_kinds: frozenset[str]
    identifier_kinds: frozenset[str]
    databases: frozenset[str]
    fee_moments: frozenset[str]
    fee_kinds: frozenset[str]
    online_payments: frozenset[str]
    outcome_statuses: frozenset[str]
    acceptance_date: Literal["when-accepted", "always", "never"] = "when-accepted"
    step_text: Literal["present", "filled"] = "present"


def paths_of(settings: PortalSettings) -> PortalPaths:
    own = f"/{settings.adapter_prefix.strip('/')}".rstrip("/")
    return PortalPaths(
        login_path=settings.auth_endpoint.strip("/"),
        share_path=settings.share_endpoint.strip("/"),
        integration_path=settings.integration_endpoint.strip("/"),
        create_path=settings.create_path.strip("/"),
        update_path=settings.update_path.strip("/"),
        timeline_path=settings.progress_path.strip("/"),
        facade_path=settings.facade_path.strip("/"),
        # The longest first: one may lie behind another.
        prefixes=tuple(sorted({*PREFIXES, own, ""}, key=len, reverse=True)),
        dstcode=settings.dstcode,
    )


def rules_of(settings: PortalSettings) -> PortalRules:
    codes = settings.codes
    none = [] if settings.no_database_code is None else [settings.no_database_code]
    return PortalRules(
        profile=settings.profile,
        paper_kinds=frozenset(codes.other_papers),
        identifier_kinds=frozenset(codes.identifiers.values()),
        databases=frozenset([*codes.databases, *none]),
        fee_moments=frozenset(codes.fee_moments.values()),
        fee_kinds=frozenset(codes.fee_kinds.values()),
        online_payments=frozenset(codes.online_payments.values()),
        # Contract 7.6: 11 besides the usual list.
        outcome_statuses=frozenset(str(number) for number in range(1, 12)),
    )
