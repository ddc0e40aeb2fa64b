"""The words of triage: each question and why it is asked, its answers, what an answer means, what to do next."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext

from .words import COMPLAINT_KINDS, CRITERIA, HARMS, Words, word

_ = lazy_gettext

# question -> (as it is asked, why)
QUESTIONS: Mapping[str, tuple[Any, Any]] = {
    "alleges": (_("Does it say that something is wrong?"),
                _("A complaint is whatever says that a product or what goes with it is not as it should be. When in "
                  "doubt, it is one: it can be answered quickly, but must not be lost.")),
    "ours": (_("Is the product ours, and do we know the batch?"),
             _("A batch that we never made or never sent there can mean a fake or a wrong label. It is looked into, "
               "never set aside.")),
    "harm": (_("Was somebody harmed, or could somebody be?"),
             _("The answer decides how fast we must act, and whether an authority has to be told. If it could harm the "
               "next time, that counts.")),
    "kinds": (_("Whom does it concern?"),
              _("Each kind goes to the people who can put it right. Several can be true at once.")),
    "duplicate_of": (_("Was the same event reported before?"),
                     _("Linked reports count once, and the first day on which we learned of it holds. Nothing is "
                       "deleted.")),
    "investigation": (_("Must the cause be looked for?"),
                      _("Whatever may be a fault of the product is investigated, unless the cause of an equal case "
                        "is known. The decision and its grounds stay with the complaint.")),
}
ALLEGES: Words = {
    "yes": (_("Yes"), "plain"), "unsure": (_("Perhaps"), "plain"),
    "no": (_("No: a question, praise, a wish"), "plain")}
OURS: Words = {
    "yes": (_("Ours, and the batch is known"), "plain"),
    "unreadable": (_("Ours, but the batch is missing or cannot be read"), "plain"),
    "unknown_batch": (_("It bears a batch that we never made"), "plain"),
    "not_shipped": (_("The batch is ours, but was never sent there"), "plain"),
    "other_maker": (_("Another maker's product"), "plain")}
INVESTIGATIONS: Words = {
    "undecided": (_("Not decided yet"), "check"), "needed": (_("Yes, look for the cause"), "plain"),
    "begun": (_("It is being looked for"), "plain"), "not_needed": (_("No, and I say why"), "plain")}
YES_NO: Words = {"yes": (_("Reported before"), "plain"), "no": (_("Not known before"), "plain")}
ANSWERS: Mapping[str, Words] = {
    "alleges": ALLEGES, "ours": OURS, "harm": HARMS, "serious": CRITERIA, "kinds": COMPLAINT_KINDS,
    "duplicate": YES_NO, "investigation": INVESTIGATIONS}
BECAUSE: Mapping[str, Any] = {
    "answered_before": _("It was answered so before."), "terms_said": _("The report names what went wrong."),
    "harm_said": _("The report says that somebody was harmed."),
    "could_harm_said": _("The report says that somebody could have been harmed."),
    "no_harm_said": _("The report says that nobody was harmed."), "harm_not_said": _("The report does not say."),
    "nothing_coded": _("The report only has words; please read them."),
    "batch_is_none_of_ours": _("The batch that was given is none of ours."),
    "no_batch_given": _("No batch was given."), "batch_unclear": _("What was given fits several of our batches."),
    "never_shipped_there": _("By our records this consignee never got the batch."),
    "never_shipped_to_region": _("By our records none of the batch went where the reporter says that it was."),
    "code_read": _("The code on the pack was read."), "batch_found": _("The number is a batch of ours."),
    "kinds_said": _("Whoever took it in chose it."), "none_alike": _("No report is like it."),
    "linked_before": _("Somebody linked it."), "much_alike": _("Another report is much like it."),
    "product_may_have_failed": _("The product may be at fault."),
    "nothing_failed": _("The product does not seem to be at fault.")}
STEPS: Mapping[str, Any] = {
    "answer_question": _("Answer the question and archive it"),
    "find_batch": _("Ask for a photo of the pack, and bind the batch"),
    "check_counterfeit": _("Find out whether it is a fake or a wrong label; ask for the pack"),
    "tell_maker": _("Tell the reporter who makes it, and tell that maker"),
    "tell_manager": _("The quality manager is told at once"),
    "judge_event": _("Decide whether it is an adverse event"),
    "judge_recurrence": _("Judge whether it could harm the next time; that can have to be reported too"),
    "ask_harm": _("Ask the reporter whether somebody was harmed"),
    "ask_quality": _("Bring in the laboratory and the production"),
    "ask_service": _("Bring in customer service"), "ask_carrier": _("Bring in the warehouse and the carrier"),
    "ask_sales": _("Bring in sales"), "ask_legal": _("Bring in whoever approves texts and advertising"),
    "link_reports": _("It is linked to the first report, and both are handled there"),
    "find_cause": _("Find the cause"), "keep_justification": _("No investigation; the grounds are kept")}


def step_lines(steps: list[list[str]]) -> list[tuple[str, str]]:
    """(what to do, because of which answer) of steps as they are kept."""
    return [(str(STEPS.get(step, step)), answer_words(question, answer)) for step, question, answer in steps]


def answer_words(question: str, answer: str) -> str:
    """One answer in words."""
    return word(ANSWERS[question], answer) if question in ANSWERS else answer


def grounds_words(grounds: list[list[str]]) -> list[str]:
    """The answers that made a severity."""
    return [answer_words(question, answer) for question, answer in grounds]

