"""The same calls to a portal and to the façade get the same answers, and leave the same behind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fronting import Fronted, fronted
from tests.portal import Province, Reply, a_code, a_portal, a_province, a_wire_dossier, a_wire_step
from tests.wire_dossiers import as_read

SERIALS = itertools.count(1)
LIVE = st.sampled_from(["2", "4", "5"])
"""Statuses that may follow each other in any order (contract 12.1)."""

Act = tuple[str, int, Any]


class Two:
    """A one-stop system at the façade, and its twin at a portal of its own."""

    def __init__(self, front: Fronted) -> None:
        self.front = front
        self.direct = a_portal()

    def play(self, acts: list[Act]) -> list[tuple[Any, Any]]:
        """What each said to each act."""
        codes = [a_code(next(SERIALS)) for _ in range(3)]
        provinces = a_province(self.direct), self.front.province
        said = []
        for n, act in enumerate(acts):
            first, second = (_heard(_do(province, act, codes, n)) for province in provinces)
            said.append((first, second))
        self.front.deliver()
        for code in codes:
            records = [portal.dossier(code) for portal in (self.direct, self.front.portal)]
            said.append(tuple(record and _left(record) for record in records))  # type: ignore[arg-type]
        return said


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with fronted(tmp_path_factory.mktemp("two"), a_portal(), session_lifetime_s=86_400) as front:
        yield Two(front)


def _do(province: Province, act: Act, codes: list[str], n: int) -> Reply:
    kind, which, more = act
    code = codes[which]
    match kind:
        case "create" | "update":
            header = a_wire_dossier(code, TrangThaiHoSo="2", TrichYeuHoSo=f"lần {n}") | more
            return province.push(header, updating=str(kind == "update"))
        case "both":
            headers = [a_wire_dossier(each, TrichYeuHoSo=f"lần {n}") for each in (code, codes[(which + 1) % 3])]
            return province.push(*headers)
        case "steps":
            return province.step(
                *(
                    a_wire_step(code, TrangThai=status, ThoiDiemXuLy=f"202603{3 + n:02d}08{m:02d}00")
                    for m, status in enumerate(more)
                )
            )
        case "look-up":
            return province.look_up(code)
        case "stranger":
            stranger = Province(province.wire, session="x")
            return stranger.look_up(code)
        case _:
            return province.call(*more)


def _heard(reply: Reply) -> Any:
    """What a client decides by: status, code, the words without the refused value, and rows by what identifies them."""
    said = reply.json
    message = said["message"].split(" «")[0].split(" (hồ sơ")[0]
    rows = [(row["MAHOSO"], row["TRANGTHAIHOSO"]) for row in said.get("result", [])]
    return reply.status, said["error_code"], message, rows


def _left(record: Any) -> Any:
    return as_read(dict(record.header)), [as_read(step.body) for step in record.steps], record.status


WHICH = st.integers(0, 2)
ACTS = st.one_of(
    st.tuples(st.just("create"), WHICH, st.just({})),
    st.tuples(st.just("create"), WHICH, st.just({})),
    st.tuples(st.just("update"), WHICH, st.fixed_dictionaries({"TrangThaiHoSo": LIVE})),
    st.tuples(st.just("both"), WHICH, st.none()),
    st.tuples(st.just("steps"), WHICH, st.lists(LIVE, min_size=1, max_size=3)),
    st.tuples(st.just("look-up"), WHICH, st.none()),
    st.tuples(st.just("stranger"), WHICH, st.none()),
    st.tuples(st.just("unknown service"), WHICH, st.just(("KhongCoDichVu",))),
    st.tuples(
        st.just("create"),
        WHICH,
        st.sampled_from(
            [
                {"MaTTHC": "9.999999"},
                {"TrangThaiHoSo": "11"},
                {"NgayTiepNhan": "02/03/2026"},
                {"TrichYeuHoSo": "x" * 1001},
                {"ChuHoSo": None},
                {"MaHoSo": "H98.01-260302-0001"},
                {"TaiLieuNop": [{"TenTepDinhKem": "a.pdf"}]},
                {"DSKetNoiCSDL": []},
            ]
        ),
    ),
)


@settings(max_examples=40)
@given(acts=st.lists(ACTS, min_size=3, max_size=10))
def test_the_same_calls_get_the_same_answers(two: Two, acts: list[Act]) -> None:
    """
    Creates, duplicates, updates of what is known and unknown, timelines, look-ups, strangers and mistakes, in any
    order: the answers are the portal's, and so is what the portal has in the end.
    """
    for direct, through in two.play(acts):
        assert through == direct
