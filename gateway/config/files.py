"""The files of dossiers that the service hands out behind signed links."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator

from gateway.config.base import Mistake, Seconds, Section
from gateway.config.networks import Network

_LEAST_KEY = 32


class FileSettings(Section):
    """
    *link_key_env* is the key that links are signed with: the same as the partner's option of that name, 32 characters
    at least. A file is fetched from its own address; private addresses only within *allowed_networks*. What begins with
    *prefix* is read from *directory* instead. No file is longer than *max_bytes*, or takes longer than *whole_s*.
    """

    link_key: SecretStr
    allowed_networks: tuple[Network, ...] = ()
    prefix: str = ""
    directory: Path | None = None
    max_bytes: Annotated[int, Field(strict=True, ge=1024, le=16 * 1024 * 1024 * 1024)] = 256 * 1024 * 1024
    whole_s: Seconds = 120.0
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if 0 < len(self.link_key.get_secret_value()) < _LEAST_KEY:
            raise Mistake(
                "link_key_env: khóa quá ngắn / the key is too short",
                f"Ít nhất {_LEAST_KEY} ký tự ngẫu nhiên / At least {_LEAST_KEY} characters of chance",
            )
        if bool(self.prefix) != (self.directory is not None):
            raise Mistake(
                "prefix và directory phải đi cùng nhau / prefix and directory need each other",
                "Ghi cả hai hoặc bỏ cả hai / Give both or neither",
            )
        return self
