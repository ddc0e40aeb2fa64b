"""What people read about signals: the question of a case as a sentence, its acts, its history."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import products_by_id
from traceapp.surveillance.alarm import NodeKind, SeverityGroup
from traceapp.surveillance.case_reads import AlarmNow
from traceapp.surveillance.model import Signal, SignalDecision
from traceapp.trace.lookup import lots_by_key

from .i18n import LANGUAGES, language
from .node_words import names_by_key
from .ui import display
from .words import NODE_KINDS, PRIORITIES, PROPOSALS, REALITIES, SEVERITIES, own_name, word

_ = lazy_gettext

# What the button says, the main act first.
ACTS = {"validate": _("Take up"), "prioritise": _("Set priority"), "assess": _("Assess"), "confirm": _("Confirm"),
        "refute": _("Refute"), "close": _("Close"), "merge": _("Merge"), "reopen": _("Reopen")}
_DONE = {"validate": _("Taken up"), "prioritise": _("Priority set"), "assess": _("Assessed"),
         "confirm": _("Confirmed"), "refute": _("Refuted"), "close": _("Closed"), "merge": _("Merged"),
         "reopen": _("Reopened")}
# What is to be done in each state.
NEXT_STEPS = {
    "open": _("Read the reports. If they are real, take the signal up; if not, refute it with the reason."),
    "validated": _("Say how urgent it is. The priority sets the day by which it is to be answered."),
    "prioritised": _("Assess it: what was looked at, whether it is real, how bad, and what to do."),
    "assessed": _("Confirm or refute. A recall can be drafted at any time."),
    "confirmed": _("Recall, hold or correct what is affected; then close the signal with what was done."),
    "refuted": _("Close it. Only further reports open it anew."),
    "closed": "", "merged": _("It goes on in the signal that took it.")}


@dataclass(frozen=True, slots=True)
class CaseNames:
    """What each case is about, by the id of the case: short for tables, and the question as a sentence."""

    short: Mapping[str, str]
    sentence: Mapping[str, str]


def case_names(session: Session, cases: Iterable[Signal]) -> CaseNames:
    """The names of cases in a fixed number of queries, however many."""
    listed = list(cases)
    lots = lots_by_key(session, (case.node_key for case in listed if case.kind == NodeKind.upstream))
    products = products_by_id(session, (lot.product_id for lot in lots.values()))
    own, short = names_by_key(session, ((case.kind, case.node_key) for case in listed)), {}
    for case in listed:
        lot = lots.get(case.node_key)
        material = own_name(products.get(lot.product_id or ""), lot.name) if lot else ""
        short[case.id] = node_name(case.kind, own.get(case.node_key, case.name), material)
    return CaseNames(short, {case.id: question(case, short[case.id]) for case in listed})


def node_name(kind: str, name: str, material: str = "") -> str:
    """What a node is called: “Batch P-2”, “Adhesive batch A-2231”, “Supplier Baihe”."""
    if kind == NodeKind.upstream and material:
        return gettext("%(material)s batch %(number)s", material=material, number=name)
    return gettext("%(kind)s %(name)s", kind=word(NODE_KINDS, kind), name=name)


def question(alarm: Any, name: str) -> str:
    """The question of a case or an alarm as a sentence."""
    values = {"node": name, "observed": alarm.observed, "expected": f"{alarm.expected:.1f}",
              "day": display.day(alarm.since, LANGUAGES[language()][0])}
    if alarm.severity_group == SeverityGroup.serious:
        return gettext("%(node)s: %(observed)s serious reports where %(expected)s were expected, since %(day)s",
                       **values)
    return gettext("%(node)s: %(observed)s reports where %(expected)s were expected, since %(day)s", **values)


def history(case: Signal, decisions: Sequence[tuple[Signal, SignalDecision]],
            alarms: Sequence[AlarmNow], own: Mapping[str, str]) -> list[dict[str, Any]]:
    """Decisions with their reasons, and the first alarm of each node, the newest first, for `ui.timeline`; `own` are
    the names of partners and sites in the reader's language."""
    entries = [(decision.at, {
        "title": str(_DONE.get(decision.action, decision.action)) + _of(case, signal), "text": _told(decision),
        "who": decision.by, "meaning": "plain"}) for signal, decision in decisions]
    told: set[tuple[str, str, str]] = set()
    for one in reversed(alarms):
        if (node := (one.alarm.kind, one.alarm.node_key, one.alarm.severity_group)) in told:
            continue
        told.add(node)
        name = node_name(one.alarm.kind, own.get(one.alarm.node_key, one.alarm.name))
        is_first = one.alarm.position == 1 and one.alarm.signal_id == case.id
        entries.append((one.alarm.at, {
            "title": gettext("Opened by itself") if is_first else gettext("A further alarm"),
            "text": question(one.alarm, name), "who": gettext("The service"), "meaning": "check"}))
    entries.sort(key=lambda entry: entry[0], reverse=True)
    return [{"when": display.moment(at, locale=LANGUAGES[language()][0]), "iso": at.isoformat()} | entry
            for at, entry in entries]


def _of(case: Signal, signal: Signal) -> str:
    return "" if signal.id == case.id else f" ({signal.reference})"


def _told(decision: SignalDecision) -> str:
    details = decision.details or {}
    said = [decision.reason]
    if "explained_by" in details:
        said = [gettext("Its batches are all among those of %(name)s, which explains more.",
                        name=details["explained_by"])]
    if "priority" in details:
        said.append(gettext("Priority: %(priority)s.", priority=word(PRIORITIES, details["priority"])))
    if "looked_at" in details:
        said.append(gettext("Looked at: %(text)s", text=details["looked_at"]))
        said.append(gettext("Is it real: %(real)s. Worst harm: %(harm)s. Proposed: %(proposal)s.",
                            real=word(REALITIES, details["is_real"]), harm=word(SEVERITIES, details["severity"]),
                            proposal=word(PROPOSALS, details["proposal"])))
        if details.get("people") is not None:
            said.append(ngettext("%(num)d person.", "%(num)d people.", details["people"]))
    if "into_reference" in details:
        said.append(gettext("Into %(reference)s.", reference=details["into_reference"]))
    if "out_of_reference" in details:
        said.append(gettext("Out of %(reference)s.", reference=details["out_of_reference"]))
    return " ".join(said)
