"""What each page of the report form offers, and the answers read back before sending."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from traceapp.complaint.terms import terms

from . import report_answers as steps
from . import report_words as choices
from . import scan_view
from .words import words

Answers = Mapping[str, Any]


def page_of(name: str, answers: Answers, language: str, photos: list[str]) -> dict[str, Any]:
    """The values that the template of a page needs besides the answers."""
    if name == "signs":
        first, others, ticked = choices.sign_choices(language, answers.get("narrative", ""), _ticked(answers))
        return {"first": first, "groups": choices.by_kind(others, language), "ticked": ticked}
    if name == "whom":
        return {"affected": choices.affected_choices(language), "ages": choices.age_choices(language),
                "sexes": choices.sex_choices(language), "chosen": _affected(answers)}
    if name == "bad":
        graver = answers.get("seriousness")
        return {"choices": choices.seriousness_choices(language),
                "ticked": [steps.NONE_OF_THESE] if graver == [] else graver or []}
    if name == "contact":
        return {"is_child": steps.child_is_meant(answers), "given": _contact(answers)}
    return {"photos": photos} if name == "photo" else {}


def _ticked(answers: Answers) -> list[str] | None:
    """What was ticked before; a report that comes from an unknown code begins as a suspected fake."""
    return answers["terms"] if "terms" in answers else answers.get("terms_first")


def _affected(answers: Answers) -> str:
    if answers.get("affected") == "nobody" and answers.get("harm") == "could":
        return steps.NOBODY_BUT_COULD
    return str(answers.get("affected", ""))


def _contact(answers: Answers) -> dict[str, str]:
    """The details given before, with what was just typed over them."""
    given = dict(answers.get("contact") or {})
    given.update({name: answers[name] for name in ("name", "phone", "email", "guardian_name") if name in answers})
    return given


def check_rows(answers: Answers, language: str, photos: list[str]) -> list[tuple[str, str, str]]:
    """(question, answer, page that asks it) of everything that will be sent."""
    _ = words(language).gettext
    comma = "、" if language == "zh" else ", "
    names = {code: term.zh if language == "zh" else term.en for code, term in terms().items()}
    rows = [(_("Batch"), answers.get("lot_name") or answers.get("lot_text", ""), "what"),
            (_("What happened"), answers.get("narrative", ""), "what"),
            (_("Signs"), comma.join(names[code] for code in answers.get("terms", ())), "signs"),
            (_("Who was affected"), _whom_text(answers, language), "whom")]
    if steps.harm_is_possible(answers):
        graver = dict(choices.seriousness_choices(language))
        chosen = answers.get("seriousness", []) or [steps.NONE_OF_THESE]
        rows.append((_("How bad it was"), comma.join(graver[code] for code in chosen), "bad"))
    day = answers.get("happened_on")
    used = [scan_view.day_text(date.fromisoformat(day), language)] if day else []
    used += [answers[name] for name in ("use_text", "place") if answers.get(name)]
    rows.append((_("When and how it was used"), comma.join(used), "use"))
    rows.append((_("Photos"), comma.join(photos), "photo"))
    given = _contact(answers)
    rows.append((_("How to reach you"), comma.join(text for text in (
        given.get("guardian_name"), given.get("name"), given.get("phone"), given.get("email")) if text)
        or _("Without your name"), "contact"))
    return rows


def _whom_text(answers: Answers, language: str) -> str:
    comma = "、" if language == "zh" else ", "
    ages, sexes = dict(choices.age_choices(language)), dict(choices.sex_choices(language))
    whom = dict(choices.affected_choices(language)).get(_affected(answers), "")
    parts = (whom, ages.get(answers.get("age_band", "")), sexes.get(answers.get("sex", "")))
    return comma.join(part for part in parts if part)
