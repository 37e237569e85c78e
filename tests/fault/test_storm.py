"""
Whatever the portal does at whatever boundary: once it heals, everything arrives, once and in order.

The whole gateway against the portal in process, on a clock that jumps; every storm is made from its seed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from connectors.national_portal.connector import NationalPortal
from connectors.national_portal.mock import Account, Fault, FaultKind, Portal, ProcedureSeed, Settings
from connectors.national_portal.mock.transport import MockTransport
from gateway.api import Gateway
from gateway.config import BreakerSettings, DatabaseSettings, DeliverySettings, RetrySettings, TenantSettings
from gateway.config import Settings as GatewaySettings
from gateway.demo.compare import compare, expected_from
from gateway.lifecycle import DOSSIER_MOVES
from gateway.model import Change, Dossier, DossierStatus, ProcessingStep, unfold
from gateway.sandbox import VirtualClock
from gateway.sandbox.clock import START
from gateway.store.contract import Known
from tests.builders import MORNING, a_code, a_dossier, a_result, a_step
from tests.portal_scripts import PASSWORD, portal_settings

S = DossierStatus
SERVICES = ("login", "LayThuTuc", "DongBoHoSoMC", "CapNhatTienDoHoSoMC", "TraCuuHoSo")
WALKED = {S.ACCEPTED, S.PROCESSING, S.SUPPLEMENT_REQUESTED, S.WITHDRAWN, S.STOPPED, S.FINISHED, S.RETURNED}
REPEATED = "steps_repeated_after_clean_answer"

History = tuple[Dossier, list[ProcessingStep]]


def a_history(chance: Random, serial: int) -> History:
    """A dossier that walked at random through what the law allows, a step an hour."""
    path = [S.ACCEPTED]
    while len(path) < 25 and chance.random() < 0.85:
        ways = sorted(DOSSIER_MOVES[path[-1]] & WALKED)
        if not ways:
            break
        path.append(chance.choice(ways))
    return as_told(serial, path)


def as_told(serial: int, path: Sequence[DossierStatus]) -> History:
    code = a_code(serial)
    at = [MORNING + timedelta(hours=hours) for hours in range(len(path))]
    steps = [
        a_step(dossier=code, at=moment, status=status, content=f"Bước {number} của hồ sơ {serial}")
        for number, (moment, status) in enumerate(zip(at, path, strict=True))
    ]
    changes: dict[str, Any] = {"code": code, "subject": f"Hồ sơ số {serial}, {len(path)} bước"}
    if path[-1] in {S.FINISHED, S.RETURNED}:
        changes |= {"completed_at": at[-1], "results": (a_result(),)}
    if path[-1] is S.RETURNED:
        changes |= {"returned_at": at[-1]}
    return a_dossier(status=path[-1], status_at=at[-1], **changes), steps


def earlier(history: History, chance: Random) -> History:
    """The same dossier as an export showed it some steps before."""
    _, steps = history
    kept = chance.randint(1, len(steps))
    return as_told(int(str(steps[0].dossier)[-4:]), [step.status for step in steps[:kept]])


class Wire(httpx.BaseTransport):
    """The portal in process; *look* is called with the number of each request after the portal worked on it."""

    def __init__(self, portal: Portal, look: Callable[[int], None]) -> None:
        self._inner = MockTransport(portal)
        self._look = look
        self._lock = threading.Lock()
        self._count = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self._count += 1
            number = self._count
        try:
            return self._inner.handle_request(request)
        finally:
            self._look(number)


class Storm:
    """A portal and any number of gateways on one file."""

    def __init__(self, folder: Path, stack: ExitStack, seed: int, *, gateways: int = 1, **portal: Any) -> None:
        self.chance = Random(seed)
        self.clock = VirtualClock()
        self.portal = Portal(Settings(stall_s=60.0, **portal), self.clock, seed=seed)
        self.portal.add_account(Account.of_province("H99", PASSWORD))
        self.portal.add_procedures([ProcedureSeed("1.001193", "Thủ tục đăng ký khai sinh", "G15-HT01", "Hộ tịch")])
        self.look: Callable[[int], None] = lambda number: None
        self.gateways = [stack.enter_context(self._gateway(folder, seed + n)) for n in range(gateways)]

    def _gateway(self, folder: Path, seed: int) -> Gateway:
        chance = Random(seed)
        connector = NationalPortal(
            "cong",
            portal_settings(steps_per_call=chance.choice([1, 3, 10]), dossiers_per_call=chance.choice([1, 1, 7])),
            transport=Wire(self.portal, lambda number: self.look(number)),
            monotonic=lambda: (self.clock.now() - START).total_seconds(),
            now=self.clock.now,
            sleep=lambda seconds: None,
        )
        settings = GatewaySettings(
            tenant=TenantSettings(code="H99"),
            database=DatabaseSettings(path=folder / "gateway.db"),
            delivery=DeliverySettings(
                concurrency=4, block=chance.choice([4, 16]), poll_s=0.02, retry=RetrySettings(cap_s=600.0),
                breaker=BreakerSettings(threshold=chance.choice([3, 50]), cap_s=60.0),
            ),
        )  # fmt: skip
        return Gateway(settings, connectors=[connector], clock=self.clock, chance=chance)

    def submit(self, histories: Sequence[History]) -> None:
        """What an import of these does: what the ledger has not yet."""
        gateway = self.gateways[0]
        known = gateway.known([dossier.code for dossier, _ in histories])
        changes: list[Change] = []
        for dossier, steps in histories:
            seen = known.get(dossier.code.key)
            told = unfold(dossier, steps, "motcua")
            if seen is None:
                changes += told
            else:
                changes += (change for change in told if _is_new(change, seen))
                changes.append(Change(source="motcua", source_id=f"{dossier.code}:{len(steps)}", body=dossier))
        refusals = [receipt.refusal for receipt in gateway.submit_many(changes)]
        assert refusals == [None] * len(changes)

    def rage(self, *kinds: FaultKind, services: Sequence[str] = SERVICES, probability: float = 0.15) -> None:
        for kind in kinds:
            self.portal.inject(
                Fault(
                    kind,
                    frozenset(services),
                    probability=probability,
                    after_work=self.chance.random() < 0.6,
                    status=self.chance.choice([500, 502, 504]),
                    retry_after_s=self.chance.choice([None, 1, 90, 3600]) if kind in ASKING_TO_WAIT else None,
                )
            )

    def run(self) -> None:
        threads = [threading.Thread(target=gateway.run_until_idle) for gateway in self.gateways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=100)
            assert not thread.is_alive(), self.gateways[0].status()
        self.gateways[0].run_until_idle()

    def prove(self, *exports: Sequence[History], repeats: int = 0) -> None:
        """Everything is there once and in order; the portal saw nothing improper."""
        (state,) = self.gateways[0].status()
        assert (state.pending, state.in_flight, state.unknown, state.dead) == (0, 0, 0, 0), self.letters()
        outcome = compare(expected_from(exports), [asdict(record) for record in self.portal.dossiers()])
        assert outcome.findings == ()
        counters = self.portal.counters()
        violations = {name: count for name, count in counters.violations.items() if count}
        assert violations.pop(REPEATED, 0) <= repeats
        assert violations == {}
        assert counters.steps_counted_twice == 0
        assert all(record.creates == 1 for record in self.portal.dossiers())
        for gateway in self.gateways:
            for record in self.portal.dossiers():
                assert gateway.broken_link(record.code) is None

    def letters(self) -> list[str]:
        return [f"{letter.operation} [{letter.code}] {letter.text}" for letter in self.gateways[0].dead_letters()]


def _is_new(change: Change, seen: Known) -> bool:
    return isinstance(change.body, ProcessingStep) and change.body.identity not in seen.steps


@pytest.fixture
def storm(tmp_path: Path) -> Iterator[Callable[..., Storm]]:
    with ExitStack() as stack:
        yield lambda seed, **how: Storm(tmp_path, stack, seed, **how)


def at_request(number: int, act: Callable[[], None]) -> Callable[[int], None]:
    return lambda count: act() if count == number else None


ASKING_TO_WAIT = frozenset({FaultKind.TOO_MANY, FaultKind.CLOSED, FaultKind.HTTP})
CALM_KINDS = (FaultKind.PADDED_CODE, FaultKind.INT_CODE, FaultKind.DOUBLE, FaultKind.FILE_404)
KINDS = sorted(set(FaultKind) - set(CALM_KINDS))


@pytest.mark.parametrize("seed", range(12))
def test_a_storm_of_all_faults_on_every_service(seed: int, storm: Callable[..., Storm]) -> None:
    """
    Any seven faults, on all services, half of all calls failing; a later export comes in the middle of it.
    """
    chance = Random(seed)
    weather = storm(
        seed,
        partial_batches=chance.random() < 0.5,
        code_form=chance.choice(["example", "string", "int", "padded"]),
        duplicate_code=chance.choice(["3", "-3", "0"]),
        expired_as=chance.choice(["code", "http-401", "http-403"]),
        merge_documents=chance.random() < 0.5,
    )
    later = [a_history(chance, serial) for serial in range(30)]
    first = [earlier(history, chance) for history in later]
    weather.rage(*chance.sample(KINDS, 7), probability=0.07)
    weather.look = at_request(40, lambda: weather.submit(later))
    weather.submit(first)

    weather.run()
    weather.look = lambda number: None
    if weather.gateways[0].known([later[0][0].code])[later[0][0].code.key].version == 0:
        weather.submit(later)
        weather.run()

    weather.prove(first, later)


@pytest.mark.parametrize("service", SERVICES)
def test_answers_of_one_service_are_lost_half_of_the_time(service: str, storm: Callable[..., Storm]) -> None:
    """
    Done or not, in silence, broken off or as a web page.
    """
    weather = storm(7)
    histories = [a_history(weather.chance, serial) for serial in range(20)]
    for after_work in (False, True):
        for kind in (FaultKind.STALL, FaultKind.DROP, FaultKind.HTML, FaultKind.EMPTY):
            weather.portal.inject(Fault(kind, frozenset({service}), probability=0.06, after_work=after_work))
    weather.submit(histories)

    weather.run()

    weather.prove(histories)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_an_outage_of_one_kind_ends(kind: FaultKind, storm: Callable[..., Storm]) -> None:
    """
    For three hours nothing else is answered, then the portal heals.
    """
    weather = storm(11)
    histories = [a_history(weather.chance, serial) for serial in range(8)]
    began = weather.clock.now()
    weather.portal.inject(
        Fault(kind, probability=1.0, after_work=True, retry_after_s=600 if kind in ASKING_TO_WAIT else None)
    )
    weather.look = lambda number: (
        weather.portal.clear_faults() if weather.clock.now() > began + timedelta(hours=3) or number > 1500 else None
    )
    weather.submit(histories)

    weather.run()

    weather.prove(histories)


@pytest.mark.parametrize("seed", range(4))
def test_two_gateways_on_one_file_share_a_storm(seed: int, storm: Callable[..., Storm]) -> None:
    """
    Each lane belongs to one of them at a time; what one is told about coming back later, the other keeps too.
    """
    weather = storm(100 + seed, gateways=2, retry_after_grace_s=1.0)
    histories = [a_history(weather.chance, serial) for serial in range(25)]
    weather.rage(*weather.chance.sample(KINDS, 6), probability=0.06)
    weather.submit(histories)

    weather.run()

    weather.prove(histories)


@pytest.mark.parametrize("seed", range(4))
def test_leases_that_run_out_under_way_lead_to_a_look_and_not_to_a_double(
    seed: int, storm: Callable[..., Storm]
) -> None:
    """
    The machine sleeps for two minutes between an answer and its record, again and again: what was claimed is unknown.

    Only the steps of such calls are sent again after a clean answer, since no look-up can show a single step.
    """
    weather = storm(200 + seed, gateways=2)
    histories = [a_history(weather.chance, serial) for serial in range(20)]
    jumps: list[int] = []

    def sleep(number: int) -> None:
        if number % 9 == 0:
            jumps.append(number)
            weather.clock.advance(timedelta(minutes=2))

    weather.look = sleep
    weather.submit(histories)

    weather.run()

    # At a jump each of the four threads of both gateways may have a call of at most ten steps on its way.
    weather.prove(histories, repeats=len(jumps) * 2 * 4 * 10)
