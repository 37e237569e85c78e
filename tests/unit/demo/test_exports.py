"""What the places export is what the file source reads, in five layouts and encodings."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from connectors.provincial.file import read_dossiers
from gateway.demo.cases import record_at
from gateway.demo.staging import Place, write_places
from gateway.demo.text import for_windows_1258
from gateway.errors import InvalidInput
from gateway.model import OnlinePayment, ResultDelivery
from gateway.model.text import nfc
from tests.localities import DOSSIERS, SEED, all_cases, all_localities


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Place]:
    folder = tmp_path_factory.mktemp("exports")
    return {place.locality.slug: place for place in write_places(folder, dossiers=DOSSIERS, seed=SEED)}


@pytest.mark.parametrize("slug", all_localities())
@pytest.mark.parametrize("week", ["first", "later"])
def test_what_is_written_is_what_is_read(places: dict[str, Place], slug: str, week: str) -> None:
    """
    Every dossier, step, supplement, fee and result comes back, whatever the layout, words, dates and encoding.
    """
    place = places[slug]
    files = place.first if week == "first" else place.later
    moment = place.locality.export_at if week == "first" else place.locality.second_export_at
    written = {case.code: (case, record_at(case, moment)) for case in all_cases()[slug]}

    read = {h.dossier.code.text: h for h in read_dossiers(files.dossiers, place.mapping, steps_path=files.steps)}

    assert read.keys() == written.keys()
    for code, (case, record) in written.items():
        header, cells = read[code].dossier, record.dossier
        assert header.procedure.base == case.service.procedure.code
        assert header.status.value == [event for event in case.events if event.at <= moment][-1].status
        assert nfc(header.applicant.name) == nfc(case.owner.name)
        assert nfc(header.subject) == nfc(case.subject)
        assert header.accepted_at == cells.get("accepted_at")
        assert header.due_at == cells.get("due_at")
        assert header.completed_at == cells.get("completed_at")
        assert [fee.amount for fee in header.fees] == ([cells["fees.amount"]] if "fees.amount" in cells else [])
        assert len(header.results) == ("results.url" in cells)
        assert len(header.supplements) == sum(key.endswith(".requested_at") for key in cells)
        steps = [(step.at, nfc(step.content), nfc(step.officer)) for step in read[code].steps]
        assert steps == [(s["at"], nfc(str(s["content"])), nfc(str(s["officer"]))) for s in record.steps]


def test_each_place_has_its_own_form(places: dict[str, Place]) -> None:
    """
    A workbook of two sheets, CSV with and without a BOM, UTF-16 with semicolons, Windows-1258, and a second file.
    """
    raw = {slug: place.first.dossiers.read_bytes() for slug, place in places.items()}

    assert load_workbook(places["ha-tinh"].first.dossiers).sheetnames == ["Hồ sơ", "Quá trình xử lý"]
    assert raw["thanh-hoa"].startswith("\ufeffSố hồ sơ,".encode())
    assert raw["ham-tan"].startswith("Mã hồ sơ,".encode())
    assert raw["dai-tu"].decode("utf-16").startswith("Mã số hồ sơ;")
    assert nfc(raw["ha-dong"].decode("cp1258")).startswith("Mã HS,")
    assert [slug for slug, place in places.items() if place.first.steps] == ["ham-tan"]


def test_the_same_seed_writes_the_same_bytes(places: dict[str, Place], tmp_path: Path) -> None:
    """
    Also the workbook, whose library would note the time of writing.
    """
    again = {place.locality.slug: place for place in write_places(tmp_path, dossiers=DOSSIERS, seed=SEED)}

    for slug, place in places.items():
        for before, after in zip(
            (*place.first.paths, *place.later.paths), (*again[slug].first.paths, *again[slug].later.paths), strict=True
        ):
            assert before.name == after.name
            assert before.read_bytes() == after.read_bytes()


def test_rows_come_in_no_useful_order(places: dict[str, Place]) -> None:
    """
    Neither dossiers nor the steps of one dossier are sorted in the file.
    """
    files = places["ham-tan"].first
    assert files.steps is not None
    dossiers = [line.split(",")[0] for line in files.dossiers.read_text().splitlines()[1:]]
    steps = [line.split(",")[:2] for line in files.steps.read_text().splitlines()[1:]]
    of_one = [at for code, at in steps if code == dossiers[0]]

    assert dossiers != sorted(dossiers)
    assert [code for code, _ in steps] != sorted(code for code, _ in steps)
    assert len(of_one) >= 3


def test_places_keep_their_habits(places: dict[str, Place]) -> None:
    """
    Hà Đông pays and collects at the desk; Hàm Tân sends most results by post; somebody pays online.
    """
    read = {
        slug: [h.dossier for h in read_dossiers(p.first.dossiers, p.mapping, steps_path=p.first.steps)]
        for slug, p in places.items()
    }

    assert {d.online_payment for d in read["ha-dong"]} == {OnlinePayment.NONE, OnlinePayment.OFFLINE}
    assert {d.result_delivery for d in read["ha-dong"]} == {ResultDelivery.COUNTER}
    by_post = [d for d in read["ham-tan"] if d.result_delivery is ResultDelivery.POST]
    assert len(by_post) > len(read["ham-tan"]) / 2
    assert any(d.online_payment is OnlinePayment.PROVINCE for some in read.values() for d in some)
    assert {d.agency.code.text for d in read["ham-tan"] if d.agency.code} >= {"000.00.16.H11", "H36.151"}


def test_windows_1258_holds_all_of_vietnamese() -> None:
    """
    Vowels with marks stay composed, tones stand apart; nothing is lost on the way back.
    """
    text = "Đường Nguyễn Huệ, phường Thạch Quý: thủ tục hỗ trợ người khuyết tật"

    assert nfc(for_windows_1258(text).encode("cp1258").decode("cp1258")) == text


def test_an_unknown_place_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """
    The text names what could be meant.
    """
    with pytest.raises(InvalidInput, match="ha-tinh"):
        write_places(tmp_path, dossiers=None, seed=SEED, only="ha-noi")
