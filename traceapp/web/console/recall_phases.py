"""Console: the phases of a recall: evaluation, decision, strategy, tries, checks, end."""
from __future__ import annotations

import secrets
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import InvalidInput
from traceapp.recall import service
from traceapp.recall.checking import NoteCheckTry, note_check_try
from traceapp.recall.evaluation import MEDICAL, QUALITY, Likelihood, Seriousness
from traceapp.recall.ledger import WAYS
from traceapp.recall.states import CheckLevel, Depth, RecallClass
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .casework import count_signature, signed
from .entering import Entered
from .layout import blueprint
from .recall_acts import do_act
from .recall_case import show
from .recall_ledger import show_consignee
from .recall_phase_words import HAZARD_WORDS

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {f"console.recall_{name}": "recall.write" for name in (
    "assess", "classify", "write_evaluation", "evaluated", "reassess", "strategy", "extend", "check", "checked",
    "conclude", "tried", "check_tried")} | {f"console.recall_{name}": "recall.approve" for name in (
        "decide", "decide_none", "mandate", "terminate", "reopen")}
_SEEDS = 2**31 - 1


@blueprint.post("/recalls/<recall_id>/assess")
def recall_assess(recall_id: str) -> Response:
    """Begin the evaluation."""
    return do_act(recall_id, "assess", _("The assessment has begun. Write the evaluation; two people sign it."),
                  lambda db, form: service.assess_recall(db, actor(), world().clock, service.AssessRecall(
                      recall_id, None, form.revision())))


@blueprint.post("/recalls/<recall_id>/write_evaluation")
def recall_write_evaluation(recall_id: str) -> Response:
    """Write a version of the evaluation."""
    form = Entered()
    given: dict[str, Any] = {name: form.text(name) for name in HAZARD_WORDS}
    for name, known in (("seriousness", Seriousness), ("likelihood", Likelihood), ("proposed_class", RecallClass)):
        given[name] = form.choice(name, list(known))

    def run(db: Session) -> Done:
        service.write_evaluation(db, actor(), world().clock, service.WriteEvaluation(
            recall_id, service.Hazard(**given), form.revision()))
        return Done(url_for("console.recall", recall_id=recall_id, part="assessment"),
                    _("The evaluation is written. Two people sign it, one for quality, one for medicine."))

    return perform(form, run, Refusal(lambda status: show(recall_id, "write_evaluation", form, status)))


@blueprint.post("/recalls/<recall_id>/evaluated")
def recall_evaluated(recall_id: str) -> Response:
    """Sign the evaluation."""
    count_signature()
    return do_act(recall_id, "evaluated", _("Signed."), lambda db, form: signed(
        lambda: service.sign_evaluation(db, actor(), world().clock, service.SignEvaluation(
            recall_id, form.choice("meaning", [QUALITY, MEDICAL]), form.get("password"), form.text("reason"),
            form.revision()))))


@blueprint.post("/recalls/<recall_id>/decide")
def recall_decide(recall_id: str) -> Response:
    """Decide for a recall."""
    count_signature()
    return do_act(recall_id, "decide", _("Decided. Its batches, and what was made from them, can go nowhere from now "
                                         "on. Make scope and texts ready, then submit them."),
                  lambda db, form: signed(lambda: service.decide_recall(db, actor(), world().clock,
                                                                        service.DecideRecall(
                      recall_id, form.choice("recall_class", list(RecallClass)), form.text("reason"),
                      form.get("password"), form.revision(), form.text("why_milder")))))


@blueprint.post("/recalls/<recall_id>/decide_none")
def recall_decide_none(recall_id: str) -> Response:
    """Decide that none is needed."""
    count_signature()
    return do_act(recall_id, "decide_none", _("Signed. With the second person's signature the case is ended."),
                  lambda db, form: signed(lambda: service.decide_none(db, actor(), world().clock, service.DecideNone(
                      recall_id, form.text("reason"), form.get("password"), form.revision()))))


@blueprint.post("/recalls/<recall_id>/reassess")
def recall_reassess(recall_id: str) -> Response:
    """Back to the evaluation."""
    return do_act(recall_id, "reassess", _("Sent back to assessment."),
                  lambda db, form: service.reassess_recall(db, actor(), world().clock, recall_id, form.text("reason"),
                                                           form.revision()))


@blueprint.post("/recalls/<recall_id>/strategy")
def recall_strategy(recall_id: str) -> Response:
    """Depth and level of the checks."""
    def act(db: Session, form: Entered) -> Any:
        level = form.choice("check_level", list(CheckLevel))
        share = form.amount("check_share", positive=False) if level == CheckLevel.b else None
        return service.set_strategy(db, actor(), world().clock, service.SetStrategy(
            recall_id, form.choice("depth", list(Depth)), level, None if share is None else float(share) / 100,
            form.revision(), form.is_checked("needs_proof")))

    return do_act(recall_id, "strategy", _("The strategy is saved."), act)


@blueprint.post("/recalls/<recall_id>/mandate")
def recall_mandate(recall_id: str) -> Response:
    """An authority ordered it."""
    return do_act(recall_id, "mandate", _("Noted: an authority ordered this recall."),
                  lambda db, form: service.mandate_recall(db, actor(), world().clock, service.MandateRecall(
                      recall_id, form.text("reason"), form.revision())))


@blueprint.post("/recalls/<recall_id>/extend")
def recall_extend(recall_id: str) -> Response:
    """The scope grows."""
    return do_act(recall_id, "extend", _("The scope can grow now. People stay told; nothing can be taken out."),
                  lambda db, form: service.extend_recall(db, actor(), world().clock, service.ExtendRecall(
                      recall_id, form.text("reason"), form.revision())))


@blueprint.post("/recalls/<recall_id>/classify")
def recall_classify(recall_id: str) -> Response:
    """Write down a class that we propose or an authority assigned."""
    def act(db: Session, form: Entered) -> Any:
        on, kind = form.day("on", required=True), form.choice("kind", ["proposed", "assigned"])
        if on is None:
            raise InvalidInput("This must be filled in.", code="missing", place="on")
        return service.classify_recall(db, actor(), world().clock, service.ClassifyRecall(
            recall_id, form.text("jurisdiction").upper(), form.choice("recall_class", list(RecallClass)),
            kind == "assigned", on, form.text("basis"), form.text("by_whom"), form.revision()))

    return do_act(recall_id, "classify", _("The class is written down."), act)


@blueprint.post("/recalls/<recall_id>/consignees/<consignee_id>/tried")
def recall_tried(recall_id: str, consignee_id: str) -> Response:
    """Note a try."""
    form = Entered()
    way, reached = form.choice("way", list(WAYS)), form.choice("reached", ["yes", "no"]) == "yes"

    def run(db: Session) -> Done:
        service.note_attempt(db, actor(), world().clock, service.NoteAttempt(
            recall_id, consignee_id, way, reached, form.text("note")))
        return Done(url_for("console.recall_consignee", recall_id=recall_id, consignee_id=consignee_id), _("Noted."))

    return perform(form, run, Refusal(lambda status: show_consignee(recall_id, consignee_id, "try", form, status)))


@blueprint.post("/recalls/<recall_id>/check")
def recall_check(recall_id: str) -> Response:
    """Draw the sample."""
    return do_act(recall_id, "check", _("The sample is drawn. Ask each consignee in it."),
                  lambda db, form: service.draw_sample(db, actor(), world().clock, service.DrawSample(
                      recall_id, secrets.randbelow(_SEEDS), form.revision())))


@blueprint.post("/recalls/<recall_id>/checks/<consignee_id>")
def recall_checked(recall_id: str, consignee_id: str) -> Response:
    """What a drawn consignee said."""
    form = Entered()
    way = form.choice("way", list(WAYS))
    received, understood, acted = (form.choice(name, ["yes", "no"]) == "yes" for name in (
        "received", "understood", "acted"))

    def run(db: Session) -> Done:
        service.record_check(db, actor(), world().clock, service.RecordCheck(
            recall_id, consignee_id, way, received, understood, acted, form.text("note"), form.text("spoken_to")))
        return Done(url_for("console.recall", recall_id=recall_id, part="checks"), _("Noted."))

    return perform(form, run, Refusal(lambda status: show(recall_id, "", form, status)))


@blueprint.post("/recalls/<recall_id>/conclude")
def recall_conclude(recall_id: str) -> Response:
    """End the checks."""
    return do_act(recall_id, "conclude", _("The checks are ended. Now the books are closed."),
                  lambda db, form: service.conclude_checks(db, actor(), world().clock, service.ConcludeChecks(
                      recall_id, form.text("note"), form.revision(), form.whole("claimed"))))


@blueprint.post("/recalls/<recall_id>/checks/<consignee_id>/tried")
def recall_check_tried(recall_id: str, consignee_id: str) -> Response:
    """Somebody of the sample was not reached."""
    form = Entered()
    way = form.choice("way", list(WAYS))

    def run(db: Session) -> Done:
        note_check_try(db, actor(), world().clock, NoteCheckTry(recall_id, consignee_id, way, form.text("note")))
        return Done(url_for("console.recall", recall_id=recall_id, part="checks"), _("Noted."))

    return perform(form, run, Refusal(lambda status: show(recall_id, "", form, status)))


@blueprint.post("/recalls/<recall_id>/terminate")
def recall_terminate(recall_id: str) -> Response:
    """End it once every unit is accounted for."""
    count_signature()
    return do_act(recall_id, "terminate", _("Ended. Its batches stay recalled."),
                  lambda db, form: signed(lambda: service.terminate_recall(
                      db, actor(), world().clock, service.TerminateRecall(
                          recall_id, form.text("note"), form.get("password"), form.revision(),
                          form.text("without"), form.text("lessons"), form.text("authority_letter")))))


@blueprint.post("/recalls/<recall_id>/reopen")
def recall_reopen(recall_id: str) -> Response:
    """Assess it again."""
    return do_act(recall_id, "reopen", _("Opened again. Write an evaluation with the new evidence."),
                  lambda db, form: service.reopen_recall(db, actor(), world().clock, service.ReopenRecall(
                      recall_id, form.text("reason"), form.revision()), vault=world().vault))
