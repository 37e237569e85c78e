"""Several messages in one call, of which the portal takes some: each ends there once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.national_portal.mock import FaultKind
from gateway.errors import Faulted, OutcomeUnknown
from gateway.ports import Finding
from tests.builders import a_code, a_dossier
from tests.portal_scripts import a_message, error_of
from tests.portal_sockets import STEPS, Setting, fine, history


@pytest.mark.parametrize("partial", [False, True])
def test_a_batch_is_safe_whether_the_portal_stores_part_of_it_or_nothing(
    build: Callable[..., Setting], partial: bool
) -> None:
    """
    The second of three is taken already: each ends there once (contract 14).
    """
    setting = build(partial_batches=partial)
    connector = setting.connector(dossiers_per_call=3)
    connector.deliver([a_message(a_dossier(code=a_code(2)))])

    outcomes = connector.deliver([a_message(a_dossier(code=a_code(number))) for number in (1, 2, 3)])

    assert fine(outcomes)
    assert [record.creates for record in setting.portal.dossiers()] == [1, 1, 1]


def test_half_a_chunk_of_steps_is_completed_without_a_double(setting: Setting) -> None:
    """
    The portal stored five of ten and said "lỗi": the same chunk again, every step once.
    """
    connector = setting.connector()
    connector.deliver([a_message(a_dossier())])
    setting.happens(FaultKind.PARTIAL, STEPS)
    chunk = history(2, 4, 4, 4, 4, 4, 4, 4, 4, 9)

    assert {type(error_of(outcome)) for outcome in connector.deliver(chunk)} == {Faulted}
    assert fine(connector.deliver(chunk))
    assert setting.statuses() == ["2", *["4"] * 8, "9"]


def test_where_repeats_count_a_lost_step_is_settled_by_what_moved(build: Callable[..., Setting]) -> None:
    """
    A portal that keeps exact repeats: the status before and after proves the step, nothing is sent twice.
    """
    setting = build(repeated_steps="counted")
    connector = setting.connector(timeline_deduplicated=False)
    connector.deliver([a_message(a_dossier())])
    setting.happens(FaultKind.DROP, STEPS, after_work=True)
    (done,) = history(4)

    assert type(error_of(connector.deliver([done])[0])) is OutcomeUnknown
    assert connector.probe(done).finding is Finding.APPLIED
    setting.happens(FaultKind.DROP, STEPS)
    (missed,) = history(9)
    assert type(error_of(connector.deliver([missed])[0])) is OutcomeUnknown
    assert connector.probe(missed).finding is Finding.ABSENT
    assert fine(connector.deliver([missed]))
    assert setting.statuses() == ["4", "9"]
    assert setting.portal.counters().steps_counted_twice == 0
