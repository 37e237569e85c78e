"""The default demonstration's dossiers, for tests of the generator and of what reads its exports."""

from __future__ import annotations

from functools import lru_cache

from gateway.demo.cases import Case
from gateway.demo.catalogue import read_calendar, read_catalogue
from gateway.demo.generator import generate, share_out
from gateway.demo.locality import Locality, load_localities

SEED = 7
DOSSIERS = 500


@lru_cache(maxsize=1)
def all_localities() -> dict[str, Locality]:
    return {locality.slug: locality for locality in load_localities(read_catalogue())}


@lru_cache(maxsize=1)
def all_cases() -> dict[str, tuple[Case, ...]]:
    """What ``lienthong demo`` generates without options but with this seed, by place."""
    places = all_localities()
    shares = share_out(DOSSIERS, {slug: locality.volume for slug, locality in places.items()})
    return {slug: generate(places[slug], count, SEED, read_calendar()) for slug, count in shares.items()}
