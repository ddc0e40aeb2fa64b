"""What the key figures of a recall are called, how each is defined, and how a value or its absence is said."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext
from markupsafe import Markup

from traceapp.core.places import country, place
from traceapp.recall.figures import Figure, FigureKind, RecallCounts, RegionFacts, Unsaid

from .ui import charts, current_locale
from .ui.display import number
from .ui.display import unit as unit_word

_ = lazy_gettext
NAMES: Mapping[str, Any] = {
    FigureKind.decision_time: _("Time to the decision"), FigureKind.notice_time: _("Time to tell everybody"),
    FigureKind.notice_completeness: _("Consignees told"), FigureKind.response_rate: _("Consignees that answered"),
    FigureKind.response_in_time: _("Answered in time"), FigureKind.zero_stock: _("Answers: nothing left"),
    FigureKind.recovery_rate: _("Units recovered"), FigureKind.accounted_rate: _("Units accounted for"),
    FigureKind.effectiveness: _("Sample that understood and acted"),
    FigureKind.reporting_on_time: _("Reports to authorities in time"), FigureKind.time_to_close: _("Time to the end"),
    FigureKind.mass_balance: _("Batches that add up"), FigureKind.trace_time: _("Time to trace, in drills"),
    FigureKind.scope_precision: _("Precision of the scope, in drills"),
    FigureKind.scope_recall: _("Recall of the scope, in drills"),
    FigureKind.drill_cadence: _("Products drilled within a year")}
# The heads of a table that shows many recalls beside each other.
HEADS: Mapping[str, Any] = {
    FigureKind.decision_time: _("Time to decide"), FigureKind.notice_time: _("To tell"),
    FigureKind.notice_completeness: _("Told"), FigureKind.response_rate: _("Answered"),
    FigureKind.recovery_rate: _("Units back"), FigureKind.accounted_rate: _("Accounted for"),
    FigureKind.effectiveness: _("Sample passed"), FigureKind.reporting_on_time: _("Reported in time"),
    FigureKind.time_to_close: _("To the end")}
DEFINITIONS: Mapping[str, Any] = {
    FigureKind.decision_time: _("decided − first awareness"),
    FigureKind.notice_time: _("last direct consignee told − decided; of a scope that grew: − submitted"),
    FigureKind.notice_completeness: _("consignees told ÷ direct consignees"),
    FigureKind.response_rate: _("consignees that answered for every batch ÷ consignees told"),
    FigureKind.response_in_time: _("answered by the day in the letter ÷ consignees told"),
    FigureKind.zero_stock: _("answers with nothing on hand ÷ answers"),
    FigureKind.recovery_rate: _("(returned + destroyed + corrected) ÷ shipped"),
    FigureKind.accounted_rate: _("(shipped − unaccounted) ÷ shipped; without an answer all is unaccounted"),
    FigureKind.effectiveness: _("received, understood and acted ÷ drawn for the sample"),
    FigureKind.reporting_on_time: _("confirmed by the authority in time ÷ reports due"),
    FigureKind.time_to_close: _("ended − decided"),
    FigureKind.mass_balance: _("batches that miss at most 1 % of what was made, or are explained ÷ batches in scope"),
    FigureKind.trace_time: _("from asking to the complete list up and down; 95 of 100 drills of a year took no longer"),
    FigureKind.scope_precision: _("batches rightly in the scope ÷ batches in the scope; the lowest of a year"),
    FigureKind.scope_recall: _("batches rightly in the scope ÷ batches that belong in it; the lowest of a year"),
    FigureKind.drill_cadence: _("products that a drill reached within a year ÷ products of which something was sold")}
UNSAID: Mapping[str, Any] = {
    Unsaid.not_decided: _("not decided yet"), Unsaid.no_awareness: _("when it was first known is not noted"),
    Unsaid.not_all_told: _("not everybody was told yet"), Unsaid.nobody_to_tell: _("there is nobody to tell"),
    Unsaid.nobody_told: _("nobody was told yet"), Unsaid.not_due: _("the day has not come yet"),
    Unsaid.nobody_answered: _("nobody has answered yet"), Unsaid.nothing_shipped: _("nothing was shipped"),
    Unsaid.not_drawn: _("the sample is not drawn yet"), Unsaid.nobody_is_asked: _("level E: nobody is asked"),
    Unsaid.no_report_due: _("no report was due yet"), Unsaid.still_open: _("the recall is not ended"),
    Unsaid.not_all_accounted: _("not every line is accounted for yet"),
    Unsaid.nothing_made: _("nothing was made"), Unsaid.no_drill: _("there was no drill within a year")}
# What never can be said, rather than not yet.
_NEVER = {Unsaid.nobody_to_tell, Unsaid.nothing_shipped, Unsaid.nobody_is_asked}


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure in words; `meaning` is one of the design system's."""

    name: str
    value: str
    made_of: str
    target: str
    definition: str
    meaning: str


def figure_lines(found: Iterable[Figure]) -> list[FigureLine]:
    """Every figure in words."""
    return [_line(figure) for figure in found]


def short_value(figure: Figure) -> str:
    """The value alone, for the column of a table; a dash where there is none."""
    return "–" if figure.unsaid is not None else _value(figure)


def _line(figure: Figure) -> FigureLine:
    met = figure.is_met
    name = str(NAMES[figure.kind])
    if figure.unit:
        name = gettext("%(name)s (%(unit)s)", name=name, unit=unit_word(figure.unit, current_locale()))
    return FigureLine(name, _value(figure), _made_of(figure), _target(figure), str(DEFINITIONS[figure.kind]),
                      "plain" if met is None else "go" if met else "stop")


def _value(figure: Figure) -> str:
    if figure.unsaid is not None:
        why = str(UNSAID[figure.unsaid])
        if figure.so_far is not None:
            return gettext("%(why)s, after %(time)s", why=why, time=span(figure.so_far))
        return why if figure.unsaid in _NEVER else gettext("cannot be said yet: %(why)s", why=why)
    if figure.hours is not None:
        is_quick = figure.kind == FigureKind.trace_time  # measured in seconds
        return gettext("%(num)s s", num=f"{figure.hours * 3600:.2f}") if is_quick else span(figure.hours)
    return per_cent(figure.part or Decimal(0), figure.whole or Decimal(1))


def per_cent(part: Decimal, whole: Decimal) -> str:
    """A share in per cent to one place, rounded down, so that 100 % means all of it."""
    shown = int(part * 1000 / whole) / 10
    return f"{shown:g} %"


def span(hours: float) -> str:
    """A length of time in the unit in which people count it."""
    if hours < 1:
        return gettext("%(minutes)s min", minutes=round(hours * 60))
    if hours < 48:
        return gettext("%(hours)s h", hours=f"{hours:.1f}".removesuffix(".0"))
    return gettext("%(days)s days", days=f"{hours / 24:.1f}".removesuffix(".0"))


def _made_of(figure: Figure) -> str:
    if figure.part is None or figure.whole is None:
        return ""
    locale = current_locale()
    return f"{number(figure.part, locale)} / {number(figure.whole, locale)}"


def _target(figure: Figure) -> str:
    if figure.target is None:
        return "–"
    if figure.kind in (FigureKind.decision_time, FigureKind.notice_time, FigureKind.trace_time):
        return f"≤ {span(figure.target)}"
    return f"≥ {figure.target * 100:g} %" if figure.target < 1 else "100 %"


def funnel(counts: RecallCounts, title: str) -> dict[str, Any]:
    """The consignees of a recall as a drawing and as rows of a table; nothing where there are none."""
    steps = ((gettext("To be told"), counts.consignees), (gettext("Told"), counts.told),
             (gettext("Answered for every batch"), counts.answered),
             (gettext("Sent units back"), counts.returned), (gettext("Accounted for"), counts.accounted))
    rows = [(label, count, f"{number(count, current_locale())} / {number(counts.consignees, current_locale())}")
            for label, count in steps]
    drawing: Markup = charts.funnel(title, rows)
    return {"drawing": drawing, "rows": [{"cells": {"step": label, "count": text}} for label, _count, text in rows]}


def region_name(region: RegionFacts) -> str:
    """Province and country as the reader writes them."""
    locale = current_locale()
    parts = [place(region.region, locale) if region.region else "",
             country(region.country, locale) if region.country else ""]
    named = [part for part in parts if part]
    return (" · " if named else "").join(named) or gettext("Not known")


def region_rows(regions: tuple[RegionFacts, ...], most: int) -> list[tuple[str, RegionFacts]]:
    """(name, facts) of the regions, those behind `most` as one line."""
    shown = [(region_name(region), region) for region in regions[:most]]
    rest = regions[most:]
    if rest:
        total = RegionFacts("", "", *(sum(getattr(one, name) for one in rest) for name in (
            "consignees", "told", "answered", "returned", "open")))
        shown.append((ngettext("%(num)d more region", "%(num)d more regions", len(rest)), total))
    return shown
