"""The files of the example places: valid, and refused whole when they are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from connectors.provincial.file import load_mapping
from gateway.config import load
from gateway.demo.catalogue import CatalogueEntry
from gateway.demo.locality import Agency, Locality, load_localities, localities_folder
from gateway.errors import ConfigurationError


@pytest.mark.parametrize("folder", sorted(path.parent for path in localities_folder().glob("*/locality.toml")), ids=str)
def test_each_place_has_what_it_needs_to_run_by_itself(folder: Path, localities: dict[str, Locality]) -> None:
    """
    A configuration for its own province, a mapping of its own source, and a README with the commands.
    """
    settings = load(folder / "lienthong.toml", env={"LIENTHONG_CONG_DVCQG_PASSWORD": "sandbox"})
    mapping = load_mapping(settings.sources["mot-cua"].mapping)
    readme = (folder / "README.md").read_text(encoding="utf-8")

    assert settings.tenant.code == localities[folder.name].unit
    assert mapping.source == f"motcua-{folder.name}"
    assert f"lienthong demo --locality {folder.name}" in readme
    assert "lienthong sync --until-idle" in readme


def test_an_agency_prints_its_code_in_its_own_order() -> None:
    """
    QCVN 102:2016 wrote level 1 last and filled what is missing with zeros.
    """
    forms = {
        code: Agency("Đơn vị", code, "reverse", (), 1, (), None, None).written_code
        for code in ("H27.01", "H56.22.17", "H11.16")
    }

    assert forms == {"H27.01": "000.00.01.H27", "H56.22.17": "000.17.22.H56", "H11.16": "000.00.16.H11"}
    assert Agency("Đơn vị", "H36.151", "forward", (), 1, (), None, None).written_code == "H36.151"


def test_every_mistake_of_every_place_is_told_at_once(tmp_path: Path, catalogue: Mapping[str, CatalogueEntry]) -> None:
    """
    An invented procedure in one file and an unknown script in another.
    """
    for name, mistake in (("one", ('"2.000635"', '"9.000635"')), ("two", ("same-day", "same-year"))):
        source = localities_folder() / "ha-dong" / "locality.toml"
        (tmp_path / name).mkdir()
        (tmp_path / name / "locality.toml").write_text(source.read_text(encoding="utf-8").replace(*mistake), "utf-8")

    with pytest.raises(ConfigurationError) as caught:
        load_localities(catalogue, tmp_path)

    assert [problem.path.rpartition("/")[2] for problem in caught.value.problems] == [
        "locality.toml: services",
        "locality.toml: scripts.same-year",
    ]
    assert "9.000635" in str(caught.value)


def test_a_folder_without_places_says_so(tmp_path: Path, catalogue: Mapping[str, CatalogueEntry]) -> None:
    """
    An installation that lost its examples ends in a sentence, not in an empty demonstration.
    """
    with pytest.raises(ConfigurationError, match="no example locality"):
        load_localities(catalogue, tmp_path)
