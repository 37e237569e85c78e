"""Our certificate towards one partner, as every connector's settings name it: a file, its key, the key's password."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from gateway.config.base import Mistake
from gateway.http import ClientCertificate


def a_file(value: Path | None) -> Path | None:
    """*value*, if it is a file or none is named. Raises ``Mistake``."""
    if value is not None and not value.is_file():
        raise Mistake("không có tệp này / no such file", "Sửa đường dẫn / Mend the path")
    return value


def certificate(cert_file: Path | None, key_file: Path | None, password: SecretStr) -> ClientCertificate | None:
    """The certificate, if one is configured. Raises ``Mistake`` for one without key, or the other way round."""
    if (cert_file is None) is not (key_file is None):
        raise Mistake(
            "client_cert_file và client_key_file phải đi cùng nhau / come together",
            "Ghi cả hai đường dẫn / Give both paths",
        )
    if cert_file is None or key_file is None:
        return None
    return ClientCertificate(cert_file, key_file, password.get_secret_value())
