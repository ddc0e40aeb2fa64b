"""The answers of the report form: read from a page, kept in a draft, turned into the complaint. No database."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from traceapp.complaint.policy import Affected, AgeBand, Sex, is_minor, one_of
from traceapp.complaint.report import LotGiven, SubmitComplaint, checked_report
from traceapp.complaint.seriousness import PLAIN_ANSWERS, Harm
from traceapp.complaint.terms import means_harm, terms
from traceapp.core.errors import InvalidInput
from traceapp.vault.policy import PersonDetails

Answers = dict[str, Any]
# One question a page, in this order. `use`, `photo` and `contact` may be left out: from `bad` on the form can be sent.
STEPS = ("what", "signs", "whom", "bad", "use", "photo", "contact", "check")
OPTIONAL = ("use", "photo", "contact")
# step -> the fields that it asks, by the names under which they are refused
FIELDS: dict[str, tuple[str, ...]] = {
    "what": ("narrative", "lot"), "signs": ("terms",), "whom": ("affected", "age_band", "sex", "harm"),
    "bad": ("seriousness",), "use": ("happened_on", "use_text", "place"), "photo": ("photo", "file"),
    "contact": ("name", "phone", "email", "guardian_name", "contact")}
NOBODY_BUT_COULD = "could"
NONE_OF_THESE = "none"


def harm_is_possible(answers: Mapping[str, Any]) -> bool:
    """Whether the page "how bad was it" makes sense: somebody was affected."""
    return answers.get("affected") != Affected.nobody or means_harm(answers.get("terms", []))


def steps_for(answers: Mapping[str, Any]) -> tuple[str, ...]:
    """The pages that this report goes through."""
    return STEPS if harm_is_possible(answers) else tuple(step for step in STEPS if step != "bad")


def after(step: str, answers: Mapping[str, Any]) -> str:
    """The page that follows."""
    steps = steps_for(answers)
    return steps[min(steps.index(step) + 1, len(steps) - 1)] if step in steps else "check"


def before(step: str, answers: Mapping[str, Any]) -> str | None:
    """The page that came before; None on the first."""
    steps = steps_for(answers)
    place = steps.index(step) if step in steps else len(steps)
    return steps[place - 1] if place else None


def missing_step(answers: Mapping[str, Any]) -> str | None:
    """The first page without which the report cannot be sent; None when it can."""
    if not answers.get("narrative") and not answers.get("terms"):
        return "what"
    if not answers.get("affected"):
        return "whom"
    return "bad" if harm_is_possible(answers) and "seriousness" not in answers else None


def read_step(step: str, form: MultiDict[str, str]) -> Answers:
    """What a page answers. Raises InvalidInput whose place is the field."""
    if step == "what":
        return {"narrative": _text(form, "narrative", 10_000), "lot_text": _text(form, "lot", 200)}
    if step == "signs":
        return {"terms": [code for code in form.getlist("terms") if code in terms()]}
    if step == "whom":
        return _whom(form)
    if step == "bad":
        chosen = [answer for answer in form.getlist("seriousness") if answer in PLAIN_ANSWERS]
        if not chosen and NONE_OF_THESE not in form.getlist("seriousness"):
            raise InvalidInput("Choose at least one answer; “none of these” is one too.", code="required",
                               place="seriousness")
        return {"seriousness": chosen}
    if step == "use":
        return {"happened_on": _day(form), "use_text": _text(form, "use_text", 2000),
                "place": _text(form, "place", 200)}
    if step == "contact":
        return {"contact": {name: _text(form, name, 300) for name in ("name", "phone", "email", "guardian_name")}}
    return {}


def _whom(form: MultiDict[str, str]) -> Answers:
    said = form.get("affected", "")
    if not said:
        raise InvalidInput("Say to whom it happened.", code="required", place="affected")
    harm = Harm.unknown
    if said == NOBODY_BUT_COULD:
        said, harm = Affected.nobody, Harm.could
    elif said == Affected.nobody:
        harm = Harm.no
    return {"affected": str(one_of(Affected, said, place="affected")), "harm": str(harm),
            "age_band": str(one_of(AgeBand, form.get("age_band", "unknown"), place="age_band")),
            "sex": str(one_of(Sex, form.get("sex", "unknown"), place="sex"))}


def _text(form: MultiDict[str, str], name: str, limit: int) -> str:
    """The text as it was typed; one character more than the limit stays, so that the check refuses it."""
    return form.get(name, "")[:limit + 1]


def _day(form: MultiDict[str, str]) -> str | None:
    text = form.get("happened_on", "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InvalidInput("Write the day as year, month and day, as in 2026-03-09.", code="bad-date",
                           place="happened_on") from None


def child_is_meant(answers: Mapping[str, Any]) -> bool:
    """Whether details of the person need a guardian."""
    return is_minor(Affected(answers.get("affected", "unknown")), AgeBand(answers.get("age_band", "unknown")))


def complaint_of_answers(answers: Mapping[str, Any]) -> SubmitComplaint:
    """The command that the answers mean, without proof and source."""
    given = answers.get("contact") or {}
    day = answers.get("happened_on")
    return SubmitComplaint(
        channel="consumer", narrative=answers.get("narrative", ""),
        lot=LotGiven(answers.get("lot_key") or None, answers.get("lot_text", ""), answers.get("serial", ""),
                     answers.get("product_id") or None),
        terms=tuple(answers.get("terms", ())), affected=answers.get("affected", "unknown"),
        age_band=answers.get("age_band", "unknown"), sex=answers.get("sex", "unknown"),
        harm=_harm(answers), seriousness=tuple(answers.get("seriousness", ())) if harm_is_possible(answers) else (),
        happened_on=date.fromisoformat(day) if day else None, use_text=answers.get("use_text", ""),
        place=answers.get("place", ""), contact=PersonDetails(**given))


def _harm(answers: Mapping[str, Any]) -> str:
    """Somebody who needed a doctor, medicine or rest was harmed; who only stopped using it need not have been."""
    if answers.get("harm") in (Harm.no, Harm.could):
        return str(answers["harm"])
    return str(Harm.yes if set(answers.get("seriousness", ())) - {"stopped_using_it"} else Harm.unknown)


def check_step(step: str, answers: Mapping[str, Any], now: datetime) -> None:
    """Refuse what this page answered when it cannot be; what other pages lack does not matter yet.

    Raises InvalidInput whose place is a field of the page.
    """
    if step == "what" and not answers.get("narrative", "").strip() and not answers.get("terms"):
        raise InvalidInput("Tell us in a few words what happened.", code="required", place="narrative")
    try:
        checked_report(complaint_of_answers(answers), now)
    except InvalidInput as error:
        if error.place in FIELDS.get(step, ()):
            raise


def step_of_field(field: str | None) -> str:
    """The page that asks a field."""
    return next((step for step, fields in FIELDS.items() if field in fields), "what")
