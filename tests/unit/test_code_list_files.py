"""Files of code lists: what each kind holds, and which line of a spoilt one is named."""
from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.complaint.list_files import ListedTerm, read_list
from traceapp.complaint.terms import terms
from traceapp.core.errors import InvalidInput

HEAD = "annex,code,term,path,selectable"
IMDRF = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "terms" / "imdrf.csv"


def lines(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join((head, *rows)).encode()


def test_a_term_that_stands_at_two_places_is_one_term_with_its_home_first_and_the_name_that_it_has_there() -> None:
    found = read_list("imdrf.csv", lines("E,E22,Tests,E22,no", "E,E1205,Ketoacidosis,E22|E1205,yes",
                                         "E,E12,Metabolism,E12,no", 'E,E1205,"High sugar, acid",E12|E1205,yes')).terms
    assert found[1] == ListedTerm("E", "E1205", "High sugar, acid", "", ("E12", "E22"))
    assert [term.status for term in found] == ["not_selectable", "selectable", "not_selectable"]


def test_what_is_retired_or_only_heads_others_is_kept_as_such() -> None:
    found = read_list("x.csv", lines("A,A01,One,A01,yes,Retired,甲", "A,A02,Two,A02,yes,Not selectable,",
                                     "A,A03,Three,A03,yes,Modified,", head=f"{HEAD},status,zh")).terms
    assert [(term.status, term.name_zh) for term in found] == [("retired", "甲"), ("not_selectable", ""), ("selectable", "")]


def test_codes_of_the_fda_are_cut_at_the_bar() -> None:
    found = read_list("device.csv", b"\xef\xbb\xbfcode|term\n2993|Adverse Event\n\n1069|Break|Torn\n", "device")
    assert (found.system, [(term.annex, term.code, term.name_en) for term in found.terms]) == (
        "fda", [("device", "2993", "Adverse Event"), ("device", "1069", "Break|Torn")])


def test_a_release_of_meddra_is_read_by_the_names_of_its_files_and_old_terms_are_retired() -> None:
    llt = b"10000001$First sign$10000009$$$$$$$Y$$\n10000002$Old sign$10000009$$$$$$$N$$\n"
    found = read_list("MedAscii/llt.asc", llt)
    assert (found.system, [(term.annex, term.code, term.status) for term in found.terms]) == (
        "meddra", [("llt", "10000001", "selectable"), ("llt", "10000002", "retired")])
    assert read_list("pt.asc", b"10000009$Sign$$10000100$\n").terms[0].annex == "pt"


@pytest.mark.parametrize(("name", "content", "code", "place"), [
    ("x.csv", b"", "wrong-columns", "line 1"), ("x.csv", b"code,term\nA,B", "wrong-columns", "line 1"),
    ("x.csv", lines(), "empty-file", "file"), ("x.csv", lines("H,H01,What,H01,yes"), "not-an-annex", "line 2"),
    ("x.csv", lines("A,A01,One,A01,yes", "A,%%,Two,A02,yes"), "not-a-code", "line 3"),
    ("x.csv", lines("A,A01,,A01,yes"), "bad-name", "line 2"), ("f.csv", b"1|One", "annex-needed", "annex"),
    ("llt.asc", b"no cut here", "not-a-term", "line 1"), ("intl_ord.asc", b"1$2", "unknown-file", "file"),
    ("llt.asc", b"1$One$\n1$Two$", "code-twice", "line 2")])
def test_a_spoilt_file_is_refused_with_its_line(name: str, content: bytes, code: str, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_list(name, content)
    assert (refused.value.code, refused.value.place) == (code, place)


@given(st.sampled_from(["x.csv", "llt.asc", "f.csv"]), st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_content_is_read_or_refused(name: str, content: bytes) -> None:
    try:
        assert read_list(name, content, "device").terms
    except InvalidInput as refused:
        assert refused.place


def test_the_annexes_of_the_imdrf_are_read_whole_and_every_code_of_our_own_list_may_be_chosen_there() -> None:
    if not IMDRF.exists():
        pytest.skip("the public code list is not there: shared/conformance/terms/imdrf.csv")
    found = {term.code: term for term in read_list(IMDRF.name, IMDRF.read_bytes()).terms}
    assert len(found) == 1756 and found["E0104"].parents == ("E01", "E05")
    mapped = {term.imdrf for term in terms().values() if term.imdrf}
    assert len(mapped) > 20 and {code for code in mapped if found[code].status == "selectable"} == mapped
