"""Who a new report is compared with, and which of them it is said to repeat."""
from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from traceapp.complaint.likeness import Facts
from traceapp.complaint.neighbours import EACH_WAY, Known, Neighbours, most_alike

DAY = date(2026, 6, 1)
FACTS = Facts("lot", "hash", DAY, None, "杭州", "18-44", "female", frozenset({"redness"}), "贴了两天以后皮肤红肿很痒", DAY)


def known(key: str, days: int = 0, facts: Facts = FACTS) -> Known:
    return Known(DAY + timedelta(days=days), key, facts)


def test_only_reports_within_two_months_are_compared_however_they_were_added() -> None:
    neighbours = Neighbours.of([known("late", 61), known("early", -60)])
    for key, days in (("same", 0), ("far", -61), ("after", 60)):
        neighbours.add(known(key, days))
    assert [one.id for one in neighbours.near(DAY)] == ["early", "same", "after"]


def test_of_very_many_the_nearest_are_compared() -> None:
    neighbours = Neighbours.of([known(f"{number:04}", number // 40 - 20) for number in range(1600)])
    near = neighbours.near(DAY)
    assert len(near) == 2 * EACH_WAY
    assert max(abs((one.learned - DAY).days) for one in near) <= 3


def test_the_most_alike_is_named_and_nobody_where_none_is_alike() -> None:
    other = replace(FACTS, contact="other", sex="male", place="成都", terms=frozenset({"leak"}), text="漏了一床，没法用，请退款")
    typed = replace(FACTS, text="贴了两天以后皮肤红肿很养", day=None)
    assert most_alike(FACTS, [known("stranger", 0, other), known("again", 2, typed)]) == "again"
    assert most_alike(FACTS, [known("stranger", 0, other)]) is None
    assert most_alike(FACTS, []) is None
