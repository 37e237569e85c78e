"""
Loggers of the gateway, and their output for its commands.

Every record passes the redaction before it reaches ``logging``, also when a program uses the library and sets up its
own output. ``set_up`` is for our commands only: a library does not touch the logging of its host.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import structlog
from structlog.typing import Processor

from gateway.config import LogSettings
from gateway.observe.correlation import with_correlation
from gateway.observe.redact import redact, redact_text

_RESERVED = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "event"}
_FOREIGN_LEVEL = logging.WARNING


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger *name*: ``log.info(Event.SYNC_STARTED, partner="cong")``. Values are redacted."""
    return cast(
        "structlog.stdlib.BoundLogger",
        structlog.wrap_logger(
            logging.getLogger(name),
            processors=[structlog.stdlib.filter_by_level, with_correlation, _to_record],
            wrapper_class=structlog.stdlib.BoundLogger,
        ),
    )


def set_up(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Write all logging of this process to *stream*, by default standard error: lines for people, or JSON per line."""
    stream = sys.stderr if stream is None else stream
    terminal = stream.isatty()
    as_json = settings.format == "json" or (settings.format == "auto" and not terminal)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                with_correlation,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _show_traceback,
                _redact_record,
                _renderer(as_json, terminal),
            ],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(_FOREIGN_LEVEL)
    for ours in ("gateway", "connectors", "mappings"):
        logging.getLogger(ours).setLevel(settings.level.upper())


def _renderer(as_json: bool, colors: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    return structlog.dev.ConsoleRenderer(
        colors=colors, pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
    )


def _to_record(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> dict[str, Any]:
    """Hand over to ``logging``: the event as message, redacted values as attributes of the record."""
    kwargs = {key: event_dict.pop(key) for key in ("exc_info", "stack_info", "stacklevel") if key in event_dict}
    event = event_dict.pop("event")
    extra = {f"{key}_" if key in _RESERVED else key: redact(value, key) for key, value in event_dict.items()}
    return {"msg": redact_text(str(event)), "extra": extra, **kwargs}


def _redact_record(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The same fence for records of other libraries."""
    kept = {"timestamp", "level", "logger"}
    return {key: value if key in kept else redact(value, key) for key, value in event_dict.items()}


def _show_traceback(_logger: Any, _method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Classes, files, lines and functions of an exception and of what caused it; never its text or local values."""
    info = event_dict.pop("exc_info", None)
    event_dict.pop("exc_text", None)
    if isinstance(info, BaseException):
        error: BaseException | None = info
    elif isinstance(info, tuple):
        error = info[1]
    else:
        error = sys.exc_info()[1] if info else None
    causes: list[dict[str, object]] = []
    while error is not None and len(causes) < 10:
        causes.append({"error": type(error).__qualname__, "at": _places(error.__traceback__)})
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if causes:
        event_dict["trace"] = causes
    return event_dict


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-20:]
