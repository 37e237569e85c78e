"""Shared strings of a workbook: few in memory, any number on disk."""

from __future__ import annotations

from io import BytesIO

import pytest

from connectors.provincial.file.xlsx_strings import IN_MEMORY, SharedStrings

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def strings_of(*items: str) -> SharedStrings:
    return SharedStrings(BytesIO(f'<sst xmlns="{NAMESPACE}">{"".join(items)}</sst>'.encode()))


def test_strings_beyond_memory_are_read_back_from_disk() -> None:
    """
    The last one is as right as the first, and one more does not exist.
    """
    count = IN_MEMORY + 5_000
    strings = strings_of(*(f"<si><t>Hồ sơ số {number}</t></si>" for number in range(count)))

    assert [strings[n] for n in (0, IN_MEMORY - 1, IN_MEMORY, count - 1)] == [
        f"Hồ sơ số {n}" for n in (0, IN_MEMORY - 1, IN_MEMORY, count - 1)
    ]
    for number in (count, -1):
        with pytest.raises(IndexError):
            strings[number]
    strings.close()


def test_runs_join_hints_are_left_out_and_escapes_resolved() -> None:
    """
    A word half in bold is one word; a carriage return hides as _x000D_.
    """
    strings = strings_of(
        "<si><r><t>Nguyễn </t></r><r><rPr/><t>Ví Dụ</t></r><rPh><t>x</t></rPh></si>",
        "<si><t>a_x000D_b</t></si>",
        "<si/>",
    )

    assert [strings[n] for n in range(3)] == ["Nguyễn Ví Dụ", "a\rb", ""]
    strings.close()


def test_entities_are_never_resolved() -> None:
    """
    A billion laughs stay silent.
    """
    bomb = f'<!DOCTYPE x [<!ENTITY a "ha">]><sst xmlns="{NAMESPACE}"><si><t>&a;&a;</t></si></sst>'
    strings = SharedStrings(BytesIO(bomb.encode()))

    assert "ha" not in strings[0]
    strings.close()
