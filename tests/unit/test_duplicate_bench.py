"""The planted duplicates that the benchmark judges by: what is planted, and that most of it is found."""
from __future__ import annotations

from collections import Counter

from benchmarks.complaint_import import table_of
from benchmarks.complaint_reports import reports
from benchmarks.duplicates import suspected


def test_the_same_seed_plants_the_same_reports_and_about_a_tenth_are_repeats() -> None:
    told = list(reports(2_000, 40, 3))
    assert told == list(reports(2_000, 40, 3)) != list(reports(2_000, 40, 4))
    times = Counter(one.event for one in told)
    assert 120 < sum(number - 1 for number in times.values()) < 280


def test_most_planted_duplicates_are_found_and_few_others_are_suspected() -> None:
    seen: set[int] = set()
    planted = given = right = 0
    for told, other in suspected(2_000, 40, 5):
        planted += told.event in seen
        given += other is not None
        right += other is not None and other.event == told.event
        seen.add(told.event)
    assert right / planted > 0.6
    assert right / given > 0.8


def test_the_table_has_a_row_for_each_report() -> None:
    assert table_of(300, 10).decode().count("\n") == 301
