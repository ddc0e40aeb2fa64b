"""Console: the work on a CAPA: causes, actions, verification, questions to development."""
from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, cast

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.attachment.service import ReadyFile, ready_file
from traceapp.capa import service
from traceapp.core.errors import Problem
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .capa_acts import do_act
from .capa_case import show
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions); whose action or question it is decides further
PERMISSIONS: dict[str, str] = {
    "console.capa_whys": "capa.write", "console.capa_cause": "capa.write", "console.capa_judge": "capa.write",
    "console.capa_no_cause": "capa.write", "console.capa_action": "capa.write",
    "console.capa_action_change": "capa.write", "console.capa_action_finish": "capa.act",
    "console.capa_action_drop": "capa.write", "console.capa_action_prove": "capa.act",
    "console.capa_criterion": "capa.write", "console.capa_conclude": "capa.write", "console.capa_ask": "capa.write",
    "console.capa_answer": "capa.act"}


@blueprint.post("/capa/<capa_id>/whys")
def capa_whys(capa_id: str) -> Response:
    """Write the five whys, one a line."""
    def act(db: Session, form: Entered) -> str:
        service.write_whys(db, actor(), world().clock, service.WriteWhys(
            capa_id, tuple(form.text("answers").splitlines()), form.revision()))
        return _("The whys are saved.")

    return do_act(capa_id, "whys", act)


@blueprint.post("/capa/<capa_id>/causes")
def capa_cause(capa_id: str) -> Response:
    """Add a supposed cause."""
    def act(db: Session, form: Entered) -> str:
        service.add_cause(db, actor(), world().clock, service.AddCause(
            capa_id, form.text("kind"), form.text("text"), form.text("parent_id") or None, form.text("evidence"),
            form.revision()))
        return _("The cause is in the tree.")

    return do_act(capa_id, "cause", act)


@blueprint.post("/capa/<capa_id>/causes/<cause_id>")
def capa_judge(capa_id: str, cause_id: str) -> Response:
    """Confirm or exclude a cause."""
    def act(db: Session, form: Entered) -> str:
        service.judge_cause(db, actor(), world().clock, service.JudgeCause(
            capa_id, cause_id, form.text("verdict"), form.text("evidence"), form.revision()))
        return _("The judgement is saved.")

    return do_act(capa_id, "judge", act, cause_id)


@blueprint.post("/capa/<capa_id>/no-cause")
def capa_no_cause(capa_id: str) -> Response:
    """Say that no cause can be found."""
    def act(db: Session, form: Entered) -> str:
        service.give_up_cause(db, actor(), world().clock, service.GiveUpCause(
            capa_id, form.text("reason"), form.revision()))
        return _("It is said why no cause can be found.")

    return do_act(capa_id, "no_cause", act)


@blueprint.post("/capa/<capa_id>/actions")
def capa_action(capa_id: str) -> Response:
    """Plan an action."""
    form = Entered()
    due_on = form.day("due_on")

    def act(db: Session, form: Entered) -> str:
        service.add_action(db, actor(), world().clock, service.AddAction(
            capa_id, form.text("what"), form.text("owner_id") or None, due_on, form.revision()))
        return _("The action is planned.")

    return _dated(capa_id, "action", form, act)


@blueprint.post("/capa/<capa_id>/actions/<action_id>")
def capa_action_change(capa_id: str, action_id: str) -> Response:
    """Plan an action otherwise."""
    form = Entered()
    due_on = form.day("due_on")

    def act(db: Session, form: Entered) -> str:
        service.change_action(db, actor(), world().clock, service.ChangeAction(
            capa_id, action_id, form.text("what"), form.text("owner_id") or None, due_on, form.revision()))
        return _("The action is changed.")

    return _dated(capa_id, "action_change", form, act, action_id)


def _dated(capa_id: str, do: str, form: Entered, act: Callable[[Session, Entered], str], on: str = "") -> Response:
    """As `do_act`, for a form that was read already and may have a fault."""
    return perform(form, lambda db: Done(url_for("console.capa", capa_id=capa_id), act(db, form)),
                   Refusal(lambda status: show(capa_id, do, form, status, on)))


@blueprint.post("/capa/<capa_id>/actions/<action_id>/done")
def capa_action_finish(capa_id: str, action_id: str) -> Response:
    """Say that an action is done; a proof can come with it."""
    form = Entered()
    sent = form.file("proof")
    ready = _ready(form)

    def act(db: Session, form: Entered) -> str:
        if ready is not None and sent is not None:
            service.prove_action(db, actor(), world().clock, service.ProveAction(
                capa_id, action_id, sent.filename or "", ready, form.revision()), store=world().files)
            db.flush()
        service.finish_action(db, actor(), world().clock, service.FinishAction(
            capa_id, action_id, form.text("outcome"), None if ready is not None else form.revision()))
        return _("The action is done.")

    return _dated(capa_id, "action_finish", form, act, action_id)


@blueprint.post("/capa/<capa_id>/actions/<action_id>/proof")
def capa_action_prove(capa_id: str, action_id: str) -> Response:
    """Add a proof to an action."""
    form = Entered()
    sent = form.file("proof")
    ready = _ready(form)
    if sent is None:
        form.fault("proof", _("Choose a file."))

    def act(db: Session, form: Entered) -> str:
        assert sent is not None
        assert ready is not None
        service.prove_action(db, actor(), world().clock, service.ProveAction(
            capa_id, action_id, sent.filename or "", ready), store=world().files)
        return _("The proof is kept with the action.")

    return _dated(capa_id, "action_prove", form, act, action_id)


def _ready(form: Entered) -> ReadyFile | None:
    """The file that was sent, in the form that is kept; a fault of the form where it is none."""
    sent = form.file("proof")
    if sent is None:
        return None
    try:
        return ready_file(cast(BinaryIO, sent.stream), store=world().files)
    except Problem as problem:
        problem.place = "proof"
        form.refuse(problem)
        return None


@blueprint.post("/capa/<capa_id>/actions/<action_id>/drop")
def capa_action_drop(capa_id: str, action_id: str) -> Response:
    """Leave an action undone."""
    def act(db: Session, form: Entered) -> str:
        service.drop_action(db, actor(), world().clock, service.DropAction(
            capa_id, action_id, form.text("reason"), form.revision()))
        return _("The action is left undone.")

    return do_act(capa_id, "action_drop", act, action_id)


@blueprint.post("/capa/<capa_id>/criterion")
def capa_criterion(capa_id: str) -> Response:
    """State how it will be judged whether the actions helped."""
    form = Entered()
    planned_on = form.day("planned_on", required=True)

    def act(db: Session, form: Entered) -> str:
        assert planned_on is not None
        service.state_criterion(db, actor(), world().clock, service.StateCriterion(
            capa_id, form.text("criterion"), form.text("method"), planned_on, form.revision()))
        return _("The criterion stands.")

    return _dated(capa_id, "criterion", form, act)


@blueprint.post("/capa/<capa_id>/conclusion")
def capa_conclude(capa_id: str) -> Response:
    """Conclude the verification."""
    def act(db: Session, form: Entered) -> str:
        check = service.conclude_check(db, actor(), world().clock, service.ConcludeCheck(
            capa_id, form.text("conclusion"), form.text("result"), form.revision()))
        return _("It helped. The quality manager can close it.") if check.conclusion == "effective" else \
            _("It did not help. The case is reopened.")

    return do_act(capa_id, "conclude", act)


@blueprint.post("/capa/<capa_id>/questions")
def capa_ask(capa_id: str) -> Response:
    """Ask development."""
    def act(db: Session, form: Entered) -> str:
        service.ask_development(db, actor(), world().clock, service.AskDevelopment(
            capa_id, form.text("question"), form.text("asked_of_id"), form.revision()))
        return _("The question is asked; the answer is due in fifteen working days.")

    return do_act(capa_id, "ask", act)


@blueprint.post("/capa/<capa_id>/questions/<question_id>")
def capa_answer(capa_id: str, question_id: str) -> Response:
    """Answer a question."""
    def act(db: Session, form: Entered) -> str:
        service.answer_question(db, actor(), world().clock, service.AnswerQuestion(
            capa_id, question_id, form.text("answer"), form.revision()))
        return _("The answer is saved.")

    return do_act(capa_id, "answer", act, question_id)
