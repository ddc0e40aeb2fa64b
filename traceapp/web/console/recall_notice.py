"""Console: the public notice of a recall: how it reads, what was changed of it, correcting and withdrawing it."""
from __future__ import annotations

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import NotFound
from traceapp.identity.lookup import names_of_users
from traceapp.recall.cases import is_told, recall_by_id
from traceapp.recall.model import Recall
from traceapp.recall.revising import (
    CORRECTED,
    CorrectNotice,
    WithdrawNotice,
    can_correct,
    correct_notice,
    revisions_of,
    withdraw_notice,
)
from traceapp.recall.states import TRANSITIONS, RecallState
from traceapp.web.auth import may
from traceapp.web.context import actor, world
from traceapp.web.reading import given

from .acting import Done, Refusal, perform
from .casework import case_page, count_signature, signed
from .entering import Entered
from .layout import blueprint
from .recall_texts import typed_texts

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recall_notice": "recall.write", "console.recall_correct": "recall.approve",
                               "console.recall_withdraw": "recall.approve"}


@blueprint.get("/recalls/<recall_id>/notice")
def recall_notice(recall_id: str) -> Response:
    """How the notice reads; `do` opens the form of an act above it."""
    return _show(recall_id, given("do"), None)


def _show(recall_id: str, do: str, form: Entered | None, status: int = 200) -> Response:
    with world().database.read() as db:
        case = recall_by_id(db, recall_id)
        if not is_told(case):
            raise NotFound("No notice of this recall stands that people have read.", code="not-told")
        revisions = revisions_of(db, case.id)
        names = names_of_users(db, [row.made_by for row in revisions])
    if form is None:
        form = Entered({name: text for name, text in typed_texts(case).items() if name in CORRECTED})
    acts = _acts(case) if may("recall.approve") else []
    return case_page("console/recall_notice.html", status, case=case, form=form, revisions=revisions[::-1],
                     names=names, acts=acts, do=do if do in {name for name, _text in acts} else "", me=actor(),
                     fields=_names(), public_url=f"/recalls/{case.reference}", is_withdrawn=_is_withdrawn(case))


def _is_withdrawn(case: Recall) -> bool:
    return case.state == RecallState.cancelled


def _acts(case: Recall) -> list[tuple[str, str]]:
    """(act, what its button says) of what can be done now."""
    if not can_correct(case):
        return []
    is_waiting = case.state == RecallState.planned and case.submitted_at is not None
    found = [] if is_waiting else [("correct", _("Correct the notice"))]
    return found + ([("withdraw", _("Withdraw the notice"))] if case.state in TRANSITIONS["withdraw"][0] else [])


def _names() -> dict[str, str]:
    return {"title_zh": _("Title (Chinese)"), "title_en": _("Title (English)"),
            "risk_zh": _("What can happen (Chinese)"), "risk_en": _("What can happen (English)"),
            "action_zh": _("What to do now (Chinese)"), "action_en": _("What to do now (English)"),
            "remedy_zh": _("What one gets for it (Chinese)"), "remedy_en": _("What one gets for it (English)"),
            "contact": _("Whom to ask")}


@blueprint.post("/recalls/<recall_id>/notice/correct")
def recall_correct(recall_id: str) -> Response:
    """Correct texts that people have read."""
    return _act(recall_id, "correct", _("Corrected. Everybody who was told is told of it."),
                lambda db, form: correct_notice(db, actor(), world().clock, CorrectNotice(
                    recall_id, {name: form.text(name) for name in CORRECTED}, form.text("said_zh"),
                    form.text("said_en"), form.text("reason"), form.get("password"), form.revision())))


@blueprint.post("/recalls/<recall_id>/notice/withdraw")
def recall_withdraw(recall_id: str) -> Response:
    """Take the notice back."""
    return _act(recall_id, "withdraw", _("Withdrawn. Its batches are on hold until each is freed by hand."),
                lambda db, form: withdraw_notice(db, actor(), world().clock, WithdrawNotice(
                    recall_id, form.text("said_zh"), form.text("said_en"), form.text("reason"), form.get("password"),
                    form.revision())))


def _act(recall_id: str, do: str, text: str, act: Callable[[Session, Entered], object]) -> Response:
    count_signature()
    form = Entered()

    def run(db: Session) -> Done:
        signed(lambda: act(db, form))
        return Done(url_for("console.recall_notice", recall_id=recall_id), text)

    return perform(form, run, Refusal(lambda status: _show(recall_id, do, form, status)))
