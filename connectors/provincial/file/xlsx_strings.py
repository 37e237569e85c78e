"""
The texts that the cells of a workbook share: a list that may be larger than the rows themselves.

The first ones, among them the words that repeat, stay in memory; the rest waits on disk.
"""

from __future__ import annotations

import os
import re
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache
from typing import IO

from lxml import etree

IN_MEMORY = 20_000
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SPAN = struct.Struct("<QQ")


def parsed(stream: IO[bytes], tag: str) -> Iterator[etree._Element]:
    """
    Each element *tag* of an XML part, forgotten once it was looked at.

    No entities, no network, no DTD, and no text beyond the parser's own bound (10 MB).
    """
    elements = etree.iterparse(
        stream, events=("end",), tag=f"{{*}}{tag}", resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    for _, element in elements:
        yield element
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def text_of(element: etree._Element) -> str:
    """The text of a string item: its own, or that of its runs; without phonetic hints."""
    parts: list[str] = []
    for child in element:
        name = str(child.tag).rpartition("}")[2]
        if name == "t":
            parts.append(child.text or "")
        elif name == "r":
            parts += [run.text or "" for run in child if str(run.tag).endswith("}t")]
    text = "".join(parts)
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


class SharedStrings:
    """Strings by number; ``close`` gives the disk back."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._kept: list[str] = []
        self._files = ExitStack()
        self._spill: tuple[IO[bytes], IO[bytes]] | None = None
        self._count = 0
        self._fetch = lru_cache(maxsize=IN_MEMORY)(self._from_disk)
        if stream is not None:
            try:
                self._read(stream)
            except BaseException:
                self.close()
                raise

    def __getitem__(self, number: int) -> str:
        """Raises IndexError for a number that the workbook does not have."""
        if 0 <= number < len(self._kept):
            return self._kept[number]
        if not 0 <= number < self._count:
            raise IndexError(number)
        return self._fetch(number)

    def close(self) -> None:
        self._files.close()

    def _read(self, stream: IO[bytes]) -> None:
        end = 0
        for element in parsed(stream, "si"):
            text = text_of(element)
            self._count += 1
            if len(self._kept) < IN_MEMORY:
                self._kept.append(text)
                continue
            if self._spill is None:
                self._spill = self._temporary(), self._temporary()
            texts, spans = self._spill
            data = text.encode()
            texts.write(data)
            spans.write(_SPAN.pack(end, len(data)))
            end += len(data)
        for file in self._spill or ():
            file.flush()

    def _temporary(self) -> IO[bytes]:
        return self._files.enter_context(tempfile.TemporaryFile())

    def _from_disk(self, number: int) -> str:
        assert self._spill is not None
        texts, spans = self._spill
        place = os.pread(spans.fileno(), _SPAN.size, (number - IN_MEMORY) * _SPAN.size)
        start, length = _SPAN.unpack(place)
        return os.pread(texts.fileno(), length, start).decode()
