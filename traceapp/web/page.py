"""What every template may use: languages, permissions, the hidden field of a form. (Filters come with `web.ui`.)"""
from __future__ import annotations

from typing import Any

from flask import Flask
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from .auth import may
from .context import world
from .i18n import LANGUAGES, language, language_links


class CsrfField:
    """The hidden field that every form of a signed-in page carries; made only when a page shows it."""

    def __html__(self) -> str:
        return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())

    __str__ = __html__


def install(app: Flask) -> None:
    """Register variables."""
    field = CsrfField()
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def common() -> dict[str, Any]:
        return {"lang": LANGUAGES[language()][0], "languages": language_links(), "may": may,
                "csrf_field": field, "is_development": world().settings.development}
