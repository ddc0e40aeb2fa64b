"""Console: what detection would do in one's plant, and what better records or more reports would buy in days."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.catalog.queries import all_products
from traceapp.core.errors import InvalidInput
from traceapp.identity.lookup import names_of_users
from traceapp.making.states import OPEN
from traceapp.surveillance.plan_runs import OrderPlan, answer_in, cancel_plan, order_plan, plan_in, plan_run, plan_runs
from traceapp.surveillance.planning import BOUNDS, LEAST_REPORTS, Answer, Plan
from traceapp.surveillance.planning_facts import plan_facts
from traceapp.web.context import actor, world
from traceapp.web.ui import charts
from traceapp.web.words import own_name

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint, today
from .records import STATES as FILE_STATES
from .signal_pictures import Picture

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.signal_planning": "signal.read", "console.signal_planning_order": "signal.decide",
    "console.signal_plan": "signal.read", "console.signal_plan_cancel": "signal.decide"}
CAUSES = {"lot": lazy_gettext("One batch alone"), "raw": lazy_gettext("One raw lot, in all batches made from it"),
          "line": lazy_gettext("One line, in every batch that it makes")}
STATES: dict[str, tuple[Any, str]] = FILE_STATES | {"running": (lazy_gettext("Being played"), "info")}
_MILLION = 1_000_000
_WHOLE = ("lots_a_year", "units", "shipping_days", "lots_a_raw", "raws", "lines")
_YES_NO = ("shipping_known", "nodes_watched")
# How a number of the plan is typed: per million, per cent.
_TYPED = {"baseline": _MILLION, "counted": 100}
_SLOTS = 14
_REFRESH_SECONDS = 2


@blueprint.get("/signals/planning")
def signal_planning() -> Response:
    """The form, filled from a product's records or with an earlier plan, and what was played before."""
    product_id, earlier = request.args.get("product", "")[:32], request.args.get("plan", "")[:32]
    with world().database.read() as db:
        if earlier:
            return _show(Entered(_typed(asdict(plan_in(plan_run(db, earlier))))))
        facts = plan_facts(db, product_id, today()) if product_id in dict(_products(db)) else {}
    return _show(Entered(_typed(facts)), from_records=bool(facts))


def _products(db: Session) -> list[tuple[str, str]]:
    return [(one.id, own_name(one)) for one in all_products(db, only_active=False) if one.kind != "material"]


def _show(form: Entered, status: int = 200, *, from_records: bool = False) -> Response:
    product_id = request.values.get("product", "")[:32]
    with world().database.read() as db:
        products = _products(db)
        runs = plan_runs(db)
        people = names_of_users(db, [one.created_by for one in runs])
    return case_page("console/signal_planning.html", status, form=form, product_id=product_id,
                     product_name=dict(products).get(product_id, ""), product_choices=products,
                     cause_choices=[(key, str(said)) for key, said in CAUSES.items()], from_records=from_records,
                     runs=[(run, plan_in(run), answer_in(run)) for run in runs], people=people, causes=CAUSES,
                     states=STATES, names=dict(products))


@blueprint.post("/signals/planning")
def signal_planning_order() -> Response:
    """Have the plan played in the background; its page says how far it is, then what came of it."""
    form = Entered()
    plan = _plan(form)
    product_id = form.text("product")[:32]

    def act(db: Session) -> Done:
        assert plan is not None
        run = order_plan(db, actor(), world().clock, OrderPlan(
            plan, product_id if product_id in dict(_products(db)) else None))
        return Done(url_for("console.signal_plan", run_id=run.id), _("The plan is being played."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))


@blueprint.get("/signals/planning/<run_id>")
def signal_plan(run_id: str) -> Response:
    """How far a plan is, then what came of it. An open one's page loads itself anew, unless `still` is asked for."""
    with world().database.read() as db:
        run = plan_run(db, run_id)
        names = dict(_products(db))
        people = names_of_users(db, [run.created_by])
    answer, is_open, is_still = answer_in(run), run.state in OPEN, bool(request.args.get("still"))
    trouble = ""
    if run.trouble:
        message, params = run.trouble["message"], run.trouble["params"]
        trouble = _(message) % params if params else _(message)
    shown = case_page("console/signal_plan.html", run=run, plan=plan_in(run), least=LEAST_REPORTS, answer=answer,
                      is_open=is_open, is_still=is_still, trouble=trouble, state=STATES[run.state], causes=CAUSES,
                      people=people, change_words=_change_words, product_name=names.get(run.product_id or "", ""),
                      picture=_picture(answer) if answer else None)
    if is_open and not is_still:
        shown.headers["Refresh"] = str(_REFRESH_SECONDS)
    return shown


@blueprint.post("/signals/planning/<run_id>/cancel")
def signal_plan_cancel(run_id: str) -> Response:
    """End it."""
    form = Entered()

    def act(db: Session) -> Done:
        cancel_plan(db, actor(), world().clock, run_id)
        return Done(url_for("console.signal_planning"), _("The plan is not played."))

    return perform(form, act, Refusal(lambda status: _show(form, status)))


def _typed(facts: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """A plan as its form shows it, the house's example where the product's records say nothing."""
    example = Plan()
    values = {one.name: facts.get(one.name, getattr(example, one.name)) for one in fields(Plan)}
    shown: dict[str, str | list[str]] = {
        name: f"{value * _TYPED.get(name, 1):g}" if isinstance(value, float) else str(value)
        for name, value in values.items()}
    return shown | {name: "yes" if values[name] else "no" for name in _YES_NO}


def _plan(form: Entered) -> Plan | None:
    """The plan that was typed; None with what is wrong noted at its field."""
    values: dict[str, Any] = {"cause": form.choice("cause", CAUSES)}
    values |= {name: form.choice(name, ("yes", "no")) == "yes" for name in _YES_NO}
    for name in ("use_days", "report_days", "baseline", "rate_ratio", "counted", *_WHOLE):
        values[name] = _number(form, name)
    if form.errors:
        return None
    try:
        return Plan(**values)
    except InvalidInput as problem:
        form.refuse(problem)
        return None


def _number(form: Entered, name: str) -> float | int:
    """The field as the plan counts it; 0 with a fault noted where it is no number within its bounds."""
    typed, factor = form.amount(name, positive=False), _TYPED.get(name, 1)
    least, most = BOUNDS[name]
    if typed is None:
        return 0
    if not least <= float(typed) / factor <= most:
        form.fault(name, _("Enter a number from %(least)s to %(most)s.", least=f"{least * factor:g}",
                           most=f"{most * factor:,.0f}"))
    if name not in _WHOLE:
        return float(typed) / factor
    if typed != int(typed):
        form.fault(name, _("This must be a whole number."))
    return int(typed)


def _change_words(answer: Answer, key: str) -> str:
    """What a change is, for a quality manager."""
    if key == "shipping":
        return _("Despatches recorded by batch and day")
    if key == "nodes":
        return _("Genealogy recorded, so that raw lots and lines are watched beside single batches")
    return _("Code on every pack and easier reporting: %(share)s %% of complaints come in and name their batch",
             share=f"{100 * answer.more_counted:.0f}")


def _picture(answer: Answer) -> Picture | None:
    """The delays of the runs as bars, the range in equal parts; None where none raised an alarm."""
    delays = answer.now.delays
    if not delays:
        return None
    step = max(1, -(-(delays[-1] + 1) // _SLOTS))
    slots = range(0, delays[-1] + 1, step)
    counts = [sum(start <= delay < start + step for delay in delays) for start in slots]
    labels = [str(start) if step == 1 else f"{start}–{start + step - 1}" for start in slots]
    half = answer.now.day(0.5)
    marks = [] if half is None else [(half // step, _("half found by day %(day)s", day=half))]
    if answer.now.bound is not None and answer.now.bound // step < len(labels):
        marks.append((answer.now.bound // step, _("bound: day %(day)s", day=answer.now.bound)))
    drawing = charts.epidemic_curve(charts.Cases(labels, counts, marks=marks),
                                    charts.CasesWords(_("Days from first delivery to alarm"), _("Runs"), ""))
    return Picture(drawing, [{"cells": {"days": label, "runs": count}}
                             for label, count in zip(labels, counts, strict=True)])
