"""The cases of a signal by the day or week in which they began and in which they were reported, with table twins."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext

from traceapp.surveillance.onset import DatedCase, ReportWait
from traceapp.web.ui import charts

from .signal_pictures import Picture, long_day, short_day

_MOST_DAYS, _MOST_WEEKS = 42, 60
# Slots of which fewer cases than this share would be known say nothing yet; above the other all are taken to be in.
_LEAST_CHANCE, _ALL_IN = 0.2, 0.98


@dataclass(frozen=True, slots=True)
class Outbreak:
    """`by_onset` is None where no case says when it began. `said`: how many do; `note`: how the estimate was made."""

    by_onset: Picture | None
    by_report: Picture
    titles: tuple[str, str]
    slot: str
    said: str
    note: str


@dataclass(frozen=True, slots=True)
class _Slots:
    """Days or weeks one after the other up to today."""

    starts: tuple[date, ...]
    days: int
    today: date

    def place(self, day: date) -> int | None:
        """Which slot a day lies in; None before the first and after the last."""
        place = (day - self.starts[0]).days // self.days
        return place if 0 <= place < len(self.starts) else None


def outbreak(cases: Sequence[DatedCase], wait: ReportWait, span: tuple[date, date], opened: date) -> Outbreak | None:
    """Both pictures on one axis of time; None without a case. `span`: first despatch and today."""
    if not cases:
        return None
    slots = _slots(min(span[0], *(case.onset or case.reported for case in cases)), span[1])
    known = [case for case in cases if case.onset is not None]
    marks = [(place, text) for day, text in ((span[0], _("First despatch")), (opened, _("Signal")))
             if (place := slots.place(day)) is not None]
    titles = (_("Cases by day of onset"), _("Cases by day of report")) if slots.days == 1 else (
        _("Cases by week of onset"), _("Cases by week of report"))
    said = ngettext("%(num)d report, of which %(known)s says when it began.",
                    "All batches of the signal together: %(num)d reports, of which %(known)s say when it began.",
                    len(cases), known=len(known))
    return Outbreak(_by_onset(known, wait, slots, titles[0]) if known else None,
                    _by_report(cases, slots, marks, titles[1]), titles, _("Day") if slots.days == 1 else _("Week from"),
                    said, _note(wait))


def _slots(first: date, today: date) -> _Slots:
    """Days where they fit, else weeks from Monday; the latest of them where there are very many."""
    if (today - first).days < _MOST_DAYS:
        return _Slots(tuple(first + timedelta(days=n) for n in range((today - first).days + 1)), 1, today)
    monday = first - timedelta(days=first.weekday())
    starts = tuple(monday + timedelta(weeks=n) for n in range((today - monday).days // 7 + 1))
    return _Slots(starts[-_MOST_WEEKS:], 7, today)


def _note(wait: ReportWait) -> str:
    how = _("Not reported yet: what is known, divided by the chance that a report has come by today; the line is the "
            "range that holds nine times in ten.")
    learnt = _("The wait until a report is the stated default, until 50 reports say both days.") if (
        wait.learnt_from is None) else _(
        "The wait until a report was learnt from %(num)s reports of this product that say both days.",
        num=wait.learnt_from)
    return f"{how} {learnt}"


def _counts(days: Sequence[tuple[date, bool]], slots: _Slots) -> tuple[list[int], list[int]]:
    """Cases and serious cases of each slot."""
    places = [(slots.place(day), grave) for day, grave in days]
    all_of, grave_of = Counter(place for place, _g in places), Counter(place for place, grave in places if grave)
    return [all_of[n] for n in range(len(slots.starts))], [grave_of[n] for n in range(len(slots.starts))]


def _by_report(cases: Sequence[DatedCase], slots: _Slots, marks: list[tuple[int, str]], title: str) -> Picture:
    counts, grave = _counts([(case.reported, case.is_serious) for case in cases], slots)
    drawing = charts.epidemic_curve(
        charts.Cases([short_day(day) for day in slots.starts], counts, grave, marks),
        charts.CasesWords(title, _("Reports"), _("of them serious")))
    rows = [{"cells": {"slot": long_day(day), "cases": count, "serious": serious}}
            for day, count, serious in zip(slots.starts, counts, grave, strict=True) if count]
    return Picture(drawing, rows)


def _by_onset(cases: Sequence[DatedCase], wait: ReportWait, slots: _Slots, title: str) -> Picture:
    from traceapp.signals.nowcast import chances_seen, nowcast

    counts, grave = _counts([(case.onset, case.is_serious) for case in cases if case.onset], slots)
    found = nowcast(counts, chances_seen(wait.law, slots.starts, slots.days, slots.today), least=_LEAST_CHANCE)
    waiting = [None if one.chance > _ALL_IN else charts.Open(one.estimated, one.low, one.high) for one in found]
    drawing = charts.epidemic_curve(
        charts.Cases([short_day(day) for day in slots.starts], counts, grave, open=waiting),
        charts.CasesWords(title, _("Reported so far"), _("of them serious"), _("not reported yet (estimate)"),
                          _("too early to say")))
    rows = [{"cells": {"slot": long_day(day), "cases": counts[n], "serious": grave[n], "in_all": _in_all(waiting[n])}}
            for n, day in enumerate(slots.starts) if counts[n] or waiting[n]]
    return Picture(drawing, rows)


def _in_all(slot: charts.Open | None) -> str:
    """The estimate of a slot with its interval, as the table says it; empty where all is reported."""
    if slot is None:
        return ""
    if slot.estimated is None:
        return _("too early to say")
    return f"{slot.estimated:.0f} ({slot.low}–{slot.high})"
