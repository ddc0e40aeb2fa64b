"""Console: one CAPA, from the problem to what was decided."""
from __future__ import annotations

from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.attachment.service import attachments_of_all
from traceapp.capa import queries
from traceapp.capa.cases import action_stream, capa_by_id, capa_stream, facts_of
from traceapp.capa.model import Capa, CapaCause, CapaLink
from traceapp.capa.policy import home_day, refuse_step, took_part
from traceapp.capa.states import ENDED, CapaState, actions_from, work_in
from traceapp.core.errors import Conflict
from traceapp.identity.lookup import names_of_users
from traceapp.web import capa_words
from traceapp.web.auth import may
from traceapp.web.capa_record import send_record
from traceapp.web.context import actor, world
from traceapp.web.reading import given
from traceapp.web.ui import current_locale, graph
from traceapp.web.ui.display import day as shown_day
from traceapp.web.words import choices, meaning, word
from traceapp.worklist.tasks import tasks_about

from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.capa": "capa.read", "console.capa_record": "capa.read"}
# What each button of the state table says; the main act of a state first.
STEP_WORDS = {
    "investigate": lazy_gettext("Look for the cause"), "plan": lazy_gettext("The cause stands"),
    "begin": lazy_gettext("Begin the actions"), "verify": lazy_gettext("Begin the verification"),
    "close": lazy_gettext("Close and sign"), "think_again": lazy_gettext("Back to the cause"),
    "reopen": lazy_gettext("Reopen"), "cancel": lazy_gettext("Cancel it")}
_COURSE = (("open", lazy_gettext("CAPA opened")), ("investigating", lazy_gettext("Cause")),
           ("planned", lazy_gettext("Plan")), ("acting", lazy_gettext("Carrying out")),
           ("verifying", lazy_gettext("Verification")), ("closed", lazy_gettext("Closed")))
_TARGETS = {"signal": ("console.signal", "signal_id", "signal.read"),
            "recall": ("console.recall", "recall_id", "recall.write"),
            "complaint": ("console.complaint", "complaint_id", "complaint.read"),
            "adverse_event": ("console.adverse_event", "adverse_event_id", "adverse_event.read"),
            "supplier": ("console.partner", "party_id", "console.read")}


@blueprint.get("/capa/<capa_id>")
def capa(capa_id: str) -> Response:
    """The case; `do` opens the form of an act, `on` names the cause, action or question that it is about."""
    return show(capa_id, given("do"))


@blueprint.get("/capa/<capa_id>/record.<form>")
def capa_record(capa_id: str, form: str) -> Response:
    """All that stands on the page as a document: docx or pdf."""
    return send_record(capa_id, form)


def show(capa_id: str, do: str = "", form: Entered | None = None, status: int = 200, on: str = "") -> Response:
    """The page of a CAPA; with a refused form the status of the refusal."""
    with world().database.read() as db:
        case = capa_by_id(db, capa_id)
        values = _values(db, case)
    on = on or given("on", 32)
    return case_page("console/capa.html", status, case=case, form=form or Entered(_filled(values, do, on)),
                     do=_allowed(case, do), on=on, me=actor(), tag=tag, steps=_steps(case, values["decisions"]),
                     step_words=STEP_WORDS, acts=_acts(case), work=work_in(case.state), capa_words=capa_words,
                     is_late=is_late, link_url=link_url, today=home_day(world().clock.now()), **values)


def _values(db: Session, case: Capa) -> dict[str, Any]:
    actions, questions = queries.actions_of(db, case.id), queries.questions_of(db, case.id)
    checks, decisions = queries.checks_of(db, case.id), queries.decisions_of(db, case.id)
    causes, facts, links = queries.causes_of(db, case.id), facts_of(db, case), queries.links_of(db, case.id)
    people = [case.owner_id, case.opened_by, *(one.owner_id for one in actions), *(one.done_by for one in actions),
              *(one.asked_of_id for one in questions), *(one.asked_by for one in questions),
              *(one.answered_by for one in questions), *(one.concluded_by for one in checks),
              *(one.stated_by for one in checks)]
    return {
        "actions": actions, "questions": questions, "checks": checks, "decisions": decisions, "causes": causes,
        "picture": _picture(case, causes), "whys": queries.whys_of(db, case.id),
        "products": queries.products_of(db, case.id), "links": links,
        "removable": [(f"{one.kind}:{one.target_id}", f"{word(capa_words.LINK_KINDS, one.kind)}: {one.name}")
                      for one in links if case.origin != f"{one.kind}:{one.target_id}"],
        "proofs": attachments_of_all(db, [action_stream(one.id) for one in actions]), "about_action": action_stream,
        "tasks": [task for task in tasks_about(db, capa_stream(case.id)) if task.state == "open"],
        "people": names_of_users(db, people), "missing": _missing(case, facts),
        "took_part": took_part(facts, actor().id),
        "owners": [(one.id, one.name) for one in queries.people_for(db, "capa.write")],
        "doers": [(one.id, one.name) for one in queries.people_for(db, "capa.act")],
        "cause_choices": choices(capa_words.CAUSE_KINDS), "verdict_choices": choices(capa_words.VERDICTS),
        "conclusion_choices": choices(capa_words.CONCLUSIONS),
        "link_choices": choices(capa_words.LINK_KINDS, [kind for kind in capa_words.LINK_KINDS
                                                        if kind != "inspection"])}


def _missing(case: Capa, facts: Any) -> str:
    """What stands in the way of the next step, in words."""
    main = next((name for name in STEP_WORDS if name in actions_from(case.state)), "")
    try:
        refuse_step(main, facts, home_day(world().clock.now()))
    except Conflict as refusal:
        return _(refusal.message)
    return ""


def _filled(values: dict[str, Any], do: str, on: str) -> dict[str, str | list[str]]:
    """What a form holds before anything is typed."""
    if do == "whys":
        return {"answers": "\n".join(one.answer for one in values["whys"])}
    if do == "action_change":
        for one in values["actions"]:
            if one.id == on:
                return {"what": one.what, "owner_id": one.owner_id or "", "due_on": str(one.due_on or "")}
    if do == "judge":
        return next(({"verdict": one.verdict, "evidence": one.evidence} for one in values["causes"]
                     if one.id == on), {})
    if do == "criterion":
        return next(({"criterion": one.criterion, "method": one.method, "planned_on": str(one.planned_on)}
                     for one in values["checks"] if one.conclusion is None), {})
    return {}


# Forms that are work, not steps: what each needs to be open, by the table of work.
FORMS = {"link": "link", "unlink": "link", "whys": "write_whys", "cause": "add_cause", "judge": "judge_cause",
         "no_cause": "give_up_cause", "action": "add_action", "action_change": "change_action",
         "action_finish": "finish_action", "action_drop": "drop_action", "action_prove": "prove",
         "criterion": "state_criterion", "conclude": "conclude", "ask": "ask", "answer": "answer"}
_BY_ANYBODY = frozenset({"action_finish", "action_prove", "answer"})


def _allowed(case: Capa, do: str) -> str:
    """The act whose form is shown; none that the state or the role does not allow."""
    if do in FORMS:
        permission = "capa.act" if do in _BY_ANYBODY else "capa.write"
        return do if FORMS[do] in work_in(case.state) and may(permission) else ""
    return do if do in dict(_acts(case)) else ""


def _acts(case: Capa) -> list[tuple[str, str]]:
    """(action, what its button says) of the steps that table and role allow, the main one first."""
    return [(name, str(text)) for name, text in STEP_WORDS.items() if name in actions_from(case.state)
            and may("capa.close" if name in ("close", "cancel") else "capa.write")]


def _steps(case: Capa, decisions: list[Any]) -> list[dict[str, Any]]:
    """The course with the day on which each state was last reached."""
    reached = {"open": case.opened_at} | {one.after: one.at for one in decisions}
    names = [name for name, _title in _COURSE]
    state = "open" if case.state in (CapaState.reopened, CapaState.cancelled) else case.state
    place = names.index(state) + (case.state == CapaState.closed)
    day = [shown_day(home_day(reached[name]), current_locale()) if name in reached and at <= place else None
           for at, name in enumerate(names)]
    return [{"title": str(title), "when": day[at],
             "state": "done" if at < place else "current" if at == place else "todo"}
            for at, (_name, title) in enumerate(_COURSE)]


_MEANINGS: dict[str, graph.Meaning] = {"supposed": "info", "confirmed": "stop", "excluded": "plain"}


def _picture(case: Capa, causes: list[CapaCause]) -> Any:
    """The tree of causes from the problem on; nothing without causes."""
    if not causes:
        return None
    nodes = [graph.Node(case.id, case.title, case.reference, meaning="check", focus=True, status=_("Problem"))]
    nodes += [graph.Node(one.id, one.text, word(capa_words.CAUSE_KINDS, one.kind), kind="material",
                         meaning=_MEANINGS[one.verdict], status=word(capa_words.VERDICTS, one.verdict),
                         url=f"#cause-{one.id}") for one in causes]
    edges = [graph.Edge(one.parent_id or case.id, one.id, hot=one.verdict == "confirmed") for one in causes]
    said = graph.GraphWords(_("Tree of causes"), lambda count, _kind: str(count))
    return graph.drawn(nodes, edges, said, graph.FoldWish(opened=frozenset({graph.ALL}))).svg


def tag(table: str, code: str) -> tuple[str, str]:
    """(word, meaning) of a code of CAPAs, for `ui.status_tag(*tag('CAPA_STATES', code))`."""
    found = getattr(capa_words, table)
    return word(found, code), meaning(found, code)


def is_late(case: Capa, next_due_on: date | None, today: date) -> bool:
    """Whether the case itself or its next action is past its day."""
    return case.state not in ENDED and (case.due_on < today or next_due_on is not None and next_due_on < today)


def link_url(link: CapaLink) -> str | None:
    """The page of a linked thing, for those who may open it."""
    if link.kind == "inspection":
        return url_for("console.lot", lot_key=link.lot_key, part="inspections") if may("trace.read") else None
    endpoint, argument, permission = _TARGETS[link.kind]
    return url_for(endpoint, **{argument: link.target_id}) if may(permission) else None  # type: ignore[arg-type]
