"""How complete a device report is, by the reviewers' own points."""
from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.factories_case_report import changed, device_case
from traceapp.export.case_report import PartialDate, ReportKind
from traceapp.export.nmpa.rubric import items, parts, process_parts, score

CASE = device_case()
# Source: a public review tool of a Chinese monitoring centre.
WEIGHTS = {"reporter": 1, "contact": 1, "phone": 1, "registration_number": 8, "product_name": 4, "model": 4, "lot": 4,
           "made_on": 2, "expires_on": 2, "event_date": 2, "known_date": 5, "harm_class": 8, "harm": 6, "fault": 6,
           "age": 1, "sex": 1, "purpose": 4, "used_on": 2, "place": 2, "process": 18, "combined": 4, "cause": 4,
           "first_handling": 2, "timely": 0}
EMPTIED = {
    "reporter": {"reporter__name": "", "reporter__occupation": "不详"}, "contact": {"head__sender": None},
    "registration_number": {"product__registration_number": ""}, "product_name": {"product__name_zh": " "},
    "model": {"product__model": "", "product__specification": "/"}, "lot": {"lot__number": "不详", "lot__serial": ""},
    "made_on": {"lot__made_on": None}, "expires_on": {"lot__expires_on": None}, "event_date": {"event__began_on": None},
    "harm": {"event__harm": "", "event__reactions": ()},
    "fault": {"event__fault": "", "assessment__problem_codes": ()},
    "age": {"patient__age": None, "patient__age_band": "unknown", "patient__born_on": None},
    "sex": {"patient__sex": "unknown"}, "purpose": {"use__purpose": "", "patient__intended_treatment": ""},
    "used_on": {"use__began_on": None}, "place": {"event__place_kind": ""},
    "process": {"use__process": "", "event__narrative": ""}, "combined": {"use__combined": ""},
    "cause": {"assessment__cause": "待查"}, "first_handling": {"assessment__first_handling": ""}}


def points_of(key: str, **places: object) -> int:
    case = changed(CASE, **places)
    return next(scored.points for scored in score(case).items if scored.item.key == key)


def test_the_rubric_has_its_24_items_and_92_points() -> None:
    assert {item.key: item.points for item in items()} == WEIGHTS
    assert [item.number for item in items()] == list(range(1, 25))
    assert {part.name: part.points for part in parts()} == {"operation": 5, "event": 5, "effect": 4, "treatment": 4}
    assert score(CASE).of == 92


def test_a_complete_case_gets_every_point_and_has_nothing_to_gain() -> None:
    found = score(CASE)
    assert (found.points, found.gains) == (92, ())
    assert all(not scored.reasons for scored in found.items)


@pytest.mark.parametrize("key", [key for key in EMPTIED if key != "contact"])
def test_an_item_that_says_nothing_loses_just_its_points(key: str) -> None:
    found = score(changed(CASE, **EMPTIED[key]))
    assert found.points == 92 - WEIGHTS[key]
    (gain,) = found.gains
    assert (gain.item.key, gain.missing, gain.reasons[0].code) == (key, WEIGHTS[key], "empty")


def test_a_sender_without_person_and_telephone_loses_both_points() -> None:
    sender = type(CASE.head.sender)(name_zh="某公司")
    assert [gain.item.key for gain in score(changed(CASE, head__sender=sender)).gains] == ["contact", "phone"]


def test_what_would_gain_most_comes_first() -> None:
    poor = changed(CASE, use__process="", event__narrative="", patient__sex="unknown", product__registration_number="",
                   assessment__cause="")
    assert [gain.item.key for gain in score(poor).gains] == ["process", "registration_number", "cause", "sex"]


@pytest.mark.parametrize(("number", "code"), [
    ("YZB/苏 0123-2012", "lot-is-standard"), ("GB/T 19633", "lot-is-standard"), ("YY 0471.1", "lot-is-standard"),
    ("GB15979-2002", "lot-is-standard"), ("YY/T0148", "lot-is-standard"),
    ("苏食药监械生产许20010123号", "lot-is-licence"), ("苏械注准20232140123", "lot-is-registration"),
    ("国械注进20173140001", "lot-is-registration")])
def test_a_batch_field_with_another_number_gets_nothing(number: str, code: str) -> None:
    scored = score(changed(CASE, lot__number=number)).items[6]
    assert (scored.points, [reason.code for reason in scored.reasons]) == (0, [code])
    assert number in scored.reasons[0].message


@pytest.mark.parametrize("number", ["B26031501", "2026-03/A", "LOT GBX", "20260315", "YYD", "GB2305", "YY0471", "GB26031501", "2605GB12"])
def test_a_batch_number_that_only_looks_alike_keeps_its_points(number: str) -> None:
    assert points_of("lot", lot__number=number) == 4


def test_none_is_an_answer_only_where_it_can_be_one() -> None:
    assert points_of("combined", use__combined="无") == 4
    assert points_of("purpose", use__purpose="无", patient__intended_treatment="") == 0


def test_without_serious_harm_a_fault_is_enough() -> None:
    unharmed = {"event__harm": "", "event__reactions": ()}
    assert points_of("harm", event__seriousness=(), **unharmed) == 6
    assert points_of("harm", event__seriousness=(), event__fault="", assessment__problem_codes=(), **unharmed) == 0
    assert points_of("harm", event__seriousness=("death",), event__outcome="fatal", **unharmed) == 0


def test_a_death_that_the_class_of_harm_does_not_know_costs_its_points() -> None:
    assert points_of("harm_class", event__outcome="fatal") == 0
    assert points_of("harm_class", event__outcome="fatal", event__seriousness=("death",)) == 8


@pytest.mark.parametrize(("expires", "points"), [
    (date(2029, 3, 14), 2), (date(2029, 3, 15), 2), (date(2029, 2, 28), 2), (date(2029, 3, 20), 0),
    (date(2026, 3, 15), 0), (date(2025, 3, 14), 0)])
def test_a_shelf_life_counts_when_it_ends_after_whole_months(expires: date, points: int) -> None:
    assert points_of("expires_on", lot__expires_on=expires) == points


def test_dates_in_the_wrong_order_cost_their_points() -> None:
    assert points_of("event_date", event__began_on=PartialDate(date(2026, 11, 6))) == 0
    assert points_of("event_date", event__began_on=PartialDate(date(2026, 11, 1), "month")) == 2
    assert points_of("known_date", head__awareness_at=datetime(2026, 11, 7, 15, 59, tzinfo=UTC)) == 0
    # Midnight in China: the day of the event itself.
    assert points_of("known_date", head__awareness_at=datetime(2026, 11, 7, 16, 0, tzinfo=UTC)) == 5


def test_a_late_report_is_named_without_costing_points() -> None:
    late = changed(CASE, head__created_at=datetime(2026, 12, 1, 1, 0, tzinfo=UTC))
    assert score(late).points == 92
    assert [reason.values for reason in score(late).items[23].reasons] == [{"days": 21, "allowed": 20}]
    assert score(changed(late, head__kind=ReportKind.followup)).items[23].reasons == ()


@pytest.mark.parametrize(("text", "told"), [
    ("护士将敷料贴于创面。换药时发现边缘脱落。皮肤红肿。停用后好转。", "operation event effect treatment"),
    ("The nurse applied the dressing to the wound. The next day it fell off. Nobody was harmed; a new one was used.",
     "operation event effect"),
    ("患者皮肤红肿、瘙痒，就诊后好转", "event effect treatment"),
    ("停止使用后好转，目前已痊愈", "treatment"),
    ("红肿", ""), ("使用后皮肤红肿并停用", "operation"), ("", ""),
    ("今天天气很好，大家都很高兴", "")])
def test_the_process_of_use_counts_in_four_parts(text: str, told: str) -> None:
    assert " ".join(name for name, points in process_parts(text).items() if points) == told


def test_a_part_that_is_not_told_says_what_to_write() -> None:
    scored = score(changed(CASE, use__process="患者皮肤红肿、瘙痒，就诊后好转")).items[19]
    assert (scored.points, [reason.code for reason in scored.reasons]) == (13, ["process-operation"])
    assert "5 points" in scored.reasons[0].message
