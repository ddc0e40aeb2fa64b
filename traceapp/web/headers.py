"""Security headers: strict, constant, on every answer."""
from __future__ import annotations

from flask import Flask, Response, request

from .context import world
from .ui.assets import public_css_hash


def install(app: Flask) -> None:
    """Add the headers. Pages may load their own files and the one inline style sheet; nothing else."""
    policy = ("default-src 'none'; img-src 'self' data:; style-src 'self' '" + public_css_hash() + "'; "
              "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
    constant = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    }

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in constant.items():
            response.headers.setdefault(name, value)
        if world().settings.is_https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if request.path.startswith(("/console", "/regulator", "/sign-", "/api/", "/r/", "/report")):
            response.headers.setdefault("Cache-Control", "no-store")
        return response
