"""What every console page has around its content."""
from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, get_flashed_messages, make_response, render_template, request, url_for
from flask_babel import lazy_gettext

from traceapp.web.auth import may
from traceapp.web.context import actor

blueprint = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")

_ = lazy_gettext

# Endpoint, label, and the permission without which it is not shown.
NAVIGATION = (
    ("console.today", _("Today"), "console.read"),
    ("console.lots", _("Lots"), "trace.read"),
    ("console.complaints", _("Complaints"), "complaint.read"),
    ("console.adverse_events", _("Adverse events"), "adverse_event.read"),
    ("console.signals", _("Signals"), "signal.read"),
    ("console.recalls", _("Recalls"), "recall.read"),
    ("console.products", _("Products"), "console.read"),
    ("console.partners", _("Partners"), "console.read"),
    ("console.labels", _("Labels"), "label.print"),
    ("console.accounts", _("Users and tokens"), "user.manage"),
)
ROLES = {"operator": _("Operator"), "quality": _("Quality"), "quality_manager": _("Quality manager"),
         "regulator": _("Regulator"), "administrator": _("Administrator")}


def navigation() -> list[tuple[str, str, bool]]:
    """(endpoint, label, is current) of what the present actor may open."""
    endpoint = request.endpoint or ""
    return [(target, str(label), endpoint == target or endpoint.startswith(target.rstrip("s") + "_"))
            for target, label, permission in NAVIGATION if may(permission)]


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A console page: `template` with navigation, search box and the signed-in person around it."""
    who = actor()
    return make_response(render_template(
        template, nav=navigation(), home_url=url_for("console.today"), search_url=url_for("console.search"),
        user_name=who.name, user_role=str(ROLES.get(who.role, who.role)), sign_out_url=url_for("identity.sign_out"),
        flashed=get_flashed_messages(with_categories=True), **values), status)
