"""Whether two complaints tell of one event: what agrees, what does not, and what is not given."""
from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.complaint.likeness import SUSPECTED, Facts, likeness, shingles

REPORT = Facts("lot", "hash", date(2026, 11, 20), "clinic", "杭州", "18-44", "female", frozenset({"redness", "itching"}),
               "贴了两天以后皮肤红肿，很痒，去医院开了药膏")


def test_the_same_report_again_is_suspected_among_a_thousand() -> None:
    found = likeness(REPORT, REPORT, 1000)
    assert found.probability > 0.99
    assert found.reasons[0][0] == "contact"


def test_what_is_not_given_says_nothing() -> None:
    bare = Facts("lot")
    assert likeness(REPORT, bare, 10).reasons == likeness(bare, bare, 10).reasons == (("lot", 0.0),)


@pytest.mark.parametrize("change", [{"sex": "male"}, {"age_band": "65+"}, {"day": date(2026, 9, 1)},
                                    {"terms": frozenset({"leak"})}, {"place": "Berlin"}, {"consignee": "other"},
                                    {"lot_key": "another"}, {"contact": "other"}])
def test_each_thing_that_differs_makes_it_less_likely(change: dict[str, object]) -> None:
    assert likeness(REPORT, replace(REPORT, **change), 50).probability < likeness(REPORT, REPORT, 50).probability


def test_two_strangers_with_the_same_mild_reaction_are_not_suspected() -> None:
    other = replace(REPORT, contact="other", day=date(2026, 11, 22), consignee=None, place="成都",
                    text="用完第一片就发红发痒，已停用")
    assert likeness(REPORT, other, 50).probability < 0.05


def test_short_texts_that_are_equal_weigh_little() -> None:
    short = Facts("lot", text="很痒")
    assert dict(likeness(short, short, 10).reasons)["text"] < 2


def test_a_common_age_says_less_than_a_rare_one() -> None:
    common = likeness(Facts("lot", age_band="18-44"), Facts("lot", age_band="18-44"), 10)
    rare = likeness(Facts("lot", age_band="14-17"), Facts("lot", age_band="14-17"), 10)
    assert dict(common.reasons)["age"] < dict(rare.reasons)["age"]


def test_width_case_and_punctuation_do_not_matter_to_texts() -> None:
    assert shingles("Ｒｅｄ, Skin!") == shingles("red skin")


@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 10**6))
def test_any_two_texts_have_a_probability_and_order_does_not_matter(one: str, other: str, candidates: int) -> None:
    first, second = Facts("lot", text=one), Facts("lot", text=other)
    found = likeness(first, second, candidates)
    assert 0 < found.probability < 1
    assert found == likeness(second, first, candidates)


def test_a_batch_of_seeded_duplicates_is_found_and_strangers_are_left_alone() -> None:
    """Two hundred reports of one lot, every tenth of them reported twice, the second time with one thing wrong."""
    chance = random.Random(11)
    words = ["贴后", "皮肤", "红肿", "瘙痒", "水泡", "两天", "三天", "停用", "药膏", "医院", "手臂", "膝盖", "孩子", "老人", "疼痛", "一片", "撕下", "夜里", "洗澡", "后来", "已经", "好转"]
    reports = [Facts("lot", f"p{number}", date(2026, 11, 1) + timedelta(days=chance.randrange(28)), None,
                     chance.choice(["杭州", "成都", "沈阳", "北京", ""]), chance.choice(["18-44", "45-64", "65+", "2-13"]),
                     chance.choice(["female", "male"]), frozenset(chance.sample(["redness", "itching", "blister"], 2)),
                     "".join(chance.sample(words, 9))) for number in range(200)]
    seeded = []
    for number in range(0, 200, 10):
        wrong = chance.choice([{"day": None}, {"age_band": "unknown"}, {"place": ""}, {"contact": None}])
        seeded.append((number, replace(reports[number], **wrong)))
    found = {number for number, again in seeded
             if max(range(200), key=lambda other: likeness(again, reports[other], 200).probability) == number
             and likeness(again, reports[number], 200).probability >= SUSPECTED}
    assert len(found) == len(seeded)
    wrongly = [pair for pair in range(199) if likeness(reports[pair], reports[pair + 1], 200).probability >= SUSPECTED]
    assert wrongly == []
