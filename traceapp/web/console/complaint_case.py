"""Console: one complaint, from what was said to what was decided."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import adverse_events_of_complaint
from traceapp.attachment.service import attachments_of
from traceapp.catalog.lookup import parties_by_id, products_by_id
from traceapp.complaint.intake import about
from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.complaint.queries import complaint_by_id, duplicates_of, lot_candidates, notes_of
from traceapp.complaint.states import ComplaintState, actions_from
from traceapp.complaint.suspecting import likeness_of
from traceapp.core.errors import NotFound
from traceapp.identity.lookup import names_of_users
from traceapp.surveillance.queries import signals_of_lots
from traceapp.trace.lookup import lots_by_key
from traceapp.vault.service import PersonDetails, erased_at
from traceapp.web.context import world
from traceapp.web.reading import given
from traceapp.web.words import CRITERIA, HARMS, SEVERITIES, TRIAGE_RESULTS, choices
from traceapp.worklist.tasks import tasks_about

from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.complaint": "complaint.read"}
_ALWAYS = ("note", "bind", "duplicate", "reveal", "erase", "decline", "photo")
ACT_WORDS = {"triage": lazy_gettext("Triage"), "investigate": lazy_gettext("Investigate"),
             "answer": lazy_gettext("Answer"), "close": lazy_gettext("Close"), "reopen": lazy_gettext("Reopen")}
_LIKENESS = {"lot": lazy_gettext("same batch"), "contact": lazy_gettext("same contact"),
             "day": lazy_gettext("same day or near"), "consignee": lazy_gettext("same consignee"),
             "place": lazy_gettext("same place"),
             "age": lazy_gettext("same age"), "sex": lazy_gettext("same sex"),
             "terms": lazy_gettext("same things went wrong"), "text": lazy_gettext("much the same words")}


@blueprint.get("/complaints/<complaint_id>")
def complaint(complaint_id: str) -> Response:
    """One case; `do` opens the form of an act. A new one opens with its triage."""
    return show(complaint_id, given("do"))


@dataclass(frozen=True, slots=True)
class Completeness:
    """How much of what an assessment needs is there, and what is missing, the most useful first."""

    have: int
    whole: int
    missing: tuple[str, ...]


def completeness(case: Complaint, *, has_photo: bool, is_erased: bool = False) -> Completeness:
    """Ten points; a batch and a day count double, because detection stands on them. Nobody is asked for a contact again
    that was erased."""
    wanted = [
        (2, case.lot_key != UNKNOWN_LOT, _("the batch")), (2, case.happened_on is not None, _("the day")),
        (1, bool(case.terms), _("what went wrong, coded")), (1, bool(case.use_text), _("how it was used")),
        (1, case.age_band != "unknown", _("the age")), (1, has_photo, _("a photo")),
        (1, case.is_harm is not None, _("whether somebody was harmed"))]
    if not is_erased:
        wanted.insert(5, (1, case.person_id is not None, _("a way to reach the person")))
    return Completeness(sum(points for points, is_there, _text in wanted if is_there),
                        sum(points for points, _is, _text in wanted),
                        tuple(text for _points, is_there, text in wanted if not is_there))


def show(complaint_id: str, do: str = "", form: Entered | None = None, status: int = 200,
         person: PersonDetails | None = None) -> Response:
    """The page of a complaint; with a refused form the status of the refusal; `person` once, when it was asked for."""
    with world().database.read() as db:
        case = complaint_by_id(db, complaint_id)
        if case is None:
            raise NotFound("There is no such complaint.", code="unknown-complaint")
        values = _read(db, case)
    open_kinds = {task.kind for task in values["tasks"]}
    actions = [action for action in ACT_WORDS if action in actions_from(case.state)]
    if not do and form is None and person is None and case.state == ComplaintState.received:
        do = "triage"
    return case_page(
        "console/complaint.html", status, case=case, do=do if do in (*actions, *_ALWAYS) else "", person=person,
        form=form or Entered(_typed(case, do)), is_fresh=form is None,
        actions=[(action, str(ACT_WORDS[action])) for action in actions],
        may_promote="complaint.promote" in open_kinds, is_unbound=case.lot_key == UNKNOWN_LOT,
        criteria_choices=choices(CRITERIA), harm_choices=choices(HARMS), severity_choices=choices(SEVERITIES),
        result_choices=choices(TRIAGE_RESULTS, ("complaint", "inquiry", "not_ours")),
        score=completeness(case, has_photo=bool(values["files"]), is_erased=values["erased_at"] is not None), **values)


def _read(db: Session, case: Complaint) -> dict[str, Any]:
    match = lot_candidates(db, case)
    notes, cluster = notes_of(db, case), duplicates_of(db, case)
    suspected = complaint_by_id(db, case.possible_duplicate_of) if case.possible_duplicate_of else None
    product = products_by_id(db, [case.product_id]).get(case.product_id or "")
    return {
        "lot": lots_by_key(db, [case.lot_key]).get(case.lot_key), "product": product,
        "candidates": (match.lot,) if match.lot else match.candidates, "notes": notes, "cluster": cluster,
        "suspected": suspected, "alike": _alike(db, case, suspected),
        "events": adverse_events_of_complaint(db, case.id),
        "tasks": [task for task in tasks_about(db, about(case.id)) if task.state == "open"],
        "people": names_of_users(db, (note.by for note in notes)), "files": attachments_of(db, about(case.id)),
        "consignee": parties_by_id(db, [case.consignee_id]).get(case.consignee_id or ""),
        "erased_at": erased_at(db, case.person_id),
        "signals": signals_of_lots(db, (case.lot_key,)).get(case.lot_key, [])}


def _alike(db: Session, case: Complaint, suspected: Complaint | None) -> list[str]:
    """What speaks for the suspicion, in words; what speaks against it is left to the reader's eyes."""
    if suspected is None:
        return []
    return [str(_LIKENESS[name]) for name, bits in likeness_of(db, case, suspected).reasons if bits > 0.5]


def _typed(case: Complaint, do: str) -> dict[str, str] | None:
    """The form of an act as it is opened."""
    if do == "triage":
        return {"result": "" if case.triage_result == "untriaged" else case.triage_result,
                "harm": "unknown" if case.is_harm is None else "yes" if case.is_harm else "no", "severity": ""}
    return None
