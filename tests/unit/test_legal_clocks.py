"""Every legal clock at its boundary, and what runs when nothing matches."""
from __future__ import annotations

import calendar
import csv
import json
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.cli import main
from traceapp.core.errors import InvalidInput
from traceapp.rules import Kind, Role, Rule, Situation, Trigger, due, is_working_day, judge, rules
from traceapp.rules.clocks import ZONES
from traceapp.rules.lines import situation_of
from traceapp.rules.rows import Unit

FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts" / "legal_clocks.csv"
BY_ID = {rule.id: rule for rule in rules()}
NUMBERED = [rule for rule in rules() if rule.limit]
# Month ends, a leap day, clocks put forward and back in each zone, Chinese New Year, the year without a calendar.
STARTS = ["2026-01-31T15:59:59Z", "2026-01-31T16:00:00Z", "2028-02-28T12:00:00Z", "2028-02-29T23:30:00Z",
          "2026-03-08T06:30:00Z", "2026-03-29T00:30:00Z", "2026-04-04T15:30:00Z", "2026-10-03T15:30:00Z",
          "2026-10-25T00:30:00Z", "2026-11-01T05:30:00Z", "2026-02-13T09:00:00Z", "2026-09-30T09:00:00Z",
          "2026-12-28T02:00:00Z", "2026-12-31T23:59:59Z"]
# Working days that follow 2026-12-28 and 2026-02-13 in each calendar, counted on paper.
ON_PAPER = {("CN", "2026-02-13", 1): "2026-02-14", ("CN", "2026-02-13", 2): "2026-02-24",
            ("CN", "2026-02-13", 5): "2026-02-27", ("CN", "2026-02-13", 6): "2026-02-28",
            ("CN", "2026-12-28", 5): "2027-01-04", ("CN", "2026-12-28", 10): "2027-01-11",
            ("US", "2026-12-28", 5): "2027-01-05", ("US", "2026-12-28", 10): "2027-01-12",
            ("US", "2026-02-13", 3): "2026-02-19", ("GB", "2026-12-24", 3): "2026-12-31",
            ("CA", "2026-12-24", 3): "2026-12-31"}


def parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


def oracle(rule_id: str, start: datetime) -> datetime:
    """The moment after the last one that is in time, by another way: seconds of days, one after the other."""
    rule = BY_ID[rule_id]
    assert rule.limit is not None
    zone = ZoneInfo(ZONES[rule.jurisdiction])
    if rule.unit is Unit.hour:
        return datetime.fromtimestamp(start.timestamp() + rule.limit * 3600, UTC) + timedelta(seconds=1)
    day = start.astimezone(zone).date()
    if rule.unit is Unit.month:
        number = day.year * 12 + day.month - 1 + rule.limit
        year, month = number // 12, number % 12 + 1
        day = date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
    else:
        left = rule.limit
        while left > 0:
            day = date.fromordinal(day.toordinal() + 1)
            left -= 1 if rule.unit is Unit.calendar_day else is_working_day(rule.jurisdiction, day)[0]
    after = date.fromordinal(day.toordinal() + 1)
    return datetime(after.year, after.month, after.day, tzinfo=zone)


# Words by which the column that people read names who has to report; `same` stands below a row that names them all.
WORDS = {Role.user_facility: r"user|hospital|^same$", Role.distributor: r"distributor|dealer|seller|^same$",
         Role.registrant: r"MAH|manufacturer|applicant|firm|responsible person|registrant|sponsor|^same$",
         Role.importer: r"importer|sponsor", Role.representative: r"agent|UKRP|DMAH",
         Role.contract_manufacturer: r"contract maker|^same$", Role.authority: r"market regulator"}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_nobody_has_the_clock_of_another_role(rule: Rule, role: Role) -> None:
    """Every rule with every role, all else matching; who it is for is read from the words of the law."""
    start = datetime.combine(rule.effective_from or date(2026, 3, 2), time(12), UTC) + timedelta(days=1)
    runs = {clock.rule.id for clock in judge(Situation(
        rule.jurisdiction, rule.kinds or frozenset(), frozenset({role}), rule.triggers,
        next(iter(sorted(rule.classes)), "")), start).clocks}
    assert (rule.id in runs) == bool(re.search(WORDS[role], rule.actor))


@pytest.mark.parametrize(("role", "mine", "others"), [
    (Role.user_facility, "US-MD-03", "US-MD-01"), (Role.registrant, "US-MD-01", "US-MD-03"),
    (Role.importer, "US-MD-04", "US-MD-03"), (Role.user_facility, "CN-MD-03b", "CN-MD-02"),
    (Role.registrant, "CN-MD-02", "CN-MD-03b"), (Role.distributor, "CN-MD-03b", "CN-MD-02")])
def test_ten_days_of_a_hospital_never_hit_a_manufacturer_and_the_other_way(role: Role, mine: str, others: str) -> None:
    rule = BY_ID[mine]
    runs = {clock.rule.id for clock in judge(Situation(
        rule.jurisdiction, frozenset({Kind.device}), frozenset({role}), frozenset({Trigger.serious_injury})),
        parsed("2026-05-13T00:00:00Z")).clocks}
    assert mine in runs and others not in runs


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("rule_id", [rule.id for rule in NUMBERED])
def test_a_clock_ends_with_the_last_second_of_its_limit(rule_id: str, start: str) -> None:
    found = due(BY_ID[rule_id], parsed(start))
    assert found.at is not None
    assert found.at.astimezone(UTC) == oracle(rule_id, parsed(start)).astimezone(UTC) - timedelta(seconds=1)


@pytest.mark.parametrize("rule_id", [rule.id for rule in NUMBERED if rule.unit is not Unit.hour])
def test_a_second_before_midnight_of_the_authority_is_a_day_less(rule_id: str) -> None:
    rule = BY_ID[rule_id]
    midnight = datetime(2026, 5, 13, tzinfo=ZoneInfo(ZONES[rule.jurisdiction]))
    before, at = due(rule, midnight - timedelta(seconds=1)).at, due(rule, midnight).at
    assert before is not None and at is not None
    assert before.date() < at.date()
    assert due(rule, midnight + timedelta(seconds=1)).at == at


@pytest.mark.parametrize(("jurisdiction", "start", "days", "last"), [(*key, day) for key, day in ON_PAPER.items()])
def test_working_days_follow_the_calendar_of_the_authority(jurisdiction: str, start: str, days: int, last: str) -> None:
    day, left = date.fromisoformat(start), days
    while left:
        day += timedelta(days=1)
        left -= is_working_day(jurisdiction, day)[0]
    assert day.isoformat() == last


def test_a_year_that_the_calendar_lacks_makes_the_day_provisional_and_extends_nothing() -> None:
    begun = parsed("2026-12-28T10:00:00+08:00")
    filing, closing = due(BY_ID["CN-MR-04"], begun), due(BY_ID["CN-MR-05"], begun)
    assert filing.is_provisional and closing.is_provisional
    assert closing.at == parsed("2027-01-11T23:59:59+08:00")  # Monday to Friday, the first of January too
    assert not due(BY_ID["CN-MR-04"], parsed("2026-12-14T10:00:00+08:00")).is_provisional


def test_american_holidays_are_the_published_ones() -> None:
    published = "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"
    found = [day for offset in range(365) if (day := date(2026, 1, 1) + timedelta(days=offset)).weekday() < 5
             and not is_working_day("US", day)[0]]
    assert [f"{day:%m-%d}" for day in found] == published.split()
    assert not is_working_day("US", date(2021, 12, 31))[0]  # the first of January 2022 was a Saturday


@pytest.mark.parametrize(("jurisdiction", "days"), [
    ("GB", "2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28"),
    ("GB", "2027-01-01 2027-03-26 2027-03-29 2027-05-03 2027-05-31 2027-08-30 2027-12-27 2027-12-28"),
    ("CA", "2026-01-01 2026-04-03 2026-04-06 2026-05-18 2026-07-01 2026-09-07 2026-09-30 2026-10-12 2026-11-11 "
           "2026-12-25 2026-12-28")])
def test_british_and_canadian_holidays_are_the_published_ones(jurisdiction: str, days: str) -> None:
    year = int(days[:4])
    found = [day.isoformat() for offset in range(365) if (day := date(year, 1, 1) + timedelta(days=offset)).weekday() < 5
             and not is_working_day(jurisdiction, day)[0]]
    assert found == days.split()


@given(st.sampled_from(NUMBERED), st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 1)), st.integers(0, 10**6))
def test_who_starts_later_is_never_due_earlier(rule: object, start: datetime, seconds: int) -> None:
    first = due(rule, start.replace(tzinfo=UTC)).at  # type: ignore[arg-type]
    second = due(rule, start.replace(tzinfo=UTC) + timedelta(seconds=seconds)).at  # type: ignore[arg-type]
    assert first is not None and second is not None and first <= second


def test_hours_are_hours_when_clocks_are_put_forward_or_back() -> None:
    for start in ("2026-03-08T01:30:00-05:00", "2026-11-01T01:30:00-04:00"):
        found = due(BY_ID["CA-MD-03"], parsed(start)).at
        assert found is not None
        assert found.timestamp() - parsed(start).timestamp() == 24 * 3600


def test_the_ten_days_of_a_user_facility_never_hit_a_manufacturer() -> None:
    at = parsed("2026-05-04T09:00:00-04:00")

    def found(actor: str) -> set[str]:
        return {clock.rule.id for clock in judge(situation_of("US", "device", [actor], ["serious_injury"]), at).clocks}

    assert found("manufacturer") == {"US-MD-01"}
    assert found("user facility") == {"US-MD-03"}
    assert found("importer") == {"US-MD-04"}


def test_all_matching_rules_run_and_the_earliest_comes_first() -> None:
    judgement = judge(situation_of("CN", "device", ["MAH"], ["group_event", "death"]), parsed("2026-05-04T09:00+08:00"))
    assert [clock.rule.id for clock in judgement.clocks] == ["CN-MD-05", "CN-MD-01", "CN-MD-07"]
    assert judgement.undetermined_until is None


def test_what_no_rule_knows_is_undetermined_and_runs_on_the_shortest_clock_of_the_authority() -> None:
    at = parsed("2026-05-08T09:00:00+09:00")
    judgement = judge(situation_of("JP", "ivd", ["MAH"], ["death"]), at)
    assert judgement.clocks == ()
    assert judgement.undetermined_until == parsed("2026-05-23T23:59:59+09:00")
    assert judgement.review_by == parsed("2026-05-11T23:59:59+09:00")


def test_an_authority_without_any_rules_is_undetermined_too() -> None:
    at = parsed("2026-05-08T09:00:00Z")
    judgement = judge(situation_of("BR", "device", ["MAH"], ["death"]), at)
    assert judgement.undetermined_until == at + timedelta(hours=12)
    assert judgement.review_by is not None


def test_a_rule_without_a_number_asks_a_person_for_the_day() -> None:
    judgement = judge(situation_of("EU", "device", ["manufacturer"], ["rise_of_not_serious"]),
                      parsed("2026-05-08T09:00:00+02:00"))
    assert [(clock.rule.id, clock.due.at) for clock in judgement.clocks] == [("EU-MD-05", None)]
    assert judgement.review_by == parsed("2026-05-11T23:59:59+02:00")


def test_a_rule_holds_from_the_day_on_which_it_came_into_force() -> None:
    threat = situation_of("GB", "device", ["manufacturer"], ["public_health_threat"])
    assert judge(threat, parsed("2025-06-15T12:00:00+01:00")).undetermined_until is not None
    assert [clock.rule.id for clock in judge(threat, parsed("2025-06-16T12:00:00+01:00")).clocks] == ["UK-MD-01a"]


def test_a_class_that_is_not_known_matches_rules_for_any() -> None:
    report = frozenset({Trigger.periodic_report})
    any_class = Situation("EU", frozenset({Kind.device}), frozenset({Role.registrant}), report)
    at = parsed("2026-02-28T12:00:00+01:00")
    assert [clock.rule.id for clock in judge(any_class, at).clocks] == ["EU-MD-06a", "EU-MD-06b"]
    two_a = Situation("EU", frozenset({Kind.device}), frozenset({Role.registrant}), report, "IIa")
    assert [clock.rule.id for clock in judge(two_a, at).clocks] == ["EU-MD-06b"]


def test_every_row_of_the_facts_is_a_rule_with_the_same_number() -> None:
    if not FACTS.exists():
        pytest.skip("../shared/facts is not here")
    facts = {row["id"]: row for row in csv.DictReader(FACTS.open(encoding="utf-8"), delimiter="|")}
    assert facts.keys() == BY_ID.keys()
    for one, row in facts.items():
        rule = BY_ID[one]
        assert (rule.jurisdiction, rule.mark, bool(rule.article), bool(rule.source)) == (
            row["jurisdiction"], row["verified"], True, True), one
        if row["limit"].isdigit():
            assert (rule.limit, rule.unit) == (int(row["limit"]), row["unit"]), one


@pytest.mark.parametrize("wrong", [("CN", "toaster", "MAH", "death"), ("CN", "device", "wizard", "death"),
                                   ("CN", "device", "MAH", "sneeze")])
def test_a_word_that_no_rule_has_is_refused_with_its_place(wrong: tuple[str, str, str, str]) -> None:
    jurisdiction, kind, actor, trigger = wrong
    with pytest.raises(InvalidInput) as refused:
        situation_of(jurisdiction, kind, [actor], [trigger])
    assert refused.value.place in ("kind", "actor", "trigger")


def test_the_command_prints_every_clock_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["clocks", "due", "--jurisdiction", "cn", "--kind", "device/IVD", "--actor", "MAH", "--trigger", "死亡"]
    assert main([*asked, "--at", "2026-12-28T10:00:00+08:00"]) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["id"], line["due"], line["unit"]) == ("CN-MD-01", "2027-01-04T23:59:59+08:00", "calendar_day")
    assert line["source"] and line["recipient"]
    assert main([*asked, "--at", "2026-12-28T10:00:00"]) == 1
    assert "[--at]" in capsys.readouterr().err


def test_the_command_says_undetermined_and_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clocks", "due", "--jurisdiction", "KR", "--kind", "cosmetic", "--actor", "MAH", "--trigger", "death",
                 "--at", "2026-12-28T10:00:00+09:00"]) == 1
    assert json.loads(capsys.readouterr().out)["id"] == "undetermined"


@pytest.mark.parametrize("at", ["9999-12-31T23:00+00:00", "0001-01-01T00:00+00:00", "2026-12-28T10:00", "soon"])
def test_the_command_refuses_a_moment_that_is_none(at: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clocks", "due", "--jurisdiction", "CN", "--kind", "device", "--actor", "MAH", "--trigger", "death",
                 "--at", at]) == 1
    assert "--at" in capsys.readouterr().err


# Start and last moment, counted on paper from the text of the law and printed calendars, nothing of it from our rows.
DUE_ON_PAPER = [
    ("CN-MD-01", "2026-12-28T10:00:00+08:00", "2027-01-04T23:59:59+08:00"),
    ("CN-MD-02", "2026-12-28T10:00:00+08:00", "2027-01-17T23:59:59+08:00"),
    ("CN-MD-05", "2026-12-28T10:00:00+08:00", "2026-12-28T22:00:00+08:00"),
    ("CN-MD-01", "2028-02-22T23:59:59+08:00", "2028-02-29T23:59:59+08:00"),
    ("CN-MD-01", "2028-02-23T00:00:00+08:00", "2028-03-01T23:59:59+08:00"),
    ("CN-MD-02", "2026-01-31T23:59:59+08:00", "2026-02-20T23:59:59+08:00"),
    ("CN-MD-02", "2026-02-01T00:00:00+08:00", "2026-02-21T23:59:59+08:00"),
    ("CN-MR-04", "2026-02-13T17:00:00+08:00", "2026-02-27T23:59:59+08:00"),  # 14, 24, 25, 26, 27: spring festival
    ("CN-MR-05", "2026-09-28T17:00:00+08:00", "2026-10-16T23:59:59+08:00"),  # the tenth of October is worked
    ("CN-MR-04", "2026-12-28T17:00:00+08:00", "2027-01-04T23:59:59+08:00"),  # nobody has published 2027 yet
    ("US-MD-01", "2026-12-28T10:00:00-05:00", "2027-01-27T23:59:59-05:00"),
    ("US-MD-02", "2026-12-28T10:00:00-05:00", "2027-01-05T23:59:59-05:00"),  # 29, 30, 31, 4, 5
    ("US-MD-03", "2026-12-28T10:00:00-05:00", "2027-01-12T23:59:59-05:00"),
    ("US-MD-01", "2026-02-08T23:59:59-05:00", "2026-03-10T23:59:59-04:00"),  # clocks put forward on the eighth
    ("US-CO-01", "2026-12-11T09:00:00-05:00", "2027-01-05T23:59:59-05:00"),  # without 25 December and 1 January
    ("EU-MD-01", "2026-03-28T23:59:59+01:00", "2026-03-30T23:59:59+02:00"),
    ("EU-MD-02", "2026-12-28T10:00:00+01:00", "2027-01-07T23:59:59+01:00"),
    ("EU-MD-03", "2026-10-24T12:00:00+02:00", "2026-11-08T23:59:59+01:00"),
    ("EU-MD-06a", "2024-02-29T12:00:00+01:00", "2025-02-28T23:59:59+01:00"),
    ("UK-MD-03", "2026-12-24T12:00:00+00:00", "2026-12-31T23:59:59+00:00"),
    ("JP-MD-01", "2026-12-28T23:59:59+09:00", "2027-01-12T23:59:59+09:00"),
    ("CA-MD-03", "2026-03-07T12:00:00-05:00", "2026-03-08T13:00:00-04:00"),
    ("AU-MD-01", "2026-10-03T12:00:00+10:00", "2026-10-05T13:00:00+11:00"),
    ("KR-MD-01a", "2026-12-28T10:00:00+09:00", "2027-01-12T23:59:59+09:00"),
    ("SG-MD-01a", "2026-12-28T10:00:00+08:00", "2027-01-07T23:59:59+08:00")]


@pytest.mark.parametrize(("rule_id", "start", "last"), DUE_ON_PAPER)
def test_the_last_moment_is_the_one_that_was_counted_on_paper(rule_id: str, start: str, last: str) -> None:
    found = due(BY_ID[rule_id], parsed(start)).at
    assert found is not None
    assert (found, found.utcoffset()) == (parsed(last), parsed(last).utcoffset())
