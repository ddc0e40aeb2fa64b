"""What every page of the regulator has around its content."""
from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, get_flashed_messages, make_response, render_template, request, url_for
from flask_babel import lazy_gettext

from traceapp.web import words
from traceapp.web.auth import may
from traceapp.web.context import actor, world
from traceapp.web.i18n import language

blueprint = Blueprint("regulator", __name__, url_prefix="/regulator", template_folder="templates")

_ = lazy_gettext
# Endpoint, label, permission, and the endpoints that belong to it.
NAVIGATION = (
    ("regulator.reports", _("Download reports"), "regulator.read", ("regulator.records",)),
    ("regulator.cases", _("Open a case or batch"), "regulator.read",
     ("regulator.adverse_event", "regulator.lot", "regulator.recall", "regulator.recall_status",
      "regulator.report")),
    ("regulator.evidence", _("Verify evidence"), "evidence.read", ("regulator.evidence_chain",)),
)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page of the regulator: `template` with the three tasks and the signed-in person around it."""
    who = actor()
    nav = [(target, str(label), request.endpoint == target or request.endpoint in inner)
           for target, label, permission, inner in NAVIGATION if may(permission)]
    return make_response(render_template(
        template, nav=nav, home_url=url_for("regulator.home" if may("regulator.read") else "regulator.evidence"),
        user_name=who.name, user_role=words.word(words.ROLES, who.role), sign_out_url=url_for("identity.sign_out"),
        account_url=url_for("console.own_account"),
        flashed=get_flashed_messages(with_categories=True), now=world().clock.now(), own_name=words.own_name,
        own_text=lambda thing, name: str(getattr(thing, f"{name}_{language()}")), term_names=words.term_names,
        joined_words=words.joined_words, lines_of=words.lines_of,
        tag_of=lambda table, code: (words.word(getattr(words, table), code), words.meaning(
            getattr(words, table), code)),
        word_of=lambda table, code: words.word(getattr(words, table), code),
        criteria_words=lambda codes: [words.word(words.CRITERIA, code) for code in codes], **values), status)
