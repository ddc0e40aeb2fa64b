"""The record of a CAPA as a document: all that stands on its page, to be printed, kept and handed over."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from flask import Response
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from traceapp.attachment.service import attachments_of_all
from traceapp.capa import queries
from traceapp.capa.cases import action_stream, capa_by_id
from traceapp.capa.model import Capa, CapaAction, CapaCheck, CapaQuestion
from traceapp.core.errors import InvalidInput
from traceapp.export.psur import docx, pdf
from traceapp.export.psur.blocks import Block, Heading, Paragraph, Table
from traceapp.export.spreadsheet import Written, told
from traceapp.identity.lookup import names_of_users

from .capa_words import (
    ACTION_STATES,
    CAPA_KINDS,
    CAPA_STATES,
    CAUSE_KINDS,
    CONCLUSIONS,
    LINK_KINDS,
    STEPS_TAKEN,
    VERDICTS,
    problem_word,
)
from .context import world
from .i18n import language
from .tables import NewFile, send_file
from .ui import current_locale
from .ui.display import day, moment
from .words import joined_words, own_name, word

FORMS = {"docx": docx.MEDIA_TYPE, "pdf": pdf.MEDIA_TYPE}


def send_record(capa_id: str, form: str) -> Response:
    """The record in the reader's language, recorded with its hash before it is sent. Raises NotFound, InvalidInput for
    another form."""
    if form not in FORMS:
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format",
                           form=form[:20], known=", ".join(FORMS))
    with world().database.read() as db:
        capa = capa_by_id(db, capa_id)
        blocks, reference = list(_blocks(db, capa)), capa.reference
    content = docx.docx(blocks) if form == "docx" else pdf.pdf(reference, blocks)

    def write(file: BinaryIO) -> Written:
        file.write(content)
        return told(file, 1, FORMS[form])

    return send_file(NewFile(f"capa-{reference}", form, {"capa": reference, "language": language()}), write)


def _blocks(db: Session, capa: Capa) -> Iterator[Block]:
    actions, questions = queries.actions_of(db, capa.id), queries.questions_of(db, capa.id)
    checks, links = queries.checks_of(db, capa.id), queries.links_of(db, capa.id)
    people = names_of_users(db, [
        capa.owner_id, capa.opened_by, *(one.owner_id for one in actions), *(one.asked_of_id for one in questions),
        *(one.asked_by for one in questions), *(one.answered_by for one in questions),
        *(one.stated_by for one in checks), *(one.concluded_by for one in checks)])
    yield Heading(f"{capa.reference} · {capa.title}", 1)
    yield _listed((_("Field"), _("Content")), [
        (_("Kind"), word(CAPA_KINDS, capa.kind)), (_("State"), word(CAPA_STATES, capa.state)),
        (_("CAPA opened"), f"{_at(capa.opened_at)} · {people.get(capa.opened_by, '')}"),
        (_("Responsible"), people.get(capa.owner_id, "")), (_("Due"), day(capa.due_on, current_locale())),
        (_("Products"), joined_words([own_name(one) for one in queries.products_of(db, capa.id)])),
        (_("Kind of problem"), problem_word(capa.problem_kind)),
        (_("What it is about"), joined_words([f"{word(LINK_KINDS, one.kind)} {one.name}" for one in links]))])
    yield Heading(_("Problem"))
    yield from (Paragraph(line) for line in capa.problem.splitlines() if line.strip())
    yield from _causes(db, capa)
    yield Heading(_("Actions of the CAPA"))
    files = attachments_of_all(db, [action_stream(one.id) for one in actions])
    yield _listed((_("No."), _("What is done"), _("By whom"), _("By when"), _("State"), _("Outcome and proof")), [
        _action(one, people, [f"{file.name} (SHA-256 {file.sha256[:16]}…)" for file in
                              files.get(action_stream(one.id), [])]) for one in actions])
    yield from _checks(checks, people)
    yield from _questions(questions, people)
    yield Heading(_("Decisions"))
    yield _listed((_("When"), _("Decision"), _("By"), _("Reason"), _("Signature")), [
        (_at(one.at), word(STEPS_TAKEN, one.action), one.user_name, one.reason,
         f"SHA-256 {one.signed_hash}" if one.signed_hash else "") for one in queries.decisions_of(db, capa.id)])


def _causes(db: Session, capa: Capa) -> Iterator[Block]:
    yield Heading(_("Five whys"))
    yield _listed((_("No."), _("Answer")), [(str(one.position), one.answer) for one in queries.whys_of(db, capa.id)])
    yield Heading(_("Tree of causes"))
    numbers: dict[str | None, str] = {None: ""}
    counts: dict[str | None, int] = {}
    rows = []
    for one in queries.causes_of(db, capa.id):
        counts[one.parent_id] = counts.get(one.parent_id, 0) + 1
        numbers[one.id] = f"{numbers[one.parent_id]}{counts[one.parent_id]}."
        rows.append((numbers[one.id], one.text, word(CAUSE_KINDS, one.kind), word(VERDICTS, one.verdict),
                     one.evidence))
    yield _listed((_("No."), _("Cause"), _("Kind"), _("Judgement"), _("What shows it")), sorted(
        rows, key=lambda row: [int(part) for part in row[0].split(".") if part]))
    if capa.no_cause:
        yield Paragraph(f"{_('No cause can be found')}: {capa.no_cause}")


def _action(one: CapaAction, people: dict[str, str], files: list[str]) -> tuple[str, ...]:
    state = word(ACTION_STATES, one.state)
    return (str(one.position), one.what, people.get(one.owner_id or "", ""),
            day(one.due_on, current_locale()) if one.due_on else "",
            f"{state} {_at(one.done_at)}" if one.done_at else state, " · ".join(filter(None, [one.outcome, *files])))


def _checks(checks: Sequence[CapaCheck], people: dict[str, str]) -> Iterator[Block]:
    yield Heading(_("Verification of effectiveness"))
    for one in checks:
        rows = [(_("It helped if"), one.criterion), (_("How it is measured"), one.method),
                (_("Stated on"), f"{_at(one.stated_at)} · {people.get(one.stated_by, '')}"),
                (_("Verified on"), day(one.planned_on, current_locale()))]
        if one.conclusion is not None and one.concluded_at is not None:
            rows += [(_("What was found"), one.result),
                     (_("Conclusion"), f"{word(CONCLUSIONS, one.conclusion)} · {_at(one.concluded_at)} · "
                                       f"{people.get(one.concluded_by or '', '')}")]
        yield _listed((_("Field"), _("Content")), rows)
    if not checks:
        yield Paragraph(_("No criterion is stated yet."))


def _questions(questions: Sequence[CapaQuestion], people: dict[str, str]) -> Iterator[Block]:
    yield Heading(_("Questions to development"))
    yield _listed((_("Question"), _("Who answers"), _("Due"), _("Answer")), [
        (one.question, people.get(one.asked_of_id, ""), _at(one.due_at),
         f"{one.answer} · {_at(one.answered_at)} · {people.get(one.answered_by or '', '')}" if one.answered_at else "")
        for one in questions])


def _at(value: object) -> str:
    return str(moment(value, current_locale())) if value is not None else ""  # type: ignore[arg-type]


def _listed(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Block:
    if not rows:
        return Paragraph(_("None."))
    return Table(head, [[" ".join(str(cell).split()) for cell in row] for row in rows])
