"""A periodic report as a document: chapters, tables, charts, in Chinese or English. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from traceapp.core.quantity import plain

from .blocks import Block, Chart, Heading, Paragraph, Table
from .values import HIDDEN, SMALLEST_CELL, PeriodicReport

Translate = Callable[[str], str]
# Table of codes -> code -> its word, as the reader's language has them.
Words = Mapping[str, Mapping[str, str]]


def document_of(report: PeriodicReport, language: str, _: Translate, words: Words) -> list[Block]:
    """The blocks of the report; `words` are those of outcomes, criteria, causalities, ages, sexes, states and
    authorities."""
    return [*_head(report, language, _), *_sales(report, _, words), *_cases(report, language, _, words),
            *_signals(report, _, words), *_actions(report, language, _, words)]


def _head(report: PeriodicReport, language: str, _: Translate) -> Iterator[Block]:
    name = report.name_zh if language == "zh" else report.name_en or report.name_zh
    yield Heading(_("Periodic safety report"), 1)
    yield Table(("", ""), [
        (_("Product"), f"{name} ({report.code})"),
        (_("Registration number"), report.registration_number or "–"),
        (_("Class"), report.risk_class or "–"), (_("Holder"), report.holder or "–"),
        (_("Period"), f"{report.first_on} – {report.last_on}"),
        (_("Made at"), f"{report.made_at:%Y-%m-%d %H:%M} UTC")])
    yield Paragraph(_("All figures are read from the records of the house at the time it was made. A case counts by "
                      "the day on which the house learned of it; nullified cases do not count."))
    if report.is_public:
        yield Paragraph(_("For the public: counts of cases below %(least)d are not told.") % {"least": SMALLEST_CELL})


def _sales(report: PeriodicReport, _: Translate, words: Words) -> Iterator[Block]:
    yield Heading(_("1. Sales and exposure"))
    yield Paragraph(_("%(units)s %(unit)s were shipped in the period, returns taken off.") % {
        "units": _amount(report.units), "unit": report.unit})
    yield Chart(_("Units shipped by month"), report.months, [float(max(one, Decimal(0))) for one in report.sales])
    yield Table((_("Month"), _("Units shipped")), [
        (month, _amount(units)) for month, units in zip(report.months, report.sales, strict=True)], frozenset({1}))
    if report.countries:
        yield Table((_("Country"), _("Units shipped")), [
            (words["countries"].get(country, country) or _("not known"), _amount(units))
            for country, units in report.countries], frozenset({1}))


def _cases(report: PeriodicReport, language: str, _: Translate, words: Words) -> Iterator[Block]:
    yield Heading(_("2. Cases"))
    if HIDDEN not in (report.serious, report.not_serious):
        yield Paragraph(_("%(cases)d cases became known, %(serious)d of them serious.") % {
            "cases": report.cases, "serious": report.serious} + _rate(report, _))
    yield Chart(_("Cases by month"), report.months, [max(one, 0) for one in report.cases_by_month])
    yield Table((_("Month"), _("Cases")), [
        (month, _count(one)) for month, one in zip(report.months, report.cases_by_month, strict=True)], frozenset({1}))
    yield Table((_("Seriousness"), _("Cases")), [
        (_("Serious"), _count(report.serious)), (_("Not serious"), _count(report.not_serious))], frozenset({1}))
    for title, table, counts in (
            (_("Serious because"), "criteria", report.by_criterion), (_("Outcome"), "outcomes", report.by_outcome),
            (_("Causality"), "causalities", report.by_causality), (_("Age"), "ages", report.by_age),
            (_("Sex"), "sexes", report.by_sex)):
        if counts:
            yield Table((title, _("Cases")), [(words[table].get(code, code), _count(number))
                                              for code, number in counts.items()], frozenset({1}))
    yield Heading(_("3. Cases by what happened"))
    if not report.terms:
        yield Paragraph(_("None."))
        return
    yield Table((_("What happened"), _("Serious"), _("Not serious")), [
        (one.zh if language == "zh" else one.en, _count(one.serious), _count(one.not_serious))
        for one in report.terms], frozenset({1, 2}))


def _rate(report: PeriodicReport, _: Translate) -> str:
    if report.units <= 0:
        return ""
    return " " + _("That is %(rate)s for 100,000 units shipped.") % {
        "rate": f"{Decimal(report.cases) * 100_000 / report.units:.2f}"}


def _signals(report: PeriodicReport, _: Translate, words: Words) -> Iterator[Block]:
    yield Heading(_("4. Signals"))
    head = (_("Signal"), _("Batch"), _("Opened"), _("Observed"), _("Expected"), _("State"), _("Decision"))
    yield from _listed(_, head,
                       [(one.reference, one.lot, str(one.opened_on), _count(one.observed), f"{one.expected:.1f}",
                         words["signal_states"].get(one.state, one.state), one.decision or "–")
                        for one in report.signals], frozenset({3, 4}))


def _actions(report: PeriodicReport, language: str, _: Translate, words: Words) -> Iterator[Block]:
    yield Heading(_("5. Recalls"))
    head = (_("Recall"), _("Title"), _("Class"), _("Announced"), _("State"), _("Batches"), _("Units shipped"))
    yield from _listed(_, head,
                       [(one.reference, one.title_zh if language == "zh" else one.title_en, one.recall_class,
                         str(one.announced_on or "–"), words["recall_states"].get(one.state, one.state), str(one.lots),
                         _amount(one.shipped)) for one in report.recalls], frozenset({5, 6}))
    yield Heading(_("6. Reports to authorities"))
    yield from _listed(_, (_("Authority"), _("Sent"), _("Confirmed"), _("After the legal day")),
                       [(words["authorities"].get(one.jurisdiction, one.jurisdiction), str(one.sent),
                         str(one.acknowledged), str(one.late)) for one in report.reports], frozenset({1, 2, 3}))


def _listed(_: Translate, head: Sequence[str], rows: Sequence[Sequence[str]],
            numbers: frozenset[int]) -> Iterator[Block]:
    if rows:
        yield Table(head, rows, numbers)
    else:
        yield Paragraph(_("None."))


def _count(number: int) -> str:
    return f"<{SMALLEST_CELL}" if number == HIDDEN else str(number)


def _amount(units: Decimal) -> str:
    whole, _point, part = plain(units).partition(".")
    return f"{int(whole):,}" + (f".{part}" if part else "")
