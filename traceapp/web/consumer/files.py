"""Inspection reports that the public may read."""
from __future__ import annotations

from flask import Response, send_file

from traceapp.attachment.service import attachment, open_file, shown_name
from traceapp.core.errors import NotFound
from traceapp.web.context import world


def inspection_file(attachment_id: str) -> Response:
    """A public file to download. Raises NotFound for one that is not public, as if it did not exist."""
    here = world()
    with here.database.read() as session:
        row, stored = attachment(session, attachment_id[:32])
    if not row.is_public:
        raise NotFound("There is no such file.")
    return send_file(open_file(here.files, stored.sha256), mimetype=stored.media_type, as_attachment=True,
                     download_name=shown_name(row.name, stored.media_type), etag=stored.sha256, max_age=3600)
