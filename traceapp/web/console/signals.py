"""Console: signals, the lots that stand out."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.queries import all_products
from traceapp.complaint.intake import RESCORE
from traceapp.core.errors import NotFound
from traceapp.recall.queries import RecallFilter, recall_page
from traceapp.signals.delay import Delay
from traceapp.surveillance.basis import Basis, SetBasis, basis_of, set_basis
from traceapp.surveillance.deciding import Decide, decide_signal
from traceapp.surveillance.model import Signal
from traceapp.surveillance.observe import counted_reports, lot_curve, observe_lots
from traceapp.surveillance.queries import (
    SignalFilter,
    decisions_of,
    signal_by_id,
    signal_page,
)
from traceapp.surveillance.ranking import lots_of_signal
from traceapp.surveillance.states import actions_from
from traceapp.trace.lookup import lots_by_key
from traceapp.web.context import actor, world
from traceapp.web.reading import given
from traceapp.web.words import SIGNAL_STATES, choices, own_name, word
from traceapp.worklist.tasks import tasks_about
from traceapp.worklist.work import add_work

from .acting import Done, Refusal, perform
from .casework import case_page
from .cause_section import cause_section
from .entering import Entered
from .layout import blueprint
from .listing import PAGE_ROWS, choice, placed, wished
from .signal_pictures import counted_curve, weekly_reports

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.signals": "signal.read", "console.signal": "signal.read", "console.signal_decide": "signal.decide",
    "console.signal_basis": "surveillance.configure"}
_MILLION = 1_000_000
_BASIS_NUMBERS = ("rate_per_unit", "use_mean_days", "report_shape", "report_mean_days", "alpha", "minimum_events")


@blueprint.get("/signals")
def signals() -> Response:
    """The list, the newest first; open ones unless asked otherwise."""
    wanted = wished("state", "product")
    state = choice(wanted["state"], SIGNAL_STATES)
    with world().database.read() as db:
        found = signal_page(db, SignalFilter(states=(state,) if state else (), product_id=wanted["product"],
                                             after=given("after") or None, limit=PAGE_ROWS))
        lots = lots_by_key(db, (row.lot_key for row in found.rows))
        products = {product.id: product for product in all_products(db, only_active=False)}
        today = world().clock.now().date()
        seen = observe_lots(db, [row.lot_key for row in found.rows], today)
    return case_page("console/signals.html", found=found, wanted=wanted,
                     listed=placed(found, "console.signals", wanted), lots=lots, products=products, seen=seen,
                     state_choices=choices(SIGNAL_STATES), product_choices=[
                         (key, own_name(product)) for key, product in products.items()
                         if product.kind != "material"])


@blueprint.get("/signals/<signal_id>")
def signal(signal_id: str) -> Response:
    """One case from the question to the decision."""
    return _show(signal_id, given("do"))


def _show(signal_id: str, do: str, form: Entered | None = None, status: int = 200) -> Response:
    here = world()
    today = here.clock.now().date()
    with here.database.read() as db:
        case = _signal(db, signal_id)
        lot = lots_by_key(db, [case.lot_key]).get(case.lot_key)
        if lot is None:
            raise NotFound("There is no such lot.")
        seen = lot_curve(db, lot, today)
        reports = counted_reports(db, case.lot_key)
        basis = basis_of(db, case.product_id or "")
        product = products_by_id(db, [case.product_id]).get(case.product_id or "")
        values = {
            "decisions": decisions_of(db, case), "tasks": tasks_about(db, f"signal:{case.id}"),
            "recalls": recall_page(db, RecallFilter(signal_id=case.id)).rows,
            "cause": cause_section(db, lots_of_signal(db, case), today)}
    first = min((day for day, units in seen.shipped if units > 0), default=case.since)
    do = do if do in (*(action for action, _text in _actions(case.state)), "basis") else ""
    return case_page("console/signal.html", status, case=case, lot=lot, product=product,
                     seen=seen, reports=reports, basis=basis, do=do,
                     form=form or Entered(_basis_typed(basis) if do == "basis" else None),
                     curve=counted_curve(seen.curve) if seen.curve else None,
                     weekly=weekly_reports(reports, (first, today), case.opened_at), actions=_actions(case.state),
                     basis_typed=_basis_typed(basis), action_word=lambda one: _DECISIONS.get(one, one), **values)


def _signal(db: Session, signal_id: str) -> Signal:
    found = signal_by_id(db, signal_id)
    if found is None:
        raise NotFound("There is no such signal.")
    return found


# What the button says, the main act first.
_ACTS = {"confirm": lazy_gettext("Confirm"), "validate": lazy_gettext("Take up"), "refute": lazy_gettext("Refute"),
         "close": lazy_gettext("Close"), "reopen": lazy_gettext("Reopen")}
_DECISIONS = {"confirm": lazy_gettext("Confirmed"), "validate": lazy_gettext("Taken up"),
              "refute": lazy_gettext("Refuted"), "close": lazy_gettext("Closed"), "reopen": lazy_gettext("Reopened")}


def _actions(state: str) -> list[tuple[str, str]]:
    """(action, what its button says) of what the table allows."""
    return [(action, str(_ACTS[action])) for action in sorted(
        set(actions_from(state)) & set(_ACTS), key=list(_ACTS).index)]


@blueprint.post("/signals/<signal_id>/decide")
def signal_decide(signal_id: str) -> Response:
    """Decide with a reason."""
    form = Entered()
    action = form.choice("action", _ACTS)

    def act(db: Session) -> Done:
        case = _signal(db, signal_id)
        done = decide_signal(db, actor(), world().clock, Decide(
            case.lot_key, case.id, action, form.text("reason"), form.revision()))
        return Done(_address(signal_id), _("Noted: the signal is now “%(state)s”.",
                                           state=word(SIGNAL_STATES, done.state)))

    return perform(form, act, Refusal(lambda status: _show(signal_id, action, form, status)))


@blueprint.post("/signals/<signal_id>/basis")
def signal_basis(signal_id: str) -> Response:
    """Set what is expected of the signal's product; its lot is scored anew at once."""
    form = Entered()
    values = {name: _number(form, name) for name in _BASIS_NUMBERS}

    def act(db: Session) -> Done:
        case = _signal(db, signal_id)
        set_basis(db, actor(), world().clock, SetBasis(
            case.product_id or "", values["rate_per_unit"] / _MILLION,
            Delay(values["use_mean_days"], values["report_shape"], values["report_mean_days"]), values["alpha"] / 100,
            int(values["minimum_events"]), form.text("note"), form.revision()))
        add_work(db, world().clock, RESCORE, case.lot_key)
        return Done(_address(signal_id) + "#basis", _("Saved. From now on the curve is drawn with these numbers."))

    return perform(form, act, Refusal(lambda status: _show(signal_id, "basis", form, status)))


def _address(signal_id: str) -> str:
    return url_for("console.signal", signal_id=signal_id)


def _number(form: Entered, name: str) -> float:
    found = form.amount(name, positive=False)
    if found is not None and found < 0:
        form.fault(name, _("A number cannot be below zero."))
    return float(found or 0)


def _basis_typed(basis: Basis) -> dict[str, str]:
    """The basis as its form shows it: reports per million units, per cent."""
    return {"rate_per_unit": f"{basis.rate_per_unit * _MILLION:g}", "use_mean_days": f"{basis.delay.use_mean_days:g}",
            "report_shape": f"{basis.delay.report_shape:g}", "report_mean_days": f"{basis.delay.report_mean_days:g}",
            "alpha": f"{basis.alpha * 100:g}", "minimum_events": str(basis.minimum_events), "note": basis.note}
