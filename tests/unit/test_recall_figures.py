"""The key figures of a recall: what each is made of, and what cannot be said yet."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from traceapp.recall.figures import Figure, FigureKind, RecallCounts, RecallCourse, UnitFacts, Unsaid, figures

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COURSE = RecallCourse("I", START, START + 20 * HOUR, START + 60 * HOUR, START + 240 * HOUR, "A", True,
                      START + 300 * HOUR)
COUNTS = RecallCounts(consignees=40, told=40, last_told_at=START + 40 * HOUR, answered=38, in_time=36, zero_stock=19,
                      returned=10, accounted=37, drawn=40, asked=40, verified=39, reports_due=4, reports_on_time=3)
UNITS = (UnitFacts("EA", Decimal(1000), Decimal(300), Decimal(5)), UnitFacts("KGM", Decimal(8), Decimal(0), Decimal(2)))


def by_kind(course: RecallCourse = COURSE, counts: RecallCounts = COUNTS,
            units: tuple[UnitFacts, ...] = UNITS) -> dict[FigureKind, Figure]:
    found: dict[FigureKind, Figure] = {}
    for figure in figures(course, counts, units):
        found.setdefault(figure.kind, figure)
    return found


def test_every_figure_is_there_in_the_order_of_a_report() -> None:
    every = list(FigureKind)
    reported = every[:every.index(FigureKind.mass_balance)]  # the others are of batches and of drills
    assert list(by_kind()) == reported
    assert list(by_kind(replace(COURSE, decided_at=None), RecallCounts(), ())) == reported


@pytest.mark.parametrize(("kind", "value", "is_met"), [
    ("decision_time", 20.0, True), ("notice_time", 20.0, True), ("notice_completeness", 1.0, True),
    ("response_rate", 0.95, True), ("response_in_time", 0.9, False), ("zero_stock", 0.5, None),
    ("recovery_rate", 0.3, None), ("accounted_rate", 0.995, True), ("effectiveness", 0.975, False),
    ("reporting_on_time", 0.75, False), ("time_to_close", 220.0, None)])
def test_a_figure_is_what_its_definition_says(kind: str, value: float, is_met: bool | None) -> None:
    figure = by_kind()[FigureKind(kind)]
    assert (figure.hours if figure.hours is not None else figure.share, figure.is_met) == (pytest.approx(value), is_met)
    assert figure.unsaid is None


@pytest.mark.parametrize(("kind", "course", "counts", "unsaid"), [
    ("decision_time", {"decided_at": None}, {}, Unsaid.not_decided),
    ("decision_time", {"awareness_at": None}, {}, Unsaid.no_awareness),
    ("notice_time", {}, {"told": 39}, Unsaid.not_all_told),
    ("notice_time", {}, {"consignees": 0, "told": 0}, Unsaid.nobody_to_tell),
    ("notice_completeness", {}, {"consignees": 0}, Unsaid.nobody_to_tell),
    ("response_rate", {}, {"told": 0}, Unsaid.nobody_told),
    *((kind, {}, {"consignees": 0, "told": 0, "answered": 0, "drawn": 0}, Unsaid.nobody_to_tell)
      for kind in ("response_rate", "response_in_time", "zero_stock", "effectiveness")),
    ("response_in_time", {"now": START + 59 * HOUR, "is_over": False}, {}, Unsaid.not_due),
    ("zero_stock", {}, {"answered": 0}, Unsaid.nobody_answered),
    ("effectiveness", {}, {"drawn": 0}, Unsaid.not_drawn),
    ("effectiveness", {"check_level": "E"}, {}, Unsaid.nobody_is_asked),
    ("reporting_on_time", {}, {"reports_due": 0}, Unsaid.no_report_due),
    ("time_to_close", {"closed_at": None}, {}, Unsaid.still_open)])
def test_what_cannot_be_said_yet_says_why(kind: str, course: dict[str, object], counts: dict[str, object],
                                          unsaid: Unsaid) -> None:
    figure = by_kind(replace(COURSE, **course), replace(COUNTS, **counts))[FigureKind(kind)]  # type: ignore[arg-type]
    assert (figure.unsaid, figure.is_met) == (unsaid, None)


@pytest.mark.parametrize(("kind", "course", "counts"), [
    ("decision_time", {"decided_at": None, "is_over": False}, {}), ("notice_time", {"is_over": False}, {"told": 39})])
def test_a_time_that_runs_is_missed_once_its_target_is_past(kind: str, course: dict[str, object],
                                                            counts: dict[str, object]) -> None:
    def at(hours: int) -> Figure:
        case = replace(COURSE, now=START + hours * HOUR, **course)  # type: ignore[arg-type]
        return by_kind(case, replace(COUNTS, **counts))[FigureKind(kind)]  # type: ignore[arg-type]

    early, late = at(21), at(99)
    assert (early.is_met, late.is_met, early.unsaid == late.unsaid is not None) == (None, False, True)
    assert early.so_far is not None and (late.so_far or 0) - early.so_far == 78
    over = by_kind(replace(COURSE, now=START + 99 * HOUR, **{**course, "is_over": True}),  # type: ignore[arg-type]
                   replace(COUNTS, **counts))[FigureKind(kind)]  # type: ignore[arg-type]
    assert over.is_met is None


def test_units_are_never_added_to_other_units() -> None:
    rates = [figure for figure in figures(COURSE, COUNTS, UNITS) if figure.kind == FigureKind.accounted_rate]
    assert [(one.unit, one.share) for one in rates] == [("EA", 0.995), ("KGM", 0.75)]
    nothing = by_kind(units=(UnitFacts("EA", Decimal(0), Decimal(0), Decimal(0)),))
    assert nothing[FigureKind.accounted_rate].unsaid == nothing[FigureKind.recovery_rate].unsaid == Unsaid.nothing_shipped


def test_more_units_than_were_shipped_do_not_hide_those_that_are_missing() -> None:
    (rate,) = [figure for figure in figures(COURSE, COUNTS, (UnitFacts("EA", Decimal(10), Decimal(0), Decimal(30)),))
               if figure.kind == FigureKind.accounted_rate]
    assert rate.share == 0


def test_targets_depend_on_the_class() -> None:
    third = by_kind(replace(COURSE, recall_class="III"))
    assert [third[kind].target for kind in (FigureKind.decision_time, FigureKind.accounted_rate)] == [None, None]
    assert third[FigureKind.notice_time].target == 168


@pytest.mark.parametrize(("grown", "last", "hours"), [(500, 510, 10.0), (500, 40, 20.0), (None, 510, 490.0)])
def test_what_a_scope_that_grew_has_to_tell_is_not_late_since_the_first_decision(
        grown: int | None, last: int, hours: float) -> None:
    course = replace(COURSE, grown_at=None if grown is None else START + grown * HOUR)
    figure = by_kind(course, replace(COUNTS, last_told_at=START + last * HOUR))[FigureKind.notice_time]
    assert (figure.hours, figure.is_met) == (hours, hours <= 24)
