"""Console: one consignee of a recall: its letters with every try, what it answered, what staff write down for it."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.queries import party_details
from traceapp.core.errors import NotFound
from traceapp.core.quantity import plain
from traceapp.identity.lookup import names_of_users
from traceapp.outbox.lookup import messages_about
from traceapp.recall.answer import AnswerLine
from traceapp.recall.answer_said import FIELDS, far_said
from traceapp.recall.answers_kept import answers_of
from traceapp.recall.cases import is_running, notice_stream, recall_by_id
from traceapp.recall.executing import attempts_of
from traceapp.recall.late import NoteLate, late_of, note_late
from traceapp.recall.late_returns import NoteLateReturns, late_returns_of, note_late_returns
from traceapp.recall.ledger import WAYS
from traceapp.recall.notices import notice_for
from traceapp.recall.passing_on import Hand, giver_of, hands_of
from traceapp.recall.proofs import proofs_of
from traceapp.recall.proving import AcceptUnproved, accept_unproved
from traceapp.recall.queries import LedgerFilter, LedgerRow, answer_history, ledger_of
from traceapp.recall.returning import returns_of
from traceapp.recall.sending_again import SendNoticeAgain, is_unsent, send_notice_again
from traceapp.recall.service import AnswerByStaff, SettleLine, record_answer_by_staff, settle_line
from traceapp.recall.telling import hands_of_consignee, passed_rows
from traceapp.web.context import actor, world
from traceapp.web.listings_cases import ledger_table
from traceapp.web.receivers import Receiver, commands_of, given_of, receiver_fields, rows_of, typed_rows
from traceapp.web.tables import send_table
from traceapp.web.words import LINE_STATES, Words
from traceapp.worklist.tasks import tasks_about

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import choice, wished
from .recall_phase_words import delivery_text

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.recall_consignee": "recall.write", "console.recall_answer": "recall.write",
    "console.recall_settle": "recall.write", "console.recall_send_again": "recall.write",
    "console.recall_ledger_file": "recall.write", "console.recall_accept_unproved": "recall.write",
    "console.recall_note_late": "recall.write", "console.recall_note_late_returns": "recall.write"}
_WAYS = {"telephone": lazy_gettext("Telephone"), "visit": lazy_gettext("Visit"), "letter": lazy_gettext("Letter"),
         "e-mail": lazy_gettext("E-mail")}
_HISTORY = {
    "notice.opened": lazy_gettext("Link opened"), "notice.answered": lazy_gettext("Answered"),
    "notice.answer_taken": lazy_gettext("Answer written down by staff"), "notice.settled": lazy_gettext("Settled"),
    "notice.sent_again": lazy_gettext("Letter queued again"), "notice.sent": lazy_gettext("Letter delivered"),
    "notice.not_sent": lazy_gettext("Letter not sent"), "notice.uncertain": lazy_gettext("Letter perhaps sent"),
    "notice.reminded": lazy_gettext("Reminded"), "notice.bounced": lazy_gettext("Letter came back"),
    "notice.tried": lazy_gettext("Tried another way"),
    "notice.passed_on": lazy_gettext("Passed on to somebody"), "notice.came_back": lazy_gettext("Units came back"),
    "notice.change_sent": lazy_gettext("Told of a change"),
    "notice.change_uncertain": lazy_gettext("Perhaps told of a change"),
    "notice.change_failed": lazy_gettext("Could not be told of a change"),
    "notice.change_written": lazy_gettext("Change of the notice put into a file"),
    "notice.proved": lazy_gettext("Destruction proved"),
    "notice.accepted_unproved": lazy_gettext("Destruction accepted without a proof"),
    "notice.late_noted": lazy_gettext("The books stand, whatever came after the end"),
    "notice.late_return_noted": lazy_gettext("The end stands, although goods came back"),
    "notice.late_taken": lazy_gettext("Answer from after the end taken into the ledger"),
    "notice.answered_late": lazy_gettext("Answered after the end")}
_NUMBERS = tuple(name for name in FIELDS if name != "passed_on")
LATE_STATES: Words = {
    "waiting": (lazy_gettext("Waits to be looked at"), "check"),
    "same": (lazy_gettext("Says what the books say"), "plain"),
    "replaced": (lazy_gettext("Replaced by a later one"), "plain"),
    "taken": (lazy_gettext("Counts since it was reopened"), "go"),
    "noted": (lazy_gettext("The books stand"), "plain"),
    "withdrawn": (lazy_gettext("Kept; the notice was withdrawn"), "plain"),
    "end_stands": (lazy_gettext("The end stands"), "plain"),
    "in_books": (lazy_gettext("In the books since it was reopened"), "go")}


@blueprint.get("/recalls/<recall_id>/consignees/<consignee_id>")
def recall_consignee(recall_id: str, consignee_id: str) -> Response:
    """One consignee."""
    do = request.args.get("do", "")
    with world().database.read() as db:
        values = _as_answered(ledger_of(db, recall_id, consignee_id)) if do == "answer" else {}
    return show_consignee(recall_id, consignee_id, do, Entered(values))


def _as_answered(rows: tuple[LedgerRow, ...]) -> dict[str, str]:
    """The form of an answer: what was said so far, else as many received as were shipped."""
    values: dict[str, str] = {}
    for row in rows:
        for name in _NUMBERS:
            value = getattr(row, name)
            shown = value if value is not None else row.shipped if name == "received" else None
            values[f"{name}-{row.lot_key}"] = "" if shown is None else plain(shown)
    return values


def show_consignee(recall_id: str, consignee_id: str, do: str, form: Entered, status: int = 200,
                   far: Mapping[str, str] | None = None) -> Response:
    """The page of one consignee; with a refused form the status of the refusal, and by lot what far more than was sent
    comes to."""
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        notice = notice_for(db, recall_id, consignee_id)
        party = party_details(db, consignee_id)
        history = answer_history(db, notice.id)
        values: dict[str, Any] = {
            "lines": ledger_of(db, recall_id, consignee_id), "messages": messages_about(db, notice_stream(notice.id)),
            "tasks": [task for task in tasks_about(db, notice_stream(notice.id)) if task.state == "open"],
            "attempts": attempts_of(db, case.id, consignee_id), "answers": answers_of(db, notice),
            "proofs": proofs_of(db, notice), "back": returns_of(db, case.id, consignee_id),
            "passed": passed_rows(db, case.id, consignee_id), "late": late_of(db, case.id, consignee_id),
            "late_back": late_returns_of(db, case.id, consignee_id),
            "hands": hands_of_consignee(db, case.id, consignee_id), "hands_named": hands_of(db, giver_of(notice, {})),
            "people": names_of_users(db, (entry.actor_id for entry in history))}
    if party is None:
        raise NotFound("There is no such consignee.")
    values["receivers"] = _receivers(values["hands_named"], form)
    values["told_by_person"] = any(one.reached and one.at >= notice.queued_at for one in values["attempts"])
    contacts = {f"contact:{contact.id}": contact for contact in party.contacts}
    return case_page("console/recall_consignee.html", status, case=case, notice=notice, party=party, form=form,
                     do=do if is_running(case) or do.startswith("late") else "", late_words=LATE_STATES,
                     contacts=contacts, far=far or {},
                     is_unsent=is_unsent(case, (message for message, _tries in values["messages"])) or (
                         is_running(case) and notice.state in ("not_sent", "uncertain")),
                     is_running=is_running(case), history=[
                         (entry, str(_HISTORY.get(entry.action, entry.action)), json.loads(entry.data))
                         for entry in history if not entry.action.startswith("task.")],
                     ways=[(way, str(_WAYS[way])) for way in WAYS], delivery_text=delivery_text, **values)


def _receivers(named: Sequence[Hand], form: Entered) -> tuple[Receiver, ...]:
    keys = [key.partition(":")[2] for key in form.form if key.startswith("to-") and ":" in key]
    return (*typed_rows(form.form, named, keys), Receiver()) if "to-0-name" in form.form or (
        "to-0-id" in form.form) else rows_of(named)


def _back(recall_id: str, consignee_id: str) -> str:
    return url_for("console.recall_consignee", recall_id=recall_id, consignee_id=consignee_id)


@blueprint.post("/recalls/<recall_id>/consignees/<consignee_id>/answer")
def recall_answer(recall_id: str, consignee_id: str) -> Response:
    """Write down an answer that came by telephone, visit, letter or e-mail."""
    form = Entered()
    with world().database.read() as db:
        rows = ledger_of(db, recall_id, consignee_id)
        named = hands_of(db, giver_of(notice_for(db, recall_id, consignee_id), {}))
    keys = [row.lot_key for row in rows]
    receivers = typed_rows(form.form, named, keys)
    passed = commands_of(receivers, named, form.errors)
    moved = {key for one in passed for key in one.units}
    lines = tuple(line for line in (_line(form, row, row.lot_key in moved) for row in rows) if line is not None)
    far = {line.lot_key: plain(units) for line in lines for row in rows if row.lot_key == line.lot_key
           and (units := far_said(line, row.shipped, given_of(passed, row.lot_key))) is not None}
    fields = {f"{name}:{key}": f"{name}-{key}" for key in keys for name in (*_NUMBERS, "sure")} | receiver_fields(
        receivers, keys)

    def act(db: Session) -> Done:
        record_answer_by_staff(db, actor(), world().clock, AnswerByStaff(
            recall_id, consignee_id, lines, form.text("answered_by"), form.get("way", "telephone"),
            form.text("explanation"), form.whole("seen"), passed), vault=world().vault)
        return Done(_back(recall_id, consignee_id), _("The answer is written down."))

    return perform(form, act, Refusal(
        lambda status: show_consignee(recall_id, consignee_id, "answer", form, status, far), fields))


def _line(form: Entered, row: LedgerRow, is_passed_on: bool) -> AnswerLine | None:
    """The numbers of one batch; None when nothing was filled in but what was there before."""
    names = [f"{name}-{row.lot_key}" for name in _NUMBERS]
    if not is_passed_on and not any(form.text(name) for name in names[1:]):
        return None
    received, *rest = (form.amount(name, positive=False, required=False) for name in names)
    places = dict(zip(_NUMBERS[1:], (value if value is not None else Decimal(0) for value in rest), strict=True))
    return AnswerLine(row.lot_key, received=received, **places, sure=form.confirmed(f"sure-{row.lot_key}"))


@blueprint.post("/recalls/<recall_id>/consignees/<consignee_id>/settle")
def recall_settle(recall_id: str, consignee_id: str) -> Response:
    """Close one line with a reason."""
    form = Entered()

    def act(db: Session) -> Done:
        settle_line(db, actor(), world().clock, SettleLine(
            recall_id, consignee_id, form.text("lot_key"), form.text("reason")))
        return Done(_back(recall_id, consignee_id), _("Settled with your reason."))

    do = f"settle-{form.get('lot_key')}"
    return perform(form, act, Refusal(lambda status: show_consignee(recall_id, consignee_id, do, form, status)))


@blueprint.post("/recalls/<recall_id>/consignees/<consignee_id>/unproved")
def recall_accept_unproved(recall_id: str, consignee_id: str) -> Response:
    """Count a destruction that nothing shows as proved, for a reason."""
    form = Entered()

    def act(db: Session) -> Done:
        accept_unproved(db, actor(), world().clock, AcceptUnproved(
            recall_id, consignee_id, form.text("lot_key"), form.text("reason")))
        return Done(_back(recall_id, consignee_id), _("Accepted with your reason."))

    do = f"accept-{form.get('lot_key')}"
    return perform(form, act, Refusal(lambda status: show_consignee(recall_id, consignee_id, do, form, status)))


@blueprint.post("/recalls/<recall_id>/consignees/<consignee_id>/late")
def recall_note_late(recall_id: str, consignee_id: str) -> Response:
    """Let the signed books stand although an answer came after the end."""
    form = Entered()

    def act(db: Session) -> Done:
        note_late(db, actor(), world().clock, NoteLate(recall_id, consignee_id, form.text("reason")))
        return Done(_back(recall_id, consignee_id), _("Noted: the books stand."))

    return perform(form, act, Refusal(lambda status: show_consignee(recall_id, consignee_id, "late", form, status)))


@blueprint.post("/recalls/<recall_id>/consignees/<consignee_id>/late-returns")
def recall_note_late_returns(recall_id: str, consignee_id: str) -> Response:
    """Let the end stand although goods came back after it."""
    form = Entered()

    def act(db: Session) -> Done:
        note_late_returns(db, actor(), world().clock, NoteLateReturns(recall_id, consignee_id, form.text("reason")))
        return Done(_back(recall_id, consignee_id), _("Noted: the end stands."))

    return perform(form, act, Refusal(
        lambda status: show_consignee(recall_id, consignee_id, "late-returns", form, status)))


@blueprint.post("/recalls/<recall_id>/consignees/<consignee_id>/send-again")
def recall_send_again(recall_id: str, consignee_id: str) -> Response:
    """Put the letters into the outbox once more."""
    form = Entered()

    def act(db: Session) -> Done:
        count = send_notice_again(db, actor(), world().clock, SendNoticeAgain(recall_id, consignee_id))
        text = _("It is on its way again.") if count else _(
            "Every letter to this consignee was taken by a mail server already; nothing was sent again.")
        return Done(_back(recall_id, consignee_id), text, "go" if count else "info")

    return perform(form, act, Refusal(lambda status: show_consignee(recall_id, consignee_id, "", form, status)))


@blueprint.get("/recalls/<recall_id>/ledger")
def recall_ledger_file(recall_id: str) -> Response:
    """The ledger as filtered, as a file."""
    wanted = wished("text", "state")
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
    lines = LedgerFilter(recall_id, wanted["text"], choice(wanted["state"], LINE_STATES))
    return send_table(ledger_table(case, lines, wanted), request.args.get("format", "xlsx"))
