"""The settings of codes: keys made in development, files that must be there, regions that must be readable."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from traceapp.code.signature import CodeKeyError, CodeKeys
from traceapp.config import Settings, SettingsError, read_settings
from traceapp.db import Database
from traceapp.world import build_world


def test_development_writes_a_key_of_its_own_and_finds_it_again(tmp_path: Path) -> None:
    first = read_settings({"TRACEAPP_VAR_DIR": str(tmp_path)}).with_local_secrets()
    assert CodeKeys(first.code_keys).present
    assert (tmp_path / "code_keys").stat().st_mode & 0o777 == 0o600
    assert read_settings({"TRACEAPP_VAR_DIR": str(tmp_path)}).code_keys == first.code_keys
    assert first.code_keys not in repr(first)


def test_a_plant_needs_no_key_for_codes(settings: Settings, sqlite: Database) -> None:
    assert build_world(settings, database=sqlite).code_keys.present is None


@pytest.mark.parametrize("name", ["CODE_KEYS_FILE", "REGIONS_FILE"])
def test_a_file_that_a_setting_names_must_be_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=f"TRACEAPP_{name} names"):
        read_settings({"TRACEAPP_VAR_DIR": str(tmp_path), f"TRACEAPP_{name}": str(tmp_path / "missing")})


def test_keys_come_from_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("abc,def\n", encoding="utf-8")
    assert read_settings({"TRACEAPP_VAR_DIR": str(tmp_path), "TRACEAPP_CODE_KEYS_FILE": str(tmp_path / "keys")}
                         ).code_keys == "abc,def"


def test_a_wrong_key_or_regions_file_stops_the_start(settings: Settings, sqlite: Database, tmp_path: Path) -> None:
    with pytest.raises(CodeKeyError):
        build_world(replace(settings, code_keys="short"), database=sqlite)
    file = tmp_path / "regions.csv"
    for content in (b"network,region\n203.0.113.0/24,CN\nnonsense,CN\n", b"\xff\xfe"):
        file.write_bytes(content)
        with pytest.raises(SettingsError, match="regions.csv"):
            build_world(replace(settings, regions_file=file), database=sqlite)
    file.write_bytes("\ufeffnetwork,region\n203.0.113.0/24,CN-JS\n".encode())
    regions = build_world(replace(settings, regions_file=file), database=sqlite).regions
    assert (len(regions), regions.region_of("203.0.113.1")) == (1, "CN-JS")
