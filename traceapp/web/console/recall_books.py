"""Console: the books of a recall: whether every lot adds up, and what becomes of what is in our hands."""
from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, BinaryIO, cast

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import ReadyFile, attachments_of_all, ready_file
from traceapp.catalog.lookup import parties_by_id
from traceapp.core.errors import Problem
from traceapp.core.quantity import parse_amount
from traceapp.identity.lookup import names_of_users
from traceapp.recall import disposing
from traceapp.recall.book_model import DispositionKind
from traceapp.recall.cases import is_running, recall_by_id
from traceapp.recall.disposing import ConfirmDisposition, ProposeDisposition, WithdrawDisposition, dispositions_of
from traceapp.recall.proofs import ProveDestruction, disposition_stream, prove_destruction, prove_disposition
from traceapp.recall.reconciling import ExplainDifference, LotBalance, balances_of, explain_difference, suppliers_of
from traceapp.recall.returning import outside_scope
from traceapp.web.context import actor, world
from traceapp.web.reading import given
from traceapp.web.words import Words, choices, own_name

from .acting import Done, Refusal, perform
from .casework import case_page, count_signature, signed
from .entering import Entered
from .layout import blueprint
from .recall_case import case_tabs
from .recall_ledger import show_consignee

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_books": "recall.write", "console.recall_explain": "recall.write",
                               "console.recall_propose": "recall.write", "console.recall_confirm": "recall.approve",
                               "console.recall_undecide": "recall.write", "console.recall_prove": "recall.write",
                               "console.recall_dispose_all": "recall.write",
                               "console.recall_disposition_prove": "recall.write"}
_MOST_ROWS = 200
DISPOSITIONS: Words = {
    "rework": (lazy_gettext("Rework under a new number"), "info"), "destroy": (lazy_gettext("Destroy"), "stop"),
    "supplier": (lazy_gettext("Give back to the supplier"), "info"),
    "release": (lazy_gettext("Release under a new number"), "go"),
    "keep": (lazy_gettext("Keep stopped, as proof or sample"), "plain")}
DISPOSITION_STATES: Words = {
    "proposed": (lazy_gettext("Waits for the second signature"), "check"), "decided": (lazy_gettext("Done"), "go"),
    "withdrawn": (lazy_gettext("Taken back"), "plain")}


@blueprint.get("/recalls/<recall_id>/books")
def recall_books(recall_id: str) -> Response:
    """Every lot with where its units are, and what is decided."""
    return _show(recall_id, given("do"), Entered({"units": given("units", 40)}))


def _show(recall_id: str, do: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        rows, decided = balances_of(db, case.id), dispositions_of(db, case.id)
        suppliers = parties_by_id(db, suppliers_of(db, case.id))
        values: dict[str, Any] = {
            "people": names_of_users(db, [who for row in decided for who in (row.proposed_by, row.decided_by) if who]),
            "outside": outside_scope(db, case.id),
            "files": attachments_of_all(db, [disposition_stream(row.id) for row in decided])}
    act, _sign, key = do.partition("-")
    return case_page(
        "console/recall_books.html", status, case=case, rows=_first(rows), count=len(rows), decided=decided, form=form,
        act=act,
        chosen=next((row for row in rows if row.lot_key == key), None),
        asked=next((row for row in decided if row.id == key), None), me=actor(), is_running=is_running(case),
        numbers={row.lot_key: row.number for row in rows}, units={row.lot_key: row.unit for row in rows},
        suppliers=[(one.id, own_name(one)) for one in suppliers.values()], kinds=choices(DISPOSITIONS),
        kind_tag=lambda kind: _tag(DISPOSITIONS, kind), state_tag=lambda state: _tag(DISPOSITION_STATES, state),
        by_two=disposing.BY_TWO, tabs=case_tabs(case, "books"), **values)


def _first(rows: tuple[LotBalance, ...]) -> list[LotBalance]:
    """What there is to do first, and no more than a page holds."""
    return sorted(rows, key=lambda row: (row.is_explained and not row.undecided, row.number))[:_MOST_ROWS]


def _tag(table: Words, code: str) -> tuple[str, str]:
    text, meaning = table[code]
    return str(text), meaning


def _back(recall_id: str) -> str:
    return url_for("console.recall_books", recall_id=recall_id)


@blueprint.post("/recalls/<recall_id>/differences")
def recall_explain(recall_id: str) -> Response:
    """Say why the units of a lot do not add up."""
    form = Entered()
    lot_key = form.get("lot_key")

    def act(db: Session) -> Done:
        explain_difference(db, actor(), world().clock, ExplainDifference(
            recall_id, lot_key, parse_amount(form.get("difference"), place="difference", positive=False),
            form.text("reason")))
        return Done(_back(recall_id), _("The difference is explained."))

    return perform(form, act, Refusal(lambda status: _show(recall_id, f"explain-{lot_key}", form, status)))


@blueprint.post("/recalls/<recall_id>/dispositions")
def recall_propose(recall_id: str) -> Response:
    """Decide what becomes of units, signed."""
    count_signature()
    form = Entered()
    lot_key, kind = form.get("lot_key"), form.choice("kind", list(DispositionKind))
    units = form.amount("units")

    def act(db: Session) -> Done:
        row = signed(lambda: disposing.propose_disposition(db, actor(), world().clock, ProposeDisposition(
            recall_id, lot_key, kind, units or Decimal(0), form.text("reason"), form.get("password"),
            form.text("partner_id") or None, form.text("new_number"), form.text("certificate"),
            form.is_checked("of_kept"))))
        text = _("Signed. A second person has to sign too before it is done.") if row.state == "proposed" else _(
            "Signed and done.")
        return Done(_back(recall_id), text)

    do = f"{'kept' if form.is_checked('of_kept') else 'decide'}-{lot_key}"
    return perform(form, act, Refusal(lambda status: _show(recall_id, do, form, status)))


@blueprint.post("/recalls/<recall_id>/undecided")
def recall_dispose_all(recall_id: str) -> Response:
    """Decide about all that is undecided, with one signature."""
    count_signature()
    form = Entered()
    kind = form.choice("kind", ["keep", "destroy"])

    def act(db: Session) -> Done:
        rows = signed(lambda: disposing.dispose_of_all(db, actor(), world().clock, disposing.DisposeOfAll(
            recall_id, kind, form.text("reason"), form.get("password"), form.text("certificate"),
            form.is_checked("of_kept"))))
        text = _("Signed. A second person has to sign too before it is done.") if rows[0].state == "proposed" else _(
            "Signed and done.")
        return Done(_back(recall_id), text)

    do = "allkept" if form.is_checked("of_kept") else "all"
    return perform(form, act, Refusal(lambda status: _show(recall_id, do, form, status)))


@blueprint.post("/recalls/<recall_id>/dispositions/<disposition_id>/confirm")
def recall_confirm(recall_id: str, disposition_id: str) -> Response:
    """Sign as the second person; then it is done."""
    count_signature()
    form = Entered()

    def act(db: Session) -> Done:
        signed(lambda: disposing.confirm_disposition(db, actor(), world().clock, ConfirmDisposition(
            recall_id, disposition_id, form.get("password"), form.text("certificate"))))
        return Done(_back(recall_id), _("Signed and done."))

    return perform(form, act, Refusal(lambda status: _show(recall_id, f"confirm-{disposition_id}", form, status)))


@blueprint.post("/recalls/<recall_id>/dispositions/<disposition_id>/withdraw")
def recall_undecide(recall_id: str, disposition_id: str) -> Response:
    """Take back what only one person signed."""
    form = Entered()

    def act(db: Session) -> Done:
        disposing.withdraw_disposition(db, actor(), world().clock, WithdrawDisposition(
            recall_id, disposition_id, form.text("reason")))
        return Done(_back(recall_id), _("Taken back."))

    return perform(form, act, Refusal(lambda status: _show(recall_id, f"withdraw-{disposition_id}", form, status)))


@blueprint.post("/recalls/<recall_id>/dispositions/<disposition_id>/prove")
def recall_disposition_prove(recall_id: str, disposition_id: str) -> Response:
    """Keep a file with what was decided."""
    return keep_proof_sent(prove_disposition, (recall_id, disposition_id), _back(recall_id),
                   lambda form, status: _show(recall_id, f"prove-{disposition_id}", form, status))


@blueprint.post("/recalls/<recall_id>/consignees/<consignee_id>/prove")
def recall_prove(recall_id: str, consignee_id: str) -> Response:
    """Keep a file of a consignee's destruction that came another way than by its link."""
    return keep_proof_sent(prove_destruction, (recall_id, consignee_id),
                   url_for("console.recall_consignee", recall_id=recall_id, consignee_id=consignee_id),
                   lambda form, status: show_consignee(recall_id, consignee_id, "prove", form, status))


def keep_proof_sent(act: Callable[..., Attachment], about: tuple[str, str], url: str,
                    again: Callable[[Entered, int], Response]) -> Response:
    """Keep the file of a form with what it is about, and lead to `url`; refused, the form comes `again`."""
    form = Entered()
    sent, ready = form.file("proof"), _ready(form)

    def run(db: Session) -> Done:
        assert sent is not None and ready is not None
        act(db, actor(), world().clock, ProveDestruction(*about, sent.filename or "", ready), store=world().files)
        return Done(url, _("The file is kept."))

    return perform(form, run, Refusal(lambda status: again(form, status)))


def _ready(form: Entered) -> ReadyFile | None:
    """The file that was sent, in the form that is kept; a fault of the form where it is none."""
    sent = form.file("proof")
    if sent is None:
        form.fault("proof", _("Choose a file."))
        return None
    try:
        return ready_file(cast(BinaryIO, sent.stream), store=world().files)
    except Problem as problem:
        problem.place = "proof"
        form.refuse(problem)
        return None
