"""The report of a drill as a file: a document to print and keep, or JSON for a machine. Every page says what it is."""
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO

from flask import Response
from flask_babel import gettext as _

from traceapp.core.errors import Conflict, InvalidInput
from traceapp.export.psur import docx, pdf
from traceapp.export.psur.blocks import Block, Heading, Paragraph, Table
from traceapp.export.spreadsheet import Written, told
from traceapp.export.trace import plain_value
from traceapp.recall.drill_model import Drill, DrillStep
from traceapp.recall.drill_queries import Target, drill_by_id, seconds_of, steps_of, targets_of

from .context import world
from .drill_words import (
    MOVED_IS_NO_GAP,
    SHORT_DIRECTIONS,
    UNTIL,
    failure_text,
    gap_text,
    moved_text,
    seconds_text,
    step_word,
)
from .i18n import language
from .tables import NewFile, send_file
from .ui import current_locale
from .ui.display import moment, number, unit
from .words import word

FORMS = {"docx": docx.MEDIA_TYPE, "pdf": pdf.MEDIA_TYPE, "json": "application/json"}


def send_drill(drill_id: str, form: str) -> Response:
    """The report in the reader's language, recorded with its hash before it is sent. Raises NotFound, Conflict before
    the drill has ended, InvalidInput for another form."""
    if form not in FORMS:
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format",
                           form=form[:20], known=", ".join(FORMS))
    with world().database.read() as db:
        drill, steps = drill_by_id(db, drill_id), steps_of(db, drill_id)
    if drill.report is None:
        raise Conflict("This drill has not ended yet.", code="not-ended")
    if form == "json":
        content = json.dumps(plain_value(drill_facts(drill, steps)), ensure_ascii=False, indent=1,
                             default=lambda value: value.isoformat()).encode("utf-8")
    else:
        blocks = list(_blocks(drill, steps))
        content = docx.docx(blocks) if form == "docx" else pdf.pdf(mark(), blocks)

    def write(file: BinaryIO) -> Written:
        file.write(content)
        return told(file, 1, FORMS[form])

    return send_file(NewFile("drill", form, {"drill": drill.id, "language": language()}), write)


def mark() -> str:
    """What stands on every page of a drill."""
    return _("Drill: not a recall. Nobody outside was told, nothing was stopped.")


def drill_facts(drill: Drill, steps: Sequence[DrillStep]) -> dict[str, Any]:
    """All that is known of a drill, for machines."""
    return {"is_drill": True, "id": drill.id, "seed": drill.seed, "direction": drill.direction, "state": drill.state,
            "lot_key": drill.lot_key, "recall_id": drill.recall_id, "product_id": drill.product_id,
            "is_planned": drill.is_planned, "out_of_hours": drill.out_of_hours,
            "is_provisional": drill.is_provisional, "due_at": drill.due_at,
            "asked_at": drill.asked_at, "asked_by": drill.asked_by, "started_at": drill.started_at,
            "ended_at": drill.ended_at, "looked_at": drill.looked_at, "failure": failure_text(drill),
            "failed_step": drill.failed_step,
            "seconds": round(seconds_of(steps), 3),
            "steps": [{"step": one.step, "started_at": one.started_at, "seconds": round(one.seconds, 3),
                       "count": one.count} for one in steps],
            "targets": [_target(one) for one in targets_of(steps)], "report": drill.report}


def _target(one: Target) -> dict[str, Any]:
    return {"name": one.name, "hours": one.hours, "until": one.until, "is_met": one.is_met,
            "seconds": None if one.seconds is None else round(one.seconds, 3)}


def _blocks(drill: Drill, steps: Sequence[DrillStep]) -> Iterator[Block]:
    report = drill.report
    yield Heading(_("Drill of batch %(number)s", number=report["lot"]["number"]), 1)
    yield Paragraph(mark())
    yield _listed((_("Field"), _("Content")), [
        (_("Direction"), word(SHORT_DIRECTIONS, drill.direction)), (_("Seed"), str(drill.seed)),
        (_("Began at"), _at(drill.started_at)), (_("Ended at"), _at(drill.ended_at)),
        (_("Batches in scope"), str(report["lots"])), (_("Consignees"), str(report["consignees"])),
        (_("Scope hash"), f"SHA-256 {report['scope_hash']}")])
    yield Heading(_("Target times"))
    yield Paragraph(_("Measured is our own work: the answers of consignees are played."))
    yield _listed((_("Asked by"), _("Until"), _("Target"), _("Measured")), [
        (one.name, word(UNTIL, one.until), _("%(num)d h", num=one.hours), seconds_text(one.seconds))
        for one in targets_of(steps)])
    yield Heading(_("Where every unit is"))
    yield _listed(unit_heads(), [unit_row(row) for row in report["units"]])
    yield Heading(_("Beside the truth"))
    yield Paragraph(truth_text(report["truth"]))
    yield Heading(_("Gaps"))
    yield _listed((_("No."), _("Gap")), [(str(at), gap_text(gap)) for at, gap in enumerate(report["gaps"], 1)])
    if report.get("moved"):
        yield Heading(_("Moved since the scope was frozen"))
        yield Paragraph(str(MOVED_IS_NO_GAP))
        yield _listed((_("No."), _("Movement")), [
            (str(at), moved_text(row)) for at, row in enumerate(report["moved"], 1)])
    if report["upstream"]:
        yield Heading(_("Made of"))
        yield _listed((_("Batch"), _("Address")), [(lot["number"], lot["uri"]) for lot in report["upstream"]])
    yield Heading(_("Log"))
    yield _listed((_("Began at"), _("Step"), _("Things"), _("Measured")), [
        (_at(one.started_at), step_word(one.step), str(one.count), seconds_text(one.seconds)) for one in steps])


def unit_heads() -> tuple[str, ...]:
    """The columns of the table of units."""
    return (_("Product"), _("Made"), _("In stock"), _("Used up in making"), _("Samples and losses"), _("On hand"),
            _("Used"), _("Coming back"), _("Not placed"))


def unit_row(row: dict[str, str]) -> tuple[str, ...]:
    """One product in that table."""
    locale = current_locale()
    name = f"{row[f'name_{language()}']} ({unit(row['unit'], locale)})" if row["unit"] else row[f"name_{language()}"]
    return (name, *(number(Decimal(row[key]), locale) for key in (
        "made", "in_stock", "consumed", "lost", "on_hand", "used", "returned", "unplaced")))


def truth_text(truth: dict[str, Any]) -> str:
    """How the scope compares with what the events alone say."""
    if truth["state"] != "compared":
        return _("It was not compared: the lot has more events than are read one by one.")
    said = _("A walk over the documents of the events, which knows nothing of the genealogy, finds %(lots)s batches. "
             "Precision %(precision)s, recall %(recall)s.", lots=truth["lots"], precision=truth["precision"],
             recall=truth["recall"])
    if truth["unclear"]:
        said += " " + _("Of %(num)s more an amount is missing, so that nothing can be said.", num=truth["unclear"])
    return said


def _at(value: object) -> str:
    return str(moment(value, current_locale())) if value is not None else ""  # type: ignore[arg-type]


def _listed(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Block:
    return Table(head, rows) if rows else Paragraph(_("None."))
