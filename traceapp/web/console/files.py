"""Files that hang on things, handed out by what they hang on."""
from __future__ import annotations

from flask import send_file
from werkzeug.wrappers import Response

from traceapp.attachment.service import attachment as known_attachment
from traceapp.attachment.service import open_file, shown_name
from traceapp.core.errors import Forbidden, NotFound
from traceapp.web.auth import may
from traceapp.web.context import world

from .layout import blueprint
from .listing import disposition

# endpoint -> permission (see traceapp.web.permissions); the kind of thing decides further
PERMISSIONS: dict[str, str] = {"console.file": "signed_in"}

# What a file hangs on -> who may read it.
READERS = {"lot": "trace.read", "inspection": "trace.read", "product": "console.read", "party": "console.read",
           "complaint": "complaint.read", "adverse_event": "adverse_event.read", "signal": "signal.read",
           "recall": "recall.read", "notice": "recall.read"}
_TYPES = frozenset({"application/pdf", "image/png", "image/jpeg", "image/webp"})


@blueprint.get("/files/<attachment_id>")
def file(attachment_id: str) -> Response:
    """The file, shown by the browser where it is an image or a PDF. Raises NotFound, Forbidden."""
    here = world()
    with here.database.read() as session:
        attachment, stored = known_attachment(session, attachment_id)
    needed = READERS.get(attachment.about.partition(":")[0])
    if needed is None or not may(needed):
        raise Forbidden("Your role does not allow this. Ask the administrator if you need it.")
    if stored.media_type not in _TYPES:
        raise NotFound("There is no such file.")
    answer = send_file(open_file(here.files, stored.sha256), mimetype=stored.media_type)
    answer.headers["Content-Disposition"] = disposition("inline", shown_name(attachment.name, stored.media_type))
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
