"""
The network between one process and the portal: every request stops where a real one can stop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from connectors.mocks import Directive, Exchange, Request
from connectors.national_portal.mock import Fault, FaultKind
from connectors.national_portal.mock.transport import MockTransport
from tests.simulation import plan as plans
from tests.simulation.fibers import Killed

if TYPE_CHECKING:
    from tests.simulation.process import Errand, Process

_ASKING_TO_WAIT = frozenset({FaultKind.TOO_MANY, FaultKind.CLOSED, FaultKind.HTTP})
_SHARED = (b"LayThuTuc", b'"password"')
"""Calls for which the other threads of a process may wait in earnest: meanwhile none of them may run."""


class Wire(httpx.BaseTransport):
    """
    What a process sends through, one errand's call at a time.

    A request that was sent reaches the portal within seconds or never: what arrives after its lease, no client can call
    back.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._world = process.world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        process, world = self._process, self._world
        errand = process.errand()
        if world.clock.elapsed_s < process.quiet_until_s:
            world.violated(f"{process.name} calls although it was told to wait")
        shared = any(word in request.content for word in _SHARED)
        # Others wait for what it asks for on a lock of real time, so nobody else runs meanwhile.
        process.alone = errand if shared else process.alone
        try:
            world.trouble.boundary(process, "before send")
            # As the HTTP library does when it connects: the last look at the time.
            request.extensions["timeout"].get("connect")
            if errand.lease_over or world.clock.now() >= errand.lease_until:
                world.violated(f"{process.name} calls for {errand.shown} after its lease")
            return self._exchange(request, errand, world.trouble.draw_fault())
        finally:
            if shared:
                process.alone = None

    def _exchange(self, request: httpx.Request, errand: Errand, fault: str | None) -> httpx.Response:
        process, world = self._process, self._world
        link = _Link(self, errand, fault)
        errand.on_the_wire = True
        world.on_the_wire += 1
        try:
            errand.sleep(0.001 + world.chance.random() * 0.05)
        except Killed:
            # What has left the machine may well arrive.
            if world.chance.random() < 0.5 and fault != plans.LOST_REQUEST:
                link.carry(request)
            raise
        finally:
            errand.on_the_wire = False
            world.on_the_wire -= 1
        patience_s = request.extensions["timeout"].get("read")
        if fault == plans.LOST_REQUEST:
            errand.sleep(patience_s)
            raise httpx.ReadTimeout("no answer", request=request)
        try:
            response = link.carry(request)
        except httpx.ReadTimeout:
            world.trouble.boundary(process, "after send")
            errand.sleep(patience_s)
            raise
        except httpx.TransportError:
            world.trouble.boundary(process, "after send")
            errand.sleep(0.001)
            raise
        return self._answer(request, response, errand, fault, link, patience_s)

    def _answer(
        self,
        request: httpx.Request,
        response: httpx.Response,
        errand: Errand,
        fault: str | None,
        link: _Link,
        patience_s: float,
    ) -> httpx.Response:
        process, world = self._process, self._world
        world.trouble.boundary(process, "after send")
        delay_s = link.delay_s + 0.001 + world.chance.random() * 0.1
        if fault == plans.LATE_ANSWER:
            delay_s += world.chance.random() * 2 * patience_s
        if fault == plans.LOST_ANSWER or delay_s > patience_s:
            link.lose()
            errand.sleep(patience_s)
            raise httpx.ReadTimeout("no answer", request=request)
        errand.sleep(delay_s)
        wait = response.headers.get("retry-after")
        if wait is not None:
            process.quiet_until_s = max(process.quiet_until_s, world.clock.elapsed_s + int(wait))
            world.note(f"{process.name} is told to wait {wait} s")
        return response

    def close(self) -> None:
        """Nothing is open."""


class _Link:
    """One exchange with the portal, and what it was told of its fate."""

    def __init__(self, wire: Wire, errand: Errand, fault: str | None) -> None:
        self._world = wire._world
        self._errand = errand
        self._fault = fault
        self._exchange: Exchange | None = None
        self.delay_s = 0.0

    def carry(self, request: httpx.Request) -> httpx.Response:
        """The portal's work and answer, at this moment."""
        if isinstance(self._fault, FaultKind):
            self._world.portal.inject(self._portal_fault(self._fault))
        if self._fault == plans.DOUBLED_REQUEST:
            MockTransport(self).handle_request(request)
            self.lose()
        return MockTransport(self).handle_request(request)

    def handle(self, request: Request) -> Directive:
        """For the transport: the portal's directive, remembered."""
        self._world.portal_asked(self._errand, request)
        directive = self._world.portal.handle(request)
        self._exchange = directive.exchange
        self._errand.exchanges.append(directive.exchange)
        self.delay_s = directive.delay_s
        return directive

    def lose(self) -> None:
        """The answer did not reach anybody."""
        assert self._exchange is not None
        self._exchange.settle(False)

    def _portal_fault(self, kind: FaultKind) -> Fault:
        chance = self._world.chance
        return Fault(
            kind,
            count=1,
            after_work=chance.random() < 0.6,
            status=chance.choice([500, 502, 504]),
            retry_after_s=chance.choice([None, 1, 30, 600]) if kind in _ASKING_TO_WAIT else None,
            delay_s=chance.choice([2.0, 60.0]) if kind in (FaultKind.SLOW, FaultKind.STALL) else None,
        )
