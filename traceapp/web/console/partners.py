"""Partners: companies, hospitals and authorities with contacts, roles and sites."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from traceapp.audit.entries import entries_of
from traceapp.capa.queries import capas_about
from traceapp.catalog.model import NoticeWay, Party
from traceapp.catalog.parties import ALL_PRODUCTS, IDENTIFIERS
from traceapp.catalog.queries import PartyFilter, all_products, party_details, party_page
from traceapp.catalog.service import (
    ChangeContact,
    ChangeParty,
    ChangeSite,
    GiveRole,
    NewContact,
    NewParty,
    NewSite,
    add_contact,
    change_contact,
    change_party,
    change_site,
    create_party,
    create_site,
    give_role,
    take_role,
)
from traceapp.core.errors import NotFound
from traceapp.identity.lookup import names_of_users
from traceapp.web.auth import may
from traceapp.web.context import signed_in, world
from traceapp.web.listings_catalog import partners_table
from traceapp.web.tables import send_table
from traceapp.web.words import joined_words

from .acting import Done, Refusal, perform
from .drifts import drift_rows
from .entering import Entered
from .layout import blueprint, page
from .listing import PAGE_ROWS, choice, export_links, placed, wished
from .words import PARTY_ROLES, action_word, named, options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "console.partners": "console.read", "console.partners_export": "console.read", "console.partner": "console.read",
    "console.partner_new": "catalog.write", "console.partner_change": "catalog.write",
    "console.partner_contact": "catalog.write", "console.partner_role": "catalog.write",
    "console.partner_role_take": "catalog.write", "console.partner_site": "catalog.write"}

_ = lazy_gettext
_WISHES = ("text", "role", "active")
_ACTIVE = {"1": _("In use"), "0": _("Not in use any more")}
_TEXTS = ("code", "name_zh", "name_en", "country", "region", "city", "address", "postcode", *IDENTIFIERS)


def _filter(values: dict[str, str]) -> PartyFilter:
    return PartyFilter(values["text"], choice(values["role"], PARTY_ROLES),
                       {"1": True, "0": False}.get(values["active"]), request.args.get("after") or None, PAGE_ROWS)


def _role_words(party: Party) -> str:
    return joined_words([str(PARTY_ROLES[role]) for role in dict.fromkeys(one.role for one in party.roles)])


@blueprint.get("/partners")
def partners() -> Response:
    """The list."""
    values = wished(*_WISHES)
    with world().database.read() as session:
        found = party_page(session, _filter(values))
    return page("console/partners.html", found=found, listed=placed(found, "console.partners", values), values=values,
                roles=options(PARTY_ROLES), active=options(_ACTIVE), role_words_of=_role_words,
                exports=export_links("console.partners_export", values))


@blueprint.get("/partners/export")
def partners_export() -> Response:
    """The partners of the filter as a file; contacts are persons and stay out of it."""
    values = wished(*_WISHES)

    return send_table(partners_table(_filter(values), values), request.args.get("format", ""))


def _known(session: Session, party_id: str) -> Party:
    found = party_details(session, party_id)
    if found is None:
        raise NotFound("There is no such partner.")
    return found


def _url(party_id: str) -> str:
    return url_for("console.partner", party_id=party_id)


@blueprint.get("/partners/<party_id>")
def partner(party_id: str) -> Response:
    """All about one partner."""
    return _partner_page(party_id, Entered())


def _partner_page(party_id: str, form: Entered, status: int = 200) -> Response:
    with world().database.read() as session:
        found = _known(session, party_id)
        entries = entries_of(session, f"party:{party_id}", 50)
        people = names_of_users(session, [entry.actor_id for entry in entries])
        products = all_products(session, only_active=False)
        capas = capas_about(session, "supplier", party_id)
        drifts = drift_rows(session, party_id) if may("signal.read") else []
    names = {one.id: f"{one.code} · {named(one)}" for one in products}
    return page("console/partner.html", status, party=found, form=form, capas=capas, drifts=drifts,
                role_words=PARTY_ROLES, roles=options(PARTY_ROLES), product_names=names, products=list(names.items()),
                entries=[(entry, action_word(entry.action), people.get(entry.actor_id, entry.actor_id))
                         for entry in entries])


@blueprint.route("/partners/new", methods=["GET", "POST"])
def partner_new() -> Response:
    """A new partner, with a first contact and roles for all products."""
    form = Entered({"country": "CN", "language": "zh", "gets_recalls": "1"})

    def again(status: int = 200) -> Response:
        return page("console/partner_form.html", status, form=form, party=None, roles=options(PARTY_ROLES))

    if request.method == "GET":
        return again()
    contacts = (_contact(form, "contact_name"),) if form.text("contact_name") else ()
    command = _party(form, contacts, tuple(form.several("roles")))

    def act(session: Session) -> Done:
        made = create_party(session, signed_in(), world().clock, command)
        return Done(_url(made.id), gettext("%(name)s is entered.", name=named(made)))

    places = {f"contacts/0/{name}": name for name in ("duty", "email", "phone", "language")}
    return perform(form, act, Refusal(again, places | {"contacts/0/name": "contact_name", "role": "roles"}))


def _party(form: Entered, contacts: tuple[NewContact, ...] = (), roles: tuple[str, ...] = ()) -> NewParty:
    texts = {name: form.text(name) for name in _TEXTS}
    return NewParty(gln=form.text("gln") or None, contacts=contacts, roles=roles, **texts)


def _contact(form: Entered, name: str = "name") -> NewContact:
    return NewContact(form.text(name), form.text("duty"), form.text("email"), form.text("phone"),
                      form.text("language") or "zh", form.is_checked("gets_recalls"), form.text("mobile"),
                      form.text("notice_way") or NoticeWay.all)


@blueprint.route("/partners/<party_id>/change", methods=["GET", "POST"])
def partner_change(party_id: str) -> Response:
    """Change a partner; the code stays."""
    with world().database.read() as session:
        found = _known(session, party_id)
    form = Entered({name: str(getattr(found, name) or "") for name in (*_TEXTS, "gln")} | {
        "is_active": "1" if found.is_active else ""})

    def again(status: int = 200) -> Response:
        return page("console/partner_form.html", status, form=form, party=found, roles=())

    if request.method == "GET":
        return again()
    command = ChangeParty(party_id, _party(form), form.is_checked("is_active"), form.revision())

    def act(session: Session) -> Done:
        changed = change_party(session, signed_in(), world().clock, command)
        return Done(_url(party_id), gettext("%(name)s is changed.", name=named(changed)))

    return perform(form, act, Refusal(again))


def _part(party_id: str, template: str, form: Entered, title: str, act: Callable[[Session], object],
          **values: Any) -> Response:
    """The form of a contact or site, or what came of it."""
    with world().database.read() as session:
        found = _known(session, party_id)

    def again(status: int = 200) -> Response:
        return page(template, status, form=form, party=found, url=request.full_path.rstrip("?"), **values)

    if request.method == "GET":
        return again()

    def do(session: Session) -> Done:
        act(session)
        return Done(_url(party_id), title)

    return perform(form, do, Refusal(again))


@blueprint.route("/partners/<party_id>/contact", methods=["GET", "POST"])
def partner_contact(party_id: str) -> Response:
    """A new contact, or with `?contact=` a change of one."""
    contact_id = request.args.get("contact", "")
    with world().database.read() as session:
        present = next((one for one in _known(session, party_id).contacts if one.id == contact_id), None)
    if contact_id and present is None:
        raise NotFound("There is no such contact.", place="contact_id")
    names = ("name", "duty", "email", "phone", "mobile", "notice_way", "language")
    form = Entered({name: str(getattr(present, name)) for name in names} | {
        "gets_recalls": "1" if present.gets_recalls else "", "is_active": "1" if present.is_active else ""}
        if present is not None else {"language": "zh", "gets_recalls": "1"})

    def act(session: Session) -> object:
        who, clock = signed_in(), world().clock
        if present is None:
            return add_contact(session, who, clock, party_id, _contact(form))
        return change_contact(session, who, clock, ChangeContact(present.id, _contact(form),
                                                                 form.is_checked("is_active")))

    return _part(party_id, "console/partner_contact.html", form, gettext("The contact is saved."), act,
                 contact=present)


@blueprint.route("/partners/<party_id>/site", methods=["GET", "POST"])
def partner_site(party_id: str) -> Response:
    """A new site, or with `?site=` a change of one."""
    site_id = request.args.get("site", "")
    with world().database.read() as session:
        present = next((one for one in _known(session, party_id).sites if one.id == site_id), None)
    if site_id and present is None:
        raise NotFound("There is no such site.", place="site_id")
    names = ("code", "name_zh", "name_en", "gln", "time_zone", "city")
    form = Entered({name: str(getattr(present, name) or "") for name in names} | {
        "is_own": "1" if present.is_own else ""} if present is not None else {"time_zone": "Asia/Shanghai"})
    site = NewSite(party_id, present.code if present is not None else form.text("code"), form.text("name_zh"),
                   form.text("name_en"), form.text("gln") or None, form.text("time_zone"), form.text("city"),
                   form.is_checked("is_own"))
    revision = form.revision()

    def act(session: Session) -> object:
        who, clock = signed_in(), world().clock
        if present is None:
            return create_site(session, who, clock, site)
        return change_site(session, who, clock, ChangeSite(present.id, site, revision))

    return _part(party_id, "console/partner_site.html", form, gettext("The site is saved."), act, site=present)


@blueprint.post("/partners/<party_id>/roles")
def partner_role(party_id: str) -> Response:
    """Give a role for one product or for all."""
    form = Entered()
    command = GiveRole(party_id, form.choice("role", PARTY_ROLES), form.text("product_id") or ALL_PRODUCTS)

    def act(session: Session) -> Done:
        give_role(session, signed_in(), world().clock, command)
        return Done(_url(party_id), gettext("The role is given."))

    return perform(form, act, Refusal(lambda status: _partner_page(party_id, form, status)))


@blueprint.post("/partners/<party_id>/roles/take")
def partner_role_take(party_id: str) -> Response:
    """Take a role away."""
    form = Entered()
    command = GiveRole(party_id, form.text("role"), form.text("product_id") or ALL_PRODUCTS)

    def act(session: Session) -> Done:
        take_role(session, signed_in(), world().clock, command)
        return Done(_url(party_id), gettext("The role is taken away."))

    return perform(form, act, Refusal(lambda status: _partner_page(party_id, form, status)))
