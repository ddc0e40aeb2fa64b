"""What scanners and keyboards do to a code is undone."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.gs1 import readings

G = "06901234500011"
PLAIN = f"01{G}10B7\x1d21S1"


@pytest.mark.parametrize("text", [
    PLAIN, f"\r\n{PLAIN}\t\r", f" {PLAIN} ", f"\x02{PLAIN}\x03", f"{PLAIN}\x1e\x04", f"\x1d{PLAIN}", f"\ufeff{PLAIN}",
    *(f"01{G}10B7{gs}21S1" for gs in ("{GS}", "<GS>", "[GS]", "{gs}", "~d029", "\\x1d", "\\u001d", "\\035", "\\F", "␝",
                                      "<FNC1>")),
    "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in PLAIN)])
def test_a_separator_arrives_in_many_spellings_and_noise_stands_around(text: str) -> None:
    assert readings(text)[0] == PLAIN


@pytest.mark.parametrize(("text", "meant"), [
    (f"]D201{G}10b7", f"]d201{G}10B7"), (f"HTTPS://ID.GS1.ORG/01/{G}/10/b7", f"https://id.gs1.org/01/{G}/10/B7"),
    ("]A0B7", "B7"), ("b7", "B7"), ("]d1 B7", "B7"), (f"id.gs1.org/01/{G}/10/B7", f"https://id.gs1.org/01/{G}/10/B7"),
    (f"//id.gs1.org/01/{G}", f"https://id.gs1.org/01/{G}"), (f"]C1 01{G}", f"]C101{G}"),
    (f"https：、、id。gs1。org、01、{G}", f"https://id.gs1.org/01/{G}"), (f"（01）{G}", f"(01){G}"),
    ("10B7<GS>X", "10B7<GS>X"), ("https://a.example/10/%7BGS%7D", "https://a.example/10/%7BGS%7D")])
def test_what_is_meant_is_among_the_readings(text: str, meant: str) -> None:
    assert meant in readings(text)


def test_a_text_that_is_right_is_read_as_it_is_first() -> None:
    for text in (f"(01){G}(10)B7", f"]d201{G}10B7", f"https://x.example/01/{G}?s=Ab{{GS}}", "B7", "批号 7", "A.7/b", ""):
        assert readings(text)[0] == text


@given(st.text())
def test_any_text_has_readings_without_noise_around(text: str) -> None:
    found = readings(text)
    assert len(set(found)) == len(found) > 0
    assert not found[0][:1].isspace() or found[0][:1] not in " \t\r\n\x1d"
