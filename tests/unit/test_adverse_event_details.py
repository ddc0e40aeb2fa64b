"""The fields of an assessment: what each may hold, which products ask for it, and what may stand together."""
from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from traceapp.adverse_event.details import GROUPS, checked_details, fields, fields_for, partial_date, readable_details
from traceapp.catalog.model import ProductKind
from traceapp.core.errors import InvalidInput

TODAY = date(2026, 11, 23)


def test_what_is_kept_is_json_and_empty_fields_are_not_kept() -> None:
    given = {"age": "62", "age_unit": "a", "weight_kg": "71.50", "height_cm": "", "history": " none \r\nknown ",
             "died_on": "2026-11", "patients_affected": "2", "is_available": "no", "remedial_actions": ["relabel", "recall"],
             "codes_a": "a0401, A0402 A0401", "event_country": "cn", "harm": "", "needs_risk_evaluation": None, "tests": None, "place_kind": None,
             "codes_b": None}
    given["body_sites"] = "face， left arm、face,"
    assert checked_details(given, TODAY) == {
        "body_sites": ["face", "left arm"], "age": "62", "age_unit": "a", "weight_kg": "71.5", "history": "none \nknown", "died_on": "2026-11",
        "patients_affected": 2, "is_available": False, "remedial_actions": ["recall", "relabel"],
        "codes_a": ["A0401", "A0402"], "event_country": "CN"}


def test_rows_without_content_are_not_kept_and_each_row_keeps_what_it_says() -> None:
    given = {"other_products": [{"name": " Cream ", "lot": "", "began_on": "2026-03", "meddra_indications": "10000003"},
                                {"name": "", "kind": None}, {"name": "Gauze", "kind": "device"}]}
    assert checked_details(given, TODAY) == {"other_products": [
        {"name": "Cream", "began_on": "2026-03", "meddra_indications": ["10000003"]}, {"name": "Gauze", "kind": "device"}]}


def test_what_was_kept_can_be_kept_again() -> None:
    kept = checked_details({"age": 62, "age_unit": "a", "is_available": True, "codes_b": ["B01"], "dose": 2.5,
                            "dose_unit": "mg", "remedial_actions": "recall"}, TODAY)
    assert checked_details(kept, TODAY) == kept


@pytest.mark.parametrize(("given", "place", "code"), [
    ({"shoe_size": "42"}, "details", "unknown-field"),
    ({"age": "old", "age_unit": "a"}, "details/age", "not-a-number"),
    ({"age": "151", "age_unit": "a"}, "details/age", "too-much"),
    ({"age": "30"}, "details/age_unit", "belongs-together"), ({"dose_unit": "mg"}, "details/dose", "belongs-together"),
    ({"age_unit": "moon"}, "details/age_unit", "unknown-value"),
    ({"history": 7}, "details/history", "not-text"), ({"place_name": "x" * 201}, "details/place_name", "too-long"),
    ({"died_on": "2026-11-31"}, "details/died_on", "not-a-date"), ({"died_on": "11/2026"}, "details/died_on", "not-a-date"),
    ({"died_on": "2026-11-25"}, "details/died_on", "in-the-future"), ({"died_on": "2027"}, "details/died_on", "in-the-future"),
    ({"use_began_on": "0026-11-02"}, "details/use_began_on", "too-long-ago"),
    ({"use_began_on": "2026-03-09", "use_ended_on": "2026-03-08"}, "details/use_ended_on", "ends-before-it-begins"),
    ({"use_began_on": "2026-03", "use_ended_on": "2025"}, "details/use_ended_on", "ends-before-it-begins"),
    ({"patients_affected": "1.5"}, "details/patients_affected", "not-a-count"),
    ({"patients_affected": "0"}, "details/patients_affected", "not-a-count"),
    ({"patients_affected": "00000000019999999999"}, "details/patients_affected", "not-a-count"),
    ({"age_unit": ["a"]}, "details/age_unit", "unknown-value"),
    ({"is_available": "perhaps"}, "details/is_available", "not-a-flag"),
    ({"event_country": "CHN"}, "details/event_country", "not-a-country"),
    ({"codes_a": "E0401"}, "details/codes_a", "unknown-code"),
    ({"codes_b": " ".join(f"B{number:02}" for number in range(21))}, "details/codes_b", "too-many"),
    ({"meddra_history": ["1002308"]}, "details/meddra_history", "unknown-code"),
    ({"other_products": [{}, {"lot": "7"}]}, "details/other_products/2/name", "no-name"),
    ({"other_products": [{"name": "Cream", "dose": "2"}]}, "details/other_products/1/dose_unit", "belongs-together"),
    ({"other_products": [{"name": "Cream", "began_on": "2026-03", "ended_on": "2026-02"}]},
     "details/other_products/1/ended_on", "ends-before-it-begins"),
    ({"other_products": [{"name": "Cream", "kind": "magic"}]}, "details/other_products/1/kind", "unknown-value"),
    ({"other_products": [{"name": "Cream", "colour": "red"}]}, "details/other_products/1", "unknown-field"),
    ({"other_products": ["Cream"]}, "details/other_products/1", "unknown-field"),
    ({"other_products": [{"name": "Cream"}] * 21}, "details/other_products", "too-many"),
    ({"onset_after": "3"}, "details/onset_after_unit", "belongs-together"),
    ({"remedial_actions": ["recall", "prayer"]}, "details/remedial_actions", "unknown-value")])
def test_what_cannot_be_is_refused_at_its_field(given: dict[str, Any], place: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_details(given, TODAY)
    assert (refused.value.place, refused.value.code) == (place, code)


def test_a_date_may_end_within_the_month_in_which_it_began_and_a_plan_may_lie_ahead() -> None:
    given = {"use_began_on": "2026-03-09", "use_ended_on": "2026-03", "risk_evaluation_due_on": "2027-01-15"}
    assert checked_details(given, TODAY) == given


@pytest.mark.parametrize(("text", "first", "precision"), [
    ("2026-02-28", date(2026, 2, 28), "day"), ("2026-02", date(2026, 2, 1), "month"), ("2026", date(2026, 1, 1), "year")])
def test_a_date_says_how_far_it_is_known(text: str, first: date, precision: str) -> None:
    assert partial_date(text) == (first, precision)


def test_each_kind_of_product_asks_for_its_own_and_no_value_is_hidden() -> None:
    def names(kind: str | None, **kept: Any) -> set[str]:
        return {field.name for field in fields_for(kind, kept)}

    assert {"dose", "naranjo_10", "five_item_5"} <= names("drug") and not {"fault", "codes_a"} & names("drug")
    assert {"fault", "codes_a", "implanted_on"} <= names("device") and "dose" not in names("device")
    assert "implanted_on" not in names("ivd") and "earlier_reactions" in names("cosmetic")
    assert names(None) == set(fields()) and "dose" in names("device", dose="2")


def test_half_typed_values_do_not_hide_the_others() -> None:
    assert readable_details({"age": "30", "age_unit": "", "died_on": "2026-", "harm": "burn"}, TODAY) == {
        "age": "30", "harm": "burn"}


def test_every_row_of_the_table_can_be_used() -> None:
    kinds = set(ProductKind) - {"material"}
    for field in fields().values():
        assert field.group in GROUPS and field.kinds <= kinds and field.title, field.name
        assert bool(field.choices) == (field.type in ("choice", "choices")), field.name
        assert field.limit > 0 or field.type in ("choice", "choices", "flag", "date", "due"), field.name


def test_a_country_is_kept_by_its_code_however_it_was_written() -> None:
    assert checked_details({"event_country": "uk", "reporter_country": "EL"}, TODAY) == {
        "event_country": "GB", "reporter_country": "GR"}
