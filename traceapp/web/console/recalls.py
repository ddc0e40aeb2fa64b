"""Console: recalls."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.recalls": "console.read"}


@blueprint.get("/recalls")
def recalls():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/recalls.html")
