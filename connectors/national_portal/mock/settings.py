"""
Everything about the portal that public material leaves open (contract 20), with the sandbox's assumption as default.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from connectors.national_portal.dialect.answers import CodeForm, DuplicateCode
from connectors.national_portal.dialect.asks import PREFIXES

DSTCODE = "VN:GOV:000.00.00.G22:vpcpdvcprovider"


@dataclass(frozen=True, slots=True)
class Settings:
    """How this portal behaves. Numbers in comments are the clauses of contract 20, or the section named."""

    # 1: paths, and whether a service of the wrong group is answered.
    prefixes: tuple[str, ...] = PREFIXES
    login_path: str = "mapi/login"
    share_path: str = "mapi/share"
    integration_path: str = "mapi/integration"
    any_group: bool = False
    dstcode: str = DSTCODE
    dstcode_needed: bool = True

    # 2: sessions.
    session_life: timedelta = timedelta(minutes=10)
    session_sliding: bool = False
    single_session: bool = False
    expired_as: Literal["code", "http-401", "http-403"] = "code"

    # 3: codes. "example" is the form of the examples: reads answer 0, pushes "0".
    code_form: CodeForm = "example"
    duplicate_code: DuplicateCode = "3"

    # 4: batches.
    max_dossiers: int = 100
    max_steps: int = 200
    max_body_bytes: int = 10 * 1024 * 1024
    partial_batches: bool = False

    # 5: what an update does.
    merge_documents: bool = True
    procedure_may_change: bool = True

    # 6: field set and lists.
    profile: Literal["v1", "v2"] = "v2"
    acceptance_date: Literal["when-accepted", "always", "never"] = "when-accepted"
    step_text: Literal["present", "filled"] = "present"
    paper_kinds: frozenset[str] = frozenset("123")
    identifier_kinds: frozenset[str] = frozenset("1234")
    databases: frozenset[str] = frozenset("127")
    population_database: str = "1"
    fee_moments: frozenset[str] = frozenset("124")
    fee_kinds: frozenset[str] = frozenset("12")
    online_payments: frozenset[str] = frozenset("0123")
    outcome_statuses: frozenset[str] = frozenset(str(n) for n in range(1, 12))

    # 8: the message that carries a general dossier down to a province (7.7).
    general_path: str = "nhanhosodvcqg"
    general_service: str = "GuiHoSo"

    # 12: whether submitted files are fetched after acceptance (7.5); only loopback addresses ever are.
    fetch_files: bool = False

    # 13: a key in the body of inbound calls, as some local proxies add; empty: none (7).
    security_key: str = ""

    # 14: an exact repeat of a step: ignored, or stored again. 6.4: does the timeline move the header.
    repeated_steps: Literal["ignored", "counted"] = "ignored"
    timeline_moves_status: bool = True

    # 12.1: a status move outside the list is flagged, or refused.
    transitions: Literal["flag", "refuse"] = "flag"

    # 2.6: last path segments of variant C: create, update, timeline.
    create_path: str = "ThemMoiHoSoMC"
    update_path: str = "CapNhatHoSoMC"
    timeline_path: str = "DongBoTienTrinhHoSoMC"
    facade_path: str = "KetNoiMotCuaQuocGia"

    # Faults: how long a stalled or slow answer takes, in real seconds.
    stall_s: float = 7.0

    # What a client is allowed after Retry-After: calls of other dossiers that were on their way, in real seconds.
    retry_after_grace_s: float = 0.25

    # Bounds of what is remembered; None keeps everything.
    keep_requests: int | None = 100_000
    keep_versions: int | None = None
