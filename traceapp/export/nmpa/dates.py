"""What the dates and numbers of a report may say together, and whether it comes in time. Pure."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from traceapp.complaint.seriousness import SeriousnessCriterion
from traceapp.export.case_report import CaseReport, Finding, PartialDate, ReportKind
from traceapp.export.periods import first_day, last_day

from . import values

# Source: SAMR Order 1 (2018): 7 and 20 days, abroad 30; 30 days for others is what provincial centres review by.
DEVICE_DAYS = {"death": 7, "serious": 20, "other": 30}
_OVERSEAS_DAYS = 30
# The rules for what could have caused serious injury or death; it has the days of serious injury.
_COULD_HARM_RULES = {"CN-MD-02", "CN-MD-03b"}


def is_whole_months(made_on: date, expires_on: date) -> bool:
    """Whether a shelf life ends after whole months: on the same day of the month, the day before it, or the last day of
    a month where only the month is printed."""
    after = expires_on + timedelta(days=1)
    ends_month = after.day == 1
    return ends_month or expires_on.day == made_on.day or after.day == made_on.day


def lot_number_faults(case: CaseReport) -> tuple[Finding, ...]:
    """That the batch field holds another number."""
    reason = values.wrong_lot_reason(case)
    if not reason:
        return ()
    return (Finding("2.8", f"lot-is-{reason}", _WRONG_LOT[reason], values={"number": case.lot.number}),)


_WRONG_LOT = {
    "standard": "“%(number)s” is the number of a standard, not a batch number.",
    "licence": "“%(number)s” is the number of a production licence, not a batch number.",
    "registration": "“%(number)s” is a registration number, not a batch number.",
}


def shelf_life_faults(case: CaseReport) -> tuple[Finding, ...]:
    """That the end of the shelf life does not fit its beginning."""
    made, expires = case.lot.made_on, case.lot.expires_on
    if made is None or expires is None:
        return ()
    if expires <= made:
        return (Finding("2.12", "expiry-before-production",
                        "“Valid until” (%(expires)s) must be after the production date (%(made)s).",
                        values={"expires": expires, "made": made}),)
    if not is_whole_months(made, expires):
        return (Finding("2.12", "shelf-life-not-months",
                        "From %(made)s to %(expires)s is no whole number of months: compare both dates with the label.",
                        is_error=False, values={"expires": expires, "made": made}),)
    return ()


def event_date_faults(case: CaseReport) -> tuple[Finding, ...]:
    """That the event came before the use."""
    event, use = case.event.began_on, case.use.began_on
    if event and use and last_day(event) < first_day(use):
        return (Finding("3.1", "event-before-use", "The event (%(event)s) cannot be before the date of use (%(use)s).",
                        values={"event": last_day(event), "use": first_day(use)}),)
    return ()


def known_date_faults(case: CaseReport) -> tuple[Finding, ...]:
    """That it was known before it happened or before the product was used."""
    known = values.day_in_china(case.head.awareness_at)
    return tuple(Finding("3.2", code, text, values={"known": known, "other": first_day(other)})
                 for other, code, text in (
                     (case.event.began_on, "known-before-event",
                      "It cannot be known (%(known)s) before it happened (%(other)s)."),
                     (case.use.began_on, "known-before-use",
                      "It cannot be known (%(known)s) before the date of use (%(other)s)."))
                 if other and known < first_day(other))


def harm_class_faults(case: CaseReport) -> tuple[Finding, ...]:
    """That the outcome says something else than the class of harm."""
    died = case.event.outcome == "fatal" or case.event.died_on is not None
    if died and SeriousnessCriterion.death not in case.event.seriousness:
        return (Finding("3.3", "class-against-outcome", "The patient died, but “death” is not the class of harm."),)
    return ()


def future_faults(case: CaseReport) -> tuple[Finding, ...]:
    """Dates after the report itself."""
    today = values.day_in_china(case.head.created_at)
    dated: tuple[tuple[str, date | None], ...] = (
        ("2.11", case.lot.made_on), ("3.1", first_day(case.event.began_on) if case.event.began_on else None),
        ("3.2", values.day_in_china(case.head.awareness_at)),
        ("4.2", first_day(case.use.began_on) if case.use.began_on else None))
    return tuple(Finding(element, "in-the-future", "%(day)s is after the date of the report (%(today)s).",
                         values={"day": day, "today": today}) for element, day in dated if day and day > today)


def partial_dates(case: CaseReport) -> Iterator[tuple[str, PartialDate]]:
    """Each date whose day is not known, with its field."""
    for element, known in (("3.1", case.event.began_on), ("3.7", case.patient.born_on), ("4.2", case.use.began_on)):
        if known is not None and known.precision != "day":
            yield element, known


def partial_date_findings(case: CaseReport) -> tuple[Finding, ...]:
    """That the form shows the first day of a month or year, which it explains beside the date."""
    return tuple(Finding(element, "day-not-known",
                         "The day is not known: the form shows %(day)s and says so beside it.", is_error=False,
                         values={"day": first_day(known)}) for element, known in partial_dates(case))


def lateness(case: CaseReport, limits: Mapping[str, int] = DEVICE_DAYS,
             element: str = "1.2") -> tuple[Finding, ...]:
    """That an initial report comes later than its class of harm allows, counted in days of China."""
    if case.head.kind is not ReportKind.initial:
        return ()
    found = values.harm_class(case)
    if found == "other" and _COULD_HARM_RULES & set(case.head.rule_ids):
        found = "serious"
    allowed = max(limits[found], _OVERSEAS_DAYS) if case.event.is_overseas else limits[found]
    taken = (values.day_in_china(case.head.created_at) - values.day_in_china(case.head.awareness_at)).days
    if taken <= allowed:
        return ()
    return (Finding(element, "late", "Reported %(days)s days after it was known; %(allowed)s days are allowed.",
                    is_error=False, values={"days": taken, "allowed": allowed}),)
