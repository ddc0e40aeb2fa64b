"""The machine interface under /api/v1."""
from __future__ import annotations

from flask import Flask

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {}


def install(app: Flask) -> None:
    """Register every API blueprint and the OpenAPI document."""
