"""Console: the files that authorities get of a recall: what is due, what is missing, what was made, sent, confirmed."""
from __future__ import annotations

from typing import Any, BinaryIO, cast

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import InvalidInput
from traceapp.export.recall_files import KINDS
from traceapp.export.recall_files.fields import (
    is_foreign,
    is_missing,
    missing_fields,
    told,
    untranslated_fields,
    writable_fields,
    writable_keys,
    written_in,
)
from traceapp.identity.lookup import names_of_users
from traceapp.making.work import KEPT
from traceapp.recall.cases import is_told
from traceapp.submission.recall_file_jobs import PACKAGE, file_jobs, order_file
from traceapp.submission.recall_file_states import FileStep
from traceapp.submission.recall_files import NoteStep, WriteText, note_step, write_texts
from traceapp.web import clock_words
from traceapp.web import recall_files as handed
from traceapp.web.context import actor, world
from traceapp.web.i18n import language
from traceapp.web.importing import trouble_text
from traceapp.web.reading import ZONE, given
from traceapp.web.words import joined_words

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint
from .recall_case import case_tabs

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {f"console.recall_{name}": "recall.write" for name in (
    "files", "file_make", "file_texts", "file_step", "file", "file_proof", "package_make", "package")}
_REFRESH_SECONDS = 2
# How many files a phone shows before it folds the others; those with a clock or a version come first.
_FEW = 4
_NAMED = 8
"""Of the fields that are missing, so that the message stays one."""


@blueprint.get("/recalls/<recall_id>/authority-files")
def recall_files(recall_id: str) -> Response:
    """Every file; `do` opens the form of an act: `write-KIND`, `note-KIND-VERSION`. While a file is being made, a page
    without a form loads itself anew, unless the address says `still`."""
    return _show(recall_id, given("do"))


def _show(recall_id: str, do: str = "", form: Entered | None = None, status: int = 200) -> Response:
    here = world()
    with here.database.read() as db:
        case, rows, drafts = handed.files_and_drafts(db, here.clock, recall_id)
        jobs = file_jobs(db, recall_id)
        people = names_of_users(db, [*(version.file.made_by for row in rows for version in row.versions),
                                     *(step.by for row in rows for version in row.versions for step in version.steps)])
    states = {row.kind.name: _state(row.kind.name, drafts) for row in rows}
    act, _dash, on = do.partition("-")
    name, _dash, version = on.partition("-")
    form = form or Entered()
    values: dict[str, Any] = {}
    if act == "write" and name in KINDS:
        values = {"writing": KINDS[name], "fields": _written(name, drafts)}
    elif act == "note" and name in KINDS:
        values = {"noting": next((one for row in rows if row.kind.name == name for one in row.versions
                                  if str(one.file.version) == version), None), "noted_kind": KINDS[name]}
    is_open, is_still = any(map(handed.is_being_made, jobs)), bool(request.args.get("still"))
    shown = case_page("console/recall_files.html", status, case=case, rows=rows, states=states, people=people,
                      form=form, tabs=case_tabs(case, "files"), clock_words=clock_words, file_words=handed,
                      kind_title=lambda kind: kind.title(language()), is_decided=case.decided_at is not None,
                      is_told=is_told(case) and not case.is_drill, jobs=handed.latest_jobs(jobs), kept=KEPT, few=_FEW,
                      trouble_text=trouble_text, is_open=is_open, is_still=is_still, **values)
    if is_open and not (do or is_still or form.summary):
        shown.headers["Refresh"] = str(_REFRESH_SECONDS)
    return shown


def _state(name: str, drafts: dict[str, Any]) -> dict[str, Any]:
    """What would be missing if the file was made now."""
    kind, draft = KINDS[name], drafts[name]
    return {"missing": _missing(name, drafts), "untranslated": len(untranslated_fields(kind, draft)),
            "writable": bool(writable_fields(kind, draft))}


def _missing(name: str, drafts: dict[str, Any]) -> list[str]:
    """The required fields in which nothing would stand."""
    return [one.title(language()) for one in missing_fields(KINDS[name], drafts[name])]


def _named(missing: list[str]) -> str:
    return joined_words(missing[:_NAMED]) + ("" if len(missing) <= _NAMED else " …")


def _nothing_written(missing: list[str]) -> InvalidInput:
    if not missing:
        return InvalidInput("Nothing was written: every text is as it was.", code="nothing-written")
    return InvalidInput("Nothing was written. Still missing: %(fields)s.", code="nothing-written",
                        fields=_named(missing))


def _written(name: str, drafts: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields that may be written, the missing ones first, each with what stands there; of a file in two languages
    a field for each, with what stands in the other one where nothing stands in it."""
    kind, draft = KINDS[name], drafts[name]
    rows = []
    for key, (one, code) in writable_keys(kind, draft).items():
        if not code and len(kind.languages) > 1:
            continue
        own = code or kind.languages[0]
        text = written_in(one, draft, own)
        is_other = bool(code) and is_foreign(text, own)
        there = [told(one, draft, other) or written_in(one, draft, other) for other in kind.languages]
        rows.append({"field": one, "name": key, "language": code, "text": "" if is_other else text,
                     "is_missing": is_missing(one, draft, own),
                     "said": text if is_other else "" if text else next(filter(None, there), "")})
    order = {one.key: number for number, one in enumerate(kind.fields)}
    return sorted(rows, key=lambda row: (not row["is_missing"], order[row["field"].key]))


@blueprint.post("/recalls/<recall_id>/authority-files/<kind>/make")
def recall_file_make(recall_id: str, kind: str) -> Response:
    """Have the next version of a file made."""
    return _ordered(recall_id, kind)


@blueprint.post("/recalls/<recall_id>/package/make")
def recall_package_make(recall_id: str) -> Response:
    """Have the archive of all of the recall made."""
    return _ordered(recall_id, PACKAGE)


def _ordered(recall_id: str, kind: str) -> Response:
    form = Entered()

    def run(db: Session) -> Done:
        order_file(db, actor(), world().clock, recall_id, kind)
        return Done(_address(recall_id, kind), _("The file is being made."), "info")

    return perform(form, run, Refusal(lambda status: _show(recall_id, "", form, status)))


@blueprint.post("/recalls/<recall_id>/authority-files/<kind>/texts")
def recall_file_texts(recall_id: str, kind: str) -> Response:
    """Write what the case does not hold."""
    form = Entered()
    texts = {name.removeprefix("text-"): form.text(name) for name in form.form if name.startswith("text-")}

    def run(db: Session) -> Done:
        written = write_texts(db, actor(), world().clock, WriteText(recall_id, kind, texts))
        missing = _missing(kind, handed.files_and_drafts(db, world().clock, recall_id)[2])
        if not written:
            raise _nothing_written(missing)
        if missing:
            return Done(_address(recall_id, kind), _("Saved. Still missing: %(fields)s.", fields=_named(missing)),
                        "check")
        return Done(_address(recall_id, kind), _("Saved. Make the file to have it in there."))

    return perform(form, run, Refusal(lambda status: _show(recall_id, f"write-{kind}", form, status),
                                      {key: f"text-{key}" for key in texts}))


@blueprint.post("/recalls/<recall_id>/authority-files/<kind>/<version>/steps")
def recall_file_step(recall_id: str, kind: str, version: str) -> Response:
    """Note that it was sent, confirmed or refused."""
    form, here = Entered(), world()
    step, at = form.choice("step", list(FileStep)), form.moment("at", str(ZONE))
    proof = form.file("proof")
    kept = (proof.filename or "proof", here.files.read_all(cast(BinaryIO, proof.stream), "proof")) if proof else None

    def run(db: Session) -> Done:
        assert at is not None
        note_step(db, actor(), here.clock, NoteStep(
            recall_id, kind, handed.number_of(version), step, at, form.text("authority"), form.text("channel"),
            form.text("number"), form.text("note"), kept), store=here.files)
        return Done(_address(recall_id, kind), _("Noted."))

    return perform(form, run, Refusal(lambda status: _show(recall_id, f"note-{kind}-{version}", form, status)))


@blueprint.get("/recalls/<recall_id>/authority-files/<kind>/<version>/files/<name>")
def recall_file(recall_id: str, kind: str, version: str, name: str) -> Response:
    """One form of a version."""
    return handed.send_copy(recall_id, kind, version, name)


@blueprint.get("/recalls/<recall_id>/authority-files/<kind>/<version>/proofs/<position>")
def recall_file_proof(recall_id: str, kind: str, version: str, position: str) -> Response:
    """The proof of a step."""
    return handed.send_proof(recall_id, kind, version, position)


@blueprint.get("/recalls/<recall_id>/package/<file_id>/export")
def recall_package(recall_id: str, file_id: str) -> Response:
    """All of the recall as the archive that was made."""
    return handed.send_archive(recall_id, file_id)


def _address(recall_id: str, kind: str) -> str:
    return url_for("console.recall_files", recall_id=recall_id, _anchor=kind)
