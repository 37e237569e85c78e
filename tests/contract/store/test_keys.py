"""API keys on both databases: found by their secret alone, within their tenant, as long as they live."""

from __future__ import annotations

from datetime import timedelta

from gateway.access import ApiKeys
from gateway.store.base import SqlStore
from tests.clocks import TestClock
from tests.stores import Backend

MONTH = timedelta(days=30)


def keys(store: SqlStore, clock: TestClock | None = None) -> ApiKeys:
    return ApiKeys(store, clock or TestClock(), "truc")


def test_a_key_is_found_by_its_secret(backend: Backend) -> None:
    """
    With its rights and agencies, by another process; a secret of one letter less finds nothing.
    """
    made = keys(backend.open()).create("mot-cua", ["read", "submit"], agencies=["H99.01", "000.00.02.H99"], life=MONTH)

    found = keys(backend.open()).check(made.token)

    assert found == made.key
    assert found is not None
    assert [str(agency) for agency in found.grant.agencies or ()] == ["H99.01", "000.00.02.H99"]
    assert keys(backend.open()).check(made.token[:-1]) is None


def test_a_key_of_one_province_is_unknown_to_another(backend: Backend) -> None:
    """
    Two tenants in one database.
    """
    made = keys(backend.open()).create("mot-cua", ["read"], agencies=None, life=MONTH)

    assert keys(backend.open(tenant="H98")).check(made.token) is None
    assert keys(backend.open(tenant="H98")).list() == []


def test_the_secret_is_not_in_the_database(backend: Backend) -> None:
    """
    Whoever reads the table cannot use what stands there.
    """
    made = keys(backend.open()).create("mot-cua", ["read"], agencies=None, life=MONTH)

    (row,) = backend.rows("SELECT id, name, hash, rights FROM lt_api_key")

    assert made.token.encode() not in bytes(row[2])
    assert len(bytes(row[2])) == 32


def test_the_end_of_a_key_only_moves_nearer(backend: Backend) -> None:
    """
    A long overlap does not lengthen the life of a key that would have ended sooner.
    """
    clock = TestClock()
    ours = keys(backend.open(), clock)
    old = ours.create("mot-cua", ["read"], agencies=None, life=timedelta(hours=1))

    ours.rotate(old.key.id, overlap=MONTH, life=MONTH)
    clock.advance(timedelta(hours=1))

    assert ours.check(old.token) is None
