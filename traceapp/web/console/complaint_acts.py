"""Console: what staff do with a complaint."""
from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, cast

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.service import OpenAdverseEvent, open_adverse_event
from traceapp.attachment.service import NewFile, add_file, ready_file
from traceapp.complaint.clusters import join_clusters
from traceapp.complaint.escalating import DecideCompensation, decide_compensation
from traceapp.complaint.intake import about
from traceapp.complaint.queries import complaint_by_id, complaint_by_reference
from traceapp.complaint.responding import HandOver, hand_over
from traceapp.complaint.service import (
    AddNote,
    BindLot,
    ChangeComplaint,
    LinkDuplicate,
    add_note,
    bind_lot,
    change_complaint,
    decline_promotion,
)
from traceapp.core.errors import InvalidInput, NotFound, Problem
from traceapp.trace.lookup import lots_of_number
from traceapp.vault.service import reveal_person
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .complaint_case import show
from .complaint_words import DONE
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.complaint_change": "complaint.write",
    "console.complaint_note": "complaint.write", "console.complaint_bind": "complaint.write",
    "console.complaint_duplicate": "complaint.write", "console.complaint_promote": "adverse_event.write",
    "console.complaint_responder": "complaint.write", "console.complaint_compensation": "complaint.approve",
    "console.complaint_decline": "complaint.write", "console.complaint_photo": "complaint.write",
    "console.complaint_reveal": "person.reveal"}


def _do(complaint_id: str, do: str, form: Entered, act: Callable[[Session], str]) -> Response:
    """Run an act of the case that answers what to say; the form again when it is refused."""

    def run(db: Session) -> Done:
        return Done(_address(complaint_id), act(db))

    return perform(form, run, Refusal(lambda status: show(complaint_id, do, form, status)))


def _address(complaint_id: str) -> str:
    return url_for("console.complaint", complaint_id=complaint_id)


@blueprint.post("/complaints/<complaint_id>/change")
def complaint_change(complaint_id: str) -> Response:
    """Go on by the state table."""
    form = Entered()
    action = form.choice("action", DONE)

    def act(db: Session) -> str:
        change_complaint(db, actor(), world().clock, ChangeComplaint(
            complaint_id, action, form.text("note"), form.revision()))
        return str(DONE[action])

    return _do(complaint_id, action, form, act)


@blueprint.post("/complaints/<complaint_id>/note")
def complaint_note(complaint_id: str) -> Response:
    """Add a note, inside or for the reporter."""
    form = Entered()

    def act(db: Session) -> str:
        note = add_note(db, actor(), world().clock, AddNote(
            complaint_id, form.text("text"), form.is_checked("is_public")))
        return _("Sent: the reporter sees it on the follow-up page.") if note.is_public else _("The note is kept.")

    return _do(complaint_id, "note", form, act)


@blueprint.post("/complaints/<complaint_id>/bind")
def complaint_bind(complaint_id: str) -> Response:
    """Bind it to a batch, or say that none can be said."""
    form = Entered()

    def act(db: Session) -> str:
        picked = form.text("lot_key")
        lot_key: str | None = None if picked == "none" else picked
        if picked in ("", "number"):
            lot_key = _lot_of_number(db, complaint_id, form.text("number"))
        bind_lot(db, actor(), world().clock, BindLot(
            complaint_id, lot_key, form.text("reason"), "typed" if picked not in ("", "number", "none") else "inferred",
            form.revision()))
        if lot_key is None:
            return _("It now stands without a batch.")
        return _("Bound to the batch; its count is looked at again.")

    return _do(complaint_id, "bind", form, act)


def _lot_of_number(db: Session, complaint_id: str, number: str) -> str:
    """The one lot of this number, of the complaint's product where it is known. Raises InvalidInput."""
    if not number:
        raise InvalidInput("Choose a batch, or write its number.", place="number")
    case = complaint_by_id(db, complaint_id)
    lots = lots_of_number(db, number)
    if case is not None and case.product_id and len(lots) > 1:
        lots = [lot for lot in lots if lot.product_id == case.product_id]
    if len(lots) != 1:
        raise InvalidInput("There is no batch “%(number)s” of ours." if not lots else
                           "Several products have a batch “%(number)s”.", place="number", number=number)
    return lots[0].lot_key


@blueprint.post("/complaints/<complaint_id>/duplicate")
def complaint_duplicate(complaint_id: str) -> Response:
    """Link it to the first report of the same event, or free it again."""
    form = Entered()

    def act(db: Session) -> str:
        master_id = None
        if not form.is_checked("free"):
            master = complaint_by_reference(db, form.text("master"))
            if master is None:
                raise InvalidInput("There is no complaint with this number.", place="master")
            master_id = master.id
        try:
            join_clusters(db, actor(), world().clock, LinkDuplicate(
                complaint_id, master_id, form.text("reason"), form.revision()))
        except Problem as problem:
            problem.place = "master" if problem.place == "master_id" else problem.place
            raise
        return _("Linked: both count once.") if master_id else _("It counts by itself again.")

    return _do(complaint_id, "duplicate", form, act)


@blueprint.post("/complaints/<complaint_id>/promote")
def complaint_promote(complaint_id: str) -> Response:
    """Open an adverse event from it and go there."""
    form = Entered()

    def run(db: Session) -> Done:
        event = open_adverse_event(db, actor(), world().clock, OpenAdverseEvent(complaint_id, form.revision()))
        return Done(url_for("console.adverse_event", adverse_event_id=event.id, do="assess") + "#do",
                    _("The adverse event %(reference)s is open. Assess it now.", reference=event.reference))

    return perform(form, run, Refusal(lambda status: show(complaint_id, "", form, status)))


@blueprint.post("/complaints/<complaint_id>/decline")
def complaint_decline(complaint_id: str) -> Response:
    """Say why it is no adverse event."""
    form = Entered()

    def act(db: Session) -> str:
        decline_promotion(db, actor(), world().clock, complaint_id, form.text("reason"))
        return _("Noted: this is no adverse event.")

    return _do(complaint_id, "decline", form, act)


@blueprint.post("/complaints/<complaint_id>/responder")
def complaint_responder(complaint_id: str) -> Response:
    """Take the case, or hand it over."""
    form = Entered()

    def act(db: Session) -> str:
        hand_over(db, actor(), world().clock, HandOver(
            complaint_id, form.text("user_id") or None, form.text("reason"), form.revision()))
        return _("Kept: who answers for it.")

    return _do(complaint_id, "responder", form, act)


@blueprint.post("/complaints/<complaint_id>/compensations/<compensation_id>")
def complaint_compensation(complaint_id: str, compensation_id: str) -> Response:
    """Approve or decline what is offered for a broken promise."""
    form = Entered()
    decision = form.choice("decision", ("approved", "declined"))

    def act(db: Session) -> str:
        decide_compensation(db, actor(), world().clock, DecideCompensation(
            complaint_id, compensation_id, decision == "approved", form.text("reason")))
        return _("Decided. Whoever carries it out says so in the case; nothing is paid by itself.")

    return _do(complaint_id, "compensation", form, act)


@blueprint.post("/complaints/<complaint_id>/photo")
def complaint_photo(complaint_id: str) -> Response:
    """Add a photo or a document."""
    form = Entered()
    sent, ready = form.file("photo"), None
    if sent is None:
        form.fault("photo", _("Choose a file."))
    else:
        try:
            ready = ready_file(cast(BinaryIO, sent.stream), store=world().files)
        except Problem as problem:
            problem.place = "photo"
            form.refuse(problem)

    def act(db: Session) -> str:
        if complaint_by_id(db, complaint_id) is None:
            raise NotFound("There is no such complaint.", code="unknown-complaint")
        assert sent is not None
        assert ready is not None
        add_file(db, actor(), world().clock, NewFile(about(complaint_id), sent.filename or "", ready),
                 store=world().files)
        return _("The file is kept with the complaint.")

    return _do(complaint_id, "photo", form, act)


@blueprint.post("/complaints/<complaint_id>/reveal")
def complaint_reveal(complaint_id: str) -> Response:
    """Show who the person is, once; the look is recorded with its reason."""
    form = Entered()
    with world().database.read() as db:
        case = complaint_by_id(db, complaint_id)
    if case is None or case.person_id is None:
        raise NotFound("There is no such person in the vault.", code="unknown-person")
    try:
        with world().database.write() as db:
            person = reveal_person(db, actor(), world().clock, case.person_id, form.text("reason"),
                                   vault=world().vault)
    except Problem as problem:
        if problem.status not in (409, 422):
            raise
        form.refuse(problem)
        return show(complaint_id, "reveal", form, problem.status)
    return show(complaint_id, person=person)
