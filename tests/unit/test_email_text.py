"""Reading a pasted e-mail: head, words, what looks like a batch; every suggestion with its words."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.complaint.email_text import EmailText, names_in, read_email

ENGLISH = """From: "Jane Roe" <jane.roe@clinic.example>
Sent: Fri, 20 Nov 2026 09:15:00 +0100
To: quality@maker.example
Subject: Red skin after plaster, Lot No. CK26110201

Good morning,
two patients have red skin and itching; no blisters. Call +86 138 1234 5678, order 2026-4471.
> Lot 99999XX was fine last year, with swelling.
"""
CHINESE = """发件人：王护士 <wang@yiyuan.example>
时间：2026年11月20日(星期五) 下午 14:05
主题：创可贴问题

贴了以后皮肤发红，批号是 ck-261102O1，型号 A7。
"""


def values(read: EmailText, field: str) -> list[str]:
    return [one.value for one in read.suggestions if one.field == field]


def test_an_english_letter_gives_sender_time_terms_and_batch_with_their_words() -> None:
    read = read_email(ENGLISH)
    assert values(read, "name") == ["Jane Roe"]
    assert values(read, "email") == ["jane.roe@clinic.example"]
    assert values(read, "awareness_at") == ["2026-11-20T16:15"]
    assert set(values(read, "terms")) == {"redness", "itching"}
    assert values(read, "phone") == ["+86 138 1234 5678"]
    assert [(one.value, one.words) for one in read.lots] == [("CK26110201", "after plaster, Lot No. CK26110201")]
    assert read.narrative.startswith("Good morning,") and "> Lot 99999XX" in read.narrative


def test_a_chinese_letter_gives_the_same() -> None:
    read = read_email(CHINESE)
    assert values(read, "name") == ["王护士"]
    assert values(read, "awareness_at") == ["2026-11-20T14:05"]
    assert values(read, "terms")[0] == "redness"
    assert [one.value for one in read.lots] == ["ck-261102O1"]
    assert "批号" in read.lots[0].words


@pytest.mark.parametrize(("text", "field"), [
    ("just words", "name"), ("Date: yesterday\n\nhello", "awareness_at"), ("Date: 2026-13-45 99:99\n\nx", "awareness_at"),
    ("From: nobody in particular\n\nx", "email")])
def test_what_is_not_said_is_not_suggested(text: str, field: str) -> None:
    assert values(read_email(text), field) == []


@pytest.mark.parametrize(("said", "local"), [
    ("9 Mar 2026 14:30:00", "2026-03-09T14:30"), ("Mon, 9 Mar 2026 14:30:00 -0000", "2026-03-09T22:30"),
    ("Mon, 9 Mar 2026 14:30:00 -0500", "2026-03-10T03:30"), ("2026年3月9日 14:30", "2026-03-09T14:30")])
def test_a_time_without_a_zone_is_that_of_the_house(said: str, local: str) -> None:
    assert [one.value for one in read_email(f"Date: {said}\n\nhello").suggestions if one.field == "awareness_at"] == [local]


def test_names_of_products_are_found_whatever_their_case_the_longest_first() -> None:
    names = [("a", "Plaster"), ("b", "Breathable plaster"), ("c", "Mask"), ("d", "x")]
    assert [one.value for one in names_in("The BREATHABLE PLASTER came off", names)] == ["b", "a"]


@given(st.text(max_size=400))
def test_any_text_is_read_and_every_suggestion_quotes_it(text: str) -> None:
    read = read_email(text)
    assert all(one.words for one in (*read.suggestions, *read.lots))


def test_a_long_hostile_text_is_read_quickly_and_cut() -> None:
    for piece in ("a-", "1", "From: ", "lot ", "@a.", "138 ", "批号"):
        assert len(read_email(piece * 20_000).codes) <= 40
