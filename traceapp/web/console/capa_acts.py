"""Console: what moves a CAPA on, describes it, and says what it is about."""
from __future__ import annotations

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.queries import adverse_event_by_reference
from traceapp.capa.cases import capa_by_id
from traceapp.capa.model import Capa
from traceapp.capa.moving import STEPS
from traceapp.capa.queries import products_of
from traceapp.capa.service import (
    ChangeCapa,
    CloseCapa,
    LinkCapa,
    LinkTo,
    MoveCapa,
    UnlinkCapa,
    change_capa,
    close_capa,
    link_capa,
    move_capa,
    unlink_capa,
)
from traceapp.capa.states import LinkKind
from traceapp.catalog.model import Party
from traceapp.complaint.queries import complaint_by_reference
from traceapp.core.errors import InvalidInput
from traceapp.recall.queries import recall_by_reference
from traceapp.surveillance.queries import signal_by_reference
from traceapp.web.capa_words import STEPS_TAKEN
from traceapp.web.context import actor, world
from traceapp.web.words import word

from .acting import Done, Refusal, perform
from .capa_case import show
from .capa_drafting import owner_choices, problem_choices, product_choices, product_fields
from .casework import case_page, count_signature, signed
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions); the state table asks further
PERMISSIONS: dict[str, str] = {
    "console.capa_step": "capa.write", "console.capa_close": "capa.close", "console.capa_link": "capa.write",
    "console.capa_unlink": "capa.write",
    "console.capa_change": "capa.write", "console.capa_change_form": "capa.write"}


def do_act(capa_id: str, do: str, act: Callable[[Session, Entered], str], on: str = "") -> Response:
    """Run an act of the case that answers what to say; the form again when it is refused."""
    form = Entered()

    def run(db: Session) -> Done:
        return Done(url_for("console.capa", capa_id=capa_id), act(db, form))

    return perform(form, run, Refusal(lambda status: show(capa_id, do, form, status, on)))


@blueprint.post("/capa/<capa_id>/step")
def capa_step(capa_id: str) -> Response:
    """Go on by the state table."""
    action = Entered().choice("action", STEPS)

    def act(db: Session, form: Entered) -> str:
        move_capa(db, actor(), world().clock, MoveCapa(capa_id, action, form.text("reason"), form.revision()))
        return word(STEPS_TAKEN, action)

    return do_act(capa_id, action, act)


@blueprint.post("/capa/<capa_id>/close")
def capa_close(capa_id: str) -> Response:
    """Close it, signed."""
    count_signature()

    def act(db: Session, form: Entered) -> str:
        signed(lambda: close_capa(db, actor(), world().clock, CloseCapa(
            capa_id, form.get("password"), form.text("reason"), form.revision())))
        return _("Closed and signed.")

    return do_act(capa_id, "close", act)


@blueprint.post("/capa/<capa_id>/link")
def capa_link(capa_id: str) -> Response:
    """Say of one thing more that it is about it."""
    def act(db: Session, form: Entered) -> str:
        kind = form.text("kind")
        link_capa(db, actor(), world().clock, LinkCapa(
            capa_id, LinkTo(kind, _target(db, kind, form.text("number"))), form.revision()))
        return _("Linked.")

    return do_act(capa_id, "link", act)


@blueprint.post("/capa/<capa_id>/unlink")
def capa_unlink(capa_id: str) -> Response:
    """Take back that it is about a thing."""
    def act(db: Session, form: Entered) -> str:
        kind, _colon, target = form.text("link").partition(":")
        unlink_capa(db, actor(), world().clock, UnlinkCapa(
            capa_id, kind, target, form.text("reason"), form.revision()))
        return _("The link is taken back.")

    return do_act(capa_id, "unlink", act)


_FINDERS: dict[str, Callable[[Session, str], object]] = {
    LinkKind.signal: signal_by_reference, LinkKind.recall: recall_by_reference,
    LinkKind.complaint: complaint_by_reference, LinkKind.adverse_event: adverse_event_by_reference,
    LinkKind.supplier: lambda db, code: db.scalar(select(Party).where(Party.code == code))}


def _target(db: Session, kind: str, number: str) -> str:
    """The id of what people call so. Raises InvalidInput."""
    found = _FINDERS[kind](db, number) if kind in _FINDERS else None
    if found is None:
        raise InvalidInput("Nothing has this number.", code="unknown-target", place="number")
    return str(getattr(found, "id"))  # noqa: B009 - each kind has one


@blueprint.get("/capa/<capa_id>/description")
def capa_change_form(capa_id: str) -> Response:
    """The description in a form."""
    with world().database.read() as db:
        case = capa_by_id(db, capa_id)
        form = Entered({"title": case.title, "problem": case.problem, "owner_id": case.owner_id,
                        "due_on": str(case.due_on), "problem_kind": case.problem_kind,
                        "product_ids": [one.id for one in products_of(db, case.id)]})
        return _show_change(db, case, form)


def _show_change(db: Session, case: Capa, form: Entered, status: int = 200) -> Response:
    return case_page("console/capa_change.html", status, case=case, form=form, owners=owner_choices(db),
                     products=product_choices(db), fields=product_fields(form), problem_kinds=problem_choices())


@blueprint.post("/capa/<capa_id>/description")
def capa_change(capa_id: str) -> Response:
    """Describe it anew, hand it on, move its day."""
    form = Entered()
    due_on = form.day("due_on", required=True)

    def act(db: Session) -> Done:
        assert due_on is not None
        change_capa(db, actor(), world().clock, ChangeCapa(
            capa_id, form.text("title"), form.text("problem"), form.text("owner_id"), due_on,
            tuple(form.several("product_ids")), form.text("problem_kind"), form.revision()))
        return Done(url_for("console.capa", capa_id=capa_id), _("The description is saved."))

    def again(status: int) -> Response:
        with world().database.read() as db:
            return _show_change(db, capa_by_id(db, capa_id), form, status)

    return perform(form, act, Refusal(again))
