"""Releases of code lists beside each other: taken in once, found, walked through, compared; and what may be chosen."""
from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from traceapp.complaint.list_files import read_list
from traceapp.complaint.list_importing import ImportedList, ImportList, import_list
from traceapp.complaint.list_model import CodeRelease, CodeTerm
from traceapp.complaint.list_queries import (
    TermSearch,
    changes_to,
    check_codes,
    find_terms,
    path_of,
    releases,
    terms_below,
    version_on,
)
from traceapp.complaint.term_choice import Wanted, find_choices, same_named
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.db import Database

HEAD = "annex,code,term,path,selectable,status"
FIRST = ("E,E17,Skin,E17,no,", "E,E1716,Discoloured skin,E17|E1716,yes,", "E,E171601,Erythema,E17|E1716|E171601,yes,",
         "E,E1703,Blister,E17|E1703,yes,", "E,E20,Injury,E20,no,", "E,E1704,Burn(s),E17|E1704,yes,",
         "E,E1704,Burn(s),E20|E1704,yes,", "A,A04,Material,A04,yes,")
SECOND = ("E,E17,Skin,E17,no,", "E,E171601,Redness,E17|E171601,yes,", "E,E1703,Blister,E17|E1703,yes,Retired",
          "E,E1799,Other of the skin,E17|E1799,yes,")
STAFF = Actor(id="u-q", role="quality")
TODAY = date(2026, 11, 20)


def taken(database: Database, clock: FixedClock, rows: tuple[str, ...], version: str,
          begins: date | None = None) -> ImportedList:
    file = read_list("imdrf.csv", "\n".join((HEAD, *rows)).encode())
    with database.write() as session:
        return import_list(session, STAFF, clock, ImportList(file, version, begins))


@pytest.fixture
def two(database: Database, clock: FixedClock) -> Database:
    taken(database, clock, FIRST, "2023", date(2023, 1, 1))
    taken(database, clock, SECOND, "2024", date(2024, 7, 1))
    return database


def test_a_release_is_taken_in_once_and_a_different_one_of_the_same_name_is_refused(
        database: Database, clock: FixedClock) -> None:
    assert taken(database, clock, FIRST, "2023") == ImportedList("imdrf", "2023", 7, 0)
    assert taken(database, clock, FIRST, "2023") == ImportedList("imdrf", "2023", 0, 7)
    with pytest.raises(Conflict):
        taken(database, clock, SECOND, "2023")
    with pytest.raises(Conflict) as refused:
        taken(database, clock, SECOND, "2024")
    assert refused.value.code == "same-day"
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(CodeTerm)) == 7


def test_an_annex_may_follow_into_a_release_and_meddra_needs_its_version(database: Database, clock: FixedClock) -> None:
    for level, rest in (("llt", 1), ("pt", 1)):
        with database.write() as session:
            file = read_list(f"{level}.asc", b"10000001$Sign$\n")
            assert import_list(session, STAFF, clock, ImportList(file, "29.1")).taken == rest
    with pytest.raises(InvalidInput) as refused, database.write() as session:
        import_list(session, STAFF, clock, ImportList(read_list("soc.asc", b"1$All$\n")))
    assert refused.value.code == "version-needed"


def test_each_release_is_in_force_until_the_next_begins_in_whatever_order_they_came(
        database: Database, clock: FixedClock) -> None:
    taken(database, clock, SECOND, "2024", date(2024, 7, 1))
    taken(database, clock, FIRST, "2023", date(2023, 1, 1))
    with database.read() as session:
        assert [(row.version, row.valid_from, row.valid_to, number) for row, number in releases(session)] == [
            ("2024", date(2024, 7, 1), None, 4), ("2023", date(2023, 1, 1), date(2024, 7, 1), 7)]
        assert [version_on(session, "imdrf", day) for day in (date(2022, 1, 1), date(2024, 6, 30), date(2024, 7, 1))] == [
            None, "2023", "2024"]
        assert session.get(CodeTerm, ("imdrf", "2023", "E", "E1716")) is not None


def test_terms_are_found_by_code_by_words_and_by_what_our_own_list_calls_them_in_chinese(two: Database) -> None:
    def found(text: str, **more: object) -> list[str]:
        with two.read() as session:
            return [term.code for term in find_terms(session, TermSearch("imdrf", text=text, **more), TODAY)]  # type: ignore[arg-type]

    assert found("e17") == ["E17", "E1703", "E171601", "E1799"]
    assert found("e17", only_selectable=True) == ["E171601", "E1799"]
    assert found("SKIN other") == ["E1799"]
    assert found("皮肤发红") == ["E171601"]
    assert found("burn", version="2023") == ["E1704"]
    assert found("%") == found("_") == found("") == found("skin", annex="A") == []


def test_a_term_with_two_places_is_found_under_both_and_its_path_leads_home(two: Database) -> None:
    release = ("imdrf", "2023")
    with two.read() as session:
        tops = [(term.code, has_more) for term, has_more in terms_below(session, release, "E")]
        assert tops == [("E17", True), ("E20", True)]
        for parent in ("E17", "E20"):
            assert "E1704" in {term.code for term, _has_more in terms_below(session, release, "E", parent)}
        assert [term.code for term in path_of(session, release, "E", "E171601")] == ["E17", "E1716", "E171601"]
        assert path_of(session, release, "E", "E9999") == []


def test_a_later_release_says_what_has_to_be_coded_anew(two: Database) -> None:
    with two.read() as session:
        since, found = changes_to(session, "imdrf", "2024")
        assert (since, [term.code for term in found.vanished], [term.code for term in found.closed]) == (
            "2023", ["E1704", "E1716", "E20"], ["E1703"])
        assert [(one.name_en, other.name_en) for one, other in found.renamed] == [("Erythema", "Redness")]
        assert [term.code for term in found.added] == ["E1799"]
        assert {"blister", "burn"} <= {term.code for term in found.own} and "redness" not in {term.code for term in found.own}
        assert changes_to(session, "imdrf", "2023")[0] is None
        with pytest.raises(NotFound):
            changes_to(session, "imdrf", "2030")


def test_only_what_may_be_chosen_may_be_chosen_and_without_a_release_nothing_is_refused(two: Database) -> None:
    with two.read() as session:
        check_codes(session, "imdrf", "E", ["E171601"], (TODAY, "codes"))
        check_codes(session, "imdrf", "E", ["E1703"], (date(2024, 6, 30), "codes"))
        check_codes(session, "fda", "device", ["9999"], (TODAY, "codes"))
        for code, refusal in (("E1703", "closed-code"), ("E17", "closed-code"), ("E1704", "unknown-code")):
            with pytest.raises(InvalidInput) as refused:
                check_codes(session, "imdrf", "E", ["E171601", code], (TODAY, "details/codes_e"))
            assert (refused.value.code, refused.value.place) == (refusal, "details/codes_e")


def test_the_command_tells_what_was_taken_and_what_has_to_be_coded_anew(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sqlite: Database) -> None:
    from traceapp.cli import main
    monkeypatch.setenv("TRACEAPP_DATABASE_URL", str(sqlite.engine.url))
    monkeypatch.setenv("TRACEAPP_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("TRACEAPP_DEVELOPMENT", "1")
    for number, rows in enumerate((FIRST, SECOND)):
        tmp_path.joinpath(f"{number}.csv").write_text("\n".join((HEAD, *rows)), encoding="utf-8")
    main(["terms", "import", str(tmp_path / "0.csv"), "--version", "2023", "--from", "2023-01-01"])
    assert main(["terms", "import", str(tmp_path / "1.csv"), "--version", "2024"]) == 1
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["taken"], first["since"], second["since"], second["vanished"]) == (7, None, "2023", ["E1704", "E1716", "E20"])
    assert main(["terms", "import", str(tmp_path / "none.csv")]) == 1
    with sqlite.read() as session:
        assert session.scalar(select(func.count()).select_from(CodeRelease)) == 2


def test_a_chinese_release_of_meddra_gives_its_names_to_the_english_one(
        sqlite: Database, clock: FixedClock, actor: Actor) -> None:
    english, chinese = (read_list("llt.asc", f"10000001${name}$10000009$$$$$$$Y$$\n".encode()) for name in (
        "Itching", "瘙痒"))
    with pytest.raises(InvalidInput), sqlite.write() as session:
        import_list(session, actor, clock, ImportList(chinese, "29.1", is_chinese=True))
    with sqlite.write() as session:
        import_list(session, actor, clock, ImportList(english, "29.1", date(2026, 1, 1)))
    for taken, already in ((1, 0), (0, 1)):
        with sqlite.write() as session:
            done = import_list(session, actor, clock, ImportList(chinese, "29.1", is_chinese=True))
            assert (done.taken, done.already) == (taken, already)
    with sqlite.write() as session:
        assert import_list(session, actor, clock, ImportList(english, "29.1")).already == 1
        for text in ("瘙痒", "itching"):
            found, = find_choices(session, Wanted(text, ("meddra",)), TODAY)
            assert (found.code, found.name_en, found.name_zh) == ("10000001", "Itching", "瘙痒")
        assert same_named(session, "29.1", ["ITCHING"])["itching"].code == "10000001"
