"""What every template may use: filters, languages, the look, permissions."""
from __future__ import annotations

from typing import Any

from flask import Flask
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from .auth import may
from .context import world
from .i18n import LANGUAGES, language, language_links
from .ui.display import filters


def csrf_field() -> Markup:
    """The hidden field that every form of a signed-in page carries."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def install(app: Flask) -> None:
    """Register filters and variables."""
    app.jinja_env.filters.update(filters(language))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def common() -> dict[str, Any]:
        return {"lang": LANGUAGES[language()][0], "languages": language_links(), "may": may,
                "csrf_field_of": csrf_field, "is_development": world().settings.development}
