"""
A portal on a loopback port: for tests, for the demo, and as the command ``lienthong sandbox``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from connectors.national_portal.mock import DSTCODE, PROFILES, Account, Clock, Portal, Settings
from connectors.national_portal.mock.seed import shipped_agencies, shipped_procedures, shipped_provinces
from connectors.national_portal.mock.transport import fetch
from gateway.sandbox.clock import VirtualClock
from gateway.sandbox.control import PREFIX, Advancing, Sandbox
from gateway.sandbox.server import Server

_FETCH_EVERY_S = 0.2


class Running:
    """A portal that answers on ``url``. Close it, or use it as a context manager."""

    def __init__(self, portal: Portal, server: Server) -> None:
        self.portal = portal
        self._server = server
        self._stop = Event()
        self._fetcher = Thread(target=self._fetch, name="sandbox-fetch", daemon=True)
        self._fetcher.start()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def control_url(self) -> str:
        return self.url + PREFIX

    @property
    def port(self) -> int:
        return self._server.port

    def _fetch(self) -> None:
        while not self._stop.wait(_FETCH_EVERY_S):
            self.portal.fetch_links(fetch)

    def close(self) -> None:
        self._stop.set()
        self._server.close()
        self._fetcher.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(portal: Portal, port: int = 0, *, host: str = "127.0.0.1", clock: Advancing | None = None) -> Running:
    """
    Serve *portal* and its control interface; *port* 0 takes a free one.

    *clock* is the portal's, when it can be advanced through the control interface. Raises ``NotLoopback`` for an
    address that others could reach, ``OSError`` when the port is taken.
    """
    return Running(portal, Server(Sandbox(portal, clock), host=host, port=port))


def furnished_portal(
    clock: Clock, settings: Settings | None = None, *, accounts: Iterable[Account] = (), seed: int = 0
) -> Portal:
    """A portal that publishes the shipped procedures, agencies and provinces and lets *accounts* in."""
    portal = Portal(settings or Settings(), clock, seed=seed)
    portal.add_procedures(shipped_procedures())
    portal.add_agencies(shipped_agencies())
    portal.set_category("LayDanhMucTinhThanh", shipped_provinces())
    for account in accounts:
        portal.add_account(account)
    return portal


@dataclass(frozen=True, slots=True)
class Options:
    """What ``lienthong sandbox`` can be told. Merged provinces keep the codes of *merged* valid."""

    port: int = 0
    host: str = "127.0.0.1"
    profile: str = "calm"
    seed: int = 0
    province: str = "H99"
    merged: tuple[str, ...] = ()
    username: str = ""
    password: str = "sandbox"  # noqa: S105 - a password of the sandbox, printed when it starts
    stall_s: float = 7.0
    ready_file: Path | None = None


def run(options: Options, say: Callable[[str], None], stop: Event) -> None:
    """
    Serve until *stop* is set; *say* gets one line when the portal is ready, and *ready_file* its address.

    The clock starts at the real time, runs on by itself and can be advanced.
    """
    if options.profile not in PROFILES:
        raise ValueError(f"profile: {', '.join(PROFILES)}")
    account = Account.of_province(options.province, options.password, merged=options.merged, username=options.username)
    clock = VirtualClock(datetime.now(UTC), ticking=True)
    portal = furnished_portal(clock, Settings(stall_s=options.stall_s), accounts=[account], seed=options.seed)
    portal.use_profile(options.profile, options.seed)
    with serve(portal, options.port, host=options.host, clock=clock) as running:
        if options.ready_file is not None:
            _write_whole(options.ready_file, running.url + "\n")
        say(
            f"Cổng giả lập sẵn sàng (the sandbox is ready): {running.url}"
            f" · username {account.username} · dstcode {DSTCODE} · profile {options.profile}"
            f" · control {running.control_url}"
        )
        while not stop.wait(timedelta(hours=1).total_seconds()):
            pass


def _write_whole(path: Path, text: str) -> None:
    """Whoever waits for the file sees all of it or nothing."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
