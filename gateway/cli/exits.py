"""Exit codes of every command. They are part of the interface: scripts and supervisors are built on them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from gateway.errors import ConfigurationError, DeliveryError, GatewayError, InvalidInput, StoreError


class ExitCode(IntEnum):
    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    BAD_INPUT = 4
    PARTNER = 5
    DATABASE = 6
    WAITING_FOR_A_PERSON = 7
    DEMO_FAILED = 8
    INTERRUPTED = 130


MEANINGS: Mapping[ExitCode, tuple[str, str]] = {
    ExitCode.OK: ("xong, không có gì phải xử lý", "done, nothing left to do"),
    ExitCode.UNEXPECTED: (
        "lỗi của chính chương trình; chi tiết ở nhật ký",
        "a fault of the program itself; see the log",
    ),
    ExitCode.USAGE: ("sai tham số dòng lệnh", "wrong command line"),
    ExitCode.CONFIGURATION: ("cấu hình hoặc tệp ánh xạ sai", "the configuration or a mapping file is wrong"),
    ExitCode.BAD_INPUT: (
        "dữ liệu vào bị từ chối, toàn bộ hoặc một phần",
        "input was refused, all of it or some rows",
    ),
    ExitCode.PARTNER: (
        "không tới được đối tác, hoặc đối tác từ chối đăng nhập",
        "a partner cannot be reached or refuses the login",
    ),
    ExitCode.DATABASE: ("không mở hoặc ghi được cơ sở dữ liệu", "the database cannot be opened or written"),
    ExitCode.WAITING_FOR_A_PERSON: (
        "còn thông điệp chết chờ người xử lý",
        "dead letters wait for a person",
    ),
    ExitCode.DEMO_FAILED: (
        "đối chiếu của bản trình diễn khác 0",
        "the demo counted something lost, duplicated or out of order",
    ),
    ExitCode.INTERRUPTED: ("bị ngắt (Ctrl-C) trước khi xong", "interrupted (Ctrl-C) before the end"),
}


def exit_for(error: GatewayError) -> ExitCode:
    """The exit code of a command that ends with *error*."""
    match error:
        case ConfigurationError():
            return ExitCode.CONFIGURATION
        case InvalidInput():
            return ExitCode.BAD_INPUT
        case StoreError():
            return ExitCode.DATABASE
        case DeliveryError():
            return ExitCode.PARTNER
        case _:
            return ExitCode.UNEXPECTED
