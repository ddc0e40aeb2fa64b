"""The words of legal clocks: what happened, roles, units, states, authorities."""
from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext
from markupsafe import Markup

from traceapp.core.places import country
from traceapp.rules.rows import Unit
from traceapp.worklist.clock_model import KNOWN_EARLIER, OTHER_START, REFUSED, UNDETERMINED

from .ui import current_locale
from .words import Words, joined_words, word

_ = lazy_gettext
CLOCK_STATES: Words = {
    "running": (_("Runs"), "check"), "reported": (_("Reported and confirmed"), "go"),
    "not_reportable": (_("No report due, decided"), "plain"),
    "superseded": (_("Another clock takes its place"), "plain")}
SUPERSEDED: Words = {
    REFUSED: (_("The report that it follows was refused: it begins anew once a report is confirmed"), "plain"),
    OTHER_START: (_("The day of the registration was corrected"), "plain"),
    KNOWN_EARLIER: (_("The event was known earlier: another clock counts from then"), "plain")}
MARKS: Words = {
    "V": (_("Text of the law seen"), "go"), "S": (_("From a summary"), "info"), "M": (_("Not verified"), "check")}
AUTHORITIES: Words = {
    "CN": (_("China"), "plain"), "US": (_("United States"), "plain"), "EU": (_("European Union"), "plain"),
    "GB": (_("Great Britain"), "plain"), "JP": (_("Japan"), "plain"), "CA": (_("Canada"), "plain"),
    "AU": (_("Australia"), "plain"), "KR": (_("South Korea"), "plain"), "SG": (_("Singapore"), "plain")}
KINDS: Words = {
    "device": (_("Device"), "plain"), "ivd": (_("Diagnostic kit"), "plain"), "drug": (_("Drug"), "plain"),
    "biologic": (_("Biologic"), "plain"), "cosmetic": (_("Cosmetic"), "plain"),
    "natural_health_product": (_("Natural health product"), "plain")}
ROLES: Words = {
    "registrant": (_("Registrant or manufacturer"), "plain"),
    "contract_manufacturer": (_("Contract manufacturer"), "plain"), "importer": (_("Importer"), "plain"),
    "representative": (_("Representative"), "plain"), "distributor": (_("Distributor"), "plain"),
    "user_facility": (_("Hospital or clinic"), "plain"), "authority": (_("Authority"), "plain")}
TRIGGERS: Words = {
    "death": (_("Death"), "stop"), "serious_injury": (_("Serious injury"), "stop"),
    "serious_unexpected": (_("Serious, and not known to be expected"), "stop"),
    "unexpected": (_("Not known to be expected"), "check"),
    "could_be_serious": (_("Could be serious if it happens again"), "check"),
    "suspected_malfunction": (_("Suspected fault of the device"), "check"),
    "not_serious": (_("Not serious"), "plain"), "overseas_serious": (_("Serious, or could be, abroad"), "stop"),
    "group_event": (_("Several persons at one place"), "stop"),
    "group_event_case": (_("One case of such a group"), "stop"),
    "public_health_threat": (_("Threat to public health"), "stop"), "large_impact": (_("Large social impact"), "stop"),
    "rise_of_not_serious": (_("Marked rise of events that are not serious"), "check"),
    "new_information": (_("New information after a report"), "info"),
    "death_evaluation": (_("Evaluation of a death"), "info"),
    "serious_evaluation": (_("Evaluation of a serious injury"), "info"), "final_report": (_("Final report"), "info"),
    "periodic_report": (_("Periodic report"), "info"),
    "remedial_action_needed": (_("Action needed against substantial harm"), "stop"),
    "distribution_fault": (_("Faulty goods were distributed"), "check"),
    "safety_action": (_("Safety action in the field"), "check"),
    "correction_begun": (_("Correction or removal begun"), "check"),
    "correction_extended": (_("Correction or removal extended"), "check"),
    "recall_decided_1": (_("Recall decided, class I"), "stop"),
    "recall_decided_2": (_("Recall decided, class II"), "stop"),
    "recall_decided_3": (_("Recall decided, class III"), "check"), "recall_planned": (_("Recall planned"), "info"),
    "recall_begun_1": (_("Recall begun, class I"), "stop"), "recall_begun_2": (_("Recall begun, class II"), "stop"),
    "recall_begun_3": (_("Recall begun, class III"), "check"), "recall_completed": (_("Recall completed"), "info"),
    "tracking_request_before_patient": (_("Authority asks for tracking, not yet with a patient"), "check"),
    "tracking_request_with_patient": (_("Authority asks for tracking, with a patient"), "check"),
    "authority_request": (_("Authority asks for documents"), "check"),
    "complaint_at_authority": (_("Complaint at the authority"), "info"),
    "mediation_begun": (_("Mediation begun"), "info")}


DECISIONS: Words = {
    "group_event": (_("Group event: several cases at one place belong together"), "stop"),
    "public_health_threat": (_("Serious threat to public health"), "stop"),
    "remedial_action_needed": (_("Action needed at once against substantial harm"), "stop"),
    "large_impact": (_("Possibly large impact on society (cosmetics)"), "stop")}
GROUNDS: Words = {
    "home": (_("we are at home there"), "plain"), "happened": (_("it happened there"), "plain"),
    "shipped": (_("because shipped there"), "plain"), "sold": (_("because sold there"), "plain")}


def rule_text(text: str) -> str:
    """What a row of the rules says (what is reported, to whom, by which article): in the reader's language where it is
    known in it, otherwise marked as English."""
    told = gettext(text) if text else ""
    return Markup('<span lang="en">{}</span>').format(text) if told == text and current_locale() != "en" else told


def limit_words(rule: dict[str, Any]) -> str:
    """The limit of a rule as people say it; `rule` as it is kept with a clock."""
    limit, unit = rule.get("limit"), rule.get("unit")
    if limit is None:
        return gettext("no number in the law")
    if limit == 0:
        return gettext("at once")
    if unit == Unit.hour:
        return ngettext("%(num)d hour", "%(num)d hours", limit)
    if unit == Unit.month:
        return ngettext("%(num)d month", "%(num)d months", limit)
    if unit == Unit.calendar_day:
        return ngettext("%(num)d day", "%(num)d days", limit)
    return ngettext("%(num)d working day", "%(num)d working days", limit)


def authority_word(jurisdiction: str) -> str:
    """The name of an authority's country or market; a country without rules by its code."""
    return word(AUTHORITIES, jurisdiction)


def market_word(market: str) -> str:
    """The name of a market: an authority's, else the country's."""
    return word(AUTHORITIES, market) if market in AUTHORITIES else country(market, current_locale())


def rule_name(rule_id: str) -> str:
    """A rule by its number, or that there is none."""
    return gettext("no rule known") if rule_id == UNDETERMINED else rule_id


def ground_words(ground: str) -> str:
    """Why the authority of a clock is asked."""
    return word(GROUNDS, ground)


def role_words(roles: list[str]) -> str:
    """Who reports."""
    return joined_words([word(ROLES, role) for role in roles])


def mark_tag(mark: str) -> tuple[str, str]:
    """(word, meaning) of how sure a rule is."""
    return word(MARKS, mark), MARKS[mark][1]


def state_tag(state: str) -> tuple[str, str]:
    """(word, meaning) of the state of a clock."""
    return word(CLOCK_STATES, state), CLOCK_STATES[state][1]


def reason_words(state: str, reason: str) -> str:
    """Why a clock ended: as a person wrote it, or as the service says of one that another took the place of."""
    return word(SUPERSEDED, reason) if state == "superseded" else reason


def why_words(triggers: list[str]) -> str:
    """The facts that matched."""
    return joined_words([word(TRIGGERS, one) for one in triggers])
