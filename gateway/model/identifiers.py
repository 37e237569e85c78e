"""
Numbers of people and organisations. Messages about them show masked values only.

A personal id has no check digit, so only its shape can be judged; numbers that are obviously made up to fill a field
are refused, because no partner may get an invented identifier (``integrity_rules.csv`` 8).
"""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.errors import InvalidInput
from gateway.model.enums import IdentifierKind
from gateway.model.text import mask_id, mask_phone
from gateway.model.verbatim import Verbatim, given_text
from mappings import code_list

PERSONAL_FIELD = "số định danh cá nhân (personal id)"
TAX_FIELD = "mã số thuế (tax code)"
PHONE_FIELD = "số điện thoại (phone)"

_DIGITS = re.compile(r"\d+", re.ASCII)
_RISING = "01234567890123456789"
_FALLING = _RISING[::-1]


class PersonalId(Verbatim):
    """
    The 12-digit personal id (CCCD) or the 9-digit card that came before it (CMND).
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> PersonalId:
        number = given_text(PERSONAL_FIELD, text)
        check_personal(number)
        return cls(text=number, key=number)

    @property
    def number(self) -> str:
        return self.text

    @property
    def kind(self) -> IdentifierKind:
        return IdentifierKind.PERSONAL if len(self.text) == 12 else IdentifierKind.OLD_CARD

    @property
    def birth_year(self) -> int | None:
        """Read from a 12-digit id; an old card does not tell."""
        if self.kind is IdentifierKind.OLD_CARD:
            return None
        return 1900 + 100 * (int(self.text[3]) // 2) + int(self.text[4:6])

    @property
    def place(self) -> str | None:
        """Old province where the birth was registered (its code is kept after 2025), if the id names one."""
        return _birth_places().get(self.text[:3]) if self.kind is IdentifierKind.PERSONAL else None

    @property
    def suspicious(self) -> bool:
        """
        Whether a person should look at it: no old province has its place code, or its birth year is yet to come.

        Never a reason to refuse: the place may be a country.
        """
        if self.kind is IdentifierKind.OLD_CARD:
            return False
        return self.place is None or self.text[3] > "3"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({mask_id(self.text)!r})"


@lru_cache(maxsize=1)
def _birth_places() -> dict[str, str]:
    return {row["cccd_prefix"]: row["old_name"] for row in code_list("provinces_2025")}


def check_personal(number: str) -> None:
    """Refuse *number* unless it has the digits of a personal id or an old card and is no placeholder."""
    if len(number) in (9, 12) and number.isascii() and number.isdigit() and not is_placeholder(number):
        return
    if not _DIGITS.fullmatch(number):
        raise InvalidInput(
            PERSONAL_FIELD,
            mask_id(number),
            "có ký tự không phải chữ số (has other characters than digits)",
            "Cần 12 chữ số, hoặc 9 chữ số với CMND (12 digits, or 9 for an old card)",
        )
    if len(number) in (8, 11):
        raise InvalidInput(
            PERSONAL_FIELD,
            mask_id(number),
            f"có {len(number)} chữ số, có thể bảng tính đã bỏ số 0 ở đầu (a leading zero may have been dropped)",
            "Cần 12 hoặc 9 chữ số; định dạng cột là văn bản (12 or 9 digits; format the column as text)",
        )
    if len(number) not in (9, 12):
        raise InvalidInput(
            PERSONAL_FIELD,
            mask_id(number),
            f"có {len(number)} chữ số (has {len(number)} digits)",
            "Cần 12 chữ số, hoặc 9 chữ số với CMND (12 digits, or 9 for an old card)",
        )
    raise InvalidInput(
        PERSONAL_FIELD,
        mask_id(number),
        "là số điền cho có, không phải số thật (is a placeholder, not a real number)",
        "Để trống nếu không có số thật (leave it out when the real number is not known)",
    )


def is_placeholder(number: str) -> bool:
    """Whether *number* only fills a field: one digit repeated, a run such as 123456789, or six zeros first."""
    return number.startswith("000000") or number in _RISING or number in _FALLING or number == number[:1] * len(number)


class TaxCode(Verbatim):
    """
    A tax code: 10 digits with a check digit, 13 with a branch, or since 2025-07-01 a person's 12-digit id.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> TaxCode:
        from stdnum.exceptions import ValidationError
        from stdnum.vn import mst

        clean = given_text(TAX_FIELD, text)
        if len(clean) == 12 and _DIGITS.fullmatch(clean):
            check_personal(clean)
            return cls(text=clean, key=clean)
        try:
            return cls(text=clean, key=mst.validate(clean))
        except ValidationError:
            raise InvalidInput(
                TAX_FIELD,
                mask_id(clean),
                "sai độ dài hoặc sai chữ số kiểm tra (wrong length or check digit)",
                "Cần 10 chữ số, 13 chữ số với chi nhánh, hoặc 12 chữ số của cá nhân (10, 13 or 12 digits)",
            ) from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({mask_id(self.text)!r})"


class Phone(Verbatim):
    """
    A telephone number that exists in the Vietnamese numbering plan, or abroad when written with ``+``.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Phone:
        import phonenumbers

        clean = given_text(PHONE_FIELD, text)
        try:
            number = phonenumbers.parse(clean, "VN")
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_valid_number(number):
            raise InvalidInput(
                PHONE_FIELD,
                mask_phone(clean),
                "không có trong kế hoạch đánh số (is not in the numbering plan)",
                "Ví dụ đúng: 0912 345 678, +84912345678, 024 3822 0228 (right values)",
            )
        return cls(text=clean, key=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @property
    def e164(self) -> str:
        """``+84912345678``."""
        return self.key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({mask_phone(self.text)!r})"
