"""Code lists in the console: nothing yet, search, tree, releases."""
from __future__ import annotations

from tests.factories_web import Console
from traceapp.complaint.list_files import read_list
from traceapp.complaint.list_importing import ImportList, import_list
from traceapp.core.actor import SYSTEM

ROWS = (b"annex,code,term,path,selectable,status\nE,E17,Skin,E17,no,\nE,E171601,Erythema,E17|E171601,yes,\n"
        b"E,E1799,Old sign,E17|E1799,yes,Retired\n")


def test_a_list_is_searched_and_walked_through_and_says_how_to_import_it_when_it_is_not_there(console: Console) -> None:
    quality = console.browser("quality")
    assert "traceapp terms import FILE" in quality.get("/console/code-lists").text
    with console.database.write() as session:
        import_list(session, SYSTEM, console.clock, ImportList(read_list("imdrf.csv", ROWS), "2026"))
    assert "E: signs in the patient" in quality.get("/console/code-lists").text
    form = quality.get("/console/code-lists").text
    assert ">FDA problem codes</option>" in form and ">E: signs in the patient</option>" in form
    top = quality.get("/console/code-lists?annex=E").text
    assert "Heads others only" in top and "under=E17" in top and "Erythema" not in top
    below = quality.get("/console/code-lists?annex=E&under=E17").text
    assert "Erythema" in below and "Retired" in below
    assert "E171601" in quality.get("/console/code-lists?text=皮肤发红").text
    assert "No term fits" in quality.get("/console/code-lists?text=nothing-such").text
    assert quality.get("/console/code-lists?list=none&annex=Q&under=%25").status_code == 200
