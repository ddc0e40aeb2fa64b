"""The resolver: codes on packs to where they lead, by the GS1-Conformant Resolver Standard 1.2."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, Flask, Response
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import PathConverter

from traceapp.gs1 import TABLE
from traceapp.web.cors import HEADERS as CORS
from traceapp.web.permissions import PUBLIC

from . import description, views
from .answers import VARY
from .shortcut import Shortcut
from .state import install_state

blueprint = Blueprint("resolver", __name__, template_folder="templates")

WELL_KNOWN = "/.well-known/gs1resolver"
# Codes of keys that are not held here are answered too: by saying so.
_STARTS = (*(f"/{entry.ai}/" for entry in TABLE.values() if entry.paths is not None), "/eh", "/ex")


class _Rest(PathConverter):
    """Everything behind, also nothing and slashes: the raw path is what is read."""

    regex = ".*?"
    part_isolating = False


_ROUTES: tuple[tuple[str, str, Any], ...] = (
    *((f"{start}<gs1_rest:rest>", "resolve", views.resolve) for start in _STARTS),
    (WELL_KNOWN, "description_file", description.description_file))

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {f"resolver.{name}": PUBLIC for name in ("resolve", "preflight", "description_file")}


@blueprint.record
def _install(setup: BlueprintSetupState) -> None:
    """Add the routes."""
    app = cast(Flask, setup.app)
    app.url_map.converters["gs1_rest"] = _Rest
    for rule, endpoint, view in _ROUTES:
        for name, answers, method in ((endpoint, view, "GET"), ("preflight", views.preflight, "OPTIONS")):
            # A lot may hold slashes (%2F%2F), so paths are not tidied up before they are read.
            setup.add_url_rule(rule, name, answers, methods=(method,), merge_slashes=False,
                               provide_automatic_options=False)


def layer(app: Flask, below: Callable[..., Any]) -> Shortcut:
    """Make the state of the application; answers what goes in front of `below` for redirects and linksets."""
    return Shortcut(below, install_state(app), app.extensions["traceapp"].settings.base_url, _STARTS)


@blueprint.after_request
def open_to_all(answer: Response) -> Response:
    """Any site may read what a code leads to, and errors too; it depends on language and form."""
    for name, value in CORS:
        answer.headers.setdefault(name, value)
    answer.headers["Vary"] = VARY[1]
    answer.headers.setdefault("Cache-Control", "no-cache")
    return answer
