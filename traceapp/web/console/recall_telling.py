"""Console: how the people of a recall are told: notices before approval, letters on paper, work that is left, the
telephone, and naming whom units were passed on to."""
from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.queries import party_details
from traceapp.core.errors import NotFound
from traceapp.recall import printing
from traceapp.recall.cases import is_running, is_told, recall_by_id
from traceapp.recall.consumers_again import send_consumers_again, unsent_to_consumers
from traceapp.recall.executing import attempts_of
from traceapp.recall.ledger import WAYS
from traceapp.recall.naming import PassOn
from traceapp.recall.notices import notice_for
from traceapp.recall.passing_on import pass_on
from traceapp.recall.queries import ledger_of
from traceapp.recall.subscriber_bounces import KEPT_DAYS, MOST_BOUNCES
from traceapp.recall.telling import passed_rows, telling_of
from traceapp.web.context import actor, world
from traceapp.web.notice_files import preview_of, send_letters, send_specimen
from traceapp.web.words import DUTIES, word

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .recall_ledger import show_consignee
from .recall_phase_words import delivery_text

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {f"console.recall_{name}": "recall.write" for name in (
    "telling", "preview", "preview_file", "letters_file", "posted", "call", "pass_on",
    "consumers_again")}
WHOM = {"silent": lazy_gettext("Whoever has not answered"),
        "unreached": lazy_gettext("Whoever was not reached by mail or message"), "all": lazy_gettext("Everybody")}
KINDS = {"recall.notice": lazy_gettext("Letter by e-mail"), "recall.notice.text": lazy_gettext("Text message"),
         "recall.reminder": lazy_gettext("Reminder by e-mail"),
         "recall.reminder.text": lazy_gettext("Reminder by text message"),
         "recall.passed": lazy_gettext("Passed on, by e-mail"),
         "recall.passed.text": lazy_gettext("Passed on, by text message"),
         "recall.passed_reminder": lazy_gettext("Passed on, reminder by e-mail"),
         "recall.passed_reminder.text": lazy_gettext("Passed on, reminder by text message"),
         "recall.consumer": lazy_gettext("To consumers, by e-mail"),
         "recall.consumer.text": lazy_gettext("To consumers, by text message"),
         "recall.revision": lazy_gettext("Change of the notice, by e-mail"),
         "recall.revision.text": lazy_gettext("Change of the notice, by text message"),
         "recall.passed_revision": lazy_gettext("Passed on, change by e-mail"),
         "recall.passed_revision.text": lazy_gettext("Passed on, change by text message"),
         "recall.consumer_revision": lazy_gettext("To consumers, change by e-mail"),
         "recall.consumer_revision.text": lazy_gettext("To consumers, change by text message"),
         "recall.news": lazy_gettext("To subscribers, by e-mail")}


@blueprint.get("/recalls/<recall_id>/telling")
def recall_telling(recall_id: str) -> Response:
    """By which ways people are told, and what needs a person."""
    return _show(recall_id, Entered({"whom": "silent"}))


def _show(recall_id: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        values: dict[str, Any] = {"telling": telling_of(db, recall_id), "passed": passed_rows(db, recall_id),
                                  "letter_counts": printing.letter_counts(db, recall_id),
                                  "unsent": unsent_to_consumers(db, case)}
    return case_page("console/recall_telling.html", status, case=case, form=form, is_running=is_running(case),
                     is_told=is_told(case), kinds=KINDS, in_a_file=printing.MOST_IN_A_FILE, most_bounces=MOST_BOUNCES,
                     kept_days=KEPT_DAYS,
                     whom=[(name, str(text)) for name, text in WHOM.items()],
                     task_word=lambda kind: word(DUTIES, kind), delivery_text=delivery_text, **values)


@blueprint.get("/recalls/<recall_id>/preview")
def recall_preview(recall_id: str) -> Response:
    """The notices as they will be read, before anybody approves them."""
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        shown = preview_of(db, case)
    return case_page("console/recall_preview.html", case=case, shown=shown)


@blueprint.get("/recalls/<recall_id>/preview.pdf")
def recall_preview_file(recall_id: str) -> Response:
    """The letter on paper, as a specimen."""
    return send_specimen(recall_id)


@blueprint.get("/recalls/<recall_id>/letters.pdf")
def recall_letters_file(recall_id: str) -> Response:
    """Letters to print, each with its own code."""
    return send_letters(recall_id, request.args.get("whom", "silent"), request.args.get("consignee"),
                        request.args.get("file", "1"))


@blueprint.post("/recalls/<recall_id>/posted")
def recall_posted(recall_id: str) -> Response:
    """Write down that letters were posted."""
    form = Entered()
    whom = form.choice("whom", list(printing.Whom))
    consignee_id = form.get("consignee_id") or None

    def act(db: Session) -> Done:
        count = printing.post_letters(db, actor(), world().clock, printing.PostLetters(
            recall_id, printing.Whom(whom), consignee_id, form.text("note")))
        back = (url_for("console.recall_consignee", recall_id=recall_id, consignee_id=consignee_id) if consignee_id
                else url_for("console.recall_telling", recall_id=recall_id))
        return Done(back, _("Noted: %(count)s letters posted.", count=count))

    return perform(form, act, Refusal(lambda status: _show(recall_id, form, status)))


@blueprint.post("/recalls/<recall_id>/consumers/send-again")
def recall_consumers_again(recall_id: str) -> Response:
    """Put what did not clearly reach consumers into the outbox once more."""
    form = Entered()

    def act(db: Session) -> Done:
        count = send_consumers_again(db, actor(), world().clock, recall_id)
        text = ngettext("%(num)d message to consumers is on its way again.",
                        "%(num)d messages to consumers are on their way again.", count) if count else _(
            "There is nothing to send again to consumers.")
        return Done(url_for("console.recall_telling", recall_id=recall_id), text, "go" if count else "info")

    return perform(form, act, Refusal(lambda status: _show(recall_id, form, status)))


@blueprint.get("/recalls/<recall_id>/consignees/<consignee_id>/call")
def recall_call(recall_id: str, consignee_id: str) -> Response:
    """What to say on the telephone, and what to write down."""
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        notice_for(db, recall_id, consignee_id)
        party = party_details(db, consignee_id)
        values: dict[str, Any] = {"lines": ledger_of(db, recall_id, consignee_id),
                                  "attempts": attempts_of(db, recall_id, consignee_id)}
    if party is None:
        raise NotFound("There is no such consignee.")
    return case_page("console/recall_call.html", case=case, party=party, form=Entered(), me=actor(),
                     is_running=is_running(case), ways=WAYS, **values)


@blueprint.post("/recalls/<recall_id>/consignees/<consignee_id>/pass-on")
def recall_pass_on(recall_id: str, consignee_id: str) -> Response:
    """Name somebody who got units from a consignee."""
    form = Entered()
    with world().database.read() as db:
        lines = ledger_of(db, recall_id, consignee_id)
    units: dict[str, Decimal] = {}
    for line in lines:
        if form.text(f"units-{line.lot_key}"):
            amount = form.amount(f"units-{line.lot_key}")
            units |= {line.lot_key: amount} if amount is not None else {}

    def act(db: Session) -> Done:
        notice = notice_for(db, recall_id, consignee_id, lock=True)
        pass_on(db, actor(), world().clock, notice, PassOn(
            form.text("name"), units, form.text("email"), form.text("phone"), form.get("language", "zh")),
            vault=world().vault)
        return Done(url_for("console.recall_consignee", recall_id=recall_id, consignee_id=consignee_id),
                    _("They are told, and answer by themselves."))

    fields = {f"units:{line.lot_key}": f"units-{line.lot_key}" for line in lines}
    return perform(form, act, Refusal(
        lambda status: show_consignee(recall_id, consignee_id, "pass_on", form, status), fields))
