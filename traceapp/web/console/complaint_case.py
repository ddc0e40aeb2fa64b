"""Console: one complaint, from what was said to what was decided."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import adverse_events_of_complaint
from traceapp.attachment.service import attachments_of
from traceapp.capa.queries import capas_about
from traceapp.catalog.lookup import parties_by_id, products_by_id
from traceapp.complaint.clusters import cluster_of
from traceapp.complaint.crisis_queries import task_forces_of
from traceapp.complaint.elements import RecordFacts, missing_elements
from traceapp.complaint.escalating import compensations_of
from traceapp.complaint.intake import about
from traceapp.complaint.model import UNKNOWN_LOT, Complaint
from traceapp.complaint.public import REPORTER
from traceapp.complaint.queries import complaint_by_id, lot_candidates, notes_of
from traceapp.complaint.return_model import ComplaintReturn
from traceapp.complaint.return_states import actions_from as return_actions_from
from traceapp.complaint.returning import returns_of
from traceapp.complaint.service_clocks import clocks_of
from traceapp.complaint.states import IN_HAND, ComplaintState, actions_from
from traceapp.complaint.triage import TriageResult
from traceapp.complaint.triage_known import harm_of
from traceapp.core.errors import NotFound
from traceapp.identity.lookup import names_of_users
from traceapp.submission.received_messages import has_messages
from traceapp.surveillance.queries import signals_of_lots
from traceapp.trace.lookup import lots_by_key
from traceapp.trace.model import Lot
from traceapp.trace.queries import consignees_of
from traceapp.vault.service import PersonDetails, erased_at
from traceapp.web.auth import may
from traceapp.web.context import actor, world
from traceapp.web.reading import given
from traceapp.web.triage_words import INVESTIGATIONS, grounds_words, step_lines
from traceapp.web.words import COMPLAINT_KINDS, CRITERIA, HARMS, SEVERITIES, choices, own_name, word
from traceapp.worklist.rostering import people_for_duty
from traceapp.worklist.tasks import tasks_about

from .casework import case_page
from .complaint_likeness import cluster_lines, reasons_for
from .complaint_talk import filled_in, talk_values
from .complaint_words import ACTS, ELEMENTS, MAIN, RETURN_ACTS
from .entering import Entered
from .layout import blueprint
from .words import unit_options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.complaint": "complaint.read"}
# Duties that the strip of service clocks shows already.
_BY_CLOCKS = frozenset({"complaint.answer", "complaint.triage", "complaint.decide", "complaint.resolve"})
_ALWAYS = ("note", "bind", "duplicate", "reveal", "erase", "decline", "photo", "responder", "compensation", "return",
           "settle", "lead", "split")


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
        if not do and form is None and person is None and case.state == ComplaintState.received:
            do = "triage"
        allowed = actions_from(case.state)
        if do not in (*allowed, *_ALWAYS):
            do = ""
        form = form or (filled_in(db, case) if do == "triage" else Entered())
        values = _read(db, case) | (talk_values(db, case, form) if do == "triage" else {})
    open_kinds = {task.kind for task in values["tasks"]}
    return case_page(
        "console/complaint.html", status, case=case, do=do, person=person, form=form, acts=ACTS,
        actions=sorted((action for action in ACTS if action in allowed), key=lambda action: action != MAIN[case.state]),
        other_tasks=[task for task in values["tasks"] if task.kind not in _BY_CLOCKS or not values["clocks"]],
        is_in_hand=case.state in IN_HAND, may_promote="complaint.promote" in open_kinds,
        is_unbound=case.lot_key == UNKNOWN_LOT, criteria_choices=choices(CRITERIA), harm_choices=choices(HARMS),
        severity_choices=choices(SEVERITIES), kind_choices=choices(COMPLAINT_KINDS),
        triage_steps=step_lines(case.triage.get("steps", [])),
        grounds_kept=grounds_words(case.triage.get("grounds", [])),
        returned_id=given("item") or (request.view_args or {}).get("return_id", ""), return_actions=_return_actions,
        offered=given("offer") or (request.view_args or {}).get("compensation_id", ""),
        may_hand_over=case.responder_id == actor().id or may("complaint.approve"),
        harm=harm_of(case), elements=_elements(case, values),
        kinds_words=[word(COMPLAINT_KINDS, kind) for kind in case.kinds],
        investigation_words="" if case.investigation == "undecided" else word(INVESTIGATIONS, case.investigation),
        score=completeness(case, has_photo=bool(values["files"]), is_erased=values["erased_at"] is not None), **values)


def _read(db: Session, case: Complaint) -> dict[str, Any]:
    match = lot_candidates(db, case)
    notes, cluster = notes_of(db, case), cluster_of(db, case)
    suspected = complaint_by_id(db, case.possible_duplicate_of) if case.possible_duplicate_of else None
    product = products_by_id(db, [case.product_id]).get(case.product_id or "")
    return {
        "lot": lots_by_key(db, [case.lot_key]).get(case.lot_key), "product": product,
        "candidates": (match.lot,) if match.lot else match.candidates, "notes": notes,
        "cluster": cluster_lines(db, cluster), "known_since": cluster.awareness_at,
        "suspected": suspected, "alike": reasons_for(db, case, suspected),
        "events": adverse_events_of_complaint(db, case.id),
        "tasks": [task for task in tasks_about(db, about(case.id)) if task.state == "open"],
        "people": names_of_users(db, (*(note.by for note in notes), case.responder_id)),
        "files": attachments_of(db, about(case.id)),
        "consignee": parties_by_id(db, [case.consignee_id]).get(case.consignee_id or ""),
        "erased_at": erased_at(db, case.person_id), "has_report": has_messages(db, case.id),
        "returns": returns_of(db, case.id), "return_units": _units(lots_by_key(db, [case.lot_key]).get(case.lot_key)),
        "senders": [(one.consignee.id, own_name(one.consignee)) for one in consignees_of(db, case.lot_key)],
        "clocks": clocks_of(db, case.id), "forces": task_forces_of(db, case.id),
        "capas": capas_about(db, "complaint", case.id),
        "compensations": compensations_of(db, case.id),
        "duty_people": [(person.id, person.name) for person in people_for_duty(db)],
        "signals": signals_of_lots(db, (case.lot_key,)).get(case.lot_key, [])}


def _elements(case: Complaint, values: dict[str, Any]) -> list[str] | None:
    """What the record of this complaint lacks, in words; None where the rule asks for nothing."""
    if case.triage_result != TriageResult.complaint:
        return None
    facts = RecordFacts(
        case.product_id is not None, case.lot_key != UNKNOWN_LOT or bool(case.serial or case.lot_text),
        case.person_id is not None and values["erased_at"] is None, bool(case.narrative or case.terms),
        bool(case.solution or case.decision), any(note.is_public and note.by != REPORTER for note in values["notes"]))
    return [str(ELEMENTS[name]) for name in missing_elements(facts)]


def _units(lot: Lot | None) -> list[tuple[str, str]]:
    """The units that a quantity of the lot may be given in, its own first."""
    own = (lot.unit if lot is not None else None) or "EA"
    return sorted(unit_options(own), key=lambda option: option[0] != own)


def _return_actions(one: ComplaintReturn) -> list[tuple[str, str]]:
    return [(action, str(RETURN_ACTS[action])) for action in return_actions_from(one.state)]
