"""
The folder of uploaded files: each is whole or not there, and readable by the gateway's account only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from connectors.provincial.file import Part
from connectors.provincial.file.rejects import path_for

_JOB: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_ID_LENGTH: Final = 32
_REJECTS: Final = "tu-choi"
_NAMES: Final = {Part.DOSSIERS: "", Part.STEPS: ".buoc"}
"""By what comes between the job and the suffix; only the dossiers' file stands for a job that may begin."""
FORGOTTEN_S: Final = 24 * 3600.0
"""What belongs to no job after a day is of an upload or a process that broke off."""
SUFFIXES: Final = (".csv", ".xlsx")


@dataclass(frozen=True)
class Spool:
    """Files by their job's id: the uploads, and the rows that were refused."""

    folder: Path

    def start(self, id_: str, part: Part = Part.DOSSIERS) -> BinaryIO:
        """A file to write an upload to, under a name that nothing else looks at."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._started(id_, part)
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def finish(self, id_: str, part: Part, suffix: str, file: BinaryIO) -> None:
        """The upload is whole: from here on it survives a crash."""
        file.flush()
        os.fsync(file.fileno())
        file.close()
        self._started(id_, part).rename(self.folder / f"{id_}{_NAMES[part]}{suffix}")
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def drop(self, id_: str, files: Iterable[BinaryIO]) -> None:
        """Forget an upload that was broken off while *files* were written."""
        self.forget(id_)
        for part in Part:
            self._started(id_, part).unlink(missing_ok=True)
        for file in files:
            with suppress(OSError):
                # On a full disk what was not written yet fails once more.
                file.close()

    def upload(self, id_: str, part: Part = Part.DOSSIERS) -> Path | None:
        """An uploaded file of a job; None when it is not on this machine, or no longer."""
        paths = (self.folder / f"{id_}{_NAMES[part]}{suffix}" for suffix in SUFFIXES)
        return next((path for path in paths if path.exists()), None)

    def forget(self, id_: str) -> None:
        """Nobody needs the upload any more."""
        for part in Part:
            upload = self.upload(id_, part)
            if upload is not None:
                upload.unlink(missing_ok=True)

    def rejects(self, id_: str, turn: int, part: Part = Part.DOSSIERS) -> Path:
        """The refused rows, as the one wrote them who had the job at that turn: nobody writes to another's file."""
        return path_for(self.folder / f"{id_}.{turn}.{_REJECTS}.csv", part)

    def withdraw(self, id_: str, turn: int) -> None:
        """Who had the job at that turn has lost it: its refused rows are not the job's."""
        for path in self._of_refused_rows(id_, f"{turn}"):
            path.unlink(missing_ok=True)

    def settle(self, id_: str, turn: int) -> None:
        """The job ended at that turn: nobody needs the upload any more, nor the refused rows of other turns."""
        self.forget(id_)
        for path in set(self._of_refused_rows(id_, "*")).difference(self._of_refused_rows(id_, f"{turn}")):
            path.unlink(missing_ok=True)

    def _of_refused_rows(self, id_: str, turn: str) -> Iterator[Path]:
        return self.folder.glob(f"{id_}.{turn}.{_REJECTS}*")

    def waiting(self) -> list[str]:
        """The jobs whose uploads lie here."""
        return [path.stem for path in self._files() if path.suffix in SUFFIXES and _JOB.fullmatch(path.stem)]

    def forgotten(self, now_s: float) -> Iterator[tuple[str, Path]]:
        """Everything here, by job, that was not touched for a while before *now_s* (seconds of the epoch)."""
        for path in self._files():
            id_ = path.name[:_ID_LENGTH]
            # An upload that ends just now, or another process that tidies up, takes files away.
            with suppress(FileNotFoundError):
                if _JOB.fullmatch(id_) and path.stat().st_mtime < now_s - FORGOTTEN_S:
                    yield id_, path

    def _files(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.exists() else []

    def _started(self, id_: str, part: Part) -> Path:
        return self.folder / f"{id_}{_NAMES[part]}.part"
