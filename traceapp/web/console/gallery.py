"""Console: gallery."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.gallery": "console.read"}


@blueprint.get("/gallery")
def gallery():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/gallery.html")
