"""What the acts on a complaint are called, ask for, and say when they are done."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext

_ = lazy_gettext


@dataclass(frozen=True, slots=True)
class ActWords:
    """`button` in the head of the page, `title` of its form, `asks` for its note, `hint` beside it."""

    button: Any
    title: Any
    asks: Any
    hint: Any = ""


# In the order of the way; the first that the state allows is the main one.
ACTS: Mapping[str, ActWords] = {
    "triage": ActWords(_("Triage"), _("Triage"), ""),
    "investigate": ActWords(_("Investigate"), _("Begin the investigation"), _("Who looks into it, and how"),
                            _("The reporter reads that it is being looked into.")),
    "find_cause": ActWords(_("Cause found"), _("The cause"), _("What the cause is, and how it was found")),
    "propose": ActWords(_("Propose a solution"), _("Propose a solution"), _("What we offer to do"),
                        _("The reporter reads this on the page behind the own link.")),
    "agree": ActWords(_("Agreed"), _("The solution is agreed"), _("With whom, when and how it was agreed")),
    "carry_out": ActWords(_("Carried out"), _("The solution was carried out"), _("What was done, and when")),
    "answer": ActWords(_("Answer"), _("Answer the reporter"), _("What the reporter shall read")),
    "follow_up": ActWords(_("Follow up"), _("Ask how it went"), _("What they said, and what is still open")),
    "archive": ActWords(_("Archive"), _("Archive the case"), _("The decision and its grounds")),
    "close": ActWords(_("Close"), _("Close with a decision"), _("The decision and its grounds")),
    "improve": ActWords(_("Improve"), _("What we change because of it"), _("What changes, who does it, until when")),
    "reopen": ActWords(_("Reopen"), _("Reopen"), _("Why it is reopened")),
}
# The acts that a form of a note carries out, and what is said afterwards.
DONE: Mapping[str, Any] = {
    "investigate": _("The investigation has begun."), "find_cause": _("The cause is kept."),
    "propose": _("Proposed. The reporter can read it."), "agree": _("The agreement is kept."),
    "carry_out": _("Kept: it was carried out. Now tell the reporter."),
    "answer": _("Answered. The reporter can read it."), "follow_up": _("Kept."), "archive": _("Archived."),
    "close": _("Closed."), "improve": _("Kept. The improvement stands with the case."), "reopen": _("Reopened.")}
# What 21 CFR 820.35(a) wants on the record of a complaint.
ELEMENTS: Mapping[str, Any] = {
    "device": _("the name of the product"), "received": _("the day on which it came in"),
    "identification": _("batch, UDI or another mark"), "reporter": _("name, address and telephone of the reporter"),
    "nature": _("what is said to be wrong, in detail"), "correction": _("what was put right"),
    "reply": _("what the reporter was told")}
RETURN_ACTS: Mapping[str, Any] = {
    "receive": _("The goods came"), "replace": _("It was replaced"), "refund": _("The price was refunded"),
    "call_off": _("It is not needed any more")}
# What the state calls for first; the other acts stand beside it.
MAIN = {"received": "triage", "verified": "find_cause", "cause": "propose", "solution": "agree", "agreed": "carry_out",
        "carried_out": "answer", "told": "follow_up", "followed_up": "archive", "archived": "improve",
        "improvement": "reopen"}
