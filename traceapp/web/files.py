"""Files that are handed out: what hangs on things, by what it hangs on, and the names that files are offered under."""
from __future__ import annotations

from urllib.parse import quote

from flask import Response, send_file

from traceapp.attachment.model import Attachment, StoredFile
from traceapp.attachment.service import attachment as known_attachment
from traceapp.attachment.service import open_file, shown_name
from traceapp.core.errors import Forbidden, NotFound

from .auth import may
from .context import world
from .oversight import reached

# What a file hangs on -> who may read it.
READERS = {"lot": "trace.read", "inspection": "trace.read", "product": "console.read", "party": "console.read",
           "complaint": "complaint.read", "adverse_event": "adverse_event.read", "signal": "signal.read",
           "sample": "signal.read", "recall": "recall.read", "notice": "recall.read", "destruction": "recall.read",
           "disposition": "recall.read", "capa_action": "capa.read"}
_TYPES = frozenset({"application/pdf", "image/png", "image/jpeg", "image/webp"})


def attached_file(attachment_id: str) -> Response:
    """The file, shown by a browser where it is an image or a PDF. Raises NotFound, Forbidden."""
    here = world()
    with here.database.read() as session:
        attachment, stored = known_attachment(session, attachment_id)
        if not reached(session, *attachment.about.split(":", 1)):
            raise NotFound("There is no such file.", code="no-file", place="attachment")
    needed = READERS.get(attachment.about.partition(":")[0])
    if needed is None or not may(needed):
        raise Forbidden("Your role does not allow this. Ask the administrator if you need it.")
    return shown_file(attachment, stored)


def shown_file(attachment: Attachment, stored: StoredFile) -> Response:
    """A file of a kind that a browser may show. Raises NotFound."""
    if stored.media_type not in _TYPES:
        raise NotFound("There is no such file.")
    answer = send_file(open_file(world().files, stored.sha256), mimetype=stored.media_type)
    answer.headers["Content-Disposition"] = disposition("inline", shown_name(attachment.name, stored.media_type))
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition with a name that may hold any letters. Source: RFC 6266."""
    plain = "".join(letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_"
                    for letter in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
