"""The shapes in which portals take and list the same things: adapters, layouts, procedures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from connectors.national_portal.mock import PREFIXES, FaultKind, ProcedureSeed
from gateway.errors import Rejected
from gateway.ports import Delivered, Finding
from tests.builders import CODE, MORNING, a_code, a_document, a_dossier, a_result, a_supplement
from tests.portal_scripts import a_message, error_of
from tests.portal_sockets import Setting, fine, history


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("where", ["header", "query", "both"])
@pytest.mark.parametrize("variant", ["A", "B", "C", "D"])
def test_every_adapter_is_served(setting: Setting, variant: str, where: str, prefix: str) -> None:
    """
    Four shapes, two prefixes, the destination in the header, the query or both: the same ledger.
    """
    connector = setting.connector(variant=variant, dstcode_in=where, adapter_prefix=prefix)

    outcomes = [
        *connector.deliver([a_message(a_dossier())]),
        *connector.deliver([a_message(a_dossier())]),
        *connector.deliver([a_message(a_dossier(), established=True)]),
        *connector.deliver(history(2, 4)),
    ]

    assert fine(outcomes)
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert (record.creates, len(record.versions), setting.statuses()) == (1, 3, ["2", "4"])
    assert connector.probe(a_message(a_dossier(), established=True)).finding in {Finding.DIFFERS, Finding.APPLIED}
    assert all(line.ok for line in connector.check())


@pytest.mark.parametrize("profile", ["v1", "v2"])
def test_both_layouts_pass_a_strict_portal(build: Callable[..., Setting], profile: str) -> None:
    """
    Every optional part filled: no field is unknown to the portal, none is missing.
    """
    setting = build(profile=profile)
    dossier = a_dossier(
        receipt_number="BN-17",
        supplements=(a_supplement(received_at=MORNING + timedelta(days=2), documents=(a_document(id="5502"),)),),
        results=(a_result(),),
        note="ghi chú",
        extra="khác",
    )

    assert setting.connector(profile=profile).deliver([a_message(dossier)]) == [Delivered()]
    assert (setting.portal.counters().unknown_fields, setting.portal.counters().invalid_items) == (0, 0)


def test_an_unknown_procedure_is_refused_by_name_and_the_others_go_on(setting: Setting) -> None:
    """
    The reason names code, list and dossier (18.5.11); once the portal lists it, it passes.
    """
    connector = setting.connector(catalogue_retry_s=1e-9)
    stranger = a_message(a_dossier(procedure="9.000777"))

    error = error_of(connector.deliver([stranger])[0])

    assert type(error) is Rejected
    for part in ("9.000777", "LayThuTuc", CODE):
        assert part in error.text
    assert fine(connector.deliver([a_message(a_dossier(code=a_code(8)))]))
    setting.portal.add_procedures([ProcedureSeed("9.000777", "Thủ tục ví dụ", "G15-HT01", "Hộ tịch")])
    assert fine(connector.deliver([stranger]))


@pytest.mark.parametrize(
    ("rule", "listed", "sent"),
    [
        ("listed", "1.001193", "1.001193"),
        ("listed", "1.001193.000.00.00.H99", "1.001193.000.00.00.H99"),
        ("strip", "1.001193", "1.001193"),
        ("keep", "1.001193.000.00.00.H99", "1.001193.000.00.00.H99"),
    ],
)
def test_a_suffix_follows_the_portals_list(build: Callable[..., Setting], rule: str, listed: str, sent: str) -> None:
    """
    A province appends its code; the portal may list the procedure with or without it (contract 3.1).
    """
    setting = build()
    setting.portal.add_procedures([ProcedureSeed(listed, "Thủ tục", "G15-HT01", "Hộ tịch")])
    dossier = a_dossier(procedure="1.001193.000.00.00.H99")

    assert fine(setting.connector(procedure_suffix=rule).deliver([a_message(dossier)]))
    record = setting.portal.dossier(CODE)
    assert record is not None
    assert record.header["MaTTHC"] == sent


def test_a_procedure_is_still_known_while_the_portal_cannot_be_asked(setting: Setting) -> None:
    """
    What is out of date is better than nothing, and the outcome says that it was used.
    """
    connector = setting.connector(catalogue_validity_s=1e-9)
    connector.deliver([a_message(a_dossier())])
    setting.happens(FaultKind.HTTP, frozenset({"LayThuTuc"}))

    (outcome,) = connector.deliver([a_message(a_dossier(code=a_code(8)))])

    assert isinstance(outcome, Delivered)
    assert "quá hạn" in outcome.note


def test_the_catalogue_reads_lists_once(setting: Setting) -> None:
    """
    The national list and the categories are kept for their validity.
    """
    connector = setting.connector()
    patience = connector.patience()

    names = [connector.catalogue.procedures(patience) for _ in range(3)]
    fields = [connector.catalogue.category("LayDanhMucLinhVuc", patience) for _ in range(3)]

    assert names[0] == {"1.001193": "Thủ tục đăng ký khai sinh"}
    assert fields[0][0]["MALINHVUC"] == "G15-HT01"
    assert len(setting.portal.calls("LayDanhSachTTHC")) == 1
    assert len(setting.portal.calls("LayDanhMucLinhVuc")) == 1
