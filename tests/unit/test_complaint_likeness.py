"""Whether two complaints tell of one event: what agrees, what does not, and what is not given."""
from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.complaint.likeness import SUSPECTED, Common, Facts, likeness, may_be_alike, shingles

REPORT = Facts("lot", "hash", date(2026, 11, 20), "clinic", "杭州", "18-44", "female", frozenset({"redness", "itching"}),
               "贴了两天以后皮肤红肿，很痒，去医院开了药膏")


def test_the_same_report_again_is_suspected_among_a_thousand() -> None:
    at_home = replace(REPORT, consignee=None)
    found = likeness(at_home, at_home, 1000)
    assert found.probability > 0.99
    assert found.reasons[0][0] == "contact"


def test_what_is_not_given_says_nothing() -> None:
    bare = Facts("lot")
    assert likeness(REPORT, bare, 10).reasons == likeness(bare, bare, 10).reasons == (("lot", 0.0),)


@pytest.mark.parametrize("change", [{"sex": "male"}, {"age_band": "65+"}, {"day": date(2026, 9, 1)},
                                    {"terms": frozenset({"leak"})}, {"place": "Berlin"}, {"consignee": "other"},
                                    {"lot_key": "another"}, {"contact": "other"}, {"learned": date(2026, 12, 30)}])
def test_each_thing_that_differs_makes_it_less_likely(change: dict[str, object]) -> None:
    at_home = replace(REPORT, consignee=None, learned=date(2026, 11, 21))
    first = replace(at_home, consignee="clinic", contact=None) if "consignee" in change else at_home
    assert likeness(first, replace(first, **change), 50).probability < likeness(first, first, 50).probability


def test_one_nurse_who_reports_two_patients_of_a_ward_on_one_day_reports_two_events() -> None:
    other = replace(REPORT, age_band="65+", terms=frozenset({"leak"}), text="患者敷料渗漏，已更换，请处理一下")
    assert likeness(REPORT, other, 50).probability < SUSPECTED
    assert likeness(replace(REPORT, consignee=None), replace(other, consignee=None), 50).probability > SUSPECTED


def test_a_town_and_the_town_with_its_province_are_one_place() -> None:
    told = dict(likeness(REPORT, replace(REPORT, place="浙江 杭州", consignee=None), 50).reasons)
    other = dict(likeness(REPORT, replace(REPORT, place="成都", consignee=None), 50).reasons)
    assert told["place"] > 0 > other["place"]


def test_what_many_say_tells_less() -> None:
    said = replace(REPORT, consignee=None)
    one, many = (likeness(said, said, 50, Common(number, number)).reasons for number in (1, 10))
    assert dict(one)["contact"] > dict(many)["contact"] and dict(one)["text"] > dict(many)["text"]


@given(st.builds(Facts, st.sampled_from([None, "a", "b"]), st.sampled_from([None, "p", "q"]),
                 st.dates(date(2026, 1, 1), date(2026, 2, 1)), st.sampled_from([None, "x", "y"]),
                 st.sampled_from(["", "杭州", "成都"]), st.sampled_from(["unknown", "0-1", "65+"])),
       st.sampled_from(["", "red and itching, went to the clinic", "no glue at all"]))
def test_the_quick_look_never_passes_over_what_the_thorough_one_suspects(facts: Facts, text: str) -> None:
    other = replace(REPORT, text=text)
    if likeness(facts, other, 50).probability >= SUSPECTED:
        assert may_be_alike(facts, other, 50)


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
