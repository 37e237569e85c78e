"""
A wire form as a person may see it: every scalar by its path, personal values masked, with a print of the whole value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2s

from connectors.national_portal.scrub import PRIVATE, scrubbed
from connectors.national_portal.wire import KEYS
from gateway.model.text import mask_email, mask_id, mask_name, mask_phone
from gateway.ports import Preview, WireField

_PRINT_BYTES = 4
_KEY_BYTES = 32
_OPEN = (KEYS | {"isUpdating", "service"}) - PRIVATE
_MASKS: Mapping[str, Callable[[str], str]] = {
    "ChuHoSo": mask_name,
    "NguoiXuLy": mask_name,
    "NguoiYeuCauBoSung": mask_name,
    "NGUOITRALOI": mask_name,
    "NguoiTiepNhanBoSung": mask_name,
    "SoGiayToChuHoSo": mask_id,
    "SoDinhDanh": mask_id,
    "SoDienThoai": mask_phone,
    "Fax": mask_phone,
    "Email": mask_email,
}


def preview_of(form: Mapping[str, object], key: str) -> Preview:
    """
    *form* with paths such as ``TaiLieuNop[0].DuocSoHoa``; an empty list has its own path.

    Prints are keyed by *key*, the message's, so that they compare attempts of one message and nothing else.
    """
    secret = key.encode()[:_KEY_BYTES]
    return Preview(
        {path: WireField(shown(name, value), _print(value, secret)) for path, name, value in _scalars(form, "", "")}
    )


def _print(value: str, secret: bytes) -> str:
    return blake2s(value.encode(), key=secret, digest_size=_PRINT_BYTES).hexdigest()


def _scalars(value: object, path: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Path, key and text of every scalar within *value*."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _scalars(inner, f"{path}.{key}" if path else str(key), str(key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _scalars(inner, f"{path}[{index}]", name)
    else:
        yield path, name, "" if value == [] else str(value)


def shown(name: str, value: str) -> str:
    """*value* of the key *name* as people may see it; of a key that we do not know, its length."""
    if not value:
        return ""
    if name in _OPEN:
        return scrubbed(value)
    mask = _MASKS.get(name)
    return mask(value) if mask else f"*** ({len(value)} ký tự / characters)"
