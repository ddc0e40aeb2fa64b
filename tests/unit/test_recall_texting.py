"""The text message is short, in the reader's language, and its length in parts is known; numbers are E.164."""
from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.test_recall_letters import FACTS
from traceapp.core.errors import InvalidInput
from traceapp.core.telephone import checked_text_number, text_number
from traceapp.recall.letter_html import html_of
from traceapp.recall.letter_templates import CONSIGNEE, CONSUMER, CONSUMER_TEXT, FIRST, PRESENT, TEXT, template
from traceapp.recall.letters import text_of
from traceapp.recall.texting import Length, length_of, message_of
from traceapp.recall.ways import Reach
from traceapp.recall.wording import softening_words


@pytest.mark.parametrize(("language", "alphabet"), [("zh", "UCS-2"), ("en", "GSM-7")])
def test_it_says_which_recall_stop_and_where_to_answer(language: str, alphabet: str) -> None:
    text = message_of(FACTS, language)
    assert text.count(FACTS.link) == 1
    assert FACTS.reference in text
    assert FACTS.title[language] in text
    assert {"zh": "立即停止使用", "en": "Stop using"}[language] in text
    assert length_of(text).alphabet == alphabet
    assert length_of(text).segments == 2


def test_a_long_title_is_cut_and_the_link_never() -> None:
    text = message_of(replace(FACTS, title={"zh": "很长" * 100, "en": "long " * 60}, contact="c" * 200), "en")
    assert FACTS.link in text
    assert length_of(text).segments <= 3


def test_a_chinese_name_does_not_make_an_english_message_longer() -> None:
    text = message_of(replace(FACTS, contact="质量部 0512-0000 0000"), "en")
    assert text.endswith("Ask: 0512-0000 0000")
    assert length_of(text).alphabet == "GSM-7"
    assert message_of(replace(FACTS, contact="质量部"), "en").endswith("质量部")


@pytest.mark.parametrize(("text", "length"), [
    ("a" * 160, Length("GSM-7", 160, 1)), ("a" * 161, Length("GSM-7", 161, 2)), ("a" * 306, Length("GSM-7", 306, 2)),
    ("a" * 307, Length("GSM-7", 307, 3)), ("€" * 80, Length("GSM-7", 160, 1)),
    ("a" * 152 + "€" + "a" * 152, Length("GSM-7", 306, 3)), ("停" * 70, Length("UCS-2", 70, 1)),
    ("停" * 71, Length("UCS-2", 71, 2)), ("停" * 134, Length("UCS-2", 134, 2)), ("停" * 135, Length("UCS-2", 135, 3)),
    ("a’", Length("UCS-2", 2, 1)), ("😀" * 35, Length("UCS-2", 70, 1)), ("", Length("GSM-7", 0, 1))])
def test_length_is_counted_as_networks_do(text: str, length: Length) -> None:
    assert length_of(text) == length


@pytest.mark.parametrize("version", [FIRST, PRESENT])
@pytest.mark.parametrize("name", [CONSIGNEE, CONSUMER, TEXT, CONSUMER_TEXT])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_template_softens(version: str, name: str, language: str) -> None:
    assert softening_words(template(version, name, language).template) == ()


def test_the_notice_has_what_a_recall_notice_must_say() -> None:
    """Regulation (EU) 2023/988 art. 36(2): title, product and how to know it, who sold it, hazard, what to do, remedy,
    where to ask, tell others."""
    facts = replace(FACTS, maker={"zh": "清禾", "en": "Qinghe"}, lots=(replace(FACTS.lots[0], gtin="06901234000016"),))
    for is_to_consumer in (False, True):
        text = text_of(replace(facts, is_to_consumer=is_to_consumer), "en")
        for part in ("PRODUCT SAFETY RECALL", "Plaster", "batch P-0311", "GTIN 06901234000016", "beside LOT",
                     "Made and sold by Qinghe", "The skin can blister", "Stop using it", "Refund", "0512-0000",
                     FACTS.link, "everybody who may"):
            assert part in text, part


def test_the_page_of_the_letter_says_the_same_and_lets_nothing_in() -> None:
    page = html_of(replace(FACTS, risk={"zh": "<script>", "en": "a & b"}, contact='"x"'), "zh")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count(f'href="{FACTS.link}"') == 2
    assert page.index("胶层致敏") < page.index("a &amp; b")
    assert page.count("<th ") == 4, "two columns in each language: more do not fit a phone"
    assert all(f"{word}<span" in page for word in ("数量：", "Quantity: ")) and "1200 件<" in page


@pytest.mark.parametrize(("typed", "number"), [
    ("138 0000 0000", "+8613800000000"), ("+86-138-0000-0000", "+8613800000000"), ("0086 13800000000", "+8613800000000"),
    ("＋８６１３８００００００００", "+8613800000000"), ("+49 (170) 123.4567", "+491701234567"), ("0512-0000 0000", ""),
    ("+86 512 0000 0000", ""), ("12345", ""), ("+0 123 456 789", ""), ("+1234567890123456", ""), ("call me", "")])
def test_a_mobile_number_is_read_as_it_is_dialled(typed: str, number: str) -> None:
    assert text_number(typed) == number


def test_what_is_no_mobile_number_is_refused_at_its_field() -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_text_number("0512", place="mobile")
    assert refused.value.place == "mobile"
    assert checked_text_number(" ", place="mobile") == ""


@pytest.mark.parametrize(("reach", "ways"), [
    (Reach("a@b.example", "+8613800000000"), ("mail", "text")), (Reach("a@b.example", ""), ("mail",)),
    (Reach("", "+8613800000000", "mail"), ("text",)), (Reach("a@b.example", "+8613800000000", "text"), ("text",)),
    (Reach("a@b.example", "", "text"), ("mail",)), (Reach("", ""), ())])
def test_a_wish_is_followed_but_leaves_nobody_untold(reach: Reach, ways: tuple[str, ...]) -> None:
    assert reach.ways() == ways
