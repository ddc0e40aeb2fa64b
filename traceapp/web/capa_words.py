"""The words of CAPAs: kinds, states, causes, verdicts, conclusions, steps."""
from __future__ import annotations

from flask_babel import gettext, lazy_gettext

from traceapp.capa.problems import NOT_CODED, STANDS_OUT
from traceapp.complaint.terms import terms

from .i18n import language
from .words import Words

_ = lazy_gettext
CAPA_KINDS: Words = {
    "corrective": (_("Corrective: it happened"), "plain"), "preventive": (_("Preventive: it could happen"), "plain")}
CAPA_STATES: Words = {
    "open": (_("To be taken up"), "info"), "investigating": (_("Cause is looked for"), "check"),
    "planned": (_("Planned"), "check"), "acting": (_("Actions under way"), "check"),
    "verifying": (_("Effect is verified"), "check"), "closed": (_("Closed, effective"), "go"),
    "cancelled": (_("Cancelled"), "plain"), "reopened": (_("Reopened"), "stop")}
LINK_KINDS: Words = {
    "signal": (_("Signal"), "plain"), "recall": (_("Recall"), "plain"), "complaint": (_("Complaint"), "plain"),
    "adverse_event": (_("Adverse event"), "plain"), "supplier": (_("Partner"), "plain"),
    "inspection": (_("Inspection"), "plain")}
CAUSE_KINDS: Words = {
    "man": (_("People"), "plain"), "machine": (_("Machine"), "plain"), "material": (_("Material"), "plain"),
    "method": (_("Method"), "plain"), "environment": (_("Environment"), "plain"),
    "measurement": (_("Measurement"), "plain"), "lot": (_("This batch"), "plain"),
    "upstream": (_("A batch of material"), "plain"), "supplier": (_("A supplier"), "plain"),
    "line": (_("A line and shift"), "plain"), "equipment": (_("A piece of equipment"), "plain"),
    "operator": (_("An operator"), "plain"), "load": (_("A sterilisation load"), "plain"),
    "site": (_("A storage site"), "plain"), "lane": (_("A transport lane"), "plain"),
    "consignee": (_("A consignee"), "plain")}
VERDICTS: Words = {
    "supposed": (_("Supposed"), "info"), "confirmed": (_("Confirmed"), "stop"), "excluded": (_("Excluded"), "plain")}
ACTION_STATES: Words = {
    "open": (_("To do"), "info"), "done": (_("Done"), "go"), "dropped": (_("Left undone"), "plain")}
CONCLUSIONS: Words = {
    "effective": (_("Effective"), "go"), "not_effective": (_("Not effective"), "stop")}
# What is said of a step that was taken.
STEPS_TAKEN: Words = {
    "investigate": (_("Taken up: the cause is looked for"), "plain"), "plan": (_("The cause stands"), "plain"),
    "think_again": (_("Back to the search for the cause"), "check"), "begin": (_("The actions begin"), "plain"),
    "verify": (_("All actions are done; the verification begins"), "plain"), "close": (_("Closed"), "go"),
    "reopen": (_("Reopened"), "stop"), "cancel": (_("Cancelled"), "plain")}


def problem_word(kind: str) -> str:
    """A kind of problem in the reader's language."""
    if kind == STANDS_OUT:
        return gettext("Something stands out (signal)")
    if kind == NOT_CODED:
        return gettext("Not coded")
    found = terms().get(kind)
    return str(getattr(found, language())) if found is not None else kind
