"""
What an operator sets about the national portal.

Names follow the ones that one-stop systems use (contract 2.2). Whatever the contract does not know is a setting here,
with the sandbox's assumption as its default; each description names the clause. ``_s`` are seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.national_portal import codes as tables
from connectors.national_portal.code_settings import DEFAULTS_TOO, CodeTables, over
from connectors.national_portal.codes import Meaning
from connectors.national_portal.facade.settings import FacadeSettings
from gateway.config.base import Mistake
from gateway.config.certified import CertifiedSection
from gateway.http import Engine
from gateway.links import LEAST_KEY
from gateway.model import DossierStatus

Seconds = Annotated[float, Field(gt=0, le=86_400 * 366, allow_inf_nan=False)]
Phrases = tuple[Annotated[str, Field(min_length=1)], ...]
Filled = Annotated[str, Field(min_length=1)]


class PortalSettings(CertifiedSection):
    """One connection to the national portal through one adapter. Secrets print as stars."""

    model_config = DEFAULTS_TOO

    # Where and as whom (contract 2.2 to 2.4).
    adapter_url: Filled = Field(description="ADAPTER_URL: the adapter inside the province's network (contract 2.1)")
    adapter_prefix: str = Field(
        "/XrdAdapter/RestService/forward",
        description="path before the provider's path; newer adapters answer under /VXPAdapter/… (contract 2.1)",
    )
    auth_endpoint: Filled = Field("mapi/login", description="login path (contract 2.2)")
    share_endpoint: Filled = Field("mapi/share", description="path of sharing calls (contract 2.2, assumed)")
    integration_endpoint: Filled = Field(
        "mapi/integration", description="path of integration calls (contract 2.2, assumed)"
    )
    username: str = Field("", description="account given to the agency (contract 2.4)")
    password: SecretStr = Field(SecretStr(""), description="its password (contract 2.4)")
    madonvi: Filled = Field(description="code of the sending province or ministry (contract 2.5)")
    tendonvi: str = Field("", description="its name, for people who read reports (contract 2.2)")
    dstcode: str = Field("VN:GOV:000.00.00.G22:vpcpdvcprovider", description="destination code (contract 2.2)")
    dstcode_in: Literal["header", "query", "both"] = Field("header", description="how it travels (contract 2.2)")
    providerurl: str = Field("", description="extra query parameter of some sub-services (contract 2.2)")
    bearer_token: SecretStr | None = Field(None, description="for a provincial proxy in front (contract 2.3)")

    # Which shape the adapter expects (contract 2.6).
    variant: Literal["A", "B", "C", "D"] = Field(
        "A", description="A envelope, B path per service, C paths for create and update, D = C with a GET façade"
    )
    read_variant: Literal["A", "D"] | None = Field(
        None, description="shape of questions when it differs; unset: A for A and B, D for C and D (contract 2.6)"
    )
    create_path: str = Field("ThemMoiHoSoMC", description="variants C, D: new dossiers (contract 2.6, path unknown)")
    update_path: str = Field("CapNhatHoSoMC", description="variants C, D: updates (contract 2.6, path unknown)")
    progress_path: str = Field(
        "DongBoTienTrinhHoSoMC", description="variants C, D: timeline (contract 2.6, path unknown)"
    )
    facade_path: str = Field("KetNoiMotCuaQuocGia", description="variant D: folder of the GET façade (contract 2.6)")
    profile: Literal["v1", "v2"] = Field("v2", description="field layout of dossiers: 2020 or 2023 (contract 6.1)")

    # The wire and its times (contract 2.3, 2.4).
    engine: Engine = Field(
        "httpx", description='what carries HTTP: "httpx", or "fast" (extra «lienthong[fast]», takes no proxy)'
    )
    timeout_s: Seconds = Field(15.0, description="the longest that one call may take, from connecting to the last byte")
    connect_timeout_s: Seconds = Field(3.0, description="the longest wait for a connection")
    read_timeout_s: Seconds = Field(6.0, description="the longest silence before and within an answer (contract 2.3)")
    session_lifetime_s: Seconds = Field(600.0, description="a session is used this long (contract 2.4, assumed)")
    connect_retries: Annotated[int, Field(ge=0, le=5)] = Field(
        1, description="new tries within one call when a connection is refused: no byte has left then"
    )
    connect_retry_wait_s: Annotated[float, Field(ge=0, le=5)] = Field(0.2, description="pause before such a try")
    keepalive_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        5.0, description="idle connections are closed after this; stay below the adapter's own limit"
    )
    max_answer_bytes: Annotated[int, Field(ge=1024)] = Field(
        32 * 1024 * 1024, description="a longer answer is not read (LayDanhSachTTHC is long, contract 5.3)"
    )
    follow_redirects: bool = Field(True, description="within the adapter's own address only (contract 2.3)")
    send_traceparent: bool = Field(
        False, description="tell the adapter which trace a call belongs to, in the header traceparent"
    )
    proxy: str = Field("", repr=False, description="HTTP proxy on the way to the adapter")

    # How answers read (contract 6.3, 13).
    require_success_phrase: bool = Field(True, description="code 0 needs a success phrase too (contract 6.3)")
    success_phrases: Phrases = Field(("thành công",), description="confirm an acceptance (contract 6.3)")
    failure_phrases: Phrases = Field(
        ("tồn tại", "không hợp lệ", "thất bại", "lỗi"), description="deny it, whatever the code (contract 6.3)"
    )
    exists_phrases: Phrases = Field(("đã tồn tại",), description="the number is taken: send an update (contract 6.3)")
    missing_phrases: Phrases = Field(("không tồn tại",), description="unknown number (contract 6.3, assumed)")
    session_phrases: Phrases = Field(
        ("session", "phiên", "đăng nhập"), description="with a code other than 0: log in again (contract 2.4, assumed)"
    )
    error_codes: Annotated[Mapping[int, Meaning], over({int(k): v for k, v in tables.ERROR_CODES.items()})] = Field(
        {}, description="what each error_code means (contract 13.1, 13.2; section 20, question 3)"
    )
    plain_text_success: bool = Field(
        False, description="a plain-text answer with a success phrase counts as accepted (contract 13.3)"
    )

    # How much, and what is known of the portal's memory (contract 14, 6.4).
    dossiers_per_call: Annotated[int, Field(ge=1, le=100)] = Field(1, description="dossiers in one call (contract 14)")
    coalesce_headers: Annotated[int, Field(ge=1, le=100)] = Field(
        10,
        description="waiting headers of one dossier that the last may stand for, where the portal ends the same; "
        "1: each is sent (contract 14)",
    )
    steps_per_call: Annotated[int, Field(ge=1, le=200)] = Field(10, description="steps in one call (contract 14)")
    timeline_deduplicated: bool = Field(
        True, description="an exact repeat of a step changes nothing (contract 6.4, assumed; section 20, question 14)"
    )
    steps_move_status: bool = Field(
        True, description="the timeline moves the status of the dossier (contract 6.4, assumed)"
    )
    step_exists_accepted: bool = Field(
        False, description='a step answered "đã tồn tại" counts as there (contract 6.4; section 20, question 14)'
    )
    outcome_repeatable: bool = Field(
        True, description="sending an outcome again changes nothing (contract 7.6, not stated)"
    )
    matter_repeatable: bool = Field(
        True, description="sending a question, answer or evaluation again changes nothing (contract 8, not stated)"
    )
    security_key: SecretStr = Field(
        SecretStr(""), description="SecurityKey that the portal's calls must carry, where a proxy adds it (contract 7)"
    )
    old_security_key: SecretStr = Field(
        SecretStr(""), description="another SecurityKey, as good while the new one takes its place; take it out then"
    )
    unknown_dossier_in_notice: Literal["keep", "refuse"] = Field(
        "keep", description="a land-tax notice for a dossier unknown here: keep it for a person, or fail (contract 7.3)"
    )
    portal_born_steps: bool = Field(
        False, description="whether steps of dossiers born on the portal are told too (contract 7.6, not stated)"
    )

    # How values travel (contract 3, 6).
    link_base: str = Field(
        "", description="public address of the gateway: files are told as its signed links instead (contract 7.5)"
    )
    link_key: SecretStr = Field(
        SecretStr(""), description="key of these links, the same as `[service.files]` has (contract 7.5)"
    )
    link_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        180, description="a link stays the same for so many days, and good for as many more (contract 7.5)"
    )
    length_limits: Annotated[Mapping[str, Annotated[int, Field(ge=1)]], over(tables.LENGTH_LIMITS)] = Field(
        {}, description="characters per field; longer texts are cut, the original stays with us (contract 3.3)"
    )
    procedure_suffix: Literal["listed", "strip", "keep"] = Field(
        "listed",
        description="MaTTHC of a code with a suffix: as the portal lists it, without it, or as given (contract 3.1)",
    )
    without_identifier: Literal["refuse", "send"] = Field(
        "refuse", description="a v2 dossier whose owner has no id number; never a placeholder (contract 6.1, 12)"
    )
    accepted_statuses: frozenset[DossierStatus] = Field(
        frozenset(
            {
                DossierStatus.ACCEPTED,
                DossierStatus.PROCESSING,
                DossierStatus.STOPPED,
                DossierStatus.FINISHED,
                DossierStatus.RETURNED,
            }
        ),
        description="statuses that need NgayTiepNhan; in others a dossier may not be accepted yet (contract 6.1)",
    )
    no_database_code: str | None = Field(
        "7", description="MaCSDL when no database was used; unset: such dossiers stop (contract 12.9)"
    )
    codes: CodeTables = CodeTables()

    # The façade: the gateway in the portal's place.
    facade: FacadeSettings | None = Field(None, description="who may call the façade; unset: nobody")

    # The portal's procedure catalogue (contract 5).
    catalogue_validity_s: Seconds = Field(86_400.0, description="what the portal said of a procedure holds this long")
    catalogue_retry_s: Seconds = Field(300.0, description="an unknown or incomplete procedure is asked for again after")

    @field_validator("adapter_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        wrong = Mistake(
            "không phải địa chỉ http hoặc https / is not an http or https address",
            "Ví dụ / For example: https://adapter.tinh.gov.vn",
        )
        try:
            parts = urlsplit(value)
            named = bool(parts.hostname and parts.hostname.encode("idna")) and parts.port != 0
        except ValueError:
            raise wrong from None
        if not named or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
            raise wrong
        if parts.username or parts.password:
            raise Mistake(
                "không được chứa mật khẩu / must not contain a password",
                "Dùng username và password_env / Use username and password_env",
            )
        return value.rstrip("/")

    @field_validator("link_base")
    @classmethod
    def _public(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#]*)?", value):
            raise Mistake(
                "không phải địa chỉ http hoặc https / is not an http or https address",
                "Ví dụ / For example: https://lienthong.tinh.gov.vn",
            )
        return value.rstrip("/")

    @model_validator(mode="after")
    def _links_need_their_key(self) -> Self:
        if self.link_base and len(self.link_key.get_secret_value()) < LEAST_KEY:
            raise Mistake(
                "link_base cần link_key_env / needs link_key_env",
                f"Khóa ít nhất {LEAST_KEY} ký tự, giống [service.files] / A key of at least {LEAST_KEY} characters",
            )
        return self

    @field_validator("proxy")
    @classmethod
    def _web_proxy(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            known = False
        if value and not known:
            raise Mistake(
                "không phải proxy http hoặc https / is not an http or https proxy",
                "Ví dụ / For example: http://proxy.tinh.gov.vn:3128",
            )
        return value

    @field_validator("madonvi")
    @classmethod
    def _unit_code(cls, value: str) -> str:
        if not re.fullmatch(r"(\d{3}\.\d{2}\.\d{2}\.)?[A-Z]\d{2}(\.\d{2,3})*", value):
            raise Mistake(
                "không phải mã định danh đơn vị / is not a unit code",
                "Ví dụ / For example: H56 hoặc / or 000.00.00.H56",
            )
        return value

    @property
    def questions(self) -> Literal["A", "D"]:
        """The shape of questions."""
        return self.read_variant or ("A" if self.variant in {"A", "B"} else "D")

    @property
    def needs_session(self) -> bool:
        """Whether any shape in use carries a session of ours."""
        return self.variant == "A" or self.questions == "A"
