"""Console: what detection would do in one's plant, and what better records or more reports would buy in days."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from traceapp.catalog.queries import all_products
from traceapp.core.errors import InvalidInput, TooMany
from traceapp.surveillance.planning import BOUNDS, Answer, Plan, play
from traceapp.surveillance.planning_facts import plan_facts
from traceapp.web.context import world
from traceapp.web.ui import charts
from traceapp.web.words import own_name

from .casework import case_page
from .entering import Entered
from .layout import blueprint, today
from .signal_pictures import Picture

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.signal_planning": "signal.read"}
CAUSES = {"lot": lazy_gettext("One batch alone"), "raw": lazy_gettext("One raw lot, in all batches made from it"),
          "line": lazy_gettext("One line, in every batch that it makes")}
_MILLION = 1_000_000
_WHOLE = ("lots_a_year", "units", "shipping_days", "lots_a_raw", "raws", "lines")
_YES_NO = ("shipping_known", "nodes_watched")
# How a number of the plan is typed: per million, per cent.
_TYPED = {"baseline": _MILLION, "counted": 100}
_SLOTS = 14


@blueprint.get("/signals/planning")
def signal_planning() -> Response:
    """The form, filled with a product's own figures where they exist; the answer once the form was sent."""
    product_id = request.args.get("product", "")[:32]
    with world().database.read() as db:
        products = [one for one in all_products(db, only_active=False) if one.kind != "material"]
        known = next((one for one in products if one.id == product_id), None)
        facts = plan_facts(db, known.id, today()) if known and "units" not in request.args else {}
    form = Entered(_typed(facts) if "units" not in request.args else request.args.to_dict())
    answer, status = _answer(form) if "units" in request.args else (None, 200)
    return case_page("console/signal_planning.html", status, form=form, answer=answer, product=known,
                     product_choices=[(one.id, own_name(one)) for one in products],
                     cause_choices=[(key, str(said)) for key, said in CAUSES.items()],
                     picture=_picture(answer) if answer else None, from_records=bool(facts),
                     change_words=_change_words)


def _typed(facts: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """A plan as its form shows it, the house's example where the product's records say nothing."""
    example = Plan()
    values = {one.name: facts.get(one.name, getattr(example, one.name)) for one in fields(Plan)}
    shown: dict[str, str | list[str]] = {
        name: f"{value * _TYPED.get(name, 1):g}" if isinstance(value, float) else str(value)
        for name, value in values.items()}
    return shown | {name: "yes" if values[name] else "no" for name in _YES_NO}


def _answer(form: Entered) -> tuple[Answer | None, int]:
    """The plan played; None with what is wrong noted at its field."""
    values: dict[str, Any] = {"cause": form.choice("cause", CAUSES)}
    values |= {name: form.choice(name, ("yes", "no")) == "yes" for name in _YES_NO}
    for name in ("use_days", "report_days", "baseline", "rate_ratio", "counted", *_WHOLE):
        values[name] = _number(form, name)
    if form.errors:
        return None, 422
    try:
        return play(Plan(**values)), 200
    except (InvalidInput, TooMany) as problem:
        form.refuse(problem)
        return None, problem.status


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
