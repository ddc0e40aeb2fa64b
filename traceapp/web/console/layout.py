"""What every console page has around its content."""
from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, get_flashed_messages, make_response, render_template, request, url_for
from flask_babel import lazy_gettext

from traceapp.identity.policy import may as role_may
from traceapp.web.auth import may
from traceapp.web.context import actor, world

from .words import named

blueprint = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")

_ = lazy_gettext

# Endpoint, label, and the permission without which it is not shown.
NAVIGATION = (
    ("console.today", _("Today"), "console.read"),
    ("console.lots", _("Lots"), "trace.read"),
    ("console.trace", _("Trace"), "trace.read"),
    ("console.complaints", _("Complaints"), "complaint.read"),
    ("console.adverse_events", _("Adverse events"), "adverse_event.read"),
    ("console.reports", _("Authority reports"), "report.write"),
    ("console.signals", _("Signals"), "signal.read"),
    ("console.watched", _("What is watched"), "signal.read"),
    ("console.recalls", _("Recalls"), "recall.read"),
    ("console.capas", _("CAPA"), "capa.read"),
    ("console.products", _("Products"), "console.read"),
    ("console.partners", _("Partners"), "console.read"),
    ("console.labels", _("Labels"), "label.print"),
    ("console.links", _("Links"), "console.read"),
    ("console.exchange", _("Exchange"), "epcis.capture"),
    ("console.records", _("Records"), "export.run"),
    ("console.imports", _("Imports"), "import.run"),
    ("console.accounts", _("Users and tokens"), "user.manage"),
)
ROLES = {"operator": _("Operator"), "quality": _("Quality"), "quality_manager": _("Quality manager"),
         "regulator": _("Regulator"), "administrator": _("Administrator")}
ZONE = "Asia/Shanghai"


def today() -> date:
    """The date in the zone that console pages show times in."""
    return world().clock.now().astimezone(ZoneInfo(ZONE)).date()


def local_day(at: datetime) -> date:
    """The date of a moment in that zone."""
    return at.astimezone(ZoneInfo(ZONE)).date()


def navigation() -> list[tuple[str, str, bool]]:
    """(endpoint, label, is current) of what the present actor may open; nothing for whom the console is not."""
    if not may("console.read"):
        return []
    endpoint = request.endpoint or ""
    return [(target, str(label), _is_at(endpoint, target))
            for target, label, permission in NAVIGATION if may(permission)]


# Pages that are not named after the entry under which they belong.
_UNDER = {"console.gaps": "console.lots", "console.excursions": "console.lots",
          "console.shipment_new": "console.lots", "console.shipment_left_before": "console.lots",
          "console.task": "console.today",
          "console.print_job": "console.lots", "console.token_new": "console.accounts",
          "console.clocks": "console.adverse_events", "console.code_lists": "console.adverse_events",
          "console.persons": "console.complaints",
          "console.persons_search": "console.complaints", "console.person": "console.complaints",
          "console.person_hold": "console.complaints", "console.person_lift": "console.complaints",
          "console.person_erase": "console.complaints", "console.duty": "console.complaints",
          "console.promises": "console.complaints",
          "console.recall_goods_in": "console.lots",
          "console.alarm_budget": "console.watched", "console.alarm_budget_set": "console.watched",
          "console.drifts": "console.signals", "console.drift": "console.signals",
          "console.group_rule": "console.complaints", "console.group_rule_set": "console.complaints",
          "console.drills": "console.recalls", "console.drill": "console.recalls",
          "console.drill_ask": "console.recalls", "console.drill_plan": "console.recalls",
          "console.drill_look": "console.recalls", "console.drill_again": "console.recalls",
          "console.drill_capa": "console.recalls", "console.drill_file": "console.recalls",
          "console.drill_hours": "console.recalls", "console.drill_hours_set": "console.recalls",
          "console.groups": "console.complaints", "console.group": "console.complaints",
          "console.group_decide": "console.complaints", "console.group_clock_end": "console.complaints",
          "console.task_forces": "console.complaints", "console.task_force": "console.complaints"}


def _is_at(endpoint: str, target: str) -> bool:
    if endpoint in _UNDER:
        return _UNDER[endpoint] == target
    one = target.removesuffix("s")
    return endpoint in (target, one) or endpoint.startswith((f"{one}_", f"{target}_"))


def home_url() -> str:
    """Where people of the present actor's role begin."""
    return url_for("console.today" if role_may(actor().role, "console.read") else "regulator.home")


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A console page: `template` with navigation, search box and the signed-in person around it.

    Besides `values` a template finds `now`, `local_day(moment)`, and `named(thing)`: the name in the reader's language.
    """
    who = actor()
    around: dict[str, Any] = {
        "nav": navigation(), "home_url": home_url(),
        "search_url": url_for("console.search") if may("console.read") else "",
        "search_value": request.args.get("q", "") if request.endpoint == "console.search" else "",
        "user_name": who.name, "user_role": str(ROLES.get(who.role, who.role)),
        "sign_out_url": url_for("identity.sign_out"), "account_url": url_for("console.own_account"),
        "now": world().clock.now(), "named": named, "local_day": local_day,
        "flashed": get_flashed_messages(with_categories=True)}
    return make_response(render_template(template, **{**around, **values}), status)
