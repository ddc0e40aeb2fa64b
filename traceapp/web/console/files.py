"""Files that hang on things, handed out by what they hang on."""
from __future__ import annotations

from werkzeug.wrappers import Response

from traceapp.web.files import attached_file

from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions); the kind of thing decides further
PERMISSIONS: dict[str, str] = {"console.file": "signed_in"}


@blueprint.get("/files/<attachment_id>")
def file(attachment_id: str) -> Response:
    """The file, shown by the browser where it is an image or a PDF."""
    return attached_file(attachment_id)
