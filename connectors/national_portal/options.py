"""
The settings of a partner out of what the configuration says of it, with every mistake named at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from connectors.national_portal.settings import PortalSettings
from gateway.config.explain import problems_of
from gateway.errors import ConfigurationError, Problem


def settings_from(name: str, options: Mapping[str, object]) -> PortalSettings:
    """The settings of the partner *name*. Raises ``ConfigurationError`` with every mistake."""
    problems = list(_missing_account(options))
    try:
        settings = PortalSettings.model_validate(dict(options))
    except ValidationError as error:
        raise ConfigurationError([*problems_of(error, PortalSettings), *problems]) from None
    if settings.facade is not None and settings.facade.source == name:
        # Nobody is told what they said themselves.
        problems.append(
            Problem(
                "facade.source",
                f"trùng tên đối tác «{name}»: sẽ không gửi gì / is the partner's own name: nothing would be sent",
                "Đặt tên hệ thống một cửa, ví dụ / Name the one-stop system, for example: onestop",
            )
        )
    if problems:
        raise ConfigurationError(problems)
    return settings


def _missing_account(options: Mapping[str, object]) -> list[Problem]:
    """The account is needed wherever a shape in use carries a session of ours."""
    variant, questions = options.get("variant", "A"), options.get("read_variant")
    if variant not in {"A", "B"} and questions != "A":
        return []
    if variant == "B" and questions == "D":
        return []
    remedies = {
        "username": "Thêm tài khoản Cổng cấp cho đơn vị / Add the account that the portal gave the agency",
        "password": "Thêm password_env với tên biến môi trường / Add password_env with a variable's name",
    }
    return [
        Problem(key, "thiếu khóa bắt buộc này / this key is required", remedy)
        for key, remedy in remedies.items()
        if not options.get(key)
    ]
