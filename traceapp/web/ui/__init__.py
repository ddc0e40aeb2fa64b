"""The design system: templates, style sheets, pictures. Register `blueprint` and every template can use it."""
from __future__ import annotations

from flask import Blueprint, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import get_locale
from markupsafe import Markup

from . import assets, display

blueprint = Blueprint(
    "ui", __name__, template_folder="templates", static_folder="static/ui", static_url_path="/static/ui"
)


def ui_asset(name: str) -> str:
    """The address of a style sheet or script, with its version, so that it can be cached for a year."""
    return url_for("ui.static", filename=name, v=assets.asset_version(name))


def current_locale() -> str:
    """The language of this request as a tag such as zh-CN; English outside a request."""
    locale = get_locale()
    return "en" if locale is None else str(locale).replace("_", "-")


@blueprint.record
def _install(state: BlueprintSetupState) -> None:
    environment = state.app.jinja_env
    environment.globals.update(ui_asset=ui_asset, public_css=Markup(assets.public_css()))  # noqa: S704 - our own file
    environment.filters.update(display.filters(current_locale))
