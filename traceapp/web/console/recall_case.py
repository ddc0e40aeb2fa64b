"""Console: one recall from draft to end, in parts: overview, scope, consignees, ledger."""
from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.capa.queries import capas_about
from traceapp.catalog.lookup import parties_by_id
from traceapp.identity.lookup import names_of_users
from traceapp.recall.approval import is_signed_as_it_stands
from traceapp.recall.assessors import assessors
from traceapp.recall.cases import is_begun, is_running, recall_by_id, recall_stream
from traceapp.recall.checking import check_tries, conclusion_of
from traceapp.recall.drafting import is_open_for_change
from traceapp.recall.drill_queries import drill_of_recall
from traceapp.recall.ending import held_outside, missing_at_end, passed_outside
from traceapp.recall.evaluation import evaluation_signatures, evaluations_of, is_signed, latest_evaluation
from traceapp.recall.executing import checks_of
from traceapp.recall.model import Recall
from traceapp.recall.notice_reads import Standing, notice_page
from traceapp.recall.queries import (
    LedgerFilter,
    approval_of,
    count_lots,
    ledger_page,
    scope_rows,
    signatures,
    totals_of,
)
from traceapp.recall.service import ChangeRecall, OpenRecall, change_recall
from traceapp.recall.states import RecallClass, RecallState, actions_from
from traceapp.recall.telling import work_left
from traceapp.recall.untold import untold_rows
from traceapp.surveillance.queries import signal_by_id
from traceapp.web import clock_words
from traceapp.web.auth import may
from traceapp.web.context import actor, world
from traceapp.web.reading import given
from traceapp.web.recall_status import figure_values
from traceapp.web.signature_words import SIGNED
from traceapp.web.words import LINE_STATES, RECALL_CLASSES, RECALL_STATES, RECALL_TRIGGERS, choices, own_name, word
from traceapp.worklist.legal_clocks import clocks_about
from traceapp.worklist.tasks import tasks_about

from .acting import Done, Refusal, perform
from .adverse_event_case import asked_clock
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .listing import Listed, choice, export_links, placed, wished
from .recall_hazard import classes_of, hazard_form
from .recall_next import next_steps
from .recall_phase_words import HAZARD_WORDS, phase_choices
from .recall_scope import workbench
from .recall_texts import TEXT_FIELDS, typed_texts, typed_trigger

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall": "recall.write", "console.recall_texts": "recall.write",
                               "console.recall_change": "recall.write"}
PARTS = ("overview", "assessment", "scope", "consignees", "ledger", "checks")
_PAGE = 100
_MOST_LOTS = 400


@blueprint.get("/recalls/<recall_id>")
def recall(recall_id: str) -> Response:
    """One part of the case; `do` opens the form of an act above it."""
    return show(recall_id, given("do"))


def show(recall_id: str, do: str = "", form: Entered | None = None, status: int = 200) -> Response:
    """The page of a recall; with a refused form the status of the refusal."""
    part = given("part") if given("part") in PARTS else "overview"
    here = world()
    with here.database.read() as db:
        case = recall_by_id(db, recall_id)
        if part in ("consignees", "ledger", "checks") and not is_begun(case):
            part = "overview"
        values: dict[str, Any] = _PARTS[part](db, case)
        signed = signatures(db, case.id)
        tasks = [task for task in tasks_about(db, recall_stream(case)) if task.state == "open"]
        left = work_left(db, case.id) if is_begun(case) else (0, None)
        values |= {
            "people": names_of_users(db, (case.opened_by, case.submitted_by, case.approved_by)), "signed": signed,
            "signal": signal_by_id(db, case.signal_id) if case.signal_id else None,
            "clocks": clocks_about(db, recall_stream(case)), "drill": drill_of_recall(db, case.id),
            "totals": totals_of(db, case.id), "approval": approval_of(db, case) if do == "approve" else None,
            "held": held_outside(db, case) if do == "terminate" else 0,
            "passed_held": passed_outside(db, case) if do == "terminate" else 0,
            "capas": capas_about(db, "recall", case.id),
            "untold": untold_rows(db, case.id) if case.decided_at else [],
            **_evaluated(db, case), "is_stale": case.submitted_at is not None and case.state == RecallState.planned
            and not is_signed_as_it_stands(db, case)}
    ending, ending_do = asked_clock(values["clocks"], do), do
    acts = [(name, text) for name, text in _acts(
        case, is_evaluated=bool(values["last"]) and not is_signed(values["hazard_signed"]))
        if (name != "approve" or not values["is_stale"])
        and (name != "cancel" or not case.is_mandated or may("recall.approve"))]
    noting = do.removeprefix("untold-") if do.startswith("untold-") else ""
    do = do if do in {*(name for name, _text in acts), *_further(case)} and _is_ones_own(do) else ""
    if do == "write_evaluation" and form is None:
        with here.database.read() as db:
            filled, values["known"] = hazard_form(db, case, latest_evaluation(db, case.id))
            form = Entered(filled)
    if do == "evaluated":
        with here.database.read() as db:
            values["medics"] = assessors(db)
    if do == "decide" and values["last"]:
        signed_class = values["last"].content["proposed_class"]
        values["known"], form = {"signed_class": signed_class}, form or Entered({"recall_class": signed_class})
    return case_page("console/recall.html", status, case=case, part=part, do=do, form=form or Entered(),
                     steps=_steps(case), acts=[act for act in acts if _is_ones_own(act[0])],
                     tabs=case_tabs(case, part), me=actor(), ending=ending, ending_do=ending_do,
                     next_steps=next_steps(case, tasks, values["clocks"], left),
                     clock_words=clock_words, is_told=is_begun(case), noting=noting, is_running=is_running(case),
                     can_change=is_open_for_change(case), hazard_words=HAZARD_WORDS, choices_of=phase_choices(),
                     signed_words=SIGNED, lacking=missing_at_end(case, values["clocks"]), **values)


def untold_url(recall_id: str) -> str:
    """Where the despatches stand of which nobody was told."""
    return url_for("console.recall", recall_id=recall_id, _anchor="untold")


def _overview(db: Session, case: Recall) -> dict[str, Any]:
    return {**_lots(db, case), **(figure_values(db, case) if is_begun(case) else {})}


def _lots(db: Session, case: Recall) -> dict[str, Any]:
    """The first lots of the scope, and how many there are."""
    return {"lots": scope_rows(db, case.id, most=_MOST_LOTS), "lot_count": count_lots(db, case.id)}


def _scope(db: Session, case: Recall) -> dict[str, Any]:
    if is_open_for_change(case):
        return {"bench": workbench(db, case)}
    return _lots(db, case)


def _consignees(db: Session, case: Recall) -> dict[str, Any]:
    state = choice(given("state"), tuple(Standing))
    number = int(given("page")) if given("page").isdecimal() and len(given("page")) < 6 else 1
    found = notice_page(db, case.id, Standing(state) if state else None, number, _PAGE)
    return {"notices": found.rows, "notice_count": found.count, "page_number": found.number,
            "page_count": found.pages, "wanted": {"state": state},
            "page_url": lambda n: url_for("console.recall", recall_id=case.id, part="consignees", state=state or None,
                                          page=n)}


def _ledger(db: Session, case: Recall) -> dict[str, Any]:
    wanted = wished("text", "state")
    found = ledger_page(db, LedgerFilter(case.id, wanted["text"], choice(wanted["state"], LINE_STATES),
                                         after=given("after", 500) or None, limit=_PAGE))
    address = wanted | {"recall_id": case.id, "part": "ledger"}
    listed: Listed = placed(found, "console.recall", address)
    return {"ledger": found, "listed": listed, "wanted": wanted, "line_choices": choices(LINE_STATES),
            "exports": export_links("console.recall_ledger_file", wanted | {"recall_id": case.id})}


def _assessment(db: Session, case: Recall) -> dict[str, Any]:
    return {"versions": evaluations_of(db, case.id), "classes": classes_of(db, case)}


def _evaluated(db: Session, case: Recall) -> dict[str, Any]:
    """The evaluation that counts, and who signed it."""
    last = latest_evaluation(db, case.id)
    return {"last": last, "hazard_signed": evaluation_signatures(db, last) if last else []}


def _checks(db: Session, case: Recall) -> dict[str, Any]:
    rows = checks_of(db, case)
    parties = parties_by_id(db, [row.consignee_id for row in rows])
    names = {row.consignee_id: own_name(parties.get(row.consignee_id), row.consignee_id) for row in rows}
    return {"checks": rows, "names": names, "conclusion": conclusion_of(db, case),
            "check_tries": check_tries(db, case)}


_PARTS = {"overview": _overview, "assessment": _assessment, "scope": _scope, "consignees": _consignees,
          "ledger": _ledger, "checks": _checks}


def case_tabs(case: Recall, part: str) -> list[dict[str, Any]]:
    """The parts of the page of a case, and its files, which stand on a page of their own."""
    shown = PARTS if is_begun(case) else PARTS[:3]
    words = {"overview": _("Overview"),
             "assessment": _("Assessment"), "checks": _("Checks"), "scope": _("Scope"),
             "consignees": _("Consignees"), "ledger": _("Ledger")}
    return [{"label": words[name], "url": url_for("console.recall", recall_id=case.id, part=name),
             "current": name == part} for name in shown] + [
        {"label": _("Books"), "url": url_for("console.recall_books", recall_id=case.id), "current": part == "books"},
        {"label": _("Files"), "url": url_for("console.recall_files", recall_id=case.id), "current": part == "files"}]


# The course in the order of the way: title, the states in which it is the present step, the column with its time.
_COURSE: tuple[tuple[Any, tuple[RecallState, ...], str], ...] = (
    (lazy_gettext("Draft"), (RecallState.draft,), "opened_at"),
    (lazy_gettext("Assessed and decided"), (RecallState.assessing, RecallState.decision), "decided_at"),
    (lazy_gettext("Scope and texts approved"), (RecallState.planned,), "approved_at"),
    (lazy_gettext("Consignees told"), (RecallState.notifying,), ""),
    (lazy_gettext("Answers and returns"), (RecallState.executing,), ""),
    (lazy_gettext("Checked"), (RecallState.effectiveness,), ""),
    (lazy_gettext("Closing"), (RecallState.closing,), "closed_at"))


def _steps(case: Recall) -> list[dict[str, Any]]:
    """The course of the recall with its dates."""
    if case.state in (RecallState.cancelled, RecallState.closed_no_action):
        return [{"title": _("Draft"), "at": case.opened_at, "state": "done"},
                {"title": word(RECALL_STATES, case.state), "at": case.closed_at, "state": "current"}]
    place = next((number for number, (_title, states, _column) in enumerate(_COURSE) if case.state in states),
                 len(_COURSE))
    return [{"title": str(title), "at": getattr(case, column) if column else None,
             "state": "done" if number < place else "current" if number == place else "todo"}
            for number, (title, _states, column) in enumerate(_COURSE)]


_OF_APPROVERS = {"approve", "return", "decide", "decide_none", "terminate", "reopen", "mandate"}
# What each button says; the main act of a state first.
_ACT_WORDS = {"assess": lazy_gettext("Begin the assessment"), "evaluated": lazy_gettext("Sign the evaluation"),
              "decide": lazy_gettext("Decide for a recall"), "submit": lazy_gettext("Submit for approval"),
              "approve": lazy_gettext("Approve and start"), "check": lazy_gettext("Begin the checks"),
              "conclude": lazy_gettext("End the checks"), "terminate": lazy_gettext("End the recall"),
              "reopen": lazy_gettext("Open again"), "decide_none": lazy_gettext("No recall is needed"),
              "reassess": lazy_gettext("Back to assessment"), "return": lazy_gettext("Send back"),
              "extend": lazy_gettext("Extend to further batches"), "cancel": lazy_gettext("Cancel the recall")}


def _is_ones_own(action: str) -> bool:
    """Whether who is asking may do this; the others wait for who approves recalls."""
    return action not in _OF_APPROVERS or may("recall.approve")


def _acts(case: Recall, *, is_evaluated: bool) -> list[tuple[str, str]]:
    """(action, what its button says) of what the table and the state of the signatures allow, the main act first.
    What is not written yet is written before it is signed."""
    hidden = {"submit"} if case.submitted_at else {"approve", "return"}
    hidden |= {"cancel"} if is_begun(case) else set()
    found = [(name, str(text)) for name, text in _ACT_WORDS.items()
             if name in actions_from(case.state) and name not in hidden]
    return found if is_evaluated else [("write_evaluation", _("Write the evaluation")) if name == "evaluated" else
                                       (name, text) for name, text in found]


def _further(case: Recall) -> set[str]:
    """What can be done besides the acts of the table."""
    found = {"mandate", "classify"}
    if case.state == RecallState.assessing:
        found.add("write_evaluation")
    if case.depth and is_open_for_change(case):
        found.add("strategy")
    return found


@blueprint.get("/recalls/<recall_id>/texts")
def recall_texts(recall_id: str) -> Response:
    """The texts of a draft in a form."""
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
    return _show_texts(case, Entered(typed_texts(case)))


def _show_texts(case: Recall, form: Entered, status: int = 200) -> Response:
    return case_page("console/recall_texts.html", status, case=case, form=form, class_choices=choices(RECALL_CLASSES),
                     trigger_choices=choices(RECALL_TRIGGERS))


@blueprint.post("/recalls/<recall_id>/texts")
def recall_change(recall_id: str) -> Response:
    """Change class and texts of a draft."""
    form = Entered()
    form.choice("recall_class", list(RecallClass))
    texts: dict[str, Any] = {name: form.text(name) for name in (*TEXT_FIELDS, "recall_class")} | typed_trigger(form)

    def act(db: Session) -> Done:
        change_recall(db, actor(), world().clock, ChangeRecall(
            recall_id, OpenRecall(**texts), form.revision()))
        return Done(url_for("console.recall", recall_id=recall_id), _("The texts are saved."))

    def again(status: int) -> Response:
        with world().database.read() as db:
            return _show_texts(recall_by_id(db, recall_id), form, status)

    return perform(form, act, Refusal(again))


