"""Console: labels."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.labels": "console.read"}


@blueprint.get("/labels")
def labels():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/labels.html")
