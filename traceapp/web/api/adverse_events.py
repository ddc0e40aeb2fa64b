"""Adverse_events by API."""
from __future__ import annotations

from flask_smorest import Blueprint

blueprint = Blueprint("api_adverse_events", __name__, url_prefix="/api/v1", description="adverse events")
PERMISSIONS: dict[str, str] = {}
