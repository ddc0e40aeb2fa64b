"""Console: the list of signals, and the silences beside it."""
from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.queries import all_products
from traceapp.core.errors import NotFound
from traceapp.surveillance.case_reads import signals_by_id
from traceapp.surveillance.queries import SignalFilter, signal_by_id, signal_page
from traceapp.surveillance.silence import (
    LiftSilence,
    SetSilence,
    lift_silence,
    set_silence,
    silence_by_id,
    silenced_alarms,
    silences,
)
from traceapp.surveillance.states import SignalState
from traceapp.web.context import actor, world
from traceapp.web.reading import given
from traceapp.web.signal_words import CaseNames, case_names
from traceapp.web.words import NODE_KINDS, PRIORITIES, SEVERITY_GROUPS, SIGNAL_STATES, choices, own_name

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import PAGE_ROWS, choice, placed, wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.signals": "signal.read", "console.signal_silence": "surveillance.configure",
    "console.signal_silence_lift": "surveillance.configure"}
_FIELDS = {"group": "severity_group"}


@blueprint.get("/signals")
def signals() -> Response:
    """The list, the newest first; merged ones only where they are asked for."""
    return _show(Entered())


def _show(form: Entered, status: int = 200, do: str = "") -> Response:
    wanted = wished("state", "kind", "product", "priority")
    found_states = tuple(state for state in SignalState if state != SignalState.merged)
    state = choice(wanted["state"], SIGNAL_STATES)
    with world().database.read() as db:
        found = signal_page(db, SignalFilter(
            states=(state,) if state else found_states, product_id=wanted["product"],
            kind=choice(wanted["kind"], NODE_KINDS) or "", priority=choice(wanted["priority"], PRIORITIES) or "",
            after=given("after") or None, limit=PAGE_ROWS))
        rules = silences(db, is_running=True)
        lifted = silence_by_id(db, given("silence", 32)) if given("silence", 32) else None
        products = {product.id: product for product in all_products(db, only_active=False)}
        names: CaseNames = case_names(db, found.rows)
        takers = signals_by_id(db, (row.merged_into_id for row in found.rows if row.merged_into_id))
        hidden_alarms = silenced_alarms(db, rules)
    return case_page(
        "console/signals.html", status, found=found, wanted=wanted, listed=placed(found, "console.signals", wanted),
        names=names, products=products, takers=takers, rules=rules, hidden_alarms=hidden_alarms, form=form,
        do=do or given("do"), lifted=lifted if lifted and lifted.ended_at is None else None,
        kind_choices=choices(NODE_KINDS), state_choices=choices(SIGNAL_STATES), priority_choices=choices(PRIORITIES),
        group_choices=choices(SEVERITY_GROUPS), product_choices=[
            (key, own_name(product)) for key, product in products.items() if product.kind != "material"])


@blueprint.post("/signals/silences")
def signal_silence() -> Response:
    """Open no case about a node or a product until a stated day."""
    form = Entered()
    until = form.day("until_on", required=True)

    def act(db: Session) -> Done:
        assert until is not None
        case = signal_by_id(db, form.get("signal")) if form.get("signal") else None
        set_silence(db, actor(), world().clock, SetSilence(
            form.text("reason"), until, form.day("from_on"), kind=(case.kind if case else form.get("kind")) or None,
            node_key=case.node_key if case else None, product_id=None if case else form.get("product_id") or None,
            group=form.get("severity_group") or None))
        return Done(url_for("console.signals") + "#silences", _("Silent until that day. What alarms until then is kept "
                                                               "and looked at again at the end."))

    return perform(form, act, Refusal(lambda status: _show(form, status, "silence"), _FIELDS))


@blueprint.post("/signals/silences/<silence_id>/lift")
def signal_silence_lift(silence_id: str) -> Response:
    """End a silence before its day."""
    form = Entered()

    def act(db: Session) -> Done:
        if silence_by_id(db, silence_id) is None:
            raise NotFound("There is no such silence.", code="unknown-silence")
        lift_silence(db, actor(), world().clock, LiftSilence(silence_id, form.text("reason"), form.revision()))
        return Done(url_for("console.signals") + "#silences", _("The silence is over. What it hid is looked at again "
                                                               "now."))

    return perform(form, act, Refusal(lambda status: _show(form, status, "lift")))
