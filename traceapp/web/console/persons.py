"""Console: persons of the vault without who they are: found by telephone, whose retention has run out, and one of them
with the cases, legal holds and looks."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.adverse_event.persons import PersonFile, expired_persons, person_files
from traceapp.adverse_event.retention import ROWS, RetentionRow
from traceapp.core.errors import NotFound, Problem
from traceapp.identity.lookup import names_of_users
from traceapp.submission.received_messages import erase_person_and_reports
from traceapp.vault.holds import holds_of, lift_legal_hold, place_legal_hold
from traceapp.vault.model import Person
from traceapp.vault.service import accesses_of, find_persons
from traceapp.web.auth import may
from traceapp.web.clock_words import market_word
from traceapp.web.context import actor, world
from traceapp.web.reading import given
from traceapp.web.words import joined_words

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.persons": "person.reveal", "console.persons_search": "person.reveal", "console.person": "person.reveal",
    "console.person_hold": "person.erase", "console.person_lift": "person.erase",
    "console.person_erase": "person.erase"}
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A person as a row: the cases, and the last day of retention; None while a case is open."""

    id: str
    file: PersonFile
    until: date | None


@blueprint.get("/persons")
def persons() -> Response:
    """The search, and for those who may erase: whose retention has run out."""
    return _show(Entered())


@blueprint.post("/persons/search")
def persons_search() -> Response:
    """Who gave this telephone number or e-mail address; the search is recorded with its reason."""
    form = Entered()
    try:
        with world().database.write() as db:
            ids = find_persons(db, actor(), world().clock, form.text("phone"), form.text("reason"), vault=world().vault)
    except Problem as problem:
        if problem.status != 422:
            raise
        form.refuse(problem, {"email": "phone"})
        return _show(form, status=422)
    with world().database.read() as db:
        return _show(form, [_row(file) for file in person_files(db, ids)])


def _show(form: Entered, found: list[Shown] | None = None, status: int = 200) -> Response:
    expired: list[Shown] = []
    if may("person.erase"):
        with world().database.read() as db:
            expired = [_row(file) for file in expired_persons(db, world().clock, _SHOWN)]
    return case_page("console/persons.html", status, form=form, found=found, expired=expired)


def _row(file: PersonFile) -> Shown:
    return Shown(file.person_id, file, file.kept.until if file.kept else None)


@blueprint.get("/persons/<person_id>")
def person(person_id: str) -> Response:
    """One person; `do` opens the form of an act."""
    return _one(person_id, given("do"), Entered())


def _one(person_id: str, do: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as db:
        known = db.get(Person, person_id)
        if known is None:
            raise NotFound("There is no such person in the vault.", code="unknown-person")
        (file,), holds, looks = person_files(db, [person_id]), holds_of(db, person_id), accesses_of(db, person_id)
        people = names_of_users(db, [*(one.actor_id for one in looks), *(one.placed_by for one in holds),
                                     *(one.lifted_by for one in holds)])
    rules = [_rule_words(row) for row in ROWS if file.kept is not None and row.id in file.kept.rows]
    held = next((one for one in holds if one.lifted_at is None), None)
    return case_page("console/person.html", status, person=known, row=_row(file), holds=holds, held=held, looks=looks,
                     rules=joined_words(rules), people=people, form=form,
                     do=do if known.erased_at is None and may("person.erase") else "")


def _rule_words(row: RetentionRow) -> str:
    """How long a row keeps, as people say it."""
    where = market_word(row.jurisdiction)
    if row.from_expiry:
        return _("%(where)s: %(years)s years from the expiry of the batch", where=where, years=row.years)
    return _("%(where)s: %(years)s years from the last entry of the case", where=where, years=row.years)


@blueprint.post("/persons/<person_id>/hold")
def person_hold(person_id: str) -> Response:
    """Keep the details whatever retention says."""
    form = Entered()
    reason = form.text("reason")

    def act(db: Session) -> Done:
        place_legal_hold(db, actor(), world().clock, person_id, reason)
        return Done(_address(person_id), _("A legal hold stands: the details are kept until it is lifted."))

    return perform(form, act, Refusal(lambda status: _one(person_id, "hold", form, status)))


@blueprint.post("/persons/<person_id>/lift")
def person_lift(person_id: str) -> Response:
    """Let retention count again."""
    form = Entered()
    reason = form.text("reason")

    def act(db: Session) -> Done:
        lift_legal_hold(db, actor(), world().clock, person_id, reason)
        return Done(_address(person_id), _("The legal hold is lifted."))

    return perform(form, act, Refusal(lambda status: _one(person_id, "lift", form, status)))


@blueprint.post("/persons/<person_id>/erase")
def person_erase(person_id: str) -> Response:
    """Erase the details for good."""
    form = Entered()
    reason = form.text("reason")

    def act(db: Session) -> Done:
        erase_person_and_reports(db, actor(), world().clock, person_id, reason)
        return Done(url_for("console.persons"), _("The personal details are erased."))

    return perform(form, act, Refusal(lambda status: _one(person_id, "erase", form, status)))


def _address(person_id: str) -> str:
    return url_for("console.person", person_id=person_id)
