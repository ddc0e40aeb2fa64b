"""Console: one signal, from the question to the decision."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.capa.queries import capas_about
from traceapp.catalog.lookup import products_by_id
from traceapp.core.errors import NotFound
from traceapp.recall.queries import RecallFilter, recall_page
from traceapp.recall.signal_causes import rule_of_cause
from traceapp.surveillance.alarm import SeverityGroup
from traceapp.surveillance.basis import basis_of, history_of
from traceapp.surveillance.case_curve import case_curve, first_despatch
from traceapp.surveillance.case_reads import (
    MOST_COMPARED,
    MOST_LOTS,
    AlarmNow,
    CaseLots,
    alarms_now,
    decisions_of_case,
    lot_keys_of,
    merged_into,
    observed_lots,
    report_page,
    takers_of,
)
from traceapp.surveillance.deciding import Assessment, Decide, Proposal, Reality, decide_signal
from traceapp.surveillance.model import Signal
from traceapp.surveillance.naming import named_at, watch_key
from traceapp.surveillance.queries import signal_by_id
from traceapp.surveillance.states import actions_from
from traceapp.surveillance.watch_queries import node_curve, tests_of
from traceapp.trace.lookup import lots_by_key
from traceapp.web.context import actor, world
from traceapp.web.node_words import names_by_key
from traceapp.web.reading import given
from traceapp.web.signal_words import ACTS, NEXT_STEPS, case_names, history
from traceapp.web.words import PRIORITIES, PROPOSALS, REALITIES, SEVERITIES, SEVERITY_GROUPS, choices
from traceapp.worklist.tasks import tasks_about

from .acting import Done, Refusal, perform
from .basis_form import basis_typed
from .casework import case_page
from .cause_section import cause_section
from .entering import Entered
from .layout import blueprint
from .listing import Listed, placed
from .signal_looks import case_looks, cause_look
from .signal_pictures import Frozen, counted_curve
from .workbench_rules import bench_url, draft_url

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.signal": "signal.read", "console.signal_decide": "signal.decide"}
_REPORTS, _LOTS = 25, 40
_SILENCE_FOR = timedelta(days=30)


@blueprint.get("/signals/<signal_id>")
def signal(signal_id: str) -> Response:
    """One case from the question to the decision."""
    return show_case(signal_id, given("do"))


def show_case(signal_id: str, do: str, form: Entered | None = None, status: int = 200) -> Response:
    """The page of a case, with the form of `do` open where the state allows it."""
    here = world()
    today = here.clock.now().date()
    with here.database.read() as db:
        case = case_by_id(db, signal_id)
        keys = lot_keys_of(db, case, MOST_LOTS + 1)
        cause = cause_section(db, keys[:MOST_COMPARED], today)
        lots = observed_lots(db, keys, today, cause.found.seen)
        values = _pictures(db, case, lots, today) | _around(db, case, lots, today) | {"cause": cause} | cause_look(
            db, lots.keys, cause.found)
        products = products_by_id(db, [case.product_id] if case.product_id else [])
        taker = signal_by_id(db, case.merged_into_id) if case.merged_into_id else None
        basis = basis_of(db, case.product_id) if case.product_id else None
        takers = takers_of(db, case) if do == "merge" else []
        values |= {"names": case_names(db, [case, *values["merged"], *takers, *([taker] if taker else [])])}
    acts = _acts(case.state)
    do = do if do in {*(action for action, _text in acts), "silence"} or (do == "basis" and basis) else ""
    typed = basis_typed(basis) if basis else {}
    return case_page(
        "console/signal.html", status, case=case, lots=lots, product=products.get(case.product_id or ""),
        taker=taker, takers=takers, basis=basis, basis_typed=typed, do=do, acts=acts,
        form=form or Entered(_filled(do, today, typed)), shown_lots=_LOTS,
        next_step=NEXT_STEPS.get(case.state, ""), priority_choices=choices(PRIORITIES),
        reality_choices=choices(REALITIES), proposal_choices=choices(PROPOSALS),
        bench_url=lambda one: bench_url(one, case.id),
        draft_url=lambda one: draft_url((rule_of_cause(one, case.id),), case.id),
        severity_choices=choices(SEVERITIES, _graded()), group_choices=choices(SEVERITY_GROUPS), **values)


def case_by_id(db: Session, signal_id: str) -> Signal:
    """The case. Raises NotFound."""
    found = signal_by_id(db, signal_id)
    if found is None:
        raise NotFound("There is no such signal.")
    return found


def _pictures(db: Session, case: Signal, lots: CaseLots, today: date) -> dict[str, Any]:
    """The curve of what stands out as of today, or of all lots together where no node is watched any more, and what
    else is drawn."""
    tests = tests_of(db, watch_key(case.kind, case.node_key))
    test = next((one for one in tests if one.severity_group == case.severity_group), None)
    own = node_curve(db, test, today) if test else None
    curve = own or (None if lots.is_cut else case_curve(db, case, lots, today))
    history = history_of(db, case.product_id, SeverityGroup(case.severity_group)) if case.product_id else None
    frozen = Frozen(named_at(db, case).date(), case.observed, case.expected)
    first = first_despatch(db, lots) or case.since
    return {"seen": curve, "is_own_curve": own is not None,
            "curve": counted_curve(curve, history, frozen) if curve else None,
            **case_looks(db, case, lots.keys, (first, today))}


def _around(db: Session, case: Signal, lots: CaseLots, today: date) -> dict[str, Any]:
    """Alarms, lots, reports, decisions, recalls."""
    found = report_page(db, lots, given("after") or None, _REPORTS)
    alarms = alarms_now(db, case, lots, today)
    decisions = decisions_of_case(db, case)
    own = names_by_key(db, ((one.alarm.kind, one.alarm.node_key) for one in alarms))
    return {
        "alarms": _latest(alarms), "every_alarm": alarms,
        "lot_rows": lots_by_key(db, (*lots.keys[:_LOTS], *(row.lot_key for row in found.rows))), "reports": found,
        "listed": _at_reports(placed(found, "console.signal", {"signal_id": case.id})),
        "history": history(case, decisions, alarms, own), "own_names": own, "merged": merged_into(db, case),
        "tasks": tasks_about(db, f"signal:{case.id}"), "recalls": recall_page(db, RecallFilter(signal_id=case.id)).rows,
        "capas": capas_about(db, "signal", case.id)}


def _latest(alarms: Sequence[AlarmNow]) -> list[AlarmNow]:
    """The newest alarm of each node and group, the strongest first; `alarms` has the newest first."""
    found: dict[tuple[str, str, str], AlarmNow] = {}
    for one in alarms:
        found.setdefault((one.alarm.kind, one.alarm.node_key, one.alarm.severity_group), one)
    return sorted(found.values(), key=lambda one: -one.alarm.llr)


def _at_reports(listed: Listed) -> Listed:
    """The ways on and back lead to the list of reports, not to the head of the page."""
    following, first = (url and f"{url}#reports" for url in (listed.next_url, listed.first_url))
    return replace(listed, next_url=following, first_url=first)


def _acts(state: str) -> list[tuple[str, str]]:
    """(action, what its button says) of what the table allows, the main one first."""
    allowed = set(actions_from(state))
    return [(action, str(text)) for action, text in ACTS.items() if action in allowed]


def _graded() -> Sequence[str]:
    return tuple(code for code in SEVERITIES if code != "unknown")


def _filled(do: str, today: date, typed: dict[str, str]) -> dict[str, str] | None:
    if do == "basis":
        return typed
    return {"until_on": (today + _SILENCE_FOR).isoformat()} if do == "silence" else None


@blueprint.post("/signals/<signal_id>/decide")
def signal_decide(signal_id: str) -> Response:
    """Decide with a reason."""
    form = Entered()
    action = form.choice("action", ACTS)
    assessment = _assessment(form) if action == "assess" else None

    def act(db: Session) -> Done:
        case = case_by_id(db, signal_id)
        done = decide_signal(db, actor(), world().clock, Decide(
            case.lot_key, case.id, action, form.text("reason"), form.revision(), priority=form.get("priority") or None,
            assessment=assessment, into_id=form.get("into_id") or None))
        return Done(url_for("console.signal", signal_id=done.merged_into_id or signal_id), _("Kept with your reason."))

    return perform(form, act, Refusal(lambda status: show_case(signal_id, action, form, status)))


def _assessment(form: Entered) -> Assessment:
    return Assessment(form.text("looked_at"), form.choice("is_real", Reality), form.choice("severity", _graded()),
                      form.choice("proposal", Proposal), form.whole("people"))
