"""Console: what is asked back because of a complaint, and what became of it."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.complaint.queries import complaint_by_id
from traceapp.complaint.returning import ACTIONS, AskReturn, ChangeReturn, ask_return, change_return
from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import Quantity
from traceapp.trace.lookup import lots_of_number
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .complaint_case import show
from .entering import Entered
from .layout import blueprint
from .words import unit_options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.complaint_return": "complaint.write", "console.complaint_return_change": "complaint.write"}


@blueprint.post("/complaints/<complaint_id>/returns")
def complaint_return(complaint_id: str) -> Response:
    """Ask for goods back."""
    form = Entered()
    amount, unit = form.amount("quantity"), form.choice("quantity_unit", [code for code, _word in unit_options()])

    def act(db: Session) -> Done:
        assert amount is not None
        ask_return(db, actor(), world().clock, AskReturn(complaint_id, Quantity(amount, unit), form.text("note")))
        return Done(url_for("console.complaint", complaint_id=complaint_id), _("Kept: asked back."))

    return perform(form, act, Refusal(lambda status: show(complaint_id, "return", form, status)))


@blueprint.post("/complaints/<complaint_id>/returns/<return_id>")
def complaint_return_change(complaint_id: str, return_id: str) -> Response:
    """It came, is replaced, refunded, or called off."""
    form = Entered()
    action = form.choice("action", ACTIONS)
    amount = form.amount("quantity", required=False)

    def act(db: Session) -> Done:
        change_return(db, actor(), world().clock, ChangeReturn(
            complaint_id, return_id, action, amount if action == "receive" else None,
            form.text("consignee_id") or None if action == "receive" else None,
            _replacement(db, complaint_id, form.text("replacement")) if action == "replace" else None,
            form.text("note"), form.revision()))
        return Done(url_for("console.complaint", complaint_id=complaint_id), _("Kept."))

    return perform(form, act, Refusal(lambda status: show(complaint_id, "settle", form, status),
                                      {"replacement_lot_key": "replacement"}))


def _replacement(db: Session, complaint_id: str, number: str) -> str | None:
    """The batch of this number, of the product of the complaint. Raises InvalidInput."""
    if not number:
        return None
    case = complaint_by_id(db, complaint_id)
    lots = [lot for lot in lots_of_number(db, number) if case is None or lot.product_id == case.product_id]
    if len(lots) != 1:
        raise InvalidInput("There is no batch “%(number)s” of this product.", place="replacement", number=number)
    return lots[0].lot_key
