"""What the factors, grades and choices of a recall's phases are called."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

from traceapp.outbox.mail import NO_ADDRESS, NO_SERVER
from traceapp.web.words import RECALL_CLASSES, choices

_ = lazy_gettext

SERIOUSNESS: Mapping[str, tuple[Any, str]] = {
    "life_threatening": (_("Life-threatening"), "stop"), "severe": (_("Severe or permanent harm"), "stop"),
    "moderate": (_("Passing harm that needs treatment"), "check"), "limited": (_("Slight passing harm"), "check"),
    "none": (_("No harm"), "go")}
LIKELIHOOD: Mapping[str, tuple[Any, str]] = {
    "every_time": (_("Every time"), "stop"), "probable": (_("Probable"), "stop"),
    "occasional": (_("Now and then"), "check"), "remote": (_("Rare"), "check"), "unlikely": (_("Unlikely"), "go")}
DEPTHS: Mapping[str, tuple[Any, str]] = {
    "wholesale": (_("Wholesalers"), "plain"), "retail": (_("Shops and pharmacies"), "plain"),
    "user": (_("Hospitals, clinics and other users"), "plain"), "consumer": (_("Consumers"), "plain"),
    "patient": (_("Patients"), "plain")}
LEVELS: Mapping[str, tuple[Any, str]] = {
    "A": (_("A: all consignees"), "plain"), "B": (_("B: a share that we set"), "plain"),
    "C": (_("C: 10 % of consignees"), "plain"), "D": (_("D: 2 % of consignees"), "plain"),
    "E": (_("E: none"), "plain")}
WAY_WORDS: Mapping[str, tuple[Any, str]] = {
    "telephone": (_("By telephone"), "plain"), "visit": (_("At a visit"), "plain"), "letter": (_("By letter"), "plain"),
    "e-mail": (_("By e-mail"), "plain")}
# In the order of the form: factor -> (label, hint, whether it has to be there).
HAZARD_WORDS: Mapping[str, tuple[Any, Any, bool]] = {
    "harm_so_far": (_("Harm so far"), _("Deaths, injuries, complaints; here and elsewhere. “None known” is an "
                                        "answer."), True),
    "conditions": (_("What leads to harm"), _("In which situations, with which use."), True),
    "populations": (_("Who is at risk"), _("Children, the elderly, people with weak defences, patients in surgery: "
                                           "what the hazard is for each."), True),
    "consequences": (_("What follows at once"), "", True),
    "long_term": (_("What can follow later"), "", False),
    "defective": (_("How many units are expected to be so"), _("A share or a number, and where it comes from."), False),
    "detectability": (_("Whether the user can see it"), "", False),
    "mitigation": (_("What lessens the hazard"), "", False),
    "conclusion": (_("Conclusion"), _("Overall, and for the group at greatest risk."), True)}


def phase_choices() -> dict[str, list[tuple[str, str]]]:
    """The choices of every form."""
    return {"seriousness": choices(SERIOUSNESS), "likelihood": choices(LIKELIHOOD), "depth": choices(DEPTHS),
            "level": choices(LEVELS), "way": choices(WAY_WORDS), "class": choices(RECALL_CLASSES)}


# What we note of a letter ourselves; what another side said stays as it said it.
_OWN_NOTES: Mapping[str, Any] = {"demonstration: this letter was never handed to a mail server":
                                 _("demonstration: this letter was never handed to a mail server")}


def delivery_text(detail: str | None) -> str:
    """What came of a try, in the reader's language where the words are ours."""
    text = detail or ""
    if text.startswith(NO_SERVER):
        return gettext("no mail server is set: the letter lies in the file %(name)s",
                       name=text.removeprefix(NO_SERVER))
    if text.startswith(NO_ADDRESS):
        return gettext("no mail server takes this address: put the contact right")
    return str(_OWN_NOTES.get(text, text))
