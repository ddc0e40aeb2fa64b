"""Console: drills. How the products stand, the list, one report, and what is asked for."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.capa.from_drill import take_up_gap
from traceapp.capa.queries import capas_about
from traceapp.catalog.lookup import products_by_id
from traceapp.identity.lookup import names_of_users
from traceapp.recall.drill_hours import hours_now
from traceapp.recall.drill_model import Direction, Drill
from traceapp.recall.drill_plans import Cadence, SetDrillPlan, cadence_of, plan_of, products_of, set_drill_plan
from traceapp.recall.drill_queries import (
    DrillFilter,
    drill_by_id,
    drill_page,
    played_by_people,
    seconds_of,
    steps_of,
    targets_of,
)
from traceapp.recall.drilling import AskDrill, ask_drill, look_at_drill, run_again
from traceapp.recall.queries import RecallFilter, recall_page
from traceapp.recall.states import ENDED, RecallState
from traceapp.trace.finding import key_of_text
from traceapp.trace.lookup import lots_by_key
from traceapp.web import drill_words
from traceapp.web.context import actor, world
from traceapp.web.drill_record import mark, send_drill, truth_text, unit_heads, unit_row
from traceapp.web.reading import given
from traceapp.web.words import choices, joined_words, own_name, word

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import PAGE_ROWS, placed, wished

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.drills": "recall.write", "console.drill": "recall.write", "console.drill_ask": "recall.write",
    "console.drill_plan": "recall.write", "console.drill_look": "recall.write", "console.drill_file": "recall.write",
    "console.drill_again": "recall.write", "console.drill_capa": "capa.write"}
_UNDER_WAY = tuple(state for state in RecallState if state not in ENDED)


@blueprint.get("/drills")
def drills() -> Response:
    """How every product stands, the form for a new one, and the list."""
    planned = given("plan", 32)
    if not planned:
        return _show_list(Entered())
    with world().database.read() as db:
        plan = plan_of(db, planned)
        also = products_of(db, plan.product_id) if plan else []
    return _show_list(Entered({"every_months": str(plan.every_months) if plan else "", "also": also}))


def _show_list(form: Entered, status: int = 200) -> Response:
    wanted = wished("state")
    with world().database.read() as db:
        found = drill_page(db, DrillFilter(wanted["state"], given("after", 500) or None, PAGE_ROWS))
        standing = cadence_of(db, world().clock)
        lots = lots_by_key(db, [row.lot_key for row in found.rows if row.lot_key])
        products = products_by_id(db, [lot.product_id for lot in lots.values()])
        by_people = recall_page(db, RecallFilter(
            is_drill=True, states=_UNDER_WAY, within=played_by_people(), limit=PAGE_ROWS)).rows
        hours = hours_now(db)
    planned = next((row for row in standing if row.product.id == given("plan", 32)), None)
    if planned is not None and planned.plan is not None:  # that of its family, which its first product names
        planned = next((row for row in standing if row.product.id == planned.plan.product_id), planned)
    return case_page(
        "console/drills.html", status, form=form, found=found, standing=standing, lots=lots, products=products,
        planned=planned, words_of_drills=drill_words, wanted=wanted, listed=placed(found, "console.drills", wanted),
        directions=choices(drill_words.DIRECTIONS), states=choices(drill_words.DRILL_STATES),
        by_people=by_people, plans=_plans(standing), word=word,
        hours=drill_words.hours_text(hours.weekdays, hours.times, hours.zone, hours.calendar),
        product_choices=[(row.product.id, own_name(row.product)) for row in standing])


def _plans(standing: Sequence[Cadence]) -> dict[str, str]:
    """{product: its plan in words}, with the other products of its family."""
    families: dict[str, list[Cadence]] = {}
    for row in standing:
        families.setdefault(row.plan.product_id if row.plan else "", []).append(row)
    found = {}
    for row in standing:
        others = [own_name(one.product) for one in families[row.plan.product_id] if one is not row] if row.plan else []
        if row.plan is None:
            found[row.product.id] = _("Set a plan")
        elif others:
            found[row.product.id] = ngettext("Every month, with %(names)s", "Every %(num)d months, with %(names)s",
                                             row.plan.every_months, names=joined_words(others))
        else:
            found[row.product.id] = ngettext("Every month", "Every %(num)d months", row.plan.every_months)
    return found


@blueprint.post("/drills")
def drill_ask() -> Response:
    """Ask for a drill; it is played in the background."""
    form = Entered()
    direction, seed = form.choice("direction", list(Direction)), form.whole("seed")

    def act(db: Session) -> Done:
        lot = form.text("lot")
        drill = ask_drill(db, actor(), world().clock, AskDrill(
            direction, seed, key_of_text(db, lot) if lot else None, form.text("product_id") or None))
        return Done(url_for("console.drill", drill_id=drill.id), _("The drill is asked for and begins by itself."))

    return perform(form, act, Refusal(lambda status: _show_list(form, status)))


@blueprint.post("/drills/plans/<product_id>")
def drill_plan(product_id: str) -> Response:
    """Say how often a product is drilled."""
    form = Entered()
    months = form.whole("every_months") or 0

    def act(db: Session) -> Done:
        set_drill_plan(db, actor(), world().clock, SetDrillPlan(product_id, months, tuple(form.several("also"))))
        return Done(url_for("console.drills"), _("The plan is kept."))

    return perform(form, act, Refusal(lambda status: _show_list(form, status)))


@blueprint.get("/drills/<drill_id>")
def drill(drill_id: str) -> Response:
    """One drill: how far it is, or its report."""
    return _show_drill(drill_id, Entered())


def _show_drill(drill_id: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        found, steps = drill_by_id(db, drill_id), steps_of(db, drill_id)
        lot = lots_by_key(db, [found.lot_key or ""]).get(found.lot_key or "")
        people = names_of_users(db, [found.asked_by, found.looked_by])
        capas = capas_about(db, "recall", found.recall_id) if found.recall_id else []
    page = case_page(
        "console/drill.html", status, drill=found, form=form, steps=steps, lot=lot, people=people, capas=capas,
        targets=targets_of(steps), total=seconds_of(steps), mark=mark(), words_of_drills=drill_words, word=word,
        me=actor(), **_told(found))
    if found.ended_at is None and found.due_at <= world().clock.now():
        page.headers["Refresh"] = "3"
    return page


def _told(found: Drill) -> dict[str, Any]:
    report = found.report or {}
    return {"report": report, "unit_heads": unit_heads(), "unit_row": unit_row,
            "truth": truth_text(report["truth"]) if report else "",
            "frozen_at": datetime.fromisoformat(report["frozen_at"]) if report.get("frozen_at") else None,
            "gaps": [(number, drill_words.gap_text(gap), _url_of(gap))
                     for number, gap in enumerate(report.get("gaps", ()))]}


def _url_of(gap: dict[str, Any]) -> str | None:
    if gap.get("lot_key"):
        return url_for("console.lot", lot_key=gap["lot_key"])
    return url_for("console.partner", party_id=gap["consignee_id"]) if gap.get("consignee_id") else None


@blueprint.get("/drills/<drill_id>/report.<form>")
def drill_file(drill_id: str, form: str) -> Response:
    """The report as a file."""
    return send_drill(drill_id, form)


@blueprint.post("/drills/<drill_id>/look")
def drill_look(drill_id: str) -> Response:
    """Note that the report was read."""
    form = Entered()

    def act(db: Session) -> Done:
        look_at_drill(db, actor(), world().clock, drill_id)
        return Done(url_for("console.drill", drill_id=drill_id), _("It is noted that you read the report."))

    return perform(form, act, Refusal(lambda status: _show_drill(drill_id, form, status)))


@blueprint.post("/drills/<drill_id>/again")
def drill_again(drill_id: str) -> Response:
    """Have a drill that ended without a report go on where it stopped."""
    form = Entered()

    def act(db: Session) -> Done:
        run_again(db, actor(), world().clock, drill_id)
        return Done(url_for("console.drill", drill_id=drill_id), _("The drill goes on by itself."))

    return perform(form, act, Refusal(lambda status: _show_drill(drill_id, form, status)))


@blueprint.post("/drills/<drill_id>/gaps/<number>/capa")
def drill_capa(drill_id: str, number: str) -> Response:
    """Take up a gap: the CAPA of the drill is opened, or has it added."""
    form = Entered()

    def act(db: Session) -> Done:
        capa = take_up_gap(db, actor(), world().clock, drill_words.gap_of(
            drill_by_id(db, drill_id), number))
        return Done(url_for("console.capa", capa_id=capa.id), _("The gap is in %(reference)s.",
                                                                reference=capa.reference))

    return perform(form, act, Refusal(lambda status: _show_drill(drill_id, form, status)))
