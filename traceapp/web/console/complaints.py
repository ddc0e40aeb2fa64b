"""Console: complaints."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.complaints": "console.read"}


@blueprint.get("/complaints")
def complaints():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/complaints.html")
