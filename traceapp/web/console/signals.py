"""Console: signals."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.signals": "console.read"}


@blueprint.get("/signals")
def signals():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/signals.html")
