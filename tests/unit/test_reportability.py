"""What of an adverse event the rules ask for."""
from __future__ import annotations

import pytest

from traceapp.adverse_event.reportability import jurisdiction_of, kinds_of, roles_of, seen_from, triggers_of
from traceapp.rules import Kind, Role, Trigger


@pytest.mark.parametrize(("criteria", "could_harm", "triggers"), [
    (["death"], False, {"death", "serious_unexpected"}),
    (["death", "hospitalised"], False, {"death", "serious_injury", "serious_unexpected"}),
    (["hospitalised"], True, {"serious_injury", "serious_unexpected"}),
    ([], True, {"could_be_serious", "unexpected"}), ([], False, {"not_serious", "unexpected"})])
def test_facts_become_what_rules_ask_for(criteria: list[str], could_harm: bool, triggers: set[str]) -> None:
    assert triggers_of(criteria, could_harm=could_harm) == {Trigger(one) for one in triggers}


@pytest.mark.parametrize(("criteria", "triggers"), [
    (["death"], {"death"}), (["death", "hospitalised"], {"death", "serious_injury"}),
    (["hospitalised"], {"serious_injury"}), ([], {"not_serious"})])
def test_only_what_is_stated_to_be_expected_does_not_count_as_unexpected(criteria: list[str],
                                                                        triggers: set[str]) -> None:
    stated = triggers_of(criteria, could_harm=False, expectedness="expected")
    assert stated == {Trigger(one) for one in triggers}
    unexpected = triggers_of(criteria, could_harm=False, expectedness="unexpected")
    assert unexpected == triggers_of(criteria, could_harm=False, expectedness="unknown")
    assert unexpected - stated == {Trigger.serious_unexpected if criteria else Trigger.unexpected}


def test_what_happened_abroad_has_a_rule_of_its_own_in_china_only() -> None:
    serious = triggers_of(["death"], could_harm=False)
    assert seen_from("CN", "EU", serious) == {Trigger.overseas_serious}
    assert seen_from("CN", "CN", serious) == serious
    assert seen_from("US", "EU", serious) == serious
    assert seen_from("CN", "EU", frozenset({Trigger.not_serious})) == {Trigger.not_serious}


def test_a_country_of_the_european_market_reports_to_europe() -> None:
    assert [jurisdiction_of(one) for one in ("DE", "NO", "GB", "CN", "BR")] == ["EU", "EU", "GB", "CN", "BR"]
    assert [jurisdiction_of(one) for one in ("UK", "EL")] == ["GB", "EU"]


def test_a_house_that_says_nothing_answers_for_its_product_whatever_it_is() -> None:
    assert roles_of([]) == roles_of(["supplier"]) == {Role.registrant}
    assert roles_of(["importer", "carrier"]) == {Role.importer}
    assert kinds_of("material") == kinds_of(None) == frozenset()
    assert kinds_of("ivd") == {Kind.ivd}
