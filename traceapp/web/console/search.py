"""Console: search."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.search": "console.read"}


@blueprint.get("/search")
def search():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/search.html")
