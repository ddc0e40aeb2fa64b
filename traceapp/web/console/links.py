"""Links of codes: the list, new, change, withdraw, and where a code leads now."""
from __future__ import annotations

import json
from typing import Any, NamedTuple

from flask import request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.audit.entries import entries_of
from traceapp.code.anchors import Anchor, anchors_within
from traceapp.code.link_queries import LinkFilter, link_by_id, link_page
from traceapp.code.link_types import LINK_TYPES, PREFIX, REGISTRABLE
from traceapp.code.links import (
    ChangeLink,
    NewLink,
    WithdrawLink,
    change_link,
    read_code,
    register_link,
    withdraw_link,
)
from traceapp.code.linkset import address
from traceapp.code.model import DefaultUse, Link
from traceapp.code.resolution import resolution_of
from traceapp.code.selection import Level, Target
from traceapp.core.errors import InvalidInput
from traceapp.identity.lookup import names_of_users
from traceapp.web.context import signed_in, world
from traceapp.web.i18n import language
from traceapp.web.listings_links import links_table
from traceapp.web.problems import translated
from traceapp.web.tables import send_table

from .acting import Done, Refusal, perform
from .entering import Entered
from .layout import blueprint, page
from .listing import PAGE_ROWS, choice, export_links, placed, wished
from .words import action_word, told

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.links": "console.read", "console.links_export": "console.read", "console.link_new": "link.write",
    "console.link_change": "link.write", "console.link_withdraw": "link.write"}

_ = lazy_gettext
_WISHES = ("text", "code", "withdrawn")
_USES = {"no": _("Only when this kind of link is asked for"), "default": _("It is where the code leads by itself"),
         "variant": _("It is one of several places where the code leads, by language or form")}
_DETAILS = ("media_type", "languages", "contexts")


class Lead(NamedTuple):
    """One way that a code leads now. `is_own`: by itself, not because somebody registered it."""

    kind: str
    title: str
    url: str
    details: str
    is_own: bool
    is_default: bool


def kind_word(name: str) -> str:
    """What a link type is called in the reader's language."""
    return LINK_TYPES[name].title(language())


def details_of(link: Link | Target) -> str:
    """Form, languages and contexts of a link in one line."""
    return " · ".join(part for part in (link.media_type, ", ".join(link.languages), ", ".join(link.contexts)) if part)


def leads_of(session: Session, thing: Anchor) -> list[tuple[str, str, list[Lead]]]:
    """(what it is, its code, the ways) of each level of a code as it stands now, the finest first."""
    here = world()
    found = resolution_of(session.connection(), thing, here.clock.now())
    root = here.settings.base_url
    return [(level.names[0 if language() == "zh" else 1], root + level.path, _leads(level, root))
            for level in found.levels]


def _leads(level: Level, root: str) -> list[Lead]:
    default = level.default.href if level.default else None
    marked, leads = False, []
    for target in (*level.targets, *level.variants):
        is_default = not marked and target.href == default
        marked = marked or is_default
        leads.append(Lead(kind_word(target.link_type), target.title(language()), address(target.href, root),
                          details_of(target), target.href.startswith("/"), is_default))
    return leads


@blueprint.get("/links")
def links() -> Response:
    """The list, and where the code that was asked for leads."""
    values = wished(*_WISHES)
    with world().database.read() as session:
        thing, fault = _asked(values["code"])
        found = link_page(session, _filter(values, thing))
        leads = leads_of(session, thing) if thing is not None else []
        entries = entries_of(session, f"links:{thing.key}", 50) if thing is not None else []
        people = names_of_users(session, [entry.actor_id for entry in entries])
    return page("console/links.html", found=found, values=values, leads=leads, fault=fault,
                entries=[(entry, action_word(entry.action), told(json.loads(entry.data)),
                          people.get(entry.actor_id, entry.actor_id)) for entry in entries],
                thing=thing, listed=placed(found, "console.links", values), kind_word=kind_word, details_of=details_of,
                exports=export_links("console.links_export", values))


def _asked(text: str) -> tuple[Anchor | None, str]:
    """The thing whose code was typed, and what is wrong with it."""
    if not text:
        return None, ""
    try:
        return read_code(text), ""
    except InvalidInput as error:
        return None, translated(error)


def _filter(values: dict[str, str], thing: Anchor | None) -> LinkFilter:
    return LinkFilter(values["text"], key=thing.uri if thing else "", with_withdrawn=values["withdrawn"] == "1",
                      after=request.args.get("after") or None, limit=PAGE_ROWS)


@blueprint.get("/links/export")
def links_export() -> Response:
    """The links of the filter as a file."""
    values = wished(*_WISHES)
    thing, _fault = _asked(values["code"])
    return send_table(links_table(_filter(values, thing), values), request.args.get("format", ""))


@blueprint.route("/links/new", methods=["GET", "POST"])
def link_new() -> Response:
    """One more link."""
    form = Entered({"anchor": _shown_anchor(request.args.get("anchor", "")), "link_type": "instructions",
                    "default_use": "no"})

    def act(session: Session) -> Done:
        here = world()
        link = register_link(session, signed_in(), here.clock, _command(form), own_root=here.settings.base_url)
        return _done(link, gettext("The link “%(title)s” is added.", title=link.title))

    return _answer(form, None, act)


@blueprint.route("/links/<link_id>/change", methods=["GET", "POST"])
def link_change(link_id: str) -> Response:
    """Change where a link leads."""
    with world().database.read() as session:
        found = link_by_id(session, link_id)
    form = Entered(_values_of(found))
    revision = form.revision() if request.method == "POST" else None

    def act(session: Session) -> Done:
        here = world()
        link = change_link(session, signed_in(), here.clock, ChangeLink(link_id, _command(form), revision),
                           own_root=here.settings.base_url)
        return _done(link, gettext("The link “%(title)s” is changed.", title=link.title))

    return _answer(form, found, act)


@blueprint.route("/links/<link_id>/withdraw", methods=["GET", "POST"])
def link_withdraw(link_id: str) -> Response:
    """End a link."""
    with world().database.read() as session:
        found = link_by_id(session, link_id)
    form = Entered()
    revision = form.revision() if request.method == "POST" else None

    def again(status: int = 200) -> Response:
        return page("console/link_withdraw.html", status, form=form, link=found, kind_word=kind_word, url=request.path,
                    back=_list_url(found))

    def act(session: Session) -> Done:
        link = withdraw_link(session, signed_in(), world().clock, WithdrawLink(link_id, form.text("reason"), revision))
        return _done(link, gettext("The link “%(title)s” is withdrawn.", title=link.title))

    return again() if request.method == "GET" else perform(form, act, Refusal(again, {"reason": "reason"}))


def _done(link: Link, text: str) -> Done:
    return Done(_list_url(link), text)


def _list_url(link: Link) -> str:
    return url_for("console.links", code=link.anchor)


def _shown_anchor(text: str) -> str:
    """The thing of a code that a link can hang on, as AIs in brackets; as it was typed where it cannot be read."""
    try:
        return anchors_within(read_code(text))[0].hri if text else ""
    except InvalidInput:
        return text[:1000]


def _answer(form: Entered, found: Link | None, act: Any) -> Response:
    """The form of a link, or what came of it."""
    kinds = sorted(((name, f"{kind_word(name)} · {PREFIX}{name}") for name in REGISTRABLE), key=lambda pair: pair[1])

    def again(status: int = 200) -> Response:
        return page("console/link_form.html", status, form=form, link=found, kinds=kinds,
                    uses=[(code, str(text)) for code, text in _USES.items()],
                    has_details=any(form.get(name) for name in _DETAILS),
                    back=_list_url(found) if found else url_for("console.links"))

    if request.method == "GET":
        return again()
    for name in ("anchor", "href", "title"):
        form.text(name, required=True)
    return perform(form, act, Refusal(again))


def _command(form: Entered) -> NewLink:
    return NewLink(
        anchor=form.text("anchor"), link_type=form.text("link_type"), href=form.text("href"), title=form.text("title"),
        media_type=form.text("media_type"), languages=_list(form.text("languages")),
        contexts=_list(form.text("contexts")), default_use=choice(form.text("default_use"), DefaultUse) or "no")


def _list(text: str) -> tuple[str, ...]:
    """What is typed with commas or blanks between."""
    return tuple(text.replace("，", " ").replace(",", " ").replace("、", " ").split())


def _values_of(link: Link) -> dict[str, str]:
    return {"anchor": link.anchor, "link_type": link.link_type, "href": link.href, "title": link.title,
            "media_type": link.media_type, "languages": ", ".join(link.languages),
            "contexts": ", ".join(link.contexts), "default_use": link.default_use}
