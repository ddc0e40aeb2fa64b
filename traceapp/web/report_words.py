"""The words of reports to authorities: states, kinds, forms, answers, and the values of a case."""
from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext

from traceapp.export.case_report import Finding
from traceapp.submission.periodic_reporting import FORM as PERIODIC
from traceapp.submission.report_answering import BY_ANSWER
from traceapp.submission.report_model import Report, ReportAnswer

from .words import AGE_BANDS, CAUSALITIES, CRITERIA, OUTCOMES, SEXES, Words, word

_ = lazy_gettext
STATES: Words = {
    "prepared": (_("Prepared"), "info"), "checked": (_("Waits for approval"), "check"),
    "approved": (_("Approved, to be sent"), "check"), "sent": (_("Sent, not confirmed yet"), "check"),
    "acknowledged": (_("Confirmed by the authority"), "go"), "rejected": (_("Refused by the authority"), "stop"),
    "corrected": (_("Refused; a new version follows"), "plain"), "withdrawn": (_("Withdrawn"), "plain")}
KINDS: Words = {
    "initial": (_("First report"), "plain"), "followup": (_("Follow-up"), "plain"),
    "final": (_("Final report"), "plain"),
    "amendment": (_("Correction of what was sent"), "plain"), "nullification": (_("Taken back"), "plain")}
FORMS: Words = {
    "e2b-r3": (_("ICH E2B(R3), XML"), "plain"), "emdr": (_("FDA eMDR, XML"), "plain"),
    "mir": (_("Incident report of the manufacturer (MIR)"), "plain"),
    "mir-7.3.1": (_("Incident report of the manufacturer (MIR), version 7.3.1"), "plain"),
    "nmpa-device-paper": (_("China: device form on paper"), "plain"),
    "nmpa-device": (_("China: device form"), "plain"), "nmpa-drug": (_("China: drug form"), "plain"),
    "nmpa-cosmetic": (_("China: cosmetic form"), "plain"), "csv": (_("Line listing, CSV"), "plain"),
    "values": (_("Values of the case, JSON"), "plain"), "periodic": (_("Periodic safety report"), "plain")}
PROFILES: Words = {
    "masked": (_("Without persons"), "plain"), "full": (_("With persons"), "check")}
VERDICTS: Words = {
    "accepted": (_("Taken"), "go"), "rejected": (_("Refused"), "stop"),
    "received": (_("Arrived, not judged yet"), "info")}
ROLES: Words = {
    "form": (_("The report"), "plain"), "masked": (_("The report without persons"), "plain"),
    "case": (_("The values it was made of"), "plain"), "answer": (_("Answer"), "plain")}
_SECTIONS: dict[str, Any] = {
    "head": _("Report"), "patient": _("Patient"), "event": _("Event"), "product": _("Product"), "lot": _("Batch"),
    "use": _("Use"), "reporter": _("Reporter"), "assessment": _("Assessment"), "other_products": _("Other products"),
    "similar": _("Similar incidents")}
_FIELDS: dict[str, Any] = {
    "event.reactions": _("Reactions"), "event.seriousness": _("Serious because"), "event.outcome": _("Outcome"),
    "event.began_on": _("Began on"), "event.ended_on": _("Ended on"), "event.died_on": _("Died on"),
    "event.narrative": _("Description"), "event.harm": _("Harm"), "event.fault": _("Fault of the product"),
    "patient.age": _("Age"), "patient.age_band": _("Age"), "patient.sex": _("Sex"), "patient.weight_kg": _("Weight"),
    "patient.history": _("History"), "use.process": _("How it was used"), "use.purpose": _("Purpose"),
    "lot.number": _("Batch number"), "lot.serial": _("Serial number"), "lot.expires_on": _("Expiry date"),
    "lot.units_shipped": _("Units shipped"), "lot.inspections": _("Inspections"),
    "assessment.causality": _("Causality"), "assessment.investigation": _("Investigation"),
    "assessment.cause": _("Cause"), "assessment.measures": _("Measures taken"),
    "assessment.device_relation": _("Relation to the product"), "head.latest_awareness_at": _("Latest news")}

_CODES: dict[str, Words] = {
    "event.outcome": OUTCOMES, "event.seriousness": CRITERIA, "patient.sex": SEXES, "patient.age_band": AGE_BANDS,
    "assessment.causality": CAUSALITIES}


def state_tag(report: Report) -> tuple[str, str]:
    """(word, meaning) of how far a report is."""
    return word(STATES, report.state), STATES[report.state][1]


def verdict_tag(answer: ReportAnswer) -> tuple[str, str]:
    """(word, meaning) of what an authority says."""
    return word(VERDICTS, answer.verdict), VERDICTS[answer.verdict][1]


def place_words(place: str) -> str:
    """A value of a case by its section and field; a field without a word by its name."""
    parts = place.split(".")
    field = _FIELDS.get(".".join(parts[:2]))
    section = str(_SECTIONS.get(parts[0], parts[0]))
    return f"{section} · {field or '.'.join(parts[1:])}" if len(parts) > 1 else section


def value_words(place: str, text: str) -> str:
    """A value of a case as people read it; free text as it stands."""
    table = _CODES.get(".".join(place.split(".")[:2]))
    return word(table, text) if table is not None and text else text


def finding_text(found: Finding) -> str:
    """What was found, in the reader's language."""
    return gettext(found.text) % found.values if found.values else gettext(found.text)


def form_word(name: str) -> str:
    """The name of a form."""
    return word(FORMS, name)


def kind_word(kind: str) -> str:
    """The kind of a report."""
    return word(KINDS, kind)


def title_of(report: Report) -> str:
    """What a report is called: by its kind, a periodic one by its form."""
    return form_word(report.form) if report.form == PERIODIC else kind_word(report.kind)


def role_word(role: str) -> str:
    """What a file of a report is."""
    return word(ROLES, role)


def profile_word(profile: str) -> str:
    """Whether a report names persons."""
    return word(PROFILES, profile)


def channel_word(channel: str) -> str:
    """How it was handed in, as it was written down."""
    return gettext("known by its answer") if channel == BY_ANSWER else channel
