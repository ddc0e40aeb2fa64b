"""Imports as console and interface do them: tables that come in, templates and lists of faults that go out."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response, request, send_file
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from traceapp.export.spreadsheet import MEDIA_TYPES, table_file, write_table
from traceapp.importing.fields import Field
from traceapp.importing.files import ImportStore
from traceapp.importing.handing_out import (
    fault_columns,
    fault_rows,
    template_columns,
    template_rows,
)
from traceapp.importing.kinds import KINDS, Kind, kind_of
from traceapp.importing.model import ImportFault, ImportJob
from traceapp.importing.orders import BeginImport, Table, begin_import, new_import_id, read_table

from . import tables
from .context import signed_in, world
from .i18n import language

_LARGE = frozenset({"console.import_new", "api_imports.upload"})
_BESIDE = 1_000_000  # the other fields of the form, and the boundaries


def install(app: Flask) -> None:
    """Let the requests that bring a table be as large as a table may be; before anything reads their form."""
    @app.before_request
    def allow_tables() -> None:
        if request.endpoint in _LARGE:
            request.max_content_length = world().settings.import_limit_bytes + _BESIDE


@contextmanager
def stored_table(sent: FileStorage, kind: str) -> Iterator[Table]:
    """A table that was sent, in the store and read at its top, before the unit of work, which makes other writers wait;
    gone again when what follows fails."""
    here = world()
    import_id = new_import_id(here.clock)
    try:
        yield read_table(here.imports, here.imports.keep(import_id, sent.stream), kind)
    except BaseException:
        here.imports.remove(import_id)
        raise


def begun(session: Session, kind: str, sent: FileStorage, table: Table, zone: str) -> ImportJob:
    """The import of a stored table, in this unit of work. Raises as `begin_import`."""
    return begin_import(session, signed_in(), world().clock, BeginImport(kind, sent.filename or "", table, zone))


def store() -> ImportStore:
    """Where the tables are."""
    return world().imports


def allowed_kinds() -> tuple[Kind, ...]:
    """The kinds that the present actor may import."""
    scopes = signed_in().scopes
    return tuple(kind for kind in KINDS.values() if kind.permission in scopes)


def field_label(field: Field) -> str:
    """What a field is called in the reader's language."""
    return field.zh if language() == "zh" else field.en


def fault_text(fault: ImportFault) -> str:
    """What is wrong in a cell, in the reader's language."""
    template = gettext(fault.message)
    return template % fault.params if fault.params else template


def trouble_text(trouble: Mapping[str, Any] | None) -> str:
    """Why a job could not go on, in the reader's language; empty when nothing is wrong."""
    if trouble is None:
        return ""
    message, params = trouble["message"], trouble["params"]
    template = gettext(message)
    return template % params if params else template


def template_file(kind_name: str, form: str) -> Response:
    """An empty table of a kind with one row as an example. Raises InvalidInput for an unknown kind or form."""
    kind = kind_of(kind_name)
    file = table_file()
    write_table(file, form, template_columns(kind, language()), template_rows(kind),
                (kind.name, world().clock.now()))
    return send_file(file, mimetype=MEDIA_TYPES[form].partition(";")[0], as_attachment=True,
                     download_name=f"{kind.name}-template.{form}", conditional=False)


def faults_file(session: Session, job: ImportJob, form: str = "csv") -> Response:
    """The faulty rows with what is wrong in them. Raises NotFound when the table is gone."""
    titles = (gettext("Row"), gettext("Column"), gettext("What is wrong"))
    return tables.send_table(tables.Table(
        "import-faults", gettext("Rows with faults"), fault_columns(job, titles),
        fault_rows(session, store(), job, fault_text), {"import": job.id, "kind": job.kind}), form)
