"""The choices of the report form in plain words."""
from __future__ import annotations

from traceapp.complaint.coding import suggest_terms
from traceapp.complaint.policy import AgeBand, Sex
from traceapp.complaint.states import ComplaintState
from traceapp.complaint.terms import terms

from .report_answers import NOBODY_BUT_COULD, NONE_OF_THESE
from .words import words

Choices = list[tuple[str, str]]


def affected_choices(language: str) -> Choices:
    """Whom it happened to, as the form asks."""
    _ = words(language).gettext
    return [("me", _("Me")), ("my_child", _("My child")), ("patient", _("A patient whom I care for")),
            ("other", _("Somebody else")), (NOBODY_BUT_COULD, _("Nobody yet, but it could hurt somebody")),
            ("nobody", _("Nobody: only the product is not right"))]


def age_choices(language: str) -> Choices:
    """The age bands of the form."""
    _ = words(language).gettext
    return [(AgeBand.under_2, _("Under 2 years")), (AgeBand.to_13, _("2 to 13")), (AgeBand.to_17, _("14 to 17")),
            (AgeBand.to_44, _("18 to 44")), (AgeBand.to_64, _("45 to 64")), (AgeBand.over_64, _("65 and over"))]


def sex_choices(language: str) -> Choices:
    """The sexes of the form, with a way not to say."""
    _ = words(language).gettext
    return [(Sex.female, _("Female")), (Sex.male, _("Male"))]


def seriousness_choices(language: str) -> Choices:
    """Plain words for what makes an event serious, the gravest last, then "none of these"."""
    _ = words(language).gettext
    return [
        ("stopped_using_it", _("Stopped using it, and that was enough")),
        ("took_medicine", _("Took or applied medicine against it")),
        ("missed_work_or_school", _("Could not go to work or school")),
        ("saw_a_doctor", _("Saw a doctor")),
        ("needed_treatment_to_prevent_damage", _("A doctor had to treat it so that no lasting damage remains")),
        ("infection_or_disfigurement", _("A bad infection, or scars that everybody sees")),
        ("stayed_in_hospital", _("Had to stay in hospital, or to stay longer")),
        ("lasting_damage", _("Lasting damage: cannot do what was possible before")),
        ("harm_to_unborn", _("An unborn child was harmed")),
        ("life_in_danger", _("Life was in danger")),
        ("died", _("The person died")),
        (NONE_OF_THESE, _("None of these"))]


def sign_choices(language: str, narrative: str, chosen: list[str] | None) -> tuple[Choices, Choices, list[str]]:
    """The signs that the text suggests, all others, and which are ticked; nothing is ticked for the reader but what
    the text says, and that only the first time."""
    suggested = suggest_terms(narrative)
    ticked = suggested if chosen is None else chosen
    first = list(dict.fromkeys([*suggested, *ticked]))
    names = {code: term.zh if language == "zh" else term.en for code, term in terms().items()}
    return ([(code, names[code]) for code in first], [(code, names[code]) for code in names if code not in first],
            ticked)


def by_kind(offered: Choices, language: str) -> list[tuple[str, Choices]]:
    """The signs under what they are about."""
    _ = words(language).gettext
    kinds = {"harm": _("On the body"), "quality": _("About the product"), "service": _("About delivery or service")}
    groups = [(legend, [(code, name) for code, name in offered if terms()[code].kind == kind])
              for kind, legend in kinds.items()]
    return [(legend, members) for legend, members in groups if members]


def state_words(state: str, language: str, *, is_investigated: bool = False) -> str:
    """Where a report stands, as its reporter reads it."""
    _ = words(language).gettext
    said = {
        ComplaintState.received: _("Received. A person of the quality department will read it."),
        ComplaintState.verified: _("Read. We have judged how urgent it is."),
        ComplaintState.cause: _("We have found the cause and are working on a solution."),
        ComplaintState.solution: _("We propose a solution. It stands below; tell us whether you agree."),
        ComplaintState.agreed: _("The solution is agreed. We are carrying it out."),
        ComplaintState.carried_out: _("What we agreed has been done. You will hear from us once more."),
        ComplaintState.told: _("Answered. Our answer stands below."),
        ComplaintState.followed_up: _("Answered, and we asked how it went."),
        ComplaintState.archived: _("Closed. If something is still open, write to us below."),
        ComplaintState.improvement: _("Closed. What we learned from it changes how we work."),
    }
    if is_investigated and state == ComplaintState.verified:
        return _("We are looking into it.")
    return said[ComplaintState(state)]


def satisfaction_choices(language: str) -> Choices:
    """How satisfied a reporter is, the best first."""
    _ = words(language).gettext
    return [("5", _("Very satisfied")), ("4", _("Satisfied")), ("3", _("Neither nor")), ("2", _("Dissatisfied")),
            ("1", _("Very dissatisfied"))]


def recommendation_choices(language: str) -> Choices:
    """From 10 to 0, with what the ends mean."""
    _ = words(language).gettext
    ends = {10: _("10 – certainly"), 0: _("0 – not at all")}
    return [(str(number), ends.get(number, str(number))) for number in range(10, -1, -1)]
