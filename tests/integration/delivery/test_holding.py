"""A partner that cannot be reached or wants to be left alone: it is held, and no attempt is burnt."""

from __future__ import annotations

import threading
from datetime import timedelta

from gateway.errors import AuthenticationFailed, Busy, Faulted, Held
from tests.bench import DOWN, Bench
from tests.builders import a_dossier
from tests.clocks import TestClock
from tests.partners import ScriptedPartner, failing


def test_an_outage_ends_by_itself_and_burns_no_attempts(bench: Bench) -> None:
    """
    A portal unreachable for nine days: a trial now and then, then everything arrives, no person needed.
    """
    for n in range(20):
        bench.submit(a_dossier(code=f"H99.01.01-260302-{n:04d}"))
    opens = bench.clock.now() + timedelta(days=9)

    class Closed(ScriptedPartner):
        def deliver(self, messages):  # type: ignore[no-untyped-def]
            if bench.clock.now() < opens:
                self.calls.append((messages[0].dossier, "closed", ()))
                from gateway.ports import Failed

                return [Failed(DOWN)] * len(messages)
            return super().deliver(messages)

    bench.partner = Closed()
    counts = bench.engine(breaker=5).run_until_idle()

    assert counts.delivered == 20
    assert counts.dead == 0
    assert bench.clock.now() - opens < timedelta(hours=2)
    assert sum(1 for call in bench.partner.calls if call[1] == "closed") < 9 * 24 * 10


def test_the_horizon_ends_what_never_gets_through(bench: Bench) -> None:
    """
    After fourteen days of failure a person is told, with the last thing the partner said.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    bench.partner.script[str(dossier.code)] = [failing(Faulted("partner", "-1", "Lỗi hệ thống"))] * 10_000

    bench.engine().run_until_idle()

    letter = bench.store.dead_letters()[0]
    assert (letter.code, letter.text) == ("expired", "[-1] Lỗi hệ thống")


def test_retry_after_holds_the_whole_partner_in_full(bench: Bench) -> None:
    """
    «Come back in ten minutes»: nobody calls before that, whatever the dossier.
    """
    for n in range(6):
        bench.submit(a_dossier(code=f"H99.01.01-260302-{n:04d}"))
    moments = []

    class Watched(ScriptedPartner):
        def deliver(self, messages):  # type: ignore[no-untyped-def]
            moments.append(bench.clock.now())
            return super().deliver(messages)

    bench.partner = Watched()
    wait = timedelta(minutes=10)
    bench.partner.script["H99.01.01-260302-0000"] = [failing(Busy("partner", "http-429", "", retry_after=wait))]

    bench.engine(concurrency=1).run_until_idle()

    assert len(moments) == 7
    assert all(moment >= moments[0] + wait for moment in moments[1:])


def test_what_was_not_even_asked_costs_no_attempt(bench: Bench) -> None:
    """
    The connector itself kept quiet: the message waits as long and looks as if nobody had touched it.
    """
    dossier = a_dossier()
    bench.submit(dossier)
    begun = bench.clock.now()
    wait = timedelta(minutes=3)
    bench.partner.script[str(dossier.code)] = [failing(Held("partner", "held", "", retry_after=wait))]

    counts = bench.engine().run_until_idle()

    assert counts.delivered == 1
    assert bench.clock.now() >= begun + wait
    assert bench.store.status()[0].attempts == 1


def test_refused_credentials_hold_the_partner_at_once(bench: Bench) -> None:
    """
    A wrong password must not be tried with every dossier: the account would be locked.
    """
    for n in range(30):
        bench.submit(a_dossier(code=f"H99.01.01-260302-{n:04d}"))
    for n in range(30):
        error = AuthenticationFailed("partner", "-2", "Sai mật khẩu")
        bench.partner.script[f"H99.01.01-260302-{n:04d}"] = [failing(error)]
    stop = threading.Event()

    class OneLook(TestClock):
        def wait(self, wake: threading.Event, until) -> None:  # type: ignore[no-untyped-def]
            stop.set()

    bench.clock = OneLook()
    bench.engine(concurrency=1, breaker=5).run_until_idle(stop)

    assert len(bench.partner.calls) == 1
    assert bench.store.status()[0].pending == 30
