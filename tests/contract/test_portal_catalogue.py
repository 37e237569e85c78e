"""The portal's catalogue in memory: how long it holds, and what happens when the portal cannot be asked."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.national_portal.connector import NationalPortal
from gateway.errors import Faulted, Rejected, Unreachable
from gateway.model import ProcedureCode
from gateway.ports import Delivered, Failed
from tests.builders import a_dossier
from tests.portal_scripts import ScriptedPortal, a_connector, a_message, procedure, said, scripted

CODE = ProcedureCode.parse("1.001193")
SUFFIXED = ProcedureCode.parse("1.001193.000.00.00.H99")
UNKNOWN = said(0, "Thành công", result=[])


class Bench:
    """A scripted portal, a connector and a clock that is moved by hand."""

    def __init__(self, answers: dict[str, Any] | None = None, **changes: Any) -> None:
        self.now = 0.0
        self.portal: ScriptedPortal = scripted(answers or {})
        self.connector: NationalPortal = a_connector(self.portal, monotonic=lambda: self.now, **changes)

    def look_up(self, code: ProcedureCode = CODE) -> tuple[str, bool]:
        listed, stale = self.connector.catalogue.procedure(code, "H99-1", self.connector.patience())
        return listed.code, stale

    def asked(self) -> int:
        return self.portal.calls.count("LayThuTuc")


def test_a_procedure_is_asked_for_once_a_day() -> None:
    """
    Within its validity it comes from memory.
    """
    bench = Bench()

    for at in (0, 1, 86_399, 86_400, 86_401):
        bench.now = at
        assert bench.look_up() == ("1.001193", False)

    assert bench.asked() == 2


def test_an_unknown_procedure_is_asked_for_again_soon() -> None:
    """
    People have it announced, requeue, and expect that to work.
    """
    bench = Bench({"LayThuTuc": [UNKNOWN]})

    with pytest.raises(Rejected, match="unknown-procedure"):
        bench.look_up()
    with pytest.raises(Rejected):
        bench.look_up()
    bench.now = 301

    assert bench.look_up() == ("1.001193", False)
    assert bench.asked() == 2


def test_a_requeued_dossier_sees_what_was_announced_a_moment_ago() -> None:
    """
    The officer had the procedure announced and requeued at once: the memory of its absence must not stop it again.
    """
    portal = scripted({"LayThuTuc": [UNKNOWN]})
    connector = a_connector(portal)
    dossier = a_dossier()

    (refused,) = connector.deliver([a_message(dossier)])
    (taken,) = connector.deliver([a_message(dossier, attempts=1)])

    assert isinstance(refused, Failed)
    assert isinstance(taken, Delivered)


@pytest.mark.parametrize("words", ["Xử lý thất bại", "Lỗi hệ thống", "Mã đã tồn tại"])
def test_a_procedure_is_not_unknown_because_a_portal_says_that_it_failed(words: str) -> None:
    """
    Code 0, no rows, and words that deny it: try again later, instead of a dead letter for every waiting dossier.
    """
    bench = Bench({"LayThuTuc": [said(0, words), said(0, words, result=[])]})

    for _ in range(2):
        with pytest.raises(Faulted):
            bench.look_up()
    assert bench.look_up() == ("1.001193", False)


def test_an_incomplete_procedure_is_asked_for_again_soon() -> None:
    """
    One whose field is missing is known, but cannot be used yet.
    """
    bare = said(0, "Thành công", result=[{"MATTHC": "1.001193", "TENTTHC": "Thủ tục", "LINHVUCTHUCHIEN": None}])
    bench = Bench({"LayThuTuc": [bare]})

    bench.look_up()
    bench.now = 301
    bench.look_up()

    assert bench.asked() == 2


def test_out_of_date_is_better_than_nothing_and_says_so() -> None:
    """
    The portal cannot be asked: the old entry serves for a while, then it is asked again.
    """
    bench = Bench({"LayThuTuc": [procedure(), httpx.ReadTimeout(""), httpx.ReadTimeout("")]})
    bench.look_up()

    bench.now = 90_000
    assert [bench.look_up() for _ in range(3)] == [("1.001193", True)] * 3
    assert bench.asked() == 2
    bench.now += 301
    assert bench.look_up() == ("1.001193", True)
    bench.now += 301
    assert bench.look_up() == ("1.001193", False)


def test_without_any_entry_the_fault_is_the_callers() -> None:
    """
    Which may try again: nothing has left about the dossier.
    """
    bench = Bench({"LayThuTuc": [httpx.ReadTimeout(""), said("-1", "Lỗi hệ thống")]})

    with pytest.raises(Unreachable):
        bench.look_up()
    with pytest.raises(Faulted):
        bench.look_up()


@pytest.mark.parametrize(
    ("rule", "answers", "found", "asked"),
    [
        ("listed", [procedure()], "1.001193.000.00.00.H99", ["1.001193.000.00.00.H99"]),
        ("listed", [UNKNOWN, procedure()], "1.001193", ["1.001193.000.00.00.H99", "1.001193"]),
        ("strip", [procedure()], "1.001193", ["1.001193"]),
        ("keep", [procedure()], "1.001193.000.00.00.H99", ["1.001193.000.00.00.H99"]),
    ],
)
def test_the_portals_list_decides_about_the_suffix(
    rule: str, answers: list[httpx.Response], found: str, asked: list[str]
) -> None:
    """
    As received first, then the national part alone, unless the operator knows better.
    """
    bench = Bench({"LayThuTuc": answers}, procedure_suffix=rule)

    assert bench.look_up(SUFFIXED) == (found, False)
    assert [body["maTTHC"] for body in bench.portal.bodies if body.get("service") == "LayThuTuc"] == asked


def test_lists_hold_as_long_as_procedures() -> None:
    """
    The national list has thousands of rows; rows without a code are left out.
    """
    rows = [{"MATTHC": "1.001193", "TENTTHC": "Đăng ký khai sinh"}, {"TENTTHC": "không mã"}, None]
    bench = Bench({"LayDanhSachTTHC": [said(0, "Thành công", result=rows)]})
    catalogue, patience = bench.connector.catalogue, bench.connector.patience()

    assert [catalogue.procedures(patience) for _ in range(2)] == [{"1.001193": "Đăng ký khai sinh"}] * 2
    assert [list(catalogue.category("LayDanhMucLinhVuc", patience)) for _ in range(2)] == [[], []]
    assert bench.portal.calls == ["login", "LayDanhSachTTHC", "LayDanhMucLinhVuc"]
