"""Console: the assessment of an adverse event, in groups that ask for what the kind of product needs."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.details import GROUPS, fields, partial_date, readable_details, row_fields
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.adverse_event.service import AssessAdverseEvent, assess_adverse_event
from traceapp.adverse_event.states import AdverseEventState, actions_from
from traceapp.catalog.lookup import products_by_id
from traceapp.complaint.coding import Found
from traceapp.complaint.list_model import CodeSystem
from traceapp.complaint.list_queries import version_on
from traceapp.complaint.terms import terms
from traceapp.core.errors import Conflict, NotFound
from traceapp.web import assessment_words, words
from traceapp.web.case_score import ScoreShown, score_of
from traceapp.web.context import actor, world
from traceapp.web.i18n import language

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import ZONE, blueprint, today
from .term_picker import Pick, other_name, pick_of, system_of, told_of, typed_codes, unsettled, was_shown

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.adverse_event_assessment": "adverse_event.write", "console.adverse_event_assess": "adverse_event.write",
    "console.adverse_event_score": "adverse_event.write", "console.adverse_event_terms": "adverse_event.write"}
_KINDS = {"followup": lazy_gettext("There is news"), "amendment": lazy_gettext("Something was wrong: a correction"),
          "assessment": lazy_gettext("Neither: the same facts, judged anew")}
# Item of the rubric -> the field that gains its points; what has none is not said in this form.
_GAINED_IN = {
    "reporter": "details-occupation", "event_date": "onset_on", "harm_class": "seriousness", "harm": "details-harm",
    "fault": "details-fault", "age": "details-age", "sex": "sex", "purpose": "details-intended_treatment",
    "used_on": "details-use_began_on", "place": "details-place_kind", "process": "use_text",
    "combined": "details-combined", "cause": "details-cause", "first_handling": "details-first_handling"}
_ROW = re.compile(r"details-(\w+)-([1-9]\d?)-\w+", re.ASCII)
# Buttons that show the form again: for a search of terms, for one more row.
_STEPS = ("find", "more")


@blueprint.get("/adverse-events/<adverse_event_id>/assess")
def adverse_event_assessment(adverse_event_id: str) -> Response:
    """The form as the event stands."""
    return show_form(adverse_event_id)


@blueprint.post("/adverse-events/<adverse_event_id>/assess")
def adverse_event_assess(adverse_event_id: str) -> Response:
    """Assess it, or assess it anew; a search for terms, or one more row, shows the form again as it was typed."""
    form = Entered()
    searched = [name for name in _searched(form) if unsettled(form, name) and not was_shown(form, name)]
    if any(form.get(step) for step in _STEPS) or (form.get("enter") and searched):
        return show_form(adverse_event_id, form)
    command = read_form(form, adverse_event_id)
    for name in searched:
        form.fault(f"details-{name}", _("Choose one of the terms that were found, or empty the box."))

    def run(db: Session) -> Done:
        assess_adverse_event(db, actor(), world().clock, command)
        return Done(url_for("console.adverse_event", adverse_event_id=adverse_event_id),
                    _("The assessment is saved; what stood before is kept as a version."))

    return perform(form, run, Refusal(lambda status: show_form(adverse_event_id, form, status)))


@blueprint.post("/adverse-events/<adverse_event_id>/score")
def adverse_event_score(adverse_event_id: str) -> Response:
    """What stands beside the form, for what is typed in it now; nothing is kept."""
    form = Entered()
    typed = read_form(form, adverse_event_id)
    with world().database.read() as db:
        case = _open_case(db, adverse_event_id)
        shown = _beside(form, readable_details(typed.details, world().clock.now().date()), score_of(db, case, typed),
                        told_of(form))
    return case_page("console/adverse_event_beside.html", **shown)


@blueprint.post("/adverse-events/<adverse_event_id>/terms")
def adverse_event_terms(adverse_event_id: str) -> Response:
    """What the texts suggest for a field that takes codes, and what was searched there; nothing is kept."""
    form = Entered()
    with world().database.read() as db:
        _open_case(db, adverse_event_id)
        pick = pick_of(db, form, form.get("field")[:60])
    if pick is None:
        raise NotFound("“%(field)s” is not a field of an assessment.", code="unknown-field",
                       field=form.get("field")[:40])
    return case_page("console/term_choices.html", pick=pick, other_name=other_name)


def _searched(form: Entered) -> list[str]:
    """The fields in which terms are searched."""
    return [name.removeprefix("find-") for name in form.form if name.startswith("find-") and form.text(name)]


def show_form(adverse_event_id: str, form: Entered | None = None, status: int = 200) -> Response:
    """The form; with a refused one the status of the refusal, everything that was typed still there."""
    with world().database.read() as db:
        case = _open_case(db, adverse_event_id)
        product = products_by_id(db, [case.product_id]).get(case.product_id or "")
        typed = read_form(form, adverse_event_id) if form else None
        score = score_of(db, case, typed)
        if form and status == 200:
            form.errors.clear()  # nobody asked yet to save it
        form = form or Entered(_typed(case))
        has_meddra = version_on(db, CodeSystem.meddra, today()) is not None
        groups = assessment_words.shown_fields(product.kind if product else None, case.details,
                                               has_meddra=has_meddra)
        picks, told = _picks(db, form, groups), told_of(form)
    filled = filled_of(form)
    return case_page(
        "console/adverse_event_assess.html", status, case=case, product=product, form=form,
        groups=groups, picks=picks, rows=_rows_shown(form), has_meddra=has_meddra, other_name=other_name,
        wants_meddra=not has_meddra and (product is None or product.kind == "drug"),
        faulty_rows={int(found[2]) for name in form.errors if (found := _ROW.fullmatch(name))},
        group_titles=assessment_words.GROUP_TITLES, filled=filled, open_groups=_open_groups(form, filled),
        kinds=[(kind, str(text)) for kind, text in _KINDS.items()],
        is_first=case.state == "draft",
        **_beside(form, typed.details if typed else case.details, score, told), options={
            "terms": [(code, getattr(term, language())) for code, term in terms().items()],
            "criteria": words.choices(words.CRITERIA), "outcome": words.choices(words.OUTCOMES),
            "causality": words.choices(words.CAUSALITIES), "age": words.choices(words.AGE_BANDS),
            "sex": words.choices(words.SEXES), "expectedness": words.choices(assessment_words.EXPECTEDNESS)})


def read_form(form: Entered, adverse_event_id: str) -> AssessAdverseEvent:
    """The assessment that was typed; what cannot be read is noted as a fault at its field."""
    onset_on, precision = None, "day"
    if form.text("onset_on"):
        try:
            onset_on, precision = partial_date(form.text("onset_on"))
        except ValueError:
            form.fault("onset_on", _("Write the date as far as it is known: 2026-03-09, 2026-03 or 2026."))
    if form.is_checked("is_again") and not form.text("kind"):
        form.fault("kind", _("Say what this is: news, a correction, or neither."))
    kind = form.get("kind", "assessment")
    learned_at = form.moment("learned_at", ZONE) if kind == "followup" and form.text("learned_at") else None
    return AssessAdverseEvent(
        adverse_event_id, form.text("reason"), form.revision(), onset_on, precision, form.get("age_band", "unknown"),
        form.get("sex", "unknown"), tuple(form.several("terms")), tuple(form.several("seriousness")),
        form.get("outcome", "unknown"), form.get("causality", "unassessable"), form.text("narrative"),
        form.text("use_text"), form.get("expectedness", "unknown"), _details(form), kind, learned_at)


def filled_of(form: Entered) -> dict[str, int]:
    """How many fields of each group have a value."""
    found = dict.fromkeys(GROUPS, 0)
    for name, field in fields().items():
        found[field.group] += bool(form.get(f"details-{name}"))
    for _name, number in _numbers(form):
        found["use"] += any(form.get(f"details-{_name}-{number}-{part}") for part in row_fields())
    return found


def _open_groups(form: Entered, filled: dict[str, int]) -> set[str]:
    """The parts that stand open: those that every case needs, those with values, those with a fault."""
    named = (*(name.removeprefix("details-") for name in form.errors), *_searched(form), form.get("more"))
    touched = {name.partition("-")[0] for name in named}
    busy = {field.group for name, field in fields().items() if name in touched}
    return {"patient", "event", "assessment"} | {group for group, count in filled.items() if count} | busy | (
        {"use"} if form.get("use_text") or "use_text" in form.errors else set())


def _beside(form: Entered, details: Mapping[str, Any], score: ScoreShown | None,
            told: list[tuple[str, Found]]) -> dict[str, Any]:
    """What stands beside the form."""
    return {"mentions": mentions_of(form, told), "results": assessment_words.results_of(details), "score": score,
            "gained_in": _GAINED_IN}


def mentions_of(form: Entered, told: list[tuple[str, Found]]) -> list[dict[str, Any]]:
    """What the texts of the form mention: the words, the terms and where their boxes are, the stance, and whether all
    of them are ticked. Nothing of it is ticked by itself."""
    places = {code: f"f-terms-{number}" if number > 1 else "f-terms" for number, code in enumerate(terms(), start=1)}
    ticked = set(form.several("terms"))
    return [_mention(said, one, places, ticked) for said, one in told]


def _mention(said: str, one: Found, places: dict[str, str], ticked: set[str]) -> dict[str, Any]:
    return {"words": said, "stance": one.stance.value, "is_fuzzy": one.is_fuzzy,
            "terms": [(getattr(terms()[code], language()), places[code], code in ticked) for code in one.codes]}


def _open_case(db: Session, adverse_event_id: str) -> AdverseEvent:
    case = adverse_event_by_id(db, adverse_event_id)
    if case is None:
        raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
    if "assess" not in actions_from(case.state):
        raise Conflict("An adverse event that is “%(state)s” cannot be changed by “%(action)s”.", code="wrong-state",
                       state=AdverseEventState(case.state), action="assess")
    return case


def _details(form: Entered) -> dict[str, Any]:
    """Every field of the details that the form has; one that it does not have is left out."""
    found: dict[str, Any] = {}
    for name, field in fields().items():
        if system_of(field):
            found[name] = typed_codes(form, name)
        elif field.type == "rows":
            found[name] = _typed_rows(form, name)
        elif f"details-{name}" in form.form:
            found[name] = form.several(f"details-{name}") if field.type == "choices" else form.get(f"details-{name}")
    return {name: value for name, value in found.items() if value != []}


def _numbers(form: Entered) -> list[tuple[str, int]]:
    """The rows of the form: the field, and the number of the row."""
    return sorted({(found[1], int(found[2])) for name in form.form if (found := _ROW.fullmatch(name))})


def _typed_rows(form: Entered, name: str) -> list[dict[str, Any]]:
    """Each row of a field under its number; one of which nothing was typed is empty."""
    last = max((number for one, number in _numbers(form) if one == name), default=0)
    return [{part: typed_codes(form, f"{name}-{number}-{part}") if system_of(field) else
             form.get(f"details-{name}-{number}-{part}") for part, field in row_fields().items()}
            for number in range(1, last + 1)]


def _rows_shown(form: Entered) -> int:
    """How many rows the form shows: those that it has, one more where that was asked for."""
    return min(20, max((number for _name, number in _numbers(form)), default=0) + bool(form.get("more")))


def _picks(db: Session, form: Entered, groups: Mapping[str, Any]) -> dict[str, Pick]:
    """The fields of the form that take codes."""
    shown = [one for rows in groups.values() for row in rows for one in row]
    told = told_of(form)
    names = [one.name for one in shown] + [
        f"{one.name}-{number}-{part.name}" for one in shown if one.parts
        for number in range(1, _rows_shown(form) + 1) for part in one.parts]
    return {name: pick for name in names if (pick := pick_of(db, form, name, told)) is not None}


def _typed(case: AdverseEvent) -> dict[str, str | list[str]]:
    """The assessment as its form shows it."""
    typed: dict[str, str | list[str]] = {
        "onset_on": assessment_words.as_known(case.onset_on, case.onset_precision), "age_band": case.age_band,
        "sex": case.sex, "outcome": case.outcome, "causality": case.causality, "expectedness": case.expectedness,
        "narrative": case.narrative, "use_text": case.use_text, "terms": list(case.terms),
        "seriousness": list(case.seriousness)}
    return typed | assessment_words.typed_details(case.details)
