"""Console: complaints from a file. First a look at what it would do, then taking it in."""
from __future__ import annotations

import base64
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.complaint.importing import ImportComplaints, Preview, import_complaints, preview_import
from traceapp.core.errors import InvalidInput, Problem, TooLarge
from traceapp.core.ids import new_secret
from traceapp.tables.cells import RowError
from traceapp.web.context import actor, world

from .acting import Done, Refusal, perform
from .casework import case_page
from .entering import Entered
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.complaint_import": "complaint.write", "console.complaint_import_look": "complaint.write",
    "console.complaint_import_take": "complaint.write"}
_KEY = re.compile(r"[A-Za-z0-9_-]{20,80}")
_KEPT = timedelta(hours=24)


class Waiting:
    """Uploaded files between the look and the taking in: sealed like a person, gone after a day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, content: bytes) -> str:
        """Keep a file; answers its key. Files of yesterday are removed on the way."""
        self.folder.mkdir(parents=True, exist_ok=True)
        before = (world().clock.now() - _KEPT).timestamp()
        for path in self.folder.glob("*.sealed"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
        key = new_secret(24)
        sealed = world().vault.seal_text(base64.b64encode(content).decode("ascii"), self._about(key))
        path = self._path(key)
        path.touch(mode=0o600)
        path.write_text(sealed, encoding="ascii")
        return key

    def open(self, key: str) -> BytesIO:
        """The file. Raises InvalidInput when it is gone."""
        try:
            sealed = self._path(key).read_text(encoding="ascii")
        except FileNotFoundError:
            raise InvalidInput("This file is no longer here. Choose it once more.", place="file") from None
        return BytesIO(base64.b64decode(world().vault.open_text(sealed, self._about(key))))

    def drop(self, key: str) -> None:
        """Forget the file."""
        self._path(key).unlink(missing_ok=True)

    def _about(self, key: str) -> str:
        return f"import:{actor().id}:{key}"

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise InvalidInput("This file is no longer here. Choose it once more.", place="file")
        return self.folder / f"{key}.sealed"


def waiting() -> Waiting:
    """The files of this installation."""
    return Waiting(world().settings.var_dir / "imports")


@blueprint.get("/complaints/import")
def complaint_import() -> Response:
    """Choose the file."""
    return _show(Entered())


def _show(form: Entered, status: int = 200, look: Preview | None = None,
          kept: tuple[str, str] = ("", "")) -> Response:
    """The page; `kept`: key and name of the file that was looked at."""
    return case_page("console/complaint_import.html", status, form=form, look=look, kept=kept,
                     error_text=error_text, upload_limit=world().settings.upload_limit_bytes // 1_000_000)


def error_text(error: RowError) -> str:
    """What is wrong in a cell, in the reader's language."""
    template = _(error.message)
    return template % error.params if error.params else template


@blueprint.post("/complaints/import")
def complaint_import_look() -> Response:
    """Show what the file would do; nothing is taken in yet."""
    form = Entered()
    sent = form.file("file")
    if sent is None:
        form.fault("file", _("Choose a file."))
        return _show(form, 422)
    content = sent.stream.read()
    try:
        with world().database.read() as db:
            look = preview_import(db, world().clock, BytesIO(content))
    except (InvalidInput, TooLarge) as problem:
        form.refuse(problem, {problem.place or "": "file"})
        return _show(form, problem.status)
    return _show(form, 200, look, (waiting().keep(content), sent.filename or ""))


@blueprint.post("/complaints/import/take")
def complaint_import_take() -> Response:
    """Take the file in, all of it or only its good rows."""
    form = Entered()
    key = form.get("key")

    def run(db: Session) -> Done:
        try:
            done = import_complaints(db, actor(), world().clock, waiting().open(key), ImportComplaints(
                form.get("file_name"), form.get("mode", "all_or_nothing")), vault=world().vault)
        except Problem as problem:
            problem.place = "file"
            raise
        text = ngettext("%(num)d complaint was taken in.", "%(num)d complaints were taken in.", done.rows_taken)
        if done.rows_refused:
            text += " " + ngettext("%(num)d row was left out.", "%(num)d rows were left out.", done.rows_refused)
        return Done(url_for("console.complaints", channel="file_import"), text)

    answer = perform(form, run, Refusal(lambda status: _show(form, status)))
    if answer.status_code == 303:
        waiting().drop(key)
    return answer
