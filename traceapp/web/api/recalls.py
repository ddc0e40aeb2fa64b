"""Recalls by API."""
from __future__ import annotations

from flask_smorest import Blueprint

blueprint = Blueprint("api_recalls", __name__, url_prefix="/api/v1", description="recalls")
PERMISSIONS: dict[str, str] = {}
