"""Imports of tables: upload, name the columns, look, take in, see what came of it."""
from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.core.errors import InvalidInput, Problem
from traceapp.identity.lookup import names_of_users
from traceapp.importing.handing_out import named_column
from traceapp.importing.kinds import kind_of
from traceapp.importing.model import ImportJob
from traceapp.importing.orders import (
    MapColumns,
    cancel_import,
    faults_of,
    import_by_id,
    import_page,
    map_columns,
    order_check,
    order_run,
    pause_import,
    resume_import,
    same_before,
)
from traceapp.importing.states import WORKED_ON, ImportState, actions_from
from traceapp.web.context import signed_in, world
from traceapp.web.importing import (
    allowed_kinds,
    begun,
    fault_text,
    faults_file,
    field_label,
    stored_table,
    template_file,
    trouble_text,
)

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page
from .listing import PAGE_ROWS, placed

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {f"console.{name}": "import.run" for name in (
    "imports", "import_new", "import_one", "import_columns", "import_run", "import_pause", "import_resume",
    "import_cancel", "import_faults", "import_template")}

_ = lazy_gettext
KINDS = {"product": _("Products and materials"), "party": _("Partners"), "site": _("Sites"),
         "registration": _("Products per market"), "recipe": _("Recipes"),
         "lot": _("Lots received or made"), "production": _("Batches with what went into them"),
         "inspection": _("Inspection reports"), "shipment": _("Shipments"),
         "telemetry": _("Readings of temperature and humidity")}
STATES = {"draft": (_("Columns to be named"), "info"), "checking": (_("Being looked at"), "info"),
          "checked": (_("Looked at"), "check"), "running": (_("Being taken in"), "info"),
          "paused": (_("Paused"), "check"), "stopped": (_("Stopped at a row"), "stop"), "failed": (_("Failed"), "stop"),
          "done": (_("Done"), "go"), "cancelled": (_("Cancelled"), "plain")}
# Where what was taken in is to be seen.
_LISTS = {"product": "console.products", "party": "console.partners", "site": "console.partners",
          "registration": "console.products", "recipe": "console.products",
          "lot": "console.lots", "production": "console.lots", "inspection": "console.lots",
          "shipment": "console.lots", "telemetry": "console.lots"}
_ZONE = "Asia/Shanghai"
_REFRESH_SECONDS = 2
_SHOWN_FAULTS = 100


@blueprint.get("/imports")
def imports() -> Response:
    """What can be imported, and what was."""
    return _list(Entered({"zone": _ZONE, "kind": request.args.get("kind", "")}))


def _list(form: Entered, status: int = 200) -> Response:
    with world().database.read() as session:
        found = import_page(session, request.args.get("after") or None, PAGE_ROWS)
        people = names_of_users(session, [job.created_by for job in found.rows])
    kinds = [(kind.name, str(KINDS[kind.name])) for kind in allowed_kinds()]
    return page("console/imports.html", status, form=form, found=found, kinds=kinds, people=people, kind_words=KINDS,
                states=STATES, listed=placed(found, "console.imports", {}),
                limit=world().settings.import_limit_bytes // 1_000_000)


@blueprint.post("/imports")
def import_new() -> Response:
    """Upload a table."""
    form = Entered()
    kind = form.choice("kind", [one.name for one in allowed_kinds()])
    sent = form.file("file")
    if sent is None:
        form.fault("file", gettext("Choose a file."))
    if sent is None or not form.is_good:
        return _list(form, 422)

    def act(session: Session) -> Done:
        job = begun(session, kind, sent, table, form.text("zone") or _ZONE)
        return Done(_url(job.id), gettext("The file is here. Nothing of it has been taken in yet."), "info")

    try:
        with stored_table(sent, kind) as table:
            answer = perform(form, act, Refusal(lambda status: _list(form, status), {"zone": "zone", "kind": "kind"}))
            if answer.status_code != 303:
                raise _Refused(answer)
    except _Refused as refused:
        return refused.answer
    except Problem as problem:
        if problem.status not in (413, 422):
            raise
        form.refuse(problem, {problem.place or "": "file"})
        return _list(form, problem.status)
    return answer


class _Refused(Exception):
    """The form was refused: the stored file goes, this is the answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def _url(import_id: str) -> str:
    return url_for("console.import_one", import_id=import_id)


@blueprint.get("/imports/<import_id>")
def import_one(import_id: str) -> Response:
    """How it stands, and what can be done now. The page of work that goes on loads itself anew, unless the address
    says `still`."""
    return _one(import_id, Entered())


def _one(import_id: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as session:
        job = import_by_id(session, import_id)
        faults = faults_of(session, import_id, limit=_SHOWN_FAULTS)
        people = names_of_users(session, [job.created_by])
        before = same_before(session, job) if job.state in (ImportState.draft, ImportState.checked) else None
    kind = kind_of(job.kind)
    is_open, is_still = job.state in WORKED_ON, bool(request.args.get("still"))
    names_columns = job.state == ImportState.draft or (
        job.state == ImportState.checked and bool(request.args.get("columns") or form.form))
    labels = {field.name: field_label(field) for field in kind.fields}
    answer = page("console/import.html", status, job=job, form=form, kind=kind, kind_word=str(KINDS[job.kind]),
                  state=STATES[job.state], is_open=is_open, is_still=is_still, names_columns=names_columns,
                  columns=_columns(job, form), labels=labels, before=before, people=people,
                  options=[(field.name, labels[field.name] + (" *" if field.is_required else ""))
                           for field in kind.fields],
                  missing=[labels[field.name] for field in kind.fields
                           if field.is_required and field.name not in job.mapping],
                  faults=[(fault, named_column(job, fault), fault_text(fault)) for fault in faults],
                  trouble=trouble_text(job.trouble), acts=actions_from(job.state), list_url=url_for(_LISTS[job.kind]),
                  counts=job.checked if job.state == ImportState.checked else _counts(job))
    if is_open and not is_still:
        answer.headers["Refresh"] = str(_REFRESH_SECONDS)
    return answer


def _counts(job: ImportJob) -> dict[str, int]:
    return {name: getattr(job, name) for name in ("stored", "already", "changed", "refused")}


def _columns(job: ImportJob, form: Entered) -> list[dict[str, Any]]:
    """Each column of the table: its title, what stands below it, and the field that it is taken for."""
    chosen = {place: name for name, place in job.mapping.items()}
    return [{"place": place, "title": title or gettext("Column %(number)s", number=place + 1),
             "sample": " · ".join(row[place] for row in job.sample if place < len(row) and row[place]),
             "field": form.get(f"column-{place}", "" if form.form else chosen.get(place, "")),
             "error": form.errors.get(f"column-{place}")} for place, title in enumerate(job.head)]


@blueprint.post("/imports/<import_id>/columns")
def import_columns(import_id: str) -> Response:
    """Name the columns and have the table looked at."""
    form = Entered()
    with world().database.read() as session:
        job = import_by_id(session, import_id)
    known = [field.name for field in kind_of(job.kind).fields]
    mapping: dict[str, int] = {}
    for place in range(len(job.head)):
        name = form.choice(f"column-{place}", known, required=False)
        if name and name in mapping:
            form.fault(f"column-{place}", gettext("This field is chosen for another column already."))
        elif name:
            mapping[name] = place
    command = MapColumns(import_id, mapping, form.text("zone") or job.zone, form.is_checked("may_change"))

    def act(session: Session) -> Done:
        who, clock = signed_in(), world().clock
        map_columns(session, who, clock, command)
        order_check(session, who, clock, import_id)
        return Done(_url(import_id), gettext("The whole table is being looked at. Nothing is taken in yet."), "info")

    return perform(form, act, Refusal(lambda status: _one(import_id, form, status)))


@blueprint.post("/imports/<import_id>/run")
def import_run(import_id: str) -> Response:
    """Take the rows in."""
    form = Entered()
    skips = form.get("skips_faulty") == "1"

    def act(session: Session) -> Done:
        order_run(session, signed_in(), world().clock, import_id, skips_faulty=skips)
        return Done(_url(import_id), gettext("The rows are being taken in. You may leave this page."), "info")

    return perform(form, act, Refusal(lambda status: _one(import_id, form, status)))


@blueprint.post("/imports/<import_id>/pause")
def import_pause(import_id: str) -> Response:
    """Let it rest."""
    def act(session: Session) -> Done:
        pause_import(session, signed_in(), world().clock, import_id)
        return Done(_url(import_id), gettext("The import rests. What was taken in stays."), "info")

    return _acted(import_id, act)


@blueprint.post("/imports/<import_id>/resume")
def import_resume(import_id: str) -> Response:
    """Let it go on."""
    skips = True if request.form.get("skips_faulty") == "1" else None

    def act(session: Session) -> Done:
        resume_import(session, signed_in(), world().clock, import_id, skips_faulty=skips)
        return Done(_url(import_id), gettext("The import goes on where it was."), "info")

    return _acted(import_id, act)


@blueprint.post("/imports/<import_id>/cancel")
def import_cancel(import_id: str) -> Response:
    """End it."""
    def act(session: Session) -> Done:
        job = cancel_import(session, signed_in(), world().clock, import_id)
        taken = job.stored + job.changed if job.started_at is not None else 0
        return Done(_url(import_id), ngettext("The import is ended; %(num)d row that was taken in stays.",
                                              "The import is ended; %(num)d rows that were taken in stay.", taken)
                    if taken else gettext("The import is ended; nothing was taken in."), "info")

    return _acted(import_id, act)


def _acted(import_id: str, act: Any) -> Response:
    form = Entered()
    return perform(form, act, Refusal(lambda status: _one(import_id, form, status)))


@blueprint.get("/imports/<import_id>/files/faults")
def import_faults(import_id: str) -> Response:
    """The faulty rows as a file, with all their cells."""
    with world().database.read() as session:
        return faults_file(session, import_by_id(session, import_id), _form())


@blueprint.get("/imports/templates/<kind>/files/empty")
def import_template(kind: str) -> Response:
    """An empty table to fill in."""
    return template_file(kind, _form())


def _form() -> str:
    form = request.args.get("format", "csv")
    if form not in ("csv", "xlsx"):
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-format", place="format",
                           form=form[:20], known="csv, xlsx")
    return form
