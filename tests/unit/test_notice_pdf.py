"""Letters on paper bear the code of their own answer, in both languages, letter by letter."""
from __future__ import annotations

import re
import zlib
from dataclasses import replace

from tests.unit.test_recall_letters import FACTS
from traceapp.export.notice_pdf import letters_pdf
from traceapp.recall.letters import PostalLetter


def letter(number: int, **changes: object) -> PostalLetter:
    facts = replace(FACTS, link=f"https://recall.example/r/secret-{number}", consignee={
        "zh": f"第{number}诊所", "en": f"Clinic {number}"})
    return replace(PostalLetter(facts, (f"第{number}诊所", "人民路 1 号"), "zh"), **changes)


def pages(parts: list[bytes]) -> list[bytes]:
    """The content of each page."""
    found = [zlib.decompress(stream) for stream in re.findall(rb"FlateDecode[^>]*>>\nstream\n(.*?)\nendstream",
                                                              b"".join(parts), re.DOTALL)]
    return [content for content in found if b" Tf " in content]


def test_each_letter_is_handed_on_as_soon_as_it_is_written() -> None:
    made = letters_pdf((letter(number) for number in range(3)), "Recall")
    first = next(made)
    assert first.startswith(b"%PDF-")
    rest = list(made)
    assert b"".join(rest).endswith(b"%%EOF\n")
    assert [first, *rest] == list(letters_pdf((letter(number) for number in range(3)), "Recall"))


def test_each_letter_has_a_code_of_its_own() -> None:
    def squares(number: int) -> list[bytes]:
        return re.findall(rb"[\d.]+ [\d.]+ [\d.]+ 1 re", pages(list(letters_pdf([letter(number)], "x")))[0])

    assert squares(1) == squares(1) != squares(2)
    assert len(squares(1)) > 200


def test_a_specimen_says_so_on_every_page() -> None:
    plain, specimen = (pages(list(letters_pdf([letter(1, is_specimen=wanted)], "x"))) for wanted in (False, True))
    assert len(plain) == len(specimen) == 2
    assert all(b" 22.0000 Tf" in page for page in specimen)
    assert not any(b" 22.0000 Tf" in page for page in plain)


def test_long_names_push_the_letter_down_and_lines_never_lie_on_one_another() -> None:
    facts = replace(FACTS, contact="质量部联系电话和地址" * 18, maker={"zh": "某某医疗用品有限公司" * 18, "en": "Maker " * 30})
    long = letter(1, facts=facts, address=("第一诊所" * 50, "质量部", "东大街 Straße " * 15, "瑞士 SWITZERLAND"))
    for page in pages(list(letters_pdf([long], "x"))):
        at_left = sorted({float(y) for x, y in re.findall(rb"1 0 0 1 ([\d.]+) ([\d.]+) Tm", page)
                          if x == b"56.693"})
        assert min(above - below for below, above in zip(at_left, at_left[1:], strict=False)) > 7.9
