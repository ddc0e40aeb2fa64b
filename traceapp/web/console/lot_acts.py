"""Deciding about a lot: release, reject, hold, lift; each with its reason."""
from __future__ import annotations

from collections.abc import Callable

from flask import request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import NotFound
from traceapp.trace.holds import MANUAL, LiftHold, PlaceHold, lift_hold, place_hold
from traceapp.trace.model import Lot
from traceapp.trace.overview import LotHead, holds_of, inspections_of
from traceapp.trace.release import Decide, reject_lot, release_lot
from traceapp.web.context import signed_in, world

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page, today
from .lots import known_lot
from .words import verdict_of

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.lot_release": "trace.release", "console.lot_reject": "trace.release", "console.lot_hold": "trace.release",
    "console.lot_lift": "trace.release"}


def _decided(lot_key: str, act_name: str, act: Callable[[Session, str, int | None], str],
             reason: str = "reason") -> Response:
    """Show the form of one decision, or carry it out; `act` answers what to say afterwards."""
    form = Entered()
    with world().database.read() as session:
        head = known_lot(session, lot_key)
        last = next(iter(inspections_of(session, lot_key)), None)

    def again(status: int = 200) -> Response:
        return page("console/lot_decide.html", status, form=form, act=act_name, last=last,
                    **_lot_values(head), url=request.path)

    if request.method == "GET":
        return again()
    revision = form.revision()
    return perform(form, lambda session: Done(_lot_url(lot_key), act(session, form.text("reason"), revision)),
                   Refusal(again, {reason: "reason"}))


def _lot_values(head: LotHead) -> dict[str, object]:
    return {"lot": head.lot, "product": head.product, "verdict": str(verdict_of(head.lot, today()))}


def _lot_url(lot_key: str) -> str:
    return url_for("console.lot", lot_key=lot_key)


@blueprint.route("/lots/<lot_key>/release", methods=["GET", "POST"])
def lot_release(lot_key: str) -> Response:
    """Free a lot for use."""
    def act(session: Session, note: str, revision: int | None) -> str:
        lot = release_lot(session, signed_in(), world().clock, Decide(lot_key, note, revision))
        return gettext("Lot %(lot)s is released.", lot=lot.number)

    return _decided(lot_key, "release", act, "note")


@blueprint.route("/lots/<lot_key>/reject", methods=["GET", "POST"])
def lot_reject(lot_key: str) -> Response:
    """Keep a lot from being used for good."""
    def act(session: Session, note: str, revision: int | None) -> str:
        lot = reject_lot(session, signed_in(), world().clock, Decide(lot_key, note, revision))
        return gettext("Lot %(lot)s is rejected.", lot=lot.number)

    return _decided(lot_key, "reject", act, "note")


@blueprint.route("/lots/<lot_key>/hold", methods=["GET", "POST"])
def lot_hold(lot_key: str) -> Response:
    """Stop a lot for the time being."""
    def act(session: Session, reason: str, revision: int | None) -> str:
        place_hold(session, signed_in(), world().clock, PlaceHold((lot_key,), MANUAL, MANUAL, reason))
        return gettext("Lot %(lot)s is on hold.", lot=session.get_one(Lot, lot_key).number)

    return _decided(lot_key, "hold", act)


@blueprint.route("/lots/<lot_key>/holds/<hold_id>/lift", methods=["GET", "POST"])
def lot_lift(lot_key: str, hold_id: str) -> Response:
    """End a hold."""
    form = Entered()
    with world().database.read() as session:
        head = known_lot(session, lot_key)
        hold = next((one for one in holds_of(session, lot_key) if one.id == hold_id), None)
    if hold is None:
        raise NotFound("There is no such hold.")

    def again(status: int = 200) -> Response:
        return page("console/lot_decide.html", status, form=form, act="lift", last=None, hold=hold,
                    **_lot_values(head), url=request.path)

    if request.method == "GET":
        return again()

    def act(session: Session) -> Done:
        lift_hold(session, signed_in(), world().clock, LiftHold(form.text("reason"), None, lot_key, hold_id))
        return Done(_lot_url(lot_key), gettext("The hold on lot %(lot)s is lifted.", lot=head.lot.number))

    return perform(form, act, Refusal(again))
