"""Which of the seven elements of a complaint's record are there. Pure.

Source: 21 CFR 820.35(a), for a complaint that must be reported or investigated.
"""
from __future__ import annotations

from dataclasses import dataclass

ELEMENTS = ("device", "received", "identification", "reporter", "nature", "correction", "reply")


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """`has_person`: name and contact of whoever complained are in the vault, and were not erased."""

    has_product: bool
    has_mark: bool
    has_person: bool
    has_details: bool
    has_correction: bool
    has_reply: bool


def missing_elements(facts: RecordFacts) -> tuple[str, ...]:
    """The elements that are not there yet, in the order of the rule. The date of receipt always is."""
    there = {"device": facts.has_product, "received": True, "identification": facts.has_mark,
             "reporter": facts.has_person, "nature": facts.has_details, "correction": facts.has_correction,
             "reply": facts.has_reply}
    return tuple(name for name in ELEMENTS if not there[name])
