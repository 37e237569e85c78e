"""
Whether the portal can be worked with, asked by questions that change nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.national_portal.client import PortalClient
from connectors.national_portal.patience import Patience
from connectors.national_portal.settings import PortalSettings
from gateway.errors import DeliveryError
from gateway.ports import Health


def check_up(settings: PortalSettings, client: PortalClient, patience: Callable[[], Patience]) -> Sequence[Health]:
    """Log in, then a harmless question to each endpoint; every line says what to mend. Ends at the first fault."""
    nobody = f"{settings.madonvi}-000101-0000"
    unit = f"{settings.tendonvi} ({settings.madonvi})".strip()
    questions: list[tuple[str, Callable[[Patience], object], str, str]] = []
    if settings.needs_session:
        questions.append(
            (
                f"đăng nhập / log in: {settings.adapter_url}",
                lambda time: client.log_in(patience=time),
                "Kiểm tra adapter_url, adapter_prefix, auth_endpoint, username, password / Check these options",
                "Cổng nhận tài khoản / the portal takes the account",
            )
        )
    questions.append(
        (
            f"tra cứu hồ sơ / look up a dossier (TraCuuHoSo): {unit}",
            lambda time: client.find_dossier(nobody, patience=time),
            "Kiểm tra integration_endpoint, madonvi, dstcode / Check these options",
            "Cổng trả lời / the portal answers",
        )
    )
    if settings.questions == "A":
        questions.append(
            (
                "đọc danh mục / read a category (LayDanhMucLinhVuc)",
                lambda time: client.list_category("LayDanhMucLinhVuc", patience=time),
                "Kiểm tra share_endpoint / Check share_endpoint",
                "Cổng trả lời / the portal answers",
            )
        )
    found: list[Health] = []
    for what, ask, remedy, good in questions:
        found.append(_healthy(what, ask, patience(), remedy, good))
        if not found[-1].ok:
            break
    return found


def _healthy(what: str, ask: Callable[[Patience], object], time: Patience, remedy: str, good: str) -> Health:
    try:
        ask(time)
    except DeliveryError as error:
        return Health(what, False, f"[{error.code}] {error.text}. {remedy}")
    return Health(what, True, good)
