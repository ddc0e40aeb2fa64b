"""The registry of forms, and the plain listing of cases."""
from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO

import pytest
from babel.messages.pofile import read_po

from tests.factories_case_report import changed, device_case, drug_case
from tests.unit.test_export_forms_words import ROOT
from traceapp.export.case_listing import case_columns
from traceapp.export.case_report import (
    Assessment,
    CaseReport,
    Event,
    Organisation,
    Patient,
    ReportedLot,
    ReportedProduct,
    Reporter,
    ReportHead,
    ReportKind,
    Use,
)
from traceapp.export.forms import FORMS
from traceapp.export.masking import masked
from traceapp.export.nmpa.rubric import score


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"))))


def test_every_form_renders_each_of_its_formats() -> None:
    for name, form in FORMS.items():
        assert form.name == name
        for fmt in form.formats:
            made = form.render(device_case(), fmt)
            assert made.data, (name, fmt)
            assert made.name.endswith(fmt.split("-")[0])


def empty_case() -> CaseReport:
    """A case of which nothing is known but that there is one."""
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    head = ReportHead(ReportKind.initial, "AE-1", 1, moment, moment, moment, Organisation())
    return CaseReport(head, Patient(), Event(), ReportedProduct("P1", "device", "", ""), ReportedLot(), Use(), Reporter(),
                      Assessment())


@pytest.mark.parametrize("kind", ["device", "ivd", "drug", "cosmetic", ""])
def test_a_case_of_which_nothing_is_known_fills_every_form_and_is_found_incomplete(kind: str) -> None:
    case = changed(empty_case(), product__kind=kind)
    for name, form in FORMS.items():
        for fmt in form.formats:
            made = form.render(masked(case), fmt)
            assert made.data, (name, fmt)
        assert made.findings, name
    assert score(case).points == 13  # the date known and the class of harm


def test_forms_can_be_named_without_loading_what_writes_them() -> None:
    program = ("import sys, traceapp.export.forms\n"
               "print({name.partition('.')[0] for name in sys.modules} & {'labels', 'reportlab', 'xlsxwriter', 'lxml'})")
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


def test_a_listing_has_a_row_a_case_without_persons() -> None:
    render = FORMS["csv"].render_many
    assert render is not None
    made = render([device_case(), changed(drug_case(), score=(61, 92))], "csv")
    one, two = rows(made.data)
    assert (one["Batch number"], one["Reactions"], one["Reaction codes"]) == (
        "B26031501", "水疱; 皮肤发红", "E1703; E171601")
    assert (one["Began on"], one["Date known to the"], one["Version"]) == ("2026-11-08", "day", "1")
    assert (one["Completeness"], two["Completeness"]) == ("", "61/92")
    assert "欧阳" not in made.data.decode()


def test_a_case_that_does_not_say_when_leaves_the_cells_empty() -> None:
    (row,) = rows(FORMS["csv"].render(changed(device_case(), event__began_on=None), "csv").data)
    assert (row["Began on"], row["Date known to the"]) == ("", "")


def test_the_listing_as_json_names_its_columns_by_key() -> None:
    made = json.loads(FORMS["csv"].render(device_case(), "json").data)
    assert set(made["rows"][0]) == {column.key for column in case_columns()}


def test_every_title_of_the_listing_has_its_chinese() -> None:
    known = set()
    for path in (ROOT / "traceapp/web/translations/zh").glob("*.po"):
        with path.open("rb") as file:
            known |= {message.id for message in read_po(file, locale="zh") if message.string}
    assert [column.title for column in case_columns() if column.title not in known] == []
