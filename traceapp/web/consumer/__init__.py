"""The consumer pages."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask

from traceapp.web.permissions import PUBLIC

from . import (
    files,
    follow_up,
    front,
    recall_feeds,
    recall_mail,
    recall_messages,
    recall_status,
    recalls,
    report_views,
    scan_views,
)
from .shortcut import Shortcut
from .state import install_state

blueprint = Blueprint("consumer", __name__, template_folder="templates", static_folder="static",
                      static_url_path="/static/consumer")

_ROUTES: tuple[tuple[str, str, Any, tuple[str, ...]], ...] = (
    ("/", "front", front.front, ("GET",)),
    ("/s/<path:rest>", "scan_code", scan_views.scan_code, ("GET",)),
    ("/t/<path:rest>", "scan_private", scan_views.scan_private, ("GET",)),
    ("/recall-status/<path:rest>", "recall_status", recall_status.recall_status, ("GET",)),
    ("/recalls", "recall_list", recalls.recall_list, ("GET",)),
    ("/recalls/<reference>", "recall_page", recalls.recall_page, ("GET",)),
    ("/recalls.json", "recalls_json", recall_feeds.recalls_json, ("GET",)),
    ("/recalls.atom", "recalls_atom", recall_feeds.recalls_atom, ("GET",)),
    ("/recalls/subscribe", "recall_mail_form", recall_mail.form, ("GET",)),
    ("/recalls/subscribe", "recall_mail_ask", recall_mail.ask, ("POST",)),
    ("/recalls/subscribe/<token>", "recall_mail_confirm_page", recall_mail.confirm_page, ("GET",)),
    ("/recalls/subscribe/<token>", "recall_mail_confirm", recall_mail.confirm, ("POST",)),
    ("/recalls/leave/<token>", "recall_mail_leave_page", recall_mail.leave_page, ("GET",)),
    ("/recalls/leave/<token>", "recall_mail_leave", recall_mail.leave, ("POST",)),
    ("/recalls/<reference>.json", "recall_message", recall_messages.recall_json, ("GET",)),
    ("/schemas/recall-message-<int:version>.json", "recall_message_schema", recall_messages.schema, ("GET",)),
    ("/report", "report_begin", report_views.begin, ("GET",)),
    ("/report", "report_begin_submit", report_views.begin_submit, ("POST",)),
    ("/report/d/<token>/<name>", "report_step", report_views.step, ("GET",)),
    ("/report/d/<token>/<name>", "report_step_submit", report_views.step_submit, ("POST",)),
    ("/report/<token>", "report_follow", follow_up.follow, ("GET",)),
    ("/report/<token>", "report_follow_submit", follow_up.follow_submit, ("POST",)),
    ("/inspection-files/<attachment_id>", "inspection_file", files.inspection_file, ("GET",)),
)
for _rule, _endpoint, _view, _methods in _ROUTES:
    # A lot may hold slashes (%2F%2F), so paths are not tidied up before they are read.
    blueprint.add_url_rule(_rule, _endpoint, _view, methods=_methods, merge_slashes=False)

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "consumer.static": PUBLIC, **{f"consumer.{_endpoint}": PUBLIC for _, _endpoint, _, _ in _ROUTES}}


def layer(app: Flask, below: Callable[..., Any]) -> Shortcut:
    """Make the state of the application; answers what goes in front of `below` for kept pages."""
    return Shortcut(below, install_state(app))
