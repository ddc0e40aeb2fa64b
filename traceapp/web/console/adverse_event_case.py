"""Console: one adverse event: what happened, how it was judged, its clocks; its assessment and its history stand in
modules beside this one."""
from __future__ import annotations

from typing import Any

from flask import redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.clocks import silent_markets
from traceapp.adverse_event.decisions import decisions_of
from traceapp.adverse_event.patient import StatePatient, state_patient
from traceapp.adverse_event.queries import adverse_event_by_id, versions_of
from traceapp.adverse_event.service import ChangeAdverseEvent, about, change_adverse_event
from traceapp.adverse_event.states import actions_from
from traceapp.attachment.service import attachments_of
from traceapp.capa.queries import capas_about
from traceapp.catalog.lookup import parties_by_id, products_by_id
from traceapp.complaint.intake import about as about_complaint
from traceapp.complaint.queries import complaint_by_id
from traceapp.core.errors import NotFound, Problem
from traceapp.identity.lookup import names_of_users
from traceapp.submission.received_messages import has_messages
from traceapp.submission.report_preparing import reports_about
from traceapp.trace.lookup import lots_by_key
from traceapp.vault.service import PersonDetails, erased_at, reveal_person
from traceapp.web import assessment_words, clock_words, report_words, words
from traceapp.web.auth import may
from traceapp.web.case_score import score_of
from traceapp.web.code_names import names_of_codes
from traceapp.web.context import actor, world
from traceapp.web.reading import given
from traceapp.worklist.clock_model import LegalClock
from traceapp.worklist.legal_clocks import clocks_about
from traceapp.worklist.tasks import tasks_about

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.adverse_event": "adverse_event.write", "console.adverse_event_change": "adverse_event.write",
    "console.adverse_event_patient": "adverse_event.write", "console.adverse_event_reveal": "person.reveal"}
_ACT_WORDS = {"assess": lazy_gettext("Assess"), "close": lazy_gettext("Close"), "reopen": lazy_gettext("Reopen"),
              "nullify": lazy_gettext("Nullify")}
_ALWAYS = ("patient", "reveal", "erase", "decide")


@blueprint.get("/adverse-events/<adverse_event_id>")
def adverse_event(adverse_event_id: str) -> Response:
    """One case; `do` opens the form of an act."""
    if given("do") == "assess":
        return redirect(url_for("console.adverse_event_assessment", adverse_event_id=adverse_event_id))
    return show(adverse_event_id, given("do"))


def show(adverse_event_id: str, do: str = "", form: Entered | None = None, status: int = 200,
         person: PersonDetails | None = None) -> Response:
    """The page of an adverse event; with a refused form the status of the refusal; `person` once, when asked for."""
    with world().database.read() as db:
        case = adverse_event_by_id(db, adverse_event_id)
        if case is None:
            raise NotFound("There is no such adverse event.", code="unknown-adverse-event")
        decided = decisions_of(db, case.id)
        values: dict[str, Any] = {
            "lot": lots_by_key(db, [case.lot_key]).get(case.lot_key),
            "product": products_by_id(db, [case.product_id]).get(case.product_id or ""),
            "consignee": parties_by_id(db, [case.consignee_id]).get(case.consignee_id or ""),
            "complaint": complaint_by_id(db, case.complaint_id) if case.complaint_id else None,
            "erased_at": erased_at(db, case.person_id), "has_report": has_messages(db, case.complaint_id, case.id),
            "versions": len(versions_of(db, case.id)),
            "tasks": [task for task in tasks_about(db, about(case.id)) if task.state == "open"],
            "clocks": clocks_about(db, about(case.id)), "decided": decided,
            "reports": reports_about(db, about(case.id)), "capas": capas_about(db, "adverse_event", case.id),
            "people": names_of_users(db, (one.by for one in decided)),
            "files": attachments_of(db, about_complaint(case.complaint_id)) if case.complaint_id else (),
            "silent": words.joined_words([clock_words.market_word(one) for one in silent_markets(db, case)])
            if case.state in ("draft", "assessed") and not case.is_serious else "",
            "score": score_of(db, case), "details": assessment_words.details_by_group(
                case.details, names_of_codes(db, case.details))}
    ends_clocks = any(one.state == "running" for one in values["clocks"]) and not may("adverse_event.decide")
    actions = [action for action in _ACT_WORDS if action in actions_from(case.state)
               and not (action == "nullify" and ends_clocks)]
    left = [kind for kind in clock_words.DECISIONS if kind not in {one.kind for one in decided}]
    return case_page(
        "console/adverse_event.html", status, case=case, do=do if do in (*actions, *_ALWAYS) else "", person=person,
        form=form or Entered(), actions=[(action, str(_ACT_WORDS[action])) for action in actions],
        ending=asked_clock(values["clocks"], do), ending_do=do, clock_words=clock_words,
        report_words=report_words,
        decisions=words.choices(clock_words.DECISIONS, left) if case.state in ("draft", "assessed") else (),
        results=assessment_words.results_of(case.details), began_on=assessment_words.partial_day(
            assessment_words.as_known(case.onset_on, case.onset_precision)),
        expectedness=words.word(assessment_words.EXPECTEDNESS, case.expectedness), **values)


def asked_clock(clocks: list[LegalClock], do: str) -> LegalClock | None:
    """The clock that `do` is about: `clock-…` to end it, `day-…` to set the day of one that has none."""
    return next((one for one in clocks if one.state == "running"
                 and (do == f"clock-{one.id}" or do == f"day-{one.id}" and not one.has_limit)), None)


def _address(adverse_event_id: str) -> str:
    return url_for("console.adverse_event", adverse_event_id=adverse_event_id)


@blueprint.post("/adverse-events/<adverse_event_id>/change")
def adverse_event_change(adverse_event_id: str) -> Response:
    """Close, reopen or nullify."""
    form = Entered()
    action = form.get("action")

    def run(db: Session) -> Done:
        event = change_adverse_event(db, actor(), world().clock, ChangeAdverseEvent(
            adverse_event_id, action, form.text("reason"), form.revision()))
        return Done(_address(adverse_event_id), _("Noted: the adverse event is now “%(state)s”.",
                                                  state=words.word(words.EVENT_STATES, event.state)))

    return perform(form, run, Refusal(lambda status: show(adverse_event_id, action, form, status)))


@blueprint.post("/adverse-events/<adverse_event_id>/patient")
def adverse_event_patient(adverse_event_id: str) -> Response:
    """Say who the patient is; it goes into the vault."""
    form = Entered()

    def run(db: Session) -> Done:
        state_patient(db, actor(), world().clock, StatePatient(
            adverse_event_id, form.text("patient_name"), form.text("initials"), form.text("record_number"),
            form.text("born_on")), vault=world().vault)
        return Done(_address(adverse_event_id), _("Sealed in the vault. It is seen again with a reason only."))

    return perform(form, run, Refusal(lambda status: show(adverse_event_id, "patient", form, status)))


@blueprint.post("/adverse-events/<adverse_event_id>/person")
def adverse_event_reveal(adverse_event_id: str) -> Response:
    """Show once who it is; every look is recorded, so that a second click is a second look."""
    form, here = Entered(), world()
    try:
        with here.database.write() as db:
            case = adverse_event_by_id(db, adverse_event_id)
            if case is None or case.person_id is None:
                raise NotFound("There is no such person in the vault.", code="unknown-person")
            person = reveal_person(db, actor(), here.clock, case.person_id, form.text("reason"), vault=here.vault)
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        form.refuse(problem)
        return show(adverse_event_id, "reveal", form, problem.status)
    return show(adverse_event_id, person=person)
