"""
The certificates of a line: whom we believe, and as whom we come. Wrong files are found at the start, each by its name.

The names of the problems are those that every connector uses for these settings.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.errors import ConfigurationError, Problem
from gateway.http.line import ClientCertificate, LineSettings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

_CA, _CERT, _KEY = "ca_file", "client_cert_file", "client_key_file"
_PASSWORD = "client_key_password"  # noqa: S105 - the name of a setting.


def tls_of(settings: LineSettings) -> ssl.SSLContext:
    """
    The TLS context of a line: certificates and names are verified, always.

    Raises ``ConfigurationError`` for files that hold no certificate, one that is not valid now, or a key that does not
    fit.
    """
    client = settings.client
    if client is not None and not settings.over_tls:
        raise ConfigurationError(
            [Problem(_CERT, "chỉ dùng với https / is for https only", "Đổi địa chỉ sang https / Use an https address")]
        )
    if not settings.over_tls and not settings.proxy:
        # Trusts nobody, and need not: no call leaves for an https address.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigurationError([_unreadable(_CA, error)]) from error
    if client is None:
        return context
    problems = list(_problems(client, datetime.now(UTC)))
    if problems:
        raise ConfigurationError(problems)
    try:
        context.load_cert_chain(client.cert_file, client.key_file, lambda: client.password)
    except OSError as error:
        raise ConfigurationError([_unreadable(_CERT, error)]) from error
    return context


def _problems(client: ClientCertificate, now: datetime) -> Iterator[Problem]:
    certificate, key = _certificate(client), _key(client)
    if isinstance(certificate, Problem):
        yield certificate
    elif not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        dates = f"{certificate.not_valid_before_utc:%d/%m/%Y} – {certificate.not_valid_after_utc:%d/%m/%Y}"
        yield Problem(
            _CERT,
            f"chứng thư ngoài thời hạn {dates} / the certificate is valid at other times",
            "Xin chứng thư mới từ đối tác / Ask the partner for a new one",
        )
    if isinstance(key, Problem):
        yield key
    elif not isinstance(certificate, Problem) and key.public_key() != certificate.public_key():
        yield Problem(
            _KEY,
            "không phải khóa của chứng thư này / is not the key of this certificate",
            "Kiểm tra hai tệp; chứng thư của ta đứng trước các chứng thư trung gian"
            " / Check both files; our certificate stands before those between",
        )


def _certificate(client: ClientCertificate) -> Certificate | Problem:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(client.cert_file.read_bytes())[0]
    except (OSError, ValueError) as error:
        return _unreadable(_CERT, error)


def _key(client: ClientCertificate) -> PrivateKeyTypes | Problem:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        content = client.key_file.read_bytes()
    except OSError as error:
        return Problem(
            _KEY, f"không đọc được / cannot be read ({error.strerror})", "Sửa đường dẫn hoặc quyền / Mend it"
        )
    password = client.password.encode() if b"ENCRYPTED" in content else b""
    try:
        return load_pem_private_key(content, password or None)
    except TypeError:
        remedy = "Thêm client_key_password_env với tên biến môi trường / Add it with a variable's name"
        return Problem(_PASSWORD, "khóa có mật khẩu / the key has a password", remedy)
    except (ValueError, UnsupportedAlgorithm):
        if password:
            return Problem(_PASSWORD, "không mở được khóa / does not open the key", "Sửa mật khẩu / Mend it")
        return Problem(_KEY, "không phải khóa PEM / is no key in PEM", "Ghi tệp khóa của chứng thư / Give its key file")


def _unreadable(path: str, error: Exception) -> Problem:
    why = f" ({error.strerror})" if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else ""
    return Problem(
        path,
        f"không đọc được chứng thư nào / holds no readable certificate{why}",
        "Ghi đường dẫn một tệp PEM / Give the path of a PEM file",
    )
