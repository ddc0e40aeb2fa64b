"""What free texts say, deny, ask and fear, with the place of every word; and how the command tells it."""
from __future__ import annotations

import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.cli import main
from traceapp.complaint.coding import Stance, code_text, stated_terms
from traceapp.complaint.terms import terms


def stances(text: str) -> dict[str, str]:
    return {code: one.stance for one in code_text(text) for code in one.codes}


@pytest.mark.parametrize(("text", "expected"), [
    ("使用后皮肤红肿，很痒，没有发热", {"redness": "stated", "swelling": "stated", "itching": "stated", "fever": "denied"}),
    ("没有红肿、瘙痒和疼痛", {"redness": "denied", "swelling": "denied", "itching": "denied", "pain": "denied"}),
    ("没有红肿，但是很痒", {"redness": "denied", "swelling": "denied", "itching": "stated"}),
    ("红肿没有消退", {"redness": "stated", "swelling": "stated"}),
    ("化脓的情况没有出现", {"infection": "denied"}),
    ("不但红肿还起了水泡", {"redness": "stated", "swelling": "stated", "blister": "stated"}),
    ("有没有感染？", {"infection": "asked"}), ("担心会感染", {"infection": "asked"}),
    ("不停出血", {"bleeding": "stated"}),
    ("No redness, swelling or pain but it itches",
     {"redness": "denied", "swelling": "denied", "pain": "denied", "itching": "stated"}),
    ("Not only redness, also blisters", {"redness": "stated", "blister": "stated"}),
    ("There was no improvement of the redness", {"redness": "stated"}),
    ("It would not stop bleeding", {"bleeding": "stated"}),
    ("Is there a risk of infection?", {"infection": "asked"}),
    ("She denies any pain; the fever began later", {"pain": "denied", "fever": "stated"}),
    ("不疼也不太痒", {"pain": "denied", "itching": "denied"}), ("不粘，撕下来疼", {"not_sticking": "stated", "pain": "stated"}),
    ("未诉疼痛", {"pain": "denied"}), ("会引起皮疹吗？", {"rash": "asked"}), ("引起皮肤瘙痒", {"itching": "stated"}), ("万一感染怎么办", {"infection": "asked"}),
    ("Rash: none", {"rash": "denied"}), ("Swelling was not seen", {"swelling": "denied"}),
    ("It might be infected", {"infection": "asked"})])
def test_what_is_stated_denied_or_asked(text: str, expected: dict[str, str]) -> None:
    assert stances(text) == expected


def test_the_longest_word_at_a_place_counts() -> None:
    assert [(one.codes, one.start, one.end) for one in code_text("过敏性休克")] == [(("collapse",), 0, 5)]


def test_places_are_those_of_the_text_as_it_was_given() -> None:
    text = "㍿ ＲＥＤＮＥＳＳ and ﬁn bleeding"
    assert [text[one.start:one.end] for one in code_text(text)] == ["ＲＥＤＮＥＳＳ", "bleeding"]


@pytest.mark.parametrize("text", ["painting the wall", "shipshape", "unpainted", "sprain"])
def test_a_word_inside_another_is_not_found(text: str) -> None:
    assert code_text(text, fuzzy=False) == ()


def test_one_slip_of_the_keyboard_is_found_and_marked() -> None:
    found = code_text("There was bliser and swelllling")
    assert [(one.codes, one.is_fuzzy) for one in found] == [(("blister",), True)]
    assert code_text("bliser", fuzzy=False) == ()


def test_a_word_with_another_first_letter_is_another_word() -> None:
    assert code_text("feeling well") == ()


def test_every_word_of_the_list_is_found_by_itself() -> None:
    missing = [(code, word) for code, term in terms().items() for word in term.words
               if code not in stated_terms(code_text(word.removesuffix("$")))]
    assert missing == []


@given(st.text(max_size=200))
def test_any_text_is_read_and_every_place_lies_in_it(text: str) -> None:
    for one in code_text(text):
        assert 0 <= one.start < one.end <= len(text)
        assert one.codes and one.stance in Stance


def test_the_command_tells_terms_with_places_and_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["terms", "code", "很痒，没有水泡"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert [(one["code"], one["text"], one["stance"], one["imdrf"]) for one in line["terms"]] == [
        ("itching", "很痒", "stated", "E1708"), ("blister", "水泡", "denied", "E1703")]


def test_the_command_reads_lines_and_says_when_a_text_states_nothing(
        capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("fine\nredness\n"))
    assert main(["terms", "code", "-"]) == 1
    assert [len(json.loads(line)["terms"]) for line in capsys.readouterr().out.splitlines()] == [0, 1]
