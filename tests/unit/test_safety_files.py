"""`traceapp icsr check` says of each file whether an authority would take it."""
from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.e2b_reports import accepted
from traceapp.cli import main
from traceapp.config import SettingsError, read_settings
from traceapp.export.e2b_r3.writer import write_batch

DEVICE = (Path(__file__).resolve().parents[3]
          / "shared/conformance/icsr/emdr/3500A_Sample_HL7_Submission_082415.xml")


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_sound_file_is_ok_and_the_missing_schema_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.xml"
    path.write_bytes(write_batch(accepted()))
    assert main(["icsr", "check", str(path)]) == 0
    line, = said(capsys)
    assert (line["file"], line["ok"], line["format"]) == (str(path), True, "e2b-r3")
    assert [(finding["code"], finding["level"]) for finding in line["findings"]] == [("no-schema", "warning")]
    assert "TRACEAPP_E2B_XSD_DIR" in line["findings"][0]["message"]


def test_each_file_has_its_line_and_one_that_is_refused_decides(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_bytes(write_batch(accepted()))
    batch = accepted()
    del batch.each("N.2.r")[0].values["H.1"]
    bad.write_bytes(write_batch(batch))
    assert main(["icsr", "check", str(bad), str(good)]) == 1
    first, second = said(capsys)
    assert (first["ok"], second["ok"]) == (False, True)
    finding = next(finding for finding in first["findings"] if finding["level"] == "error")
    assert (finding["element"], finding["name"], finding["code"]) == ("H.1", "Narrative", "missing")


@pytest.mark.parametrize(("data", "code"), [
    (b'<PORR xmlns="urn:hl7-org:v3"/>', "unknown-format"), (b"no xml", "not-xml"), (b"", "not-xml"),
    (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "encoding"),
    (b'<!DOCTYPE a [<!ENTITY b "c">]><MCCI_IN200100UV01 xmlns="urn:hl7-org:v3"/>', "document-type")])
def test_a_file_of_no_form_is_not_ok_from_standard_input(
        data: bytes, code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert main(["icsr", "check", "-"]) == 1
    line, = said(capsys)
    assert (line["file"], line["ok"]) == ("-", False)
    assert line["findings"][-1]["code"] == code


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["icsr", "check", "/nowhere/report.xml"]) == 1
    assert "/nowhere/report.xml" in capsys.readouterr().err


@pytest.mark.skipif(not DEVICE.is_file(), reason="../shared/conformance is not here")
def test_a_device_report_is_checked_by_its_own_rules(
        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEAPP_EMDR_XSD_DIR", str(DEVICE.parent))
    main(["icsr", "check", str(DEVICE)])
    line, = said(capsys)
    assert line["format"] == "emdr"
    assert "no-schema" not in [finding["code"] for finding in line["findings"]]


@pytest.mark.parametrize("name", ["E2B_XSD_DIR", "EMDR_XSD_DIR"])
def test_a_folder_of_schemas_must_be_there(name: str, tmp_path: Path) -> None:
    found = read_settings({f"TRACEAPP_{name}": str(tmp_path)})
    assert getattr(found, name.lower()) == tmp_path
    assert getattr(read_settings({}), name.lower()) is None
    with pytest.raises(SettingsError) as refused:
        read_settings({f"TRACEAPP_{name}": str(tmp_path / "nothing")})
    assert refused.value.place == f"TRACEAPP_{name}"
