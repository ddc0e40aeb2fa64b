"""Console: the assessment of an adverse event, in groups that ask for what the kind of product needs."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.details import GROUPS, fields, partial_date, readable_details
from traceapp.adverse_event.model import AdverseEvent
from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.adverse_event.service import AssessAdverseEvent, assess_adverse_event
from traceapp.adverse_event.states import actions_from
from traceapp.catalog.lookup import products_by_id
from traceapp.complaint.coding import Found, code_text
from traceapp.complaint.terms import terms
from traceapp.core.errors import Conflict, NotFound
from traceapp.web import assessment_words, words
from traceapp.web.case_score import ScoreShown, score_of
from traceapp.web.context import actor, world
from traceapp.web.i18n import language

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import ZONE, blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.adverse_event_assessment": "adverse_event.write", "console.adverse_event_assess": "adverse_event.write",
    "console.adverse_event_score": "adverse_event.write"}
_KINDS = {"followup": lazy_gettext("There is news"), "amendment": lazy_gettext("Something was wrong: a correction"),
          "assessment": lazy_gettext("Neither: the same facts, judged anew")}
# Item of the rubric -> the field that gains its points; what has none is not said in this form.
_GAINED_IN = {
    "reporter": "details-occupation", "event_date": "onset_on", "harm_class": "seriousness", "harm": "details-harm",
    "fault": "details-fault", "age": "details-age", "sex": "sex", "purpose": "details-intended_treatment",
    "used_on": "details-use_began_on", "place": "details-place_kind", "process": "use_text",
    "combined": "details-combined", "cause": "details-cause", "first_handling": "details-first_handling"}
_TEXTS = ("narrative", "details-harm", "details-fault", "use_text")


@blueprint.get("/adverse-events/<adverse_event_id>/assess")
def adverse_event_assessment(adverse_event_id: str) -> Response:
    """The form as the event stands."""
    return show_form(adverse_event_id)


@blueprint.post("/adverse-events/<adverse_event_id>/assess")
def adverse_event_assess(adverse_event_id: str) -> Response:
    """Assess it, or assess it anew."""
    form = Entered()
    command = read_form(form, adverse_event_id)

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
        shown = _beside(form, readable_details(typed.details, world().clock.now().date()), score_of(db, case, typed))
    return case_page("console/adverse_event_beside.html", **shown)


def show_form(adverse_event_id: str, form: Entered | None = None, status: int = 200) -> Response:
    """The form; with a refused one the status of the refusal, everything that was typed still there."""
    with world().database.read() as db:
        case = _open_case(db, adverse_event_id)
        product = products_by_id(db, [case.product_id]).get(case.product_id or "")
        typed = read_form(form, adverse_event_id) if form else None
        score = score_of(db, case, typed)
    form = form or Entered(_typed(case))
    filled = filled_of(form)
    return case_page(
        "console/adverse_event_assess.html", status, case=case, product=product, form=form,
        groups=assessment_words.shown_fields(product.kind if product else None, case.details),
        group_titles=assessment_words.GROUP_TITLES, filled=filled, open_groups=_open_groups(form, filled),
        kinds=[(kind, str(text)) for kind, text in _KINDS.items()],
        is_first=case.state == "draft", **_beside(form, typed.details if typed else case.details, score), options={
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
    return found


def _open_groups(form: Entered, filled: dict[str, int]) -> set[str]:
    """The parts that stand open: those that every case needs, those with values, those with a fault."""
    faulty = {field.group for name, field in fields().items() if f"details-{name}" in form.errors}
    return {"patient", "event", "assessment"} | {group for group, count in filled.items() if count} | faulty | (
        {"use"} if form.get("use_text") or "use_text" in form.errors else set())


def _beside(form: Entered, details: Mapping[str, Any], score: ScoreShown | None) -> dict[str, Any]:
    """What stands beside the form."""
    return {"mentions": mentions_of(form), "results": assessment_words.results_of(details), "score": score,
            "gained_in": _GAINED_IN}


def mentions_of(form: Entered) -> list[dict[str, Any]]:
    """What the texts of the form mention, each once: the words, the terms and where their boxes are, the stance, and
    whether all of them are ticked. Nothing of it is ticked by itself."""
    places = {code: f"f-terms-{number}" if number > 1 else "f-terms" for number, code in enumerate(terms(), start=1)}
    ticked, found = set(form.several("terms")), dict[tuple[Any, ...], dict[str, Any]]()
    for text in (form.get(name) for name in _TEXTS):
        for one in code_text(text):
            said = text[one.start:one.end]
            found.setdefault((said.lower(), one.stance, one.codes), _mention(said, one, places, ticked))
    return list(found.values())


def _mention(said: str, one: Found, places: dict[str, str], ticked: set[str]) -> dict[str, Any]:
    return {"words": said, "stance": one.stance.value, "is_fuzzy": one.is_fuzzy,
            "terms": [(getattr(terms()[code], language()), places[code], code in ticked) for code in one.codes]}


def _open_case(db: Session, adverse_event_id: str) -> AdverseEvent:
    case = adverse_event_by_id(db, adverse_event_id)
    if case is None:
        raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
    if "assess" not in actions_from(case.state):
        raise Conflict("An adverse event that is “%(state)s” cannot be changed by “%(action)s”.", code="wrong-state",
                       state=words.word(words.EVENT_STATES, case.state), action=_("Assess"))
    return case


def _details(form: Entered) -> dict[str, Any]:
    """Every field of the details that the form has; one that it does not have is left out."""
    return {name: form.several(f"details-{name}") if field.type == "choices" else form.get(f"details-{name}")
            for name, field in fields().items() if f"details-{name}" in form.form}


def _typed(case: AdverseEvent) -> dict[str, str | list[str]]:
    """The assessment as its form shows it."""
    typed: dict[str, str | list[str]] = {
        "onset_on": assessment_words.as_known(case.onset_on, case.onset_precision), "age_band": case.age_band,
        "sex": case.sex, "outcome": case.outcome, "causality": case.causality, "expectedness": case.expectedness,
        "narrative": case.narrative, "use_text": case.use_text, "terms": list(case.terms),
        "seriousness": list(case.seriousness)}
    return typed | assessment_words.typed_details(case.details)
