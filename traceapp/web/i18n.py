"""Languages: Chinese first, English beside it. Catalogues are the .po files under translations/zh, one a feature."""
from __future__ import annotations

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, Domain

FOLDER = Path(__file__).parent / "translations"
LANGUAGES = {"zh": ("zh-CN", "中文"), "en": ("en", "English")}
COOKIE = "lang"


@cache
def catalogue(language: str) -> Translations:
    """All .po files of a language as one; English needs none."""
    merged = Translations()
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            messages = read_po(file, locale=language)
        packed = BytesIO()
        write_mo(packed, messages)
        packed.seek(0)
        loaded = Translations(packed, domain="messages")
        merged.merge(loaded)
        merged.plural = loaded.plural  # merging keeps the rule of the empty catalogue, which knows English plurals only
    return merged


class _CatalogueDomain(Domain):
    """Flask-Babel's domain, reading our catalogues instead of compiled files."""

    def get_translations(self) -> gettext.NullTranslations:
        return catalogue(language())


def language() -> str:
    """The language of this request: `?lang=`, the cookie, the signed-in person's, the browser's, else Chinese."""
    if not has_request_context():
        return "zh"
    found: str | None = g.get("language")
    if found is None:
        found = _choose()
        g.language = found
    return found


def _choose() -> str:
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE), g.get("user_language")):
        if wish in LANGUAGES:
            return str(wish)
    best = request.accept_languages.best_match(["zh", "zh-CN", "zh-TW", "zh-HK", "en", "en-US", "en-GB"], default="zh")
    return (best or "zh")[:2]


def language_links() -> list[tuple[str, str, str, bool]]:
    """(code, label, address, is current) of each language for the present page."""
    present = language()
    arguments = {name: values for name, values in request.args.lists() if name != "lang"}
    links = []
    for code, (tag, label) in LANGUAGES.items():
        query = urlencode({**arguments, "lang": [code]}, doseq=True)
        links.append((tag, label, f"{quote(request.path)}?{query}", code == present))
    return links


def install(app: Flask) -> None:
    """Give the application its languages."""
    app.config["BABEL_DEFAULT_LOCALE"] = "zh"
    babel = Babel(app, locale_selector=language, timezone_selector=lambda: "Asia/Shanghai")
    babel.domain_instance = _CatalogueDomain()  # Babel takes only names of domains, read from compiled files
    app.jinja_env.globals["language"] = language

    @app.after_request
    def keep_choice(response: Any) -> Any:
        wish = request.args.get("lang")
        is_staff_page = request.path.startswith(("/console", "/regulator", "/sign-in"))
        if wish in LANGUAGES and is_staff_page and request.cookies.get(COOKIE) != wish:
            response.set_cookie(COOKIE, wish, max_age=31_536_000, samesite="Lax", httponly=True,
                                secure=request.is_secure)
        return response
