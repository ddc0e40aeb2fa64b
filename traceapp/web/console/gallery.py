"""The gallery: every component in every state."""
from __future__ import annotations

import flask_babel
from werkzeug.wrappers import Response

from traceapp.web.ui.gallery import gallery_context

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.gallery": "console.read"}


@blueprint.get("/gallery")
def gallery() -> Response:
    """What pages are made of."""
    return page("ui/gallery.html", **gallery_context(flask_babel.gettext, flask_babel.ngettext))
