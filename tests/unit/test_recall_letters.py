"""The letter says what, which, how much, why, what to do and by when, in both languages."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from traceapp.recall.letters import LetterFacts, LetterLot, subject_of, text_of
from traceapp.recall.wording import softening_words

FACTS = LetterFacts(
    reference="RC-2611-ABCDEF", recall_class="I", title={"zh": "胶层致敏", "en": "Adhesive causes reactions"},
    risk={"zh": "皮肤起水疱", "en": "The skin can blister"}, action={"zh": "停止使用", "en": "Stop using it"},
    remedy={"zh": "退款", "en": "Refund"}, contact="0512-0000", consignee={"zh": "第一诊所", "en": "Clinic One"},
    lots=(LetterLot("P-0311", {"zh": "创可贴", "en": "Plaster"}, Decimal(1200), "EA", date(2027, 11, 1)),
          LetterLot("A-1", {"zh": "胶", "en": "Glue"}, Decimal("2.5"), "KGM", None)),
    link="https://recall.example/r/secret", answer_by=datetime(2026, 11, 23, 8, tzinfo=UTC))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_letter_holds_everything_in_both_languages(language: str) -> None:
    text = text_of(FACTS, language)
    for part in ("RC-2611-ABCDEF", "胶层致敏", "Adhesive causes reactions", "皮肤起水疱", "The skin can blister", "停止使用",
                 "Stop using it", "退款", "Refund", "0512-0000", "第一诊所", "Clinic One", "批号 P-0311", "batch P-0311",
                 "1200 件", "1200 pcs", "2.5 千克", "2.5 kg", "2027-11-01", "2026-11-23 16:00 (UTC+08:00)", "一级召回",
                 "Class I recall"):
        assert part in text, part
    assert text.count("https://recall.example/r/secret") == 2
    assert "$" not in text


def test_the_readers_language_comes_first() -> None:
    assert text_of(FACTS, "zh").index("皮肤起水疱") < text_of(FACTS, "zh").index("The skin can blister")
    assert text_of(FACTS, "en").index("The skin can blister") < text_of(FACTS, "en").index("皮肤起水疱")
    assert subject_of(FACTS, "en").startswith("URGENT: recall notice RC-2611-ABCDEF Adhesive")
    assert subject_of(FACTS, "zh").startswith("紧急：召回通知 RC-2611-ABCDEF 胶层致敏")


def test_a_language_that_is_not_known_reads_as_chinese() -> None:
    assert text_of(FACTS, "fr") == text_of(FACTS, "zh")


def test_a_reminder_says_which_it_is() -> None:
    reminder = replace(FACTS, reminder=2)
    assert "第 2 次提醒" in subject_of(reminder, "zh")
    assert "This is reminder 2." in text_of(reminder, "en")
    assert "https://recall.example/r/secret" in text_of(reminder, "en")


def test_without_a_remedy_none_is_promised() -> None:
    text = text_of(replace(FACTS, remedy={"zh": "", "en": ""}), "en")
    assert "entitled" not in text
    assert "补偿" not in text


@pytest.mark.parametrize("reminder", [0, 1])
def test_our_own_words_around_the_texts_do_not_soften(reminder: int) -> None:
    assert softening_words(text_of(replace(FACTS, reminder=reminder), "zh")) == ()
    assert softening_words(subject_of(replace(FACTS, reminder=reminder), "en")) == ()


def test_a_dollar_sign_in_a_text_is_a_dollar_sign() -> None:
    assert "$5 $risk" in text_of(replace(FACTS, action={"zh": "退", "en": "$5 $risk"}), "en")
