"""Lots by API."""
from __future__ import annotations

from flask_smorest import Blueprint

blueprint = Blueprint("api_lots", __name__, url_prefix="/api/v1", description="lots")
PERMISSIONS: dict[str, str] = {}
