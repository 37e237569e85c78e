"""
People and firms that cannot be mistaken for real ones.

Every name ends in a word that says so (Ví Dụ, Thử, Mẫu, …); a person's id begins with 099, a place of registration
that was never given out (identifiers: old province codes 001 to 096); a tax code begins with 00, which no tax office
carries; phones are all of the block 0990 000 nnn and mail goes to example.com (RFC 2606).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["citizen", "business"]

_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Lý")
_MIDDLE_MALE = ("Văn", "Hữu", "Đức", "Quang", "Xuân", "Công")
_MIDDLE_FEMALE = ("Thị", "Thu", "Ngọc", "Thanh", "Kim", "Thị Mỹ")
INVENTED = ("Ví Dụ", "Thử", "Mẫu", "Thử Nghiệm", "Giả Định", "Minh Họa")
_FIRMS = ("Công ty TNHH", "Hộ kinh doanh", "Hợp tác xã", "Công ty Cổ phần")
_FEMALE_SHARE = 0.5
_OLD_CARD_SHARE = 0.08
_NO_CONTACT_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class Person:
    """The owner of a dossier as a one-stop system knows them; an empty text is a fact nobody wrote down."""

    kind: Kind
    name: str
    personal_id: str = ""
    old_card: str = ""
    tax_code: str = ""
    phone: str = ""
    email: str = ""


def a_citizen(rng: Random) -> Person:
    """One citizen; a few still show the nine-digit card, some leave no contact."""
    female = rng.random() < _FEMALE_SHARE
    name = _a_name(rng, _MIDDLE_FEMALE if female else _MIDDLE_MALE)
    born = rng.randrange(1945, 2007)
    century_and_gender = (0 if born < 2000 else 2) + (1 if female else 0)
    serial = rng.randrange(1, 1_000_000)
    phone, email = _contact(rng, serial)
    if rng.random() < _OLD_CARD_SHARE:
        return Person("citizen", name, old_card=f"099{serial:06d}", phone=phone, email=email)
    personal_id = f"099{century_and_gender}{born % 100:02d}{serial:06d}"
    return Person("citizen", name, personal_id=personal_id, phone=phone, email=email)


def a_business(rng: Random) -> Person:
    """One firm with a tax code whose check digit is right."""
    serial = rng.randrange(1, 10_000_000)
    while (check := _tax_check_digit(f"00{serial:07d}")) == 10:  # never issued
        serial += 1
    name = f"{rng.choice(_FIRMS)} {rng.choice(INVENTED)} {serial % 1000:03d}"
    return Person(
        "business", name, tax_code=f"00{serial:07d}{check}", phone=_phone(serial), email=f"vidu{serial}@example.com"
    )


def an_officer(rng: Random) -> str:
    """The name of somebody who works on dossiers."""
    return _a_name(rng, _MIDDLE_FEMALE if rng.random() < _FEMALE_SHARE else _MIDDLE_MALE)


def _a_name(rng: Random, middle: tuple[str, ...]) -> str:
    return f"{rng.choice(_FAMILY)} {rng.choice(middle)} {rng.choice(INVENTED)}"


def _contact(rng: Random, serial: int) -> tuple[str, str]:
    phone = "" if rng.random() < _NO_CONTACT_SHARE else _phone(serial)
    email = f"vidu{serial}@example.com" if rng.random() < 0.5 else ""
    return phone, email


def _phone(serial: int) -> str:
    return f"0990000{serial % 1000:03d}"


def _tax_check_digit(nine: str) -> int:
    weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
    return 10 - sum(weight * int(digit) for weight, digit in zip(weights, nine, strict=True)) % 11
