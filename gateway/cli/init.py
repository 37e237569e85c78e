"""``lienthong init``: a configuration to start from, every setting in it explained."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import output
from gateway.errors import ConfigurationError, Problem

CONFIG_NAME = "lienthong.toml"
MAPPING_NAME = "mot-cua.toml"


def configuration() -> str:
    """The commented configuration."""
    return files("gateway.cli").joinpath("templates", CONFIG_NAME).read_text("utf-8")


def mapping() -> str:
    """The commented mapping of a one-stop system's export."""
    return files("connectors.provincial.file").joinpath("example.toml").read_text("utf-8")


def init(
    folder: Annotated[Path, typer.Argument(help="Thư mục. / The folder.", metavar="[THƯ-MỤC]")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Ghi đè tệp đã có. / Overwrite what is there.")] = False,
) -> None:
    """
    Tạo tệp cấu hình và tệp ánh xạ mẫu, có chú thích từng dòng. / Write a commented configuration and mapping.

    Ví dụ / Examples:

      [cyan]lienthong init[/]

      [cyan]lienthong init /etc/lienthong[/]
    """
    texts = {folder / CONFIG_NAME: configuration(), folder / MAPPING_NAME: mapping()}
    taken = [path for path in texts if path.exists()]
    if taken and not force:
        raise ConfigurationError(
            [
                Problem(str(path), "đã có / is already there", "Thêm --force để ghi đè / Add --force to overwrite")
                for path in taken
            ]
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, "utf-8")
    except OSError as error:
        problem = Problem(
            str(folder),
            f"không ghi được / cannot be written ({error.strerror})",
            "Chọn thư mục khác hoặc sửa quyền ghi / Choose another folder or mend its rights",
        )
        raise ConfigurationError([problem]) from error
    for path in texts:
        output.say(f"Đã ghi / Wrote {path}")
    output.say("Sửa rồi chạy «lienthong check». / Edit them, then run «lienthong check».")
