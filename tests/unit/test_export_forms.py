"""The registry of forms, and the plain listing of cases."""
from __future__ import annotations

import csv
import json
from io import StringIO

from babel.messages.pofile import read_po

from tests.factories_case_report import changed, device_case, drug_case
from tests.unit.test_export_forms_words import ROOT
from traceapp.export.case_listing import case_columns
from traceapp.export.forms import FORMS


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"))))


def test_every_form_renders_each_of_its_formats() -> None:
    for name, form in FORMS.items():
        assert form.name == name
        for fmt in form.formats:
            made = form.render(device_case(), fmt)
            assert made.data, (name, fmt)
            assert made.name.endswith(fmt.split("-")[0])


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
