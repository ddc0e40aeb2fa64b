"""The words that staff and regulators read for codes: states, grades, channels; each with a meaning as in the ui."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext
from markupsafe import Markup

from traceapp.complaint.terms import terms

from .i18n import language

_ = lazy_gettext
Words = Mapping[str, tuple[Any, str]]

COMPLAINT_STATES: Words = {
    "received": (_("New"), "info"), "verified": (_("Verified"), "check"), "cause": (_("Cause found"), "check"),
    "solution": (_("Solution proposed"), "check"), "agreed": (_("Solution agreed"), "check"),
    "carried_out": (_("Carried out"), "go"), "told": (_("Outcome told"), "go"),
    "followed_up": (_("Followed up"), "go"), "archived": (_("Archived"), "plain"),
    "improvement": (_("Improvement"), "plain")}
COMPLAINT_KINDS: Words = {
    "product_quality": (_("Product quality"), "plain"), "service": (_("Service"), "plain"),
    "logistics": (_("Delivery and transport"), "plain"), "contract": (_("Contract"), "plain"),
    "false_advertising": (_("False advertising"), "plain")}
SERVICE_CLOCKS: Words = {
    "first_answer": (_("First answer"), "plain"), "triage": (_("Triage"), "plain"),
    "decision": (_("Decision"), "plain"), "resolution": (_("Resolution"), "plain")}
SEVERITIES: Words = {
    "critical": (_("Critical"), "stop"), "major": (_("Serious"), "stop"), "moderate": (_("Moderate"), "check"),
    "minor": (_("Minor"), "plain"), "none": (_("No harm"), "plain")}
CHANNELS: Words = {
    "consumer": (_("Consumer, by the code"), "plain"), "telephone": (_("Telephone"), "plain"),
    "email": (_("E-mail"), "plain"), "wechat": (_("WeChat"), "plain"), "hospital": (_("Hospital"), "plain"),
    "sales": (_("Sales"), "plain"), "api": (_("Other system"), "plain"), "file_import": (_("File import"), "plain")}
LOT_CAPTURES: Words = {
    "scan": (_("Read from the code"), "go"), "typed": (_("Typed by the reporter"), "plain"),
    "inferred": (_("Bound by staff"), "plain"), "none": (_("No batch given"), "check")}
TRIAGE_RESULTS: Words = {
    "untriaged": (_("Not yet triaged"), "info"), "complaint": (_("A complaint"), "plain"),
    "inquiry": (_("A question, no complaint"), "plain"),
    "not_ours": (_("Another maker's product"), "check")}
HARMS: Words = {
    "yes": (_("Somebody was harmed"), "stop"), "could": (_("Somebody could have been harmed"), "check"),
    "no": (_("Nobody was harmed"), "plain"), "unknown": (_("Not known yet"), "info")}
AFFECTED: Words = {
    "me": (_("The reporter"), "plain"), "my_child": (_("The reporter's child"), "plain"),
    "patient": (_("A patient"), "plain"), "other": (_("Another person"), "plain"), "nobody": (_("Nobody"), "plain"),
    "unknown": (_("Not known"), "plain")}
AGE_BANDS: Words = {
    "0-1": (_("Under 2 years"), "plain"), "2-13": (_("2 to 13 years"), "plain"),
    "14-17": (_("14 to 17 years"), "plain"),
    "18-44": (_("18 to 44 years"), "plain"), "45-64": (_("45 to 64 years"), "plain"),
    "65+": (_("65 years and older"), "plain"), "unknown": (_("Not known"), "plain")}
SEXES: Words = {"female": (_("Female"), "plain"), "male": (_("Male"), "plain"), "unknown": (_("Not known"), "plain")}
CRITERIA: Words = {
    "death": (_("Death"), "stop"), "life_threatening": (_("Danger to life"), "stop"),
    "hospitalised": (_("Stay in hospital, or a longer one"), "stop"),
    "disabling": (_("Lasting damage"), "stop"), "congenital_anomaly": (_("Harm to an unborn child"), "stop"),
    "intervention": (_("Treatment needed to prevent lasting damage"), "stop"),
    "other_serious": (_("Serious for another medical reason"), "stop")}
EVENT_STATES: Words = {
    "draft": (_("To be assessed"), "info"), "assessed": (_("Assessed"), "plain"), "closed": (_("Closed"), "plain"),
    "nullified": (_("Nullified"), "check")}
OUTCOMES: Words = {
    "recovered": (_("Recovered"), "go"), "recovering": (_("Recovering"), "plain"),
    "not_recovered": (_("Not recovered"), "check"), "sequelae": (_("Recovered with lasting damage"), "check"),
    "fatal": (_("Fatal"), "stop"), "unknown": (_("Not known"), "plain")}
CAUSALITIES: Words = {
    "certain": (_("Certain"), "plain"), "probable": (_("Probable"), "plain"), "possible": (_("Possible"), "plain"),
    "unlikely": (_("Unlikely"), "plain"), "conditional": (_("More data needed"), "plain"),
    "unassessable": (_("Cannot be assessed"), "plain")}
PRECISIONS: Words = {
    "day": (_("To the day"), "plain"), "month": (_("To the month"), "plain"), "year": (_("To the year"), "plain")}
SIGNAL_STATES: Words = {
    "open": (_("Open"), "stop"), "validated": (_("Validated"), "check"), "prioritised": (_("Prioritised"), "check"),
    "assessed": (_("Assessed"), "check"), "confirmed": (_("Confirmed"), "stop"), "refuted": (_("Refuted"), "plain"),
    "closed": (_("Closed"), "plain"), "merged": (_("Merged into another"), "plain")}
NODE_KINDS: Words = {
    "lot": (_("Batch"), "plain"), "upstream": (_("Upstream batch"), "plain"), "supplier": (_("Supplier"), "plain"),
    "line": (_("Line and shift"), "plain"), "equipment": (_("Equipment"), "plain"),
    "operator": (_("Operator"), "plain"), "load": (_("Sterilisation load"), "plain"),
    "site": (_("Storage site"), "plain"), "lane": (_("Shipping lane"), "plain"),
    "consignee": (_("Consignee"), "plain")}
SEVERITY_GROUPS: Words = {"harm": (_("All harm"), "plain"), "serious": (_("Serious harm only"), "check")}
METHODS: Words = {"maxsprt": (_("Sequential Poisson test"), "plain"),
                  "conditional-maxsprt": (_("Sequential test with a learnt rate"), "plain")}
PRIORITIES: Words = {"high": (_("High"), "stop"), "medium": (_("Medium"), "check"), "low": (_("Low"), "plain")}
REALITIES: Words = {"real": (_("Real"), "stop"), "unclear": (_("Not clear yet"), "check"),
                    "not_real": (_("Not real"), "plain")}
PROPOSALS: Words = {
    "recall": (_("Recall"), "stop"), "hold": (_("Put on hold"), "check"),
    "capa": (_("Corrective and preventive action"), "check"), "watch": (_("Watch on"), "plain"),
    "nothing": (_("Nothing"), "plain")}
RECALL_STATES: Words = {
    "draft": (_("Draft"), "info"), "assessing": (_("Being assessed"), "check"),
    "decision": (_("To be decided"), "check"), "planned": (_("Being prepared"), "check"),
    "notifying": (_("Consignees are being told"), "stop"),
    "executing": (_("Running"), "stop"), "effectiveness": (_("Being checked"), "stop"),
    "closing": (_("Books are being closed"), "check"), "terminated": (_("Ended"), "go"),
    "cancelled": (_("Cancelled"), "plain"), "closed_no_action": (_("No recall needed"), "plain")}
RECALL_CLASSES: Words = {
    "I": (_("Class I: serious harm or death"), "stop"), "II": (_("Class II: temporary or reversible harm"), "stop"),
    "III": (_("Class III: harm is not likely"), "check")}
RECALL_TRIGGERS: Words = {name: (text, "plain") for name, text in {
    "signal": _("A signal"), "complaint": _("A complaint"), "inspection": _("An inspection or test"),
    "stability": _("A stability test"), "supplier": _("A notice of a supplier"), "authority": _("An authority"),
    "capa": _("A CAPA"), "other": _("Something else")}.items()}
NOTICE_STATES: Words = {
    "queued": (_("On its way"), "info"), "sent": (_("Delivered to the mail server"), "plain"),
    "not_sent": (_("Not sent"), "stop"), "uncertain": (_("Perhaps sent"), "check"), "answered": (_("Answered"), "go")}
MESSAGE_STATES: Words = {
    "pending": (_("Waiting"), "info"), "sent": (_("Taken by the mail server"), "go"),
    "written": (_("Written to a file, not sent"), "stop"), "uncertain": (_("Perhaps sent"), "check"),
    "failed": (_("Refused"), "stop"), "refused": (_("Refused"), "stop"), "not_needed": (_("Left out"), "plain"),
    "bounced": (_("Came back"), "stop"), "unreached": (_("Server not reached, tried again"), "check")}
LINE_STATES: Words = {
    "unanswered": (_("No answer yet"), "info"), "unaccounted": (_("Units missing"), "check"),
    "excess": (_("Far more than was sent"), "stop"),
    "unproved": (_("Destroyed, not proved"), "check"),
    "returning": (_("Sent back and counted differ"), "check"),
    "accounted": (_("Accounted for"), "go"), "settled": (_("Settled with a reason"), "plain")}
RETURN_STATES: Words = {
    "asked": (_("Asked back"), "info"), "received": (_("Came back"), "check"), "replaced": (_("Replaced"), "go"),
    "refunded": (_("Refunded"), "go"), "called_off": (_("Called off"), "plain")}
GROUP_STATES: Words = {
    "found": (_("Found, to be decided"), "stop"), "confirmed": (_("A group event"), "stop"),
    "refused": (_("No group event"), "plain")}
CRISIS_CAUSES: Words = {
    "cluster": (_("Several critical reports on one batch"), "stop"), "decision": (_("Somebody's decision"), "check")}
CRISIS_ENTRIES: Words = {
    "opened": (_("Task force set up"), "stop"), "joined": (_("Brought in"), "plain"),
    "case_added": (_("Complaint added"), "plain"),
    "hold_proposed": (_("Proposed to stop the batch"), "check"), "held": (_("Batch stopped"), "stop"),
    "note": (_("Note"), "plain"), "ended": (_("Ended"), "go")}
WEEKDAYS: Words = {
    "0": (_("Monday"), "plain"), "1": (_("Tuesday"), "plain"), "2": (_("Wednesday"), "plain"),
    "3": (_("Thursday"), "plain"), "4": (_("Friday"), "plain"), "5": (_("Saturday"), "plain"),
    "6": (_("Sunday"), "plain")}
OFFERS: Words = {
    "visit_and_costs": (_("A visit, and the costs of treatment by receipt"), "plain"),
    "refund_and_replace": (_("The price back, and a replacement"), "plain"),
    "replace": (_("A replacement"), "plain"),
    "apology_and_voucher": (_("An apology, and a voucher"), "plain")}
COMPENSATION_STATES: Words = {
    "proposed": (_("Waits for the manager"), "check"), "approved": (_("Approved, not paid by itself"), "go"),
    "declined": (_("Declined"), "plain")}
ROLES: Words = {
    "operator": (_("Operator"), "plain"), "quality": (_("Quality"), "plain"),
    "quality_manager": (_("Quality manager"), "plain"), "regulator": (_("Regulator"), "plain"),
    "administrator": (_("Administrator"), "plain"), "public": (_("The public"), "plain"),
    "consignee": (_("Consignee"), "plain"), "system": (_("The service itself"), "plain")}
UNTOLD_STATES: Words = {
    "waiting": (_("Nobody was told"), "stop"), "taken": (_("In the ledger, told"), "go"),
    "noted": (_("Nobody has to be told"), "plain"), "withdrawn": (_("The notice was withdrawn"), "plain")}
DUTIES: Words = {
    "complaint.triage": (_("Triage"), "plain"), "complaint.answer": (_("First answer"), "plain"),
    "complaint.serious": (_("Look by the quality manager"), "plain"), "complaint.decide": (_("Decision"), "plain"),
    "complaint.resolve": (_("Bring it to its end"), "plain"),
    "complaint.late": (_("A promise has run over"), "plain"),
    "complaint.called": (_("Look at once: you are on duty"), "plain"),
    "complaint.compensation": (_("Decide what is offered for a broken promise"), "plain"),
    "crisis.lead": (_("Lead the task force: bring people in"), "plain"),
    "crisis.hold": (_("Decide whether the batch is stopped"), "plain"),
    "duty.gap": (_("Nobody is on duty: fill the roster"), "plain"),
    "duty.no_address": (_("Nobody could be called by mail: telephone, and have addresses entered"), "plain"),
    "duty.not_told": (_("The mail of a call did not go out: telephone whoever is on duty"), "plain"),
    "complaint.counterfeit": (_("Is it a fake, or a wrong label?"), "plain"),
    "complaint.promote": (_("Adverse event or not"), "plain"),
    "complaint.read_message": (_("Read the reporter's message"), "plain"),
    "adverse_event.assess": (_("Assessment"), "plain"), "clock.report": (_("Report to the authority"), "plain"),
    "clock.calendar": (_("Enter the holidays of next year, so that working days are counted right"), "plain"),
    "clock.decide": (_("Decide whether a report is due"), "plain"),
    "periodic.unknown_start": (_("Find out since when the product is registered there"), "plain"),
    "periodic.no_rule": (_("No rule is known: decide whether periodic reports are due there"), "plain"),
    "periodic.earlier": (_("Were the periodic reports of the years before made?"), "plain"),
    "periodic.no_longer_sold": (_("No longer sold: decide whether a last periodic report is due"), "plain"),
    "adverse_event.follow_up": (_("Read news of the adverse event"), "plain"),
    "adverse_event.taken_back": (_("Its sender takes the case back: nullify it here, or say why not"), "check"),
    "report.approve": (_("Approve the report to the authority"), "plain"),
    "report.send": (_("Send the report to the authority"), "plain"),
    "report.answer": (_("Wait for the authority's answer"), "plain"),
    "report.correct": (_("The authority refused the report: put it right"), "plain"),
    "report.look": (_("Look at an answer of an authority that does not fit"), "plain"),
    "signal.review": (_("Review of the signal"), "plain"),
    "signal.prioritise": (_("Say how urgent the signal is"), "plain"),
    "signal.assess": (_("Assess the signal"), "plain"), "signal.decide": (_("Confirm or refute the signal"), "plain"),
    "group.decide": (_("Say whether these reports are a group event"), "stop"),
    "screen.review": (_("Look at what the nightly screen found in a batch"), "plain"),
    "drift.look": (_("Look at a supplier's test results that rise from lot to lot"), "check"),
    "screen.jump": (_("Look at a kind of complaint that jumped"), "plain"),
    "work.late": (_("Find out why work in the background is late"), "plain"),
    "messages.late": (_("Find out why letters are late"), "plain"),
    "person.retention": (_("Erase personal details whose retention has run out, or hold them"), "plain"),
    "exposure.missing": (_("Find out what was shipped"), "plain"), "recall.approve": (_("Approval"), "plain"),
    "recall.evaluate": (_("Write and sign the hazard evaluation"), "plain"),
    "assessor.missing": (_("Have the administrator name a medical assessor: the house has none"), "check"),
    "recall.decide": (_("Decide whether there is a recall"), "stop"),
    "recall.grew": (_("Let the scope grow: batches within it were made or received later"), "stop"),
    "recall.no_address": (_("Find an address"), "plain"), "recall.not_sent": (_("Letter was not sent"), "plain"),
    "recall.uncertain": (_("Find out whether the letter arrived"), "plain"),
    "recall.telephone": (_("Telephone the consignee"), "plain"),
    "recall.call_passed": (_("Telephone somebody whom the consignee passed units on to"), "plain"),
    "recall.consumers": (_("Some consumers could not be told: look at their complaints"), "plain"),
    "recall.unproved": (_("Get a proof of destruction, or accept it without one"), "plain"),
    "recall.excess": (_("They say far more than we sent: find out why"), "stop"),
    "recall.late_answer": (_("Look at an answer that came after the end"), "plain"),
    "recall.late_return": (_("Goods of an ended recall came back"), "check"),
    "recall.untold_despatch": (_("Tell somebody who got units of a recalled batch and was not told"), "stop"),
    "recall.partner": (_("A partner recalls batches that we have: look, hold, tell on"), "stop"),
    "drill.look": (_("Read the report of a drill"), "plain"),
    "drill.overdue": (_("Products had no drill for a year: ask for one, or plan them"), "check"),
    "capa.investigate": (_("Take up the CAPA and look for the cause"), "plain"),
    "capa.plan": (_("Find the cause and plan the actions"), "plain"),
    "capa.begin": (_("State the criterion and begin the actions"), "plain"),
    "capa.action": (_("Carry out an action of a CAPA"), "plain"),
    "capa.verify": (_("All actions are done: begin the verification"), "plain"),
    "capa.check": (_("Verify whether the actions helped"), "plain"),
    "capa.close": (_("Close the CAPA"), "plain"),
    "capa.answer": (_("Answer a question of quality"), "plain"),
    "capa.late": (_("Something in a CAPA is late: see to it"), "stop"),
    "excursion.assess": (_("Judge whether the batch was harmed outside its storage limits"), "plain"),
    "subscription.not_told": (_("Find out why a subscriber takes no events"), "plain"),
    "scan.unknown_serial": (_("Look into scans of serial numbers that were never given out"), "plain"),
    "scan.bad_signature": (_("Look into scans of codes with a wrong signature"), "plain"),
    "scan.far_apart": (_("Look into packs that were scanned in places far apart"), "plain"),
    "scan.too_often": (_("Look into packs that were scanned far too often"), "plain"),
    "scan.lot_too_often": (_("Look into a batch that was scanned far too often"), "plain"),
    "scan.many": (_("Look into the scans of many batches"), "plain")}


def word(table: Words, code: str | None) -> str:
    """The word of a code in the reader's language; an unknown code shows as it is."""
    if code is None:
        return "–"
    return str(table[code][0]) if code in table else code


def meaning(table: Words, code: str | None) -> str:
    """The meaning that goes with a code."""
    return table[code][1] if code is not None and code in table else "plain"


def choices(table: Words, only: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """(code, word) for a field of a form."""
    return [(code, word(table, code)) for code in (table if only is None else only)]


def own_name(thing: Any, fallback: str = "") -> str:
    """The name of a product, party or lot line in the reader's language; the other one where it is missing."""
    if thing is None:
        return fallback
    first, second = (thing.name_zh, thing.name_en) if language() == "zh" else (thing.name_en, thing.name_zh)
    return str(first or second or fallback)


def term_names(codes: Sequence[str]) -> list[str]:
    """What went wrong, in words."""
    known = terms()
    return [getattr(known[code], language()) if code in known else code for code in codes]


def joined_words(parts: Sequence[str]) -> str:
    """A list as people of the language write it."""
    return ("、" if language() == "zh" else ", ").join(parts)


def lines_of(text: str) -> Markup:
    """Free text with its line breaks kept."""
    return Markup("<br>").join(text.splitlines())
