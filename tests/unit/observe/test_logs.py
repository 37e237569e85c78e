"""What reaches the operator's eye or log file."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from gateway.config import LogSettings
from gateway.observe import Event, correlated, get_logger, set_up


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """A place for log lines; the process's own logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("gateway", "connectors", "mappings")}
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_json_lines_carry_event_level_time_and_correlation(output: io.StringIO) -> None:
    """
    One JSON object per line, for the tools that collect them.
    """
    set_up(LogSettings(format="json"), output)

    with correlated("c-1"):
        get_logger("gateway.test").info(Event.SYNC_STARTED, partner="cong", name="a reserved word")

    line = json.loads(output.getvalue())
    assert line["event"] == "sync.started"
    assert line["level"] == "info"
    assert line["logger"] == "gateway.test"
    assert line["correlation"] == "c-1"
    assert line["partner"] == "cong"
    assert line["name_"] == "a reserved word"
    assert line["timestamp"].endswith("Z")


def test_lines_for_people_are_redacted_too(output: io.StringIO) -> None:
    """
    The console shows the event and its values, not the identity number that slipped in.
    """
    set_up(LogSettings(format="console"), output)

    get_logger("gateway.test").warning(Event.COMMAND_FAILED, text="099099123456", session="abcdef")

    assert "command.failed" in output.getvalue()
    assert "099099123456" not in output.getvalue()
    assert "abcdef" not in output.getvalue()


def test_a_host_program_gets_redacted_records_without_our_set_up(caplog: pytest.LogCaptureFixture) -> None:
    """
    A library's host owns the output; the fence stands before it.
    """
    with caplog.at_level("INFO", "gateway.test"):
        get_logger("gateway.test").info(Event.SYNC_STARTED, text="gọi 0912345678")

    assert caplog.records[0].msg == "sync.started"
    assert vars(caplog.records[0])["text"] == "gọi [number]"


def test_other_libraries_are_fenced_and_quiet(output: io.StringIO) -> None:
    """
    An HTTP library prints addresses with their query; only its warnings are shown, redacted.
    """
    set_up(LogSettings(format="json", level="debug"), output)

    logging.getLogger("httpx").info("GET https://cong.invalid/?session=abc")
    logging.getLogger("httpx").warning("retry %s", "https://cong.invalid/?session=abcdefgh")

    line = json.loads(output.getvalue())
    assert "abcdefgh" not in line["event"]
    assert line["logger"] == "httpx"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_places_not_values(form: str, output: io.StringIO) -> None:
    """
    The text of a foreign exception may repeat a citizen's name; its class and its place are enough to find the fault.
    """
    set_up(LogSettings.model_validate({"format": form}), output)

    try:
        int("Nguyễn Văn Ví Dụ")
    except ValueError:
        get_logger("gateway.test").error(Event.COMMAND_FAILED, exc_info=True)

    assert "ValueError" in output.getvalue()
    assert "test_logs.py" in output.getvalue()
    assert "Nguyễn" not in output.getvalue()


def test_the_level_of_the_configuration_counts(output: io.StringIO) -> None:
    """
    With level warning an info is not written.
    """
    set_up(LogSettings(format="json", level="warning"), output)

    get_logger("gateway.test").info(Event.SYNC_STARTED)

    assert output.getvalue() == ""
