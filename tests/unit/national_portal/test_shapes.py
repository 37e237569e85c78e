"""The four shapes of adapters: one call, four requests."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from connectors.national_portal.settings import PortalSettings
from connectors.national_portal.shapes import Call, Envelope, Group, headers_of, push_shape, question_shape

PUSH = Call("DongBoHoSoMC", data=[{"MaHoSo": "H99.01.01-260302-0007"}], updating=True)
STEPS = Call("CapNhatTienDoHoSoMC", data=[{"MaHoSo": "H99.01.01-260302-0007"}])
ASK = Call("LayThuTuc", parameters={"maTTHC": "9.000123"})
BASE = "http://127.0.0.1:9/XrdAdapter/RestService/forward"
DST = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
DST_QUOTED = "VN%3AGOV%3A000.00.00.G22%3Avpcpdvcprovider"


def settings(**changes: Any) -> PortalSettings:
    values: dict[str, Any] = {"adapter_url": "http://127.0.0.1:9", "madonvi": "000.00.00.H99"}
    return PortalSettings(**values | changes)


def test_variant_a_puts_everything_into_one_envelope() -> None:
    """
    Session, unit, service, flag and array, the flag as a word (contract 2.5).
    """
    request = push_shape(settings()).request(PUSH, "s3ss10n")

    assert (request.method, request.url) == ("POST", f"{BASE}/mapi/integration")
    assert orjson.loads(request.content) == {
        "session": "s3ss10n", "madonvi": "000.00.00.H99", "service": "DongBoHoSoMC", "isUpdating": "True",
        "data": [{"MaHoSo": "H99.01.01-260302-0007"}],
    }  # fmt: skip
    assert "s3ss10n" not in repr(request)


def test_variant_a_asks_flat_and_by_group() -> None:
    """
    Parameters stand beside the service; categories have their own endpoint (contract 2.2).
    """
    shape = question_shape(settings())

    assert orjson.loads(shape.request(ASK, "s").content)["maTTHC"] == "9.000123"
    assert shape.request(Call("LayDanhSachTTHC", Group.SHARE), "s").url == f"{BASE}/mapi/share"


def test_variant_b_has_the_service_in_the_path_and_a_bare_array() -> None:
    """
    ``…/DongBoHoSoMC?MaDinhDanhDV=…&isUpdating=True`` (contract 2.6 B).
    """
    shape = push_shape(settings(variant="B"))

    assert shape.request(PUSH, "").url == f"{BASE}/DongBoHoSoMC?MaDinhDanhDV=000.00.00.H99&isUpdating=True"
    assert orjson.loads(shape.request(PUSH, "").content) == [{"MaHoSo": "H99.01.01-260302-0007"}]
    assert not shape.session
    assert question_shape(settings(variant="B")).session


def test_variant_c_has_a_path_for_each_purpose() -> None:
    """
    Create, update and timeline go to three configured paths (contract 2.6 C).
    """
    shape = push_shape(settings(variant="C", create_path="a/them", update_path="a/sua", progress_path="a/tien-trinh"))
    create = Call("DongBoHoSoMC", data=[], updating=False)

    assert [shape.request(call, "").url for call in (create, PUSH, STEPS)] == [
        f"{BASE}/a/them", f"{BASE}/a/sua", f"{BASE}/a/tien-trinh",
    ]  # fmt: skip


def test_variant_d_asks_by_get() -> None:
    """
    ``GET …/KetNoiMotCuaQuocGia/LayThuTuc?maTTHC=…`` (contract 2.6 D).
    """
    request = question_shape(settings(variant="D")).request(ASK, "")

    assert (request.method, request.content) == ("GET", b"")
    assert request.url == f"{BASE}/KetNoiMotCuaQuocGia/LayThuTuc?maTTHC=9.000123"


@pytest.mark.parametrize(
    ("where", "header", "query"), [("header", True, False), ("query", False, True), ("both", True, True)]
)
@pytest.mark.parametrize("variant", ["A", "B", "C", "D"])
def test_the_destination_travels_as_configured(where: str, header: bool, query: bool, variant: str) -> None:
    """
    As a header, in the query, or both, in every shape (contract 2.2).
    """
    chosen = settings(dstcode_in=where, variant=variant)

    assert (headers_of(chosen).get("dstcode") == DST) is header
    for shape, call in ((push_shape(chosen), PUSH), (question_shape(chosen), ASK)):
        assert (f"dstcode={DST_QUOTED}" in shape.request(call, "s").url) is query


def test_both_prefixes_and_a_provider_address_are_configuration() -> None:
    """
    Newer adapters answer under another prefix (contract 2.1); some sub-services want ``providerurl``.
    """
    chosen = settings(adapter_prefix="/VXPAdapter/RestService/forward", providerurl="https://kho.vidu.example/api")
    url = Envelope(chosen).login("u", "p").url

    assert url.startswith("http://127.0.0.1:9/VXPAdapter/RestService/forward/mapi/login?providerurl=https%3A%2F%2Fkho")


def test_a_prefix_may_be_empty() -> None:
    """
    A provincial proxy may stand at the root.
    """
    assert Envelope(settings(adapter_prefix="")).login("u", "p").url == "http://127.0.0.1:9/mapi/login"
