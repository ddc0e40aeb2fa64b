"""Periods of periodic reports: their days, the beginnings of their clocks, their last moments."""
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from traceapp.rules import Kind, Role, Situation, Trigger
from traceapp.rules.periodic import has_periods, periods, steps
from traceapp.rules.rows import rules

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def asked(jurisdiction: str, kind: str = "device", device_class: str = "II", role: str = "registrant") -> Situation:
    return Situation(jurisdiction, frozenset({Kind(kind)}), frozenset({Role(role)}),
                     frozenset({Trigger.periodic_report}), device_class)


def shown(situation: Situation, registered_on: date, now: datetime = NOW) -> list[tuple[str, str, str, str | None]]:
    return [(one.rule.id, one.first_on.isoformat(), one.last_on.isoformat(),
             one.due.at.isoformat() if one.due.at else None) for one in periods(situation, registered_on, now)]


def test_every_rule_of_periodic_reports_has_its_periods() -> None:
    assert {step.rule.id for step in steps()} == {
        rule.id for rule in rules() if Trigger.periodic_report in rule.triggers}


def test_a_full_year_after_registration_in_china_is_due_sixty_days_later() -> None:
    assert shown(asked("CN"), date(2024, 10, 1)) == [
        ("CN-MD-10", "2024-10-01", "2025-09-30", "2025-11-30T23:59:59+08:00"),
        ("CN-MD-10", "2025-10-01", "2026-09-30", "2026-11-30T23:59:59+08:00")]


def test_after_the_first_five_years_there_is_one_report_a_cycle_without_a_day() -> None:
    found = shown(asked("CN"), date(2016, 3, 9))
    assert [one[1:] for one in found] == [
        (f"{year}-03-09", f"{year + 1}-03-08", f"{year + 1}-05-08T23:59:59+08:00") for year in range(2016, 2021)
    ] + [("2021-03-09", "2026-03-08", None)]


def test_class_one_in_china_is_kept_on_file_for_five_years() -> None:
    found = periods(asked("CN", device_class="I"), date(2015, 1, 1), NOW)
    assert [one.first_on.year for one in found] == [2015, 2016, 2017, 2018, 2019]
    assert all(one.due.at is None and "kept on file" in one.rule.limit_text for one in found)


def test_a_class_that_is_not_known_takes_the_stricter_report_once() -> None:
    found = periods(asked("CN", device_class=""), date(2024, 10, 1), NOW)
    assert [one.due.at is not None for one in found] == [True, True]


@pytest.mark.parametrize(("device_class", "rule", "last_on", "due"), [
    ("IIb", "EU-MD-06a", "2027-02-27", "2027-02-28T23:59:59+01:00"),
    ("IIa", "EU-MD-06b", "2028-02-28", "2028-02-29T23:59:59+01:00")])
def test_in_europe_the_clock_runs_with_the_period(device_class: str, rule: str, last_on: str, due: str) -> None:
    found = shown(asked("EU", device_class=device_class), date(2024, 2, 29))
    assert found[0][1] == "2024-02-29"
    assert found[-1] == (rule, "2026-02-28", last_on, due)


def test_a_registration_of_a_leap_day_is_counted_from_it_every_year() -> None:
    found = periods(asked("CN"), date(2020, 2, 29), NOW)
    assert [one.started_at.date().isoformat() for one in found] == [
        "2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29", "2025-02-28"]
    assert all(before.last_on.toordinal() + 1 == after.first_on.toordinal()
               for before, after in zip(found, found[1:], strict=False))


def test_a_drug_in_the_united_states_is_reported_quarterly_then_yearly() -> None:
    found = shown(asked("US", "drug", ""), date(2023, 7, 15))
    assert found[0][1:] == ("2023-07-15", "2023-10-14", "2023-11-14T23:59:59-05:00")
    assert len(found) == 12 and found[-1][2] == "2026-07-14"
    later = shown(asked("US", "drug", ""), date(2023, 7, 15), datetime(2027, 8, 1, tzinfo=UTC))
    assert later[-1][1:] == ("2026-07-15", "2027-07-14", "2027-09-13T23:59:59-04:00")


@pytest.mark.parametrize(("now", "number"), [("2025-09-30T15:59:59", 0), ("2025-09-30T16:00:00", 1)])
def test_a_period_begins_its_clock_at_midnight_where_the_authority_is(now: str, number: int) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert len(periods(asked("CN"), date(2024, 10, 1), at)) == number


def test_who_is_not_asked_has_no_periods() -> None:
    assert not has_periods(asked("JP")) and not has_periods(asked("CN", "cosmetic"))
    assert not has_periods(asked("CN", role="distributor"))
    assert periods(asked("CN"), date(2027, 1, 1), NOW) == []
