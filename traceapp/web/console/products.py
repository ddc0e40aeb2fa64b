"""Console: products."""
from __future__ import annotations

from .layout import blueprint, page

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.products": "console.read"}


@blueprint.get("/products")
def products():  # type: ignore[no-untyped-def]
    """The list."""
    return page("console/products.html")
