"""
The raw tables of a mapping file, and all mistakes that were found in them: reading goes on behind the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.provincial.file.words import did_you_mean, quoted
from gateway.errors import Problem


class Tables:
    """What stands in the file; *problems* grow as it is read."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.problems: list[Problem] = []

    def wrong(self, path: str, reason: str, remedy: str) -> None:
        """Note a mistake at *path*."""
        self.problems.append(Problem(path, reason, remedy))

    def only(self, path: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
        """Whatever of *table* is not *known* is a mistake."""
        for name in table:
            if name not in known:
                where = f"{path}.{name}" if path else name
                remedy = did_you_mean(name, known, f"Các mục có thể dùng: {quoted(known)}")
                self.wrong(where, "không có mục này", remedy)

    def table(self, path: str, raw: Any = None) -> Mapping[str, Any]:
        """The table at *path*, or *raw* as one; empty where it is something else, or missing."""
        value = self.raw.get(path, {}) if raw is None else raw
        if not isinstance(value, dict):
            self.wrong(path, "phải là một bảng", f"Viết [{path}] rồi mỗi mục một dòng")
            return {}
        return value

    def strings(self, path: str, value: Any) -> tuple[str, ...]:
        """*value* as texts: one, or a list of them."""
        items = (value,) if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(item, str) and item.strip() for item in items):
            self.wrong(path, "phải là chữ hoặc danh sách chữ", 'Ví dụ: "Mã hồ sơ" hoặc ["Mã hồ sơ", "Số hồ sơ"]')
            return ()
        return tuple(items)
