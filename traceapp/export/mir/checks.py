"""What a competent authority would ask back about an incident report. Pure."""
from __future__ import annotations

from collections.abc import Iterator

from traceapp.complaint.seriousness import SeriousnessCriterion, is_serious
from traceapp.export.case_report import CaseReport, CodedTerm, Finding
from traceapp.export.form_fields import missing_fields
from traceapp.export.periods import first_day, last_day

from .readers import classification, is_closed, is_final, is_first
from .similar import REGIONS, years_of
from .tables import day_of, mir_table

# Source: MDR art. 87(3)-(5); IVDR art. 82(3)-(5); UK MDR 2002 Part 4A: days from awareness by class.
_DAYS = {"threat": 2, "death": 10, "deterioration": 10, "other": 15}


def check(case: CaseReport, version: str = "7.2.1") -> Iterator[Finding]:
    """Everything that is found, section by section."""
    yield from missing_fields(case, mir_table(version))
    places = {field.key: field.number for field in mir_table(version).fields}
    yield from _dates(case, places)
    yield from _class(case, places)
    yield from _codes(case, places)
    yield from _closing(case, places)
    yield from _similar(case)


def _dates(case: CaseReport, places: dict[str, str]) -> Iterator[Finding]:
    made, known = day_of(case.head.created_at), day_of(case.head.awareness_at)
    began = case.event.began_on
    if began and known < first_day(began):
        yield Finding(places["mfrAwarenessDate"], "known-before-event",
                      "It cannot be known (%(known)s) before it happened (%(other)s).",
                      values={"known": known, "other": first_day(began)})
    for key, day in (("mfrAwarenessDate", known), ("adverseEventDateFrom", first_day(began) if began else None)):
        if day and day > made:
            yield Finding(places[key], "in-the-future", "%(day)s is after the date of the report (%(today)s).",
                          values={"day": day, "today": made})
    expected = case.head.expected_next_on
    if expected and not is_closed(case) and expected <= made:
        yield Finding(places["reportNextDate"], "next-not-later",
                      "The next report (%(next)s) must be expected after this one (%(today)s).",
                      values={"next": expected, "today": made})
    yield from _use_dates(case, places)
    if is_first(case):
        yield from _lateness(case, places, (made - known).days)


def _use_dates(case: CaseReport, places: dict[str, str]) -> Iterator[Finding]:
    made, expires = case.lot.made_on, case.lot.expires_on
    if made and expires and expires <= made:
        yield Finding(places["deviceExpiryDate"], "expiry-before-production",
                      "“Valid until” (%(expires)s) must be after the production date (%(made)s).",
                      values={"expires": expires, "made": made})
    begin, end = case.use.implanted_on, case.use.explanted_on
    if begin and end and last_day(end) < first_day(begin):
        yield Finding(places["ExplantedDate"], "explant-before-implant", "It cannot be taken out before it was put in.")


def _lateness(case: CaseReport, places: dict[str, str], taken: int) -> Iterator[Finding]:
    allowed = _DAYS[classification(case)]
    if taken > allowed:
        yield Finding(places["reportDate"], "late",
                      "Reported %(days)s days after it was known; %(allowed)s days are allowed.", is_error=False,
                      values={"days": taken, "allowed": allowed})


def _class(case: CaseReport, places: dict[str, str]) -> Iterator[Finding]:
    found, place = classification(case), places["eventClassification"]
    died = case.event.outcome == "fatal" or case.event.died_on is not None
    if died and SeriousnessCriterion.death not in case.event.seriousness:
        yield Finding(place, "class-against-outcome", "The patient died, but “death” is not the class of harm.")
    if found == "other" and is_serious(case.event.seriousness):
        yield Finding(place, "expected-serious",
                      "The harm is serious and called expected: say why it was anticipated.", is_error=False)
    if found == "other" and not is_serious(case.event.seriousness):
        yield Finding(place, "not-serious",
                      "No criterion of seriousness holds: say how it might have led to death or serious harm.",
                      is_error=False)


def _codes(case: CaseReport, places: dict[str, str]) -> Iterator[Finding]:
    """Only codes of the IMDRF lists count, and a reason beside codes is one too many."""
    found = case.assessment
    lists: tuple[tuple[str, str, tuple[CodedTerm, ...]], ...] = (
        ("A", "imdrfCodeChoice", found.problem_codes), ("E", "imdrfClinicalCodeChoice", case.event.reactions),
        ("F", "imdrfHealthCodeChoice", found.health_impact_codes),
        ("B", "imdrfTypeInvestigationCodeChoice", found.investigation_codes),
        ("C", "imdrfInvestigationFindingsCodeChoice", found.finding_codes),
        ("D", "imdrfInvestigationConclusionCodeChoice", found.conclusion_codes),
        ("G", "imdrfComponentCodeChoice", found.component_codes))
    for annex, key, terms in lists:
        for term in terms:
            if term.system != "imdrf" or not term.code.startswith(annex):
                yield Finding(places[key], "not-imdrf", "“%(code)s” is not a code of IMDRF annex %(annex)s.",
                              values={"code": term.code, "annex": annex})
        if terms and found.uncoded_reasons.get(annex):
            yield Finding(places[key], "code-and-reason", "Annex %(annex)s has codes and a reason for having none.",
                          is_error=False, values={"annex": annex})


def _closing(case: CaseReport, places: dict[str, str]) -> Iterator[Finding]:
    if is_final(case):
        if not case.assessment.cause.strip():
            yield Finding(places["rootCauses"], "no-cause", "A final report must say the cause.")
        if case.assessment.cause.strip() and case.assessment.is_cause_confirmed is False:
            yield Finding(places["rootCauseConfirmed"], "cause-not-confirmed",
                          "The report is final, but its cause is not confirmed.", is_error=False)
    if case.head.kind != "initial" and not case.head.earlier_reference and case.head.version > 1:
        yield Finding(places["mfrRef"], "no-earlier", "The report before this one is not named.", is_error=False)


def _similar(case: CaseReport) -> Iterator[Finding]:
    """The table needs this year and the three before it, counts and units, in each region."""
    if not is_final(case):
        return
    held = {(one.year, one.region): one for one in case.similar}
    for region in REGIONS:
        for year in years_of(case):
            one = held.get((year, region(case)))
            if one is None or one.incidents is None or one.units is None:
                yield Finding("4.3", "similar-missing", "Similar incidents of %(year)s in %(region)s are not known.",
                              is_error=False, values={"year": year, "region": region(case)})
            elif one.units == 0 and one.incidents:
                yield Finding("4.3", "similar-without-units",
                              "%(region)s %(year)s has similar incidents but no units distributed.", is_error=False,
                              values={"year": year, "region": region(case)})
