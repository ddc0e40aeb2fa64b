"""Console: somebody who got units from a consignee: what it was told, what it says, what staff write down for it."""
from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.queries import party_details
from traceapp.core.errors import InvalidInput, NotFound
from traceapp.core.quantity import plain
from traceapp.outbox.lookup import messages_about
from traceapp.recall.answer import AnswerLine
from traceapp.recall.answer_said import far_said
from traceapp.recall.cases import is_running, notice_stream, recall_by_id
from traceapp.recall.late_passed import NoteLatePassed, note_late_passed
from traceapp.recall.passed_answer import TOLD, AnswerPassed, answer_passed_by_staff, passed_by_id, view_of
from traceapp.recall.passed_proofs import AcceptPassedUnproved, accept_passed_unproved, prove_passed
from traceapp.recall.sending_again import is_unsent, send_passed_again
from traceapp.web.context import actor, world
from traceapp.web.receivers import commands_of, given_of, receiver_fields, rows_of, typed_rows
from traceapp.worklist.tasks import tasks_about

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .recall_books import keep_proof_sent
from .recall_ledger import LATE_STATES
from .recall_phase_words import delivery_text

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {f"console.recall_{name}": "recall.write" for name in (
    "passed", "passed_answer", "passed_send_again", "passed_prove", "passed_accept_unproved", "note_late_passed")}


@blueprint.get("/recalls/<recall_id>/passed/<passed_id>")
def recall_passed(recall_id: str, passed_id: str) -> Response:
    """Somebody who got units from a consignee: what it was told of, what it says."""
    return _show_passed(recall_id, passed_id, Entered(), do=request.args.get("do", ""))


def _show_passed(recall_id: str, passed_id: str, form: Entered, status: int = 200, do: str = "",
                 far: Mapping[str, str] | None = None) -> Response:
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        view = view_of(db, passed_by_id(db, passed_id))
        party = party_details(db, view.notice.consignee_id)
        about = notice_stream(passed_id)
        messages, tasks = messages_about(db, about), [one for one in tasks_about(db, about) if one.state == "open"]
    if view.recall.id != recall_id or party is None:
        raise NotFound("There is no such notice.", code="unknown-notice")
    return case_page("console/recall_passed.html", status, case=case, view=view, party=party, form=form,
                     is_running=is_running(case), messages=messages, tasks=tasks, do=do, delivery_text=delivery_text,
                     late_words=LATE_STATES, far=far or {},
                     is_unsent=is_unsent(case, (message for message, _tries in messages)),
                     receivers=typed_rows(form.form, view.named, [
                         shown.line.lot_key for shown in view.lines]) or rows_of(view.named))


@blueprint.post("/recalls/<recall_id>/passed/<passed_id>")
def recall_passed_answer(recall_id: str, passed_id: str) -> Response:
    """Write down what it said by telephone."""
    form = Entered()
    with world().database.read() as db:
        view = view_of(db, passed_by_id(db, passed_id))
    rows = typed_rows(form.form, view.named, [shown.line.lot_key for shown in view.lines])
    passed = commands_of(rows, view.named, form.errors)
    lines = tuple(line for line in (_line(form, shown.line.lot_key) for shown in view.lines) if line is not None)
    far = {line.lot_key: plain(units) for line in lines for shown in view.lines if shown.line.lot_key == line.lot_key
           and (units := far_said(line, shown.line.units, given_of(passed, line.lot_key))) is not None}
    fields = {f"{name}:{shown.line.lot_key}": f"{name}-{shown.line.lot_key}" for shown in view.lines
              for name in (*TOLD, "sure")} | receiver_fields(rows, [shown.line.lot_key for shown in view.lines])

    def act(db: Session) -> Done:
        if view.recall.id != recall_id:
            raise InvalidInput("There is no such notice.", code="unknown-notice")
        answer_passed_by_staff(db, actor(), world().clock, passed_id, AnswerPassed(
            lines, form.text("answered_by"), form.text("explanation"), form.whole("seen"), passed),
            vault=world().vault)
        return Done(url_for("console.recall_passed", recall_id=recall_id, passed_id=passed_id),
                    _("The answer is written down."))

    return perform(form, act, Refusal(
        lambda status: _show_passed(recall_id, passed_id, form, status, far=far), fields))


def _line(form: Entered, lot_key: str) -> AnswerLine | None:
    names = {name: f"{name}-{lot_key}" for name in TOLD}
    if not any(form.text(field) for field in names.values()):
        return None
    said = {name: form.amount(field, positive=False, required=False) or Decimal(0) for name, field in names.items()}
    return AnswerLine(lot_key, **said, sure=form.confirmed(f"sure-{lot_key}"))


@blueprint.post("/recalls/<recall_id>/passed/<passed_id>/late")
def recall_note_late_passed(recall_id: str, passed_id: str) -> Response:
    """Let stand what stood at the end although an answer came afterwards."""
    form = Entered()

    def act(db: Session) -> Done:
        note_late_passed(db, actor(), world().clock, NoteLatePassed(recall_id, passed_id, form.text("reason")))
        return Done(url_for("console.recall_passed", recall_id=recall_id, passed_id=passed_id),
                    _("Noted: the books stand."))

    return perform(form, act, Refusal(lambda status: _show_passed(recall_id, passed_id, form, status, "late")))


@blueprint.post("/recalls/<recall_id>/passed/<passed_id>/prove")
def recall_passed_prove(recall_id: str, passed_id: str) -> Response:
    """Keep a file of a destruction there that came another way than by the link."""
    return keep_proof_sent(prove_passed, (recall_id, passed_id),
                           url_for("console.recall_passed", recall_id=recall_id, passed_id=passed_id),
                           lambda form, status: _show_passed(recall_id, passed_id, form, status, "prove"))


@blueprint.post("/recalls/<recall_id>/passed/<passed_id>/unproved")
def recall_passed_accept_unproved(recall_id: str, passed_id: str) -> Response:
    """Count a destruction that nothing shows as proved, for a reason."""
    form = Entered()

    def act(db: Session) -> Done:
        accept_passed_unproved(db, actor(), world().clock, AcceptPassedUnproved(
            recall_id, passed_id, form.text("lot_key"), form.text("reason")))
        return Done(url_for("console.recall_passed", recall_id=recall_id, passed_id=passed_id),
                    _("Accepted with your reason."))

    do = f"accept-{form.get('lot_key')}"
    return perform(form, act, Refusal(lambda status: _show_passed(recall_id, passed_id, form, status, do)))


@blueprint.post("/recalls/<recall_id>/passed/<passed_id>/send-again")
def recall_passed_send_again(recall_id: str, passed_id: str) -> Response:
    """Put what did not clearly arrive into the outbox once more."""
    form = Entered()

    def act(db: Session) -> Done:
        _of_recall(db, recall_id, passed_id)
        count = send_passed_again(db, actor(), world().clock, passed_id)
        text = _("It is on its way again.") if count else _(
            "Everything was taken by a mail server already; nothing was sent again.")
        return Done(url_for("console.recall_passed", recall_id=recall_id, passed_id=passed_id), text,
                    "go" if count else "info")

    return perform(form, act, Refusal(lambda status: _show_passed(recall_id, passed_id, form, status)))


def _of_recall(db: Session, recall_id: str, passed_id: str) -> None:
    if passed_by_id(db, passed_id).recall_id != recall_id:
        raise NotFound("There is no such notice.", code="unknown-notice")
