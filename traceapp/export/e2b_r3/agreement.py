"""What must agree in a report: dates with one another, deaths with outcomes, ages with what is possible and with dates.

An error is only what cannot be, however the parts of dates are filled that are not told; what is unknown or masked
contradicts nothing. Of a birth a finding shows the year: findings are kept in plain, days of birth are not.
"""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from traceapp.export.case_report import Finding

from .dates import DAY, span_of
from .elements import elements
from .model import Section
from .places import Place, places

_BIRTHS = ("D.2.1", "D.10.2.1")
_FATAL = "5"
_SURVIVED = ("1", "2", "3", "4")
# An element, what it may not be against the other, the other here or around, and whether that is an error.
_ORDER = (
    ("C.1.5", "before", "C.1.4", True), ("E.i.4", "after", "C.1.5", True), ("D.9.1", "after", "C.1.5", True),
    ("E.i.5", "after", "C.1.5", False), ("F.r.1", "after", "C.1.5", False), ("E.i.5", "before", "E.i.4", False),
    ("D.7.1.r.4", "before", "D.7.1.r.2", False), ("D.8.r.5", "before", "D.8.r.4", False),
    ("G.k.4.r.5", "before", "G.k.4.r.4", False), ("D.10.7.1.r.4", "before", "D.10.7.1.r.2", False),
    ("D.10.8.r.5", "before", "D.10.8.r.4", False),
)
# The same about the patient's birth: before it an unborn child may have been harmed, and told of.
_SINCE_BIRTH = ("E.i.4", "D.9.1", "C.1.4")
_YEAR = 365.25 * DAY
# By how much an age may miss.
_GRACE = 366 * DAY
_UNITS = {"10.a": 10 * _YEAR, "{decade}": 10 * _YEAR, "a": _YEAR, "mo": _YEAR / 12, "wk": 7 * DAY, "d": DAY, "h": 3_600,
          "{trimester}": _YEAR / 3, "{Trimester}": _YEAR / 3}
_OLDEST, _LONGEST_GESTATION = 150, 1
_AGES = (("D.2.2a", "D.2.2b", _OLDEST), ("D.10.2.2a", "D.10.2.2b", _OLDEST),
         ("D.2.2.1a", "D.2.2.1b", _LONGEST_GESTATION), ("G.k.6a", "G.k.6b", _LONGEST_GESTATION))
# Weights in kilograms, heights in centimetres: more than anybody has.
_BODY = (("D.3", 1_000), ("D.10.4", 1_000), ("D.4", 300), ("D.10.5", 300))
# Last menstruations, and the sex of whom they are.
_MEN = (("D.6", "D.5"), ("D.10.3", "D.10.6"))
_MALE, _PROFESSIONALS = "1", ("1", "2", "3")
_ORDER_TEXTS = {"before": "It is %(value)s, before %(other)s, which is %(other_value)s (%(at)s).",
                "after": "It is %(value)s, after %(other)s, which is %(other_value)s (%(at)s)."}


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a report says as a whole, asked once: its sections may be very many."""

    has_criterion: bool
    all_survived: bool
    qualification: str
    may_be_unborn: bool


def _facts_of(report: Section) -> _Facts:
    """`may_be_unborn`: whether it is about a child before its birth, or tells of its parent."""
    reactions = report.each("E.i")
    return _Facts(
        has_criterion=any(one.text("E.i.3.2a") == "true" for one in reactions),
        all_survived=all(one.text("E.i.7") in _SURVIVED for one in reactions),
        qualification=next((one.text("C.2.r.4") for one in report.each("C.2.r") if one.text("C.2.r.5") == "1"), ""),
        may_be_unborn=report.text("D.2.3") == "0" or report.has("D.2.2.1a") or any(
            name.startswith("D.10.") for name in (*report.values, *report.sections)))


def agreement_findings(batch: Section) -> Iterator[Finding]:
    """What contradicts something else in the reports of a batch."""
    facts = _facts_of(batch)
    for place in places(batch):
        if place.section.name == "N.2.r":
            facts = _facts_of(place.section)
            for rule in (_death_told, _autopsy, _age_at_onset, _body, _parts_of_patient):
                yield from rule(place, facts)
        elif place.section.name == "E.i":
            for rule in (_fatal, _after_death, _confirmed):
                yield from rule(place, facts)
        yield from _order(place, facts)
        yield from _ages(place)


@cache
def _order_of(section: str) -> tuple[tuple[str, str, str, bool | None], ...]:
    """The rows of the order for the elements of one section; None for whether it is an error: unless unborn."""
    rows = (*_ORDER, *((element, "before", "D.2.1", None) for element in _SINCE_BIRTH))
    return tuple(row for row in rows if elements()[row[0]].section == section)


def _order(place: Place, facts: _Facts) -> Iterator[Finding]:
    for element, kind, other, is_error in _order_of(place.section.name):
        yield from _compared(place, element, kind, other,
                             is_error=not facts.may_be_unborn if is_error is None else is_error)


def _compared(place: Place, element: str, kind: str, other: str, *, is_error: bool) -> Iterator[Finding]:
    value = place.section.text(element)
    one = span_of(value) if value else None
    two = span_of(other_value := place.text(other)) if one is not None else None
    if one is None or two is None:
        return
    if one.is_after(two) if kind == "after" else two.is_after(one):
        yield place.finding(element, f"{kind}-other", _ORDER_TEXTS[kind], is_error=is_error, value=value, other=other,
                            other_value=_shown(other, other_value))


def _shown(element: str, text: str) -> str:
    """The value as a finding may show it; “…” says that more of a birth is known."""
    if element in _BIRTHS:
        return text[:4] + ("…" if len(text) > 4 else "")
    return text[:20]


def _fatal(place: Place, facts: _Facts) -> Iterator[Finding]:
    """A fatal outcome and death as a criterion go together; a case converted from R2 has its criteria everywhere."""
    reaction = place.section
    outcome, criterion = reaction.text("E.i.7"), reaction.text("E.i.3.2a")
    if outcome == _FATAL and criterion != "true":
        yield place.finding("E.i.3.2a", "fatal-without-death", "It must be true where the outcome E.i.7 is "
                            "%(outcome)s, fatal; it is “%(value)s” (%(at)s).", outcome=outcome,
                            value=_told(reaction, "E.i.3.2a"),
                            is_error=not facts.has_criterion)
    if criterion == "true" and outcome in _SURVIVED:
        yield place.finding("E.i.7", "death-without-fatal", "The outcome is %(value)s, but E.i.3.2a says that the "
                            "reaction led to death: %(criterion)s (%(at)s).", value=outcome, criterion=criterion,
                            is_error=facts.all_survived)


def _told(section: Section, element: str) -> str:
    return (section.text(element) or section.null(element) or "-")[:20]


def _after_death(place: Place, _facts: _Facts) -> Iterator[Finding]:
    """What led to death did not begin after it; what was found later may have."""
    reaction = place.section
    led_to_death = reaction.text("E.i.7") == _FATAL or reaction.text("E.i.3.2a") == "true"
    yield from _compared(place, "E.i.4", "after", "D.9.1", is_error=led_to_death)


def _dead_by(report: Section) -> tuple[str, str] | None:
    """The first element and its value that says that the patient died of a reaction."""
    for reaction in report.each("E.i"):
        for element, value in (("E.i.7", _FATAL), ("E.i.3.2a", "true")):
            if reaction.text(element) == value:
                return element, value
    return None


def _death_told(place: Place, _facts: _Facts) -> Iterator[Finding]:
    report, said = place.section, _dead_by(place.section)
    if said is None:
        return
    for element, is_there in (("D.9.1", report.has("D.9.1")), ("D.9.2.r.2", bool(report.each("D.9.2.r")))):
        if not is_there:
            yield place.finding(element, "death-not-told", "It should stand where %(other)s is %(other_value)s, or why "
                                "it is not known (%(at)s).", is_error=False, other=said[0], other_value=said[1])


def _autopsy(place: Place, _facts: _Facts) -> Iterator[Finding]:
    report = place.section
    done = report.text("D.9.3")
    if done == "true" and not report.has("D.9.1") and not report.each("D.9.2.r") and _dead_by(report) is None:
        yield place.finding("D.9.3", "nobody-died", "An autopsy was done (%(value)s), but nothing says that the "
                            "patient died: no D.9.1, no D.9.2.r, no E.i.3.2a (%(at)s).", is_error=False, value=done)
    if done != "true" and report.each("D.9.4.r"):
        yield place.finding("D.9.3", "no-autopsy", "An autopsy found causes of death (D.9.4.r: %(count)s), so it must "
                            "be true; it is “%(value)s” (%(at)s).", is_error=done == "false",
                            count=len(report.each("D.9.4.r")), value=_told(report, "D.9.3"))


def _amount(section: Section, element: str, unit: str) -> float | None:
    """A length of time in seconds; None where it or its unit is none."""
    number, length = _number(section.text(element)), _UNITS.get(section.text(unit))
    return number * length if number is not None and length is not None else None


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return None if math.isnan(found) else found


@cache
def _ages_of(section: str) -> tuple[tuple[str, str, int], ...]:
    return tuple(row for row in _AGES if elements()[row[0]].section == section)


def _ages(place: Place) -> Iterator[Finding]:
    for element, unit, most in _ages_of(place.section.name):
        amount = _amount(place.section, element, unit)
        if amount is not None and not 0 <= amount <= most * _YEAR:
            yield place.finding(element, "not-possible", "“%(value)s” in %(unit)s is no possible age: less than "
                                "nothing, or more than %(most)s years (%(at)s).",
                                value=place.section.text(element)[:20], unit=place.section.text(unit), most=most)


def _body(place: Place, _facts: _Facts) -> Iterator[Finding]:
    for element, most in _BODY:
        amount = _number(place.section.text(element))
        if amount is not None and not 0 < amount <= most:
            yield place.finding(element, "not-possible", "“%(value)s” is no possible weight or height: nothing, less, "
                                "or more than %(most)s (%(at)s).", value=place.section.text(element)[:20], most=most)


def _parts_of_patient(place: Place, _facts: _Facts) -> Iterator[Finding]:
    """What of patient and parent should not stand together."""
    report = place.section
    if report.has("D.10.2.2a") and report.has("D.10.2.1"):
        yield place.finding("D.10.2.2a", "not-both", "Only one of this (%(value)s) and %(other)s (%(other_value)s) "
                            "should stand (%(at)s).", is_error=False, value=_told(report, "D.10.2.2a"),
                            other="D.10.2.1", other_value=_shown("D.10.2.1", _told(report, "D.10.2.1")))
    for element, sex in _MEN:
        if report.text(element) and report.text(sex) == _MALE:
            yield place.finding(element, "of-a-man", "A last menstruation stands here (%(value)s); by %(other)s it is "
                                "of a man: %(other_value)s (%(at)s).", is_error=False, value=_told(report, element),
                                other=sex, other_value=_MALE)


def _confirmed(place: Place, facts: _Facts) -> Iterator[Finding]:
    """What a professional reports needs nobody's confirmation."""
    if place.section.has("E.i.8") and facts.qualification in _PROFESSIONALS:
        yield place.finding("E.i.8", "needs-none", "It should not stand (%(value)s) where a professional reported: "
                            "C.2.r.4 is %(other_value)s (%(at)s).", is_error=False,
                            value=_told(place.section, "E.i.8"), other_value=facts.qualification)


def _age_at_onset(place: Place, facts: _Facts) -> Iterator[Finding]:
    """The age against birth and the first onset, as far as these are known, with a year's grace."""
    report = place.section
    age, birth = _amount(report, "D.2.2a", "D.2.2b"), span_of(report.text("D.2.1"))
    told = {text: span for text in (one.text("E.i.4") for one in report.each("E.i")) if (span := span_of(text))}
    if age is None or birth is None or not told or facts.may_be_unborn:
        return
    least = min(span.start for span in told.values()) - birth.end
    most = min(span.end for span in told.values()) - birth.start
    if age - _GRACE > most or age + _UNITS[report.text("D.2.2b")] + _GRACE < least:
        yield place.finding("D.2.2a", "age-and-birth", "The age %(value)s (%(unit)s) does not fit the birth in "
                            "%(birth)s and the onset on %(onset)s (%(at)s).", is_error=False,
                            value=report.text("D.2.2a")[:20], unit=report.text("D.2.2b"),
                            birth=report.text("D.2.1")[:4],
                            onset=min(told, key=lambda text: told[text].start))
