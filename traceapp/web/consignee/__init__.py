"""The consignee pages."""
from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("consignee", __name__, template_folder="templates")

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {}
