"""A case as an E2B(R3) report: who reports, whom it happened to and what happened."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from traceapp.export.case_report import CaseReport, Finding, Organisation, Profile, ReportKind
from traceapp.export.masking import masked

from .dates import write_time
from .filling import Filling, clean, day, language, number
from .from_case_china import put_china
from .from_case_products import put_products
from .meddra_terms import Reaction, put_code, put_death_causes, put_history, reactions_of
from .model import Icsr, Section, new_batch
from .references import REACTION, reaction_id

_ID = re.compile(r"[A-Z]{2}-[^-]+-.+")
_BETWEEN = re.compile(r"[-\s]+")
_AGE_UNITS = {"a": "a", "mo": "mo", "wk": "wk", "d": "d", "h": "h", "{decade}": "10.a", "10.a": "10.a",
              "year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "decade": "10.a"}
SEXES = {"male": "1", "female": "2"}
OUTCOMES = {"recovered": "1", "recovering": "2", "not_recovered": "3", "sequelae": "4", "fatal": "5", "unknown": "0"}
_QUALIFICATIONS = {"physician": "1", "pharmacist": "2", "other_professional": "3", "lawyer": "4", "consumer": "5"}
SERIOUS = {"death": "E.i.3.2a", "life_threatening": "E.i.3.2b", "hospitalised": "E.i.3.2c", "disabling": "E.i.3.2d",
            "congenital_anomaly": "E.i.3.2e", "other_serious": "E.i.3.2f", "intervention": "E.i.3.2f"}
_INTERVENTION = "FDA.E.i.3.2h"
_CORRECTIONS = {ReportKind.nullification: "1", ReportKind.amendment: "2"}
_TEST_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Route:
    """What a case does not say: where the report goes (N.1.4, N.2.r.3), under which id and from which part of the house
    it comes, and when. `is_expedited` None: a serious case is. `is_china`: China's own elements are asked for."""

    batch_receiver: str
    message_receiver: str
    sender: str
    batch_number: str
    sent_at: datetime
    department: str = ""
    postcode: str = ""
    is_expedited: bool | None = None
    is_china: bool = False

    @property
    def is_fda(self) -> bool:
        return self.batch_receiver.startswith("ZZFDA")


def batch_of_cases(cases: Iterable[CaseReport], route: Route) -> tuple[Section, list[Finding]]:
    """The batch of these cases, and what was to be said while they were put in; the checks come afterwards."""
    batch = new_batch()
    for element, text in (("N.1.1", "1"), ("N.1.2", route.batch_number), ("N.1.3", route.sender),
                          ("N.1.4", route.batch_receiver), ("N.1.5", write_time(route.sent_at))):
        batch.put(element, text)
    findings: list[Finding] = []
    for given in cases:
        case = _shown(given)
        filling = Filling(case.profile is Profile.masked)
        report = batch.add("N.2.r")
        _head(filling, report, case, route)
        _sender(filling, report, case.head.sender, route)
        _reporter(filling, report, case, route)
        _patient(filling, report, case, route)
        _reactions(filling, report, case, route)
        _tests(filling, report, case)
        put_products(filling, report, case, is_fda=route.is_fda)
        if route.is_china:
            put_china(filling, report, case)
        _narrative(filling, report, case)
        findings += filling.findings
    return batch, findings


def _shown(case: CaseReport) -> CaseReport:
    """The case as its profile allows it; of the day of birth a masked one still says that it is known."""
    if case.profile is not Profile.masked:
        return case
    shown = masked(case)
    return replace(shown, patient=replace(shown.patient, born_on=case.patient.born_on))


def report_id(case: CaseReport) -> str:
    """The id of the case's reports: the same for each of them. Source: ICH E2B(R3) C.1.1."""
    head = case.head
    if _ID.fullmatch(head.report_number):
        return head.report_number
    name = head.sender.ids.get("e2b") or head.sender.name_en or head.sender.name_zh
    return f"{head.sender.country.upper()}-{_BETWEEN.sub('', name).upper()}-{head.reference}"


def _head(filling: Filling, report: Icsr, case: CaseReport, route: Route) -> None:
    head = case.head
    identity = report_id(case)
    created = write_time(head.created_at)
    is_expedited = bool(case.event.seriousness) if route.is_expedited is None else route.is_expedited
    for element, text in (
            ("N.2.r.1", identity), ("N.2.r.2", route.sender), ("N.2.r.3", route.message_receiver), ("N.2.r.4", created),
            ("C.1.1", identity), ("C.1.2", created), ("C.1.3", "1"), ("C.1.4", write_time(head.awareness_at)),
            ("C.1.5", write_time(head.latest_awareness_at)), ("C.1.6.1", "false"),
            ("C.1.7", "true" if is_expedited else "false"), ("C.1.8.1", head.worldwide_id or identity),
            ("C.1.8.2", "2")):
        report.put(element, text)
    if route.is_fda:
        report.put("FDA.C.1.7.1", "1" if is_expedited else "2")
        report.put("FDA.C.1.12", "true" if case.product.kind == "combination" else "false")
    _other_ids(filling, report, case, identity)
    if head.kind in _CORRECTIONS:
        report.put("C.1.11.1", _CORRECTIONS[head.kind])
        filling.put(report, "C.1.11.2", head.reason)
    if (head.version > 1 or head.kind not in (ReportKind.initial, ReportKind.final)) and not head.earlier_reference:
        filling.findings.append(Finding("C.1.1", "no-earlier-report", "It follows a report that is not named: nothing "
                                        "was sent before under this id."))


def _other_ids(filling: Filling, report: Icsr, case: CaseReport, identity: str) -> None:
    number_there, house = case.reporter.facility_report_number, case.reporter.organisation
    known = []
    if number_there:
        known.append((_name(house) if house else "Reporter", number_there))
    if case.head.earlier_reference not in ("", identity, case.head.reference):
        known.append((_name(case.head.sender), case.head.earlier_reference))
    for owner, text in known:
        section = report.add("C.1.9.1.r")
        filling.put(section, "C.1.9.1.r.1", owner)
        filling.put(section, "C.1.9.1.r.2", text)
    report.put("C.1.9.1", "true" if known else None, null="" if known else "NI")


def _name(party: Organisation) -> str:
    return party.name_en or party.name_zh


def _split(name: str) -> tuple[str, str]:
    """Given and family name; of a name in one word the whole is the family name."""
    given, _, family = name.strip().rpartition(" ")
    return given, family


def _sender(filling: Filling, report: Icsr, sender: Organisation, route: Route) -> None:
    report.put("C.3.1", "1")
    given, family = _split(sender.contact_name)
    for element, text in (
            ("C.3.2", _name(sender)), ("C.3.3.1", route.department or sender.department),
            ("C.3.3.3", given or family), ("C.3.3.5", family),
            ("C.3.4.1", sender.address), ("C.3.4.2", sender.city), ("C.3.4.3", sender.region),
            ("C.3.4.4", route.postcode or sender.postcode), ("C.3.4.6", sender.phone), ("C.3.4.8", sender.email)):
        filling.put(report, element, text)
    filling.country(report, "C.3.4.5", sender.country)


def _reporter(filling: Filling, report: Icsr, case: CaseReport, route: Route) -> None:
    reporter, house = case.reporter, case.reporter.organisation
    section = report.add("C.2.r")
    given, family = _split(reporter.name)
    filling.person(section, "C.2.r.1.2", given, is_known=True)
    filling.person(section, "C.2.r.1.4", family, is_known=True)
    filling.person(section, "C.2.r.2.1", _name(house) if house else "")
    filling.person(section, "C.2.r.2.7", reporter.phone)
    if route.is_fda:
        filling.person(section, "FDA.C.2.r.2.8", reporter.email)
    country = reporter.country or (house.country if house else "") or case.event.country
    filling.country(section, "C.2.r.3", country)
    if not section.has("C.2.r.3"):
        section.put("C.2.r.3", None, null="UNK")
    qualification = _QUALIFICATIONS.get(reporter.qualification)
    section.put("C.2.r.4", qualification, null="" if qualification else "UNK")
    section.put("C.2.r.5", "1")


def _patient(filling: Filling, report: Icsr, case: CaseReport, route: Route) -> None:
    patient, event = case.patient, case.event
    filling.person(report, "D.1", patient.initials or patient.name, is_known=True)
    if not report.has("D.1"):
        report.put("D.1", None, null="UNK")
    filling.person(report, "D.1.1.3", patient.record_number)
    if patient.born_on is not None and (patient.born_on.precision == "day" or filling.is_masked):
        filling.person(report, "D.2.1", day(patient.born_on))
    unit = _AGE_UNITS.get(patient.age_unit.rstrip("s"))
    if patient.age is not None and unit:
        report.put("D.2.2a", number(patient.age))
        report.put("D.2.2b", unit)
    report.put("D.3", number(patient.weight_kg))
    report.put("D.4", number(patient.height_cm.quantize(1) if patient.height_cm is not None else None))
    sex = SEXES.get(patient.sex)
    report.put("D.5", sex, null="" if sex else "UNK")
    history = "\n".join(filter(None, (patient.history, patient.earlier_reactions, patient.family_reactions)))
    filling.put(report, "D.7.2", history)
    put_history(report, case)
    if not report.has("D.7.2"):
        report.put("D.7.2", None, null="UNK")
    if event.died_on is not None:
        report.put("D.9.1", day(event.died_on))
        report.put("D.9.3", None, null="UNK")
    put_death_causes(filling, report, case)
    if route.is_fda:
        reason = "MSK" if filling.is_masked else "UNK"
        report.add("FDA.D.11.r").put("FDA.D.11.r.1", None, null=reason)
        report.put("FDA.D.12", None, null=reason)


def _reactions(filling: Filling, report: Icsr, case: CaseReport, route: Route) -> None:
    event = case.event
    for place, reaction in enumerate(reactions_of(filling, case), 1):
        section = report.add("E.i")
        section.put(REACTION, reaction_id(report, place))
        _words(filling, section, case, reaction)
        for criterion, element in SERIOUS.items():
            if criterion in event.seriousness and not (criterion == "intervention" and route.is_fda):
                section.put(element, "true")
        if route.is_fda and "intervention" in event.seriousness:
            section.put(_INTERVENTION, "true")
        for element in (*dict.fromkeys(SERIOUS.values()), *([_INTERVENTION] if route.is_fda else [])):
            if not section.has(element):
                section.put(element, None, null="NI")
        section.put("E.i.4", day(event.began_on))
        section.put("E.i.5", day(event.ended_on))
        section.put("E.i.7", OUTCOMES.get(event.outcome, "0"))
        if _QUALIFICATIONS.get(case.reporter.qualification) in ("4", "5"):
            section.put("E.i.8", "false")
        filling.country(section, "E.i.9", event.country)


def _words(filling: Filling, section: Section, case: CaseReport, reaction: Reaction) -> None:
    """The reaction in words and by its MedDRA code; codes of other lists are not MedDRA's."""
    spoken, term = case.event.language, reaction.told
    names = (term.name_en, term.name_zh) if term else ("", "")
    native = (names[0] if spoken == "en" else names[1]) or names[0] or names[1] or case.event.harm
    if language(spoken):
        filling.put(section, "E.i.1.1a", native)
        section.put("E.i.1.1b", language(spoken))
    if names[0] and names[0] != native:
        filling.put(section, "E.i.1.2", names[0])
    if reaction.coded is not None:
        put_code(section, "E.i.2.1", reaction.coded)
    else:
        filling.findings.append(Finding("E.i.2.1b", "not-submittable", "Not submittable: “%(term)s” has no MedDRA "
                                        "code. Import a licensed MedDRA and code the reaction with it.",
                                        values={"term": native}))


def _tests(filling: Filling, report: Icsr, case: CaseReport) -> None:
    text = case.event.tests.strip()
    for start in range(0, len(text), _TEST_LENGTH):
        section = report.add("F.r")
        section.put("F.r.1", None, null="UNK")
        section.put("F.r.2.1", "Tests")
        filling.put(section, "F.r.3.4", text[start:start + _TEST_LENGTH])


def _narrative(filling: Filling, report: Icsr, case: CaseReport) -> None:
    parts = (case.event.narrative.strip(), case.event.fault.strip(), case.use.process.strip())
    text = "\n\n".join(dict.fromkeys(filter(None, parts)))
    filling.put(report, "H.4", case.assessment.sender_comment)
    report.put("H.1", clean("\n".join(filter(None, (text, *filling.notes)))))
