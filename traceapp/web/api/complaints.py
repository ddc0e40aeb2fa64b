"""Complaints by API."""
from __future__ import annotations

from flask_smorest import Blueprint

blueprint = Blueprint("api_complaints", __name__, url_prefix="/api/v1", description="complaints")
PERMISSIONS: dict[str, str] = {}
