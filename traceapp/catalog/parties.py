"""Use cases of parties with their contacts and roles, and of sites."""
from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id
from traceapp.core.telephone import checked_text_number
from traceapp.db import expect_revision
from traceapp.gs1.keys import gln as checked_gln

from .model import NoticeWay, Party, PartyContact, PartyRole, PartyRoleName, Product, Site
from .texts import code_text, required_text, short_text

ALL_PRODUCTS = "*"
# Only so much that a slip of the keyboard shows; whether the address works, the first letter tells.
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\".]+(\.[^@\s,;<>\".]+)*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGES = ("zh", "en")

_EXAMPLES = {"fei": "1234567, 3001234567", "srn": "CN-MF-000012345", "duns": "123456789", "e2b_sender": "MAKER"}


@dataclass(frozen=True, slots=True)
class NewContact:
    """Somebody to write to; with `gets_recalls` an e-mail address or a telephone number is needed. `mobile` takes
    text messages; `notice_way` is a NoticeWay."""

    name: str
    duty: str = ""
    email: str = ""
    phone: str = ""
    language: str = "zh"
    gets_recalls: bool = True
    mobile: str = ""
    notice_way: str = NoticeWay.all


@dataclass(frozen=True, slots=True)
class NewParty:
    """`country` is an ISO 3166 code of two letters; `fei` to `e2b_sender` as in `Party`; `roles` hold for all
    products."""

    code: str
    name_zh: str
    name_en: str
    country: str = "CN"
    gln: str | None = None
    region: str = ""
    city: str = ""
    address: str = ""
    postcode: str = ""
    fei: str = ""
    srn: str = ""
    duns: str = ""
    e2b_sender: str = ""
    contacts: tuple[NewContact, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeParty:
    """The whole of a party as it shall be; its code stays, contacts and roles have use cases of their own."""

    party_id: str
    party: NewParty
    is_active: bool = True
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeContact:
    """The whole of a contact as it shall be; with `is_active` False nobody writes to it any more."""

    contact_id: str
    contact: NewContact
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class GiveRole:
    """`product_id` is `*` for all products."""

    party_id: str
    role: str
    product_id: str = ALL_PRODUCTS


@dataclass(frozen=True, slots=True)
class NewSite:
    """`time_zone` is an IANA name, as Asia/Shanghai."""

    party_id: str
    code: str
    name_zh: str
    name_en: str
    gln: str | None = None
    time_zone: str = "Asia/Shanghai"
    city: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSite:
    """The whole of a site as it shall be; its code and party stay."""

    site_id: str
    site: NewSite
    revision: int | None = None


_PARTY_TEXTS = {"name_zh": 200, "name_en": 200, "region": 80, "city": 80, "address": 300, "postcode": 15}
# What authorities know a party by, and how it is written. Source: 21 CFR 803.52 (f)(1); EUDAMED; ICH E2B(R3) N.1.3.
IDENTIFIERS = {"fei": re.compile(r"\d{7}|\d{10}", re.ASCII), "srn": re.compile(r"[A-Z]{2}-[A-Z]{2}-\d{9}", re.ASCII),
               "duns": re.compile(r"\d{9}", re.ASCII), "e2b_sender": re.compile(r"[A-Z0-9][A-Z0-9._]{0,59}", re.ASCII)}
_CONTACT_TEXTS = {"name": 120, "duty": 120, "email": 254, "phone": 40}


def create_party(session: Session, actor: Actor, clock: Clock, command: NewParty) -> Party:
    """A new company, hospital or authority. Raises Conflict for a code or GLN in use."""
    code = code_text(command.code, place="code")
    values = _party_values(session, command, None)
    if session.scalar(select(Party.id).where(Party.code == code)):
        raise Conflict("There is a partner with the code “%(text)s” already.", code="code-in-use", place="code",
                       text=code)
    now = clock.now()
    party = Party(id=new_id(now), code=code, is_active=True, created_at=now, **values)
    for role in command.roles:
        party.roles.append(PartyRole(product_id=ALL_PRODUCTS, role=_known_role(role)))
    for number, contact in enumerate(command.contacts):
        party.contacts.append(PartyContact(id=new_id(now), is_active=True,
                                           **_contact_values(contact, f"contacts/{number}/")))
    session.add(party)
    record(session, actor, now, "party.created", stream_of("party", party.id),
           {"code": code, **values, "roles": list(command.roles), "contacts": len(command.contacts)})
    session.flush()
    return party


def change_party(session: Session, actor: Actor, clock: Clock, command: ChangeParty) -> Party:
    """Change name, address, GLN or standing of a party."""
    party = _party(session, command.party_id)
    expect_revision(party, command.revision)
    if command.party.code.strip() != party.code:
        raise Conflict("The code of a partner cannot change: events name the partner by it.", code="fixed-field",
                       place="code")
    after = _party_values(session, command.party, party.id) | {"is_active": command.is_active}
    before = {name: getattr(party, name) for name in after}
    for name, value in after.items():
        setattr(party, name, value)
    record(session, actor, clock.now(), "party.changed", stream_of("party", party.id), {
        "before": {name: value for name, value in before.items() if value != after[name]},
        "after": {name: value for name, value in after.items() if value != before[name]}})
    session.flush()
    return party


def add_contact(session: Session, actor: Actor, clock: Clock, party_id: str, command: NewContact) -> PartyContact:
    """One more person to write to. The trail keeps the contact's id, not the person's name."""
    party = _party(session, party_id)
    contact = PartyContact(id=new_id(clock.now()), party_id=party.id, is_active=True, **_contact_values(command, ""))
    session.add(contact)
    record(session, actor, clock.now(), "contact.added", stream_of("party", party.id), {"contact": contact.id})
    session.flush()
    return contact


def change_contact(session: Session, actor: Actor, clock: Clock, command: ChangeContact) -> PartyContact:
    """Change a contact, or end it with `is_active` False."""
    contact = session.get(PartyContact, command.contact_id)
    if contact is None:
        raise NotFound("There is no such contact.", place="contact_id")
    after = _contact_values(command.contact, "") | {"is_active": command.is_active}
    changed = sorted(name for name, value in after.items() if getattr(contact, name) != value)
    for name, value in after.items():
        setattr(contact, name, value)
    record(session, actor, clock.now(), "contact.changed", stream_of("party", contact.party_id),
           {"contact": contact.id, "changed": changed})
    session.flush()
    return contact


def give_role(session: Session, actor: Actor, clock: Clock, command: GiveRole) -> PartyRole:
    """Make a party something for a product or for all; giving it twice changes nothing."""
    party = _party(session, command.party_id)
    role = _known_role(command.role)
    if command.product_id != ALL_PRODUCTS and session.get(Product, command.product_id) is None:
        raise NotFound("There is no such product.", place="product_id")
    present = session.get(PartyRole, (party.id, command.product_id, role))
    if present is not None:
        return present
    given = PartyRole(party_id=party.id, product_id=command.product_id, role=role)
    session.add(given)
    record(session, actor, clock.now(), "role.given", stream_of("party", party.id),
           {"role": role, "product": command.product_id})
    session.flush()
    return given


def take_role(session: Session, actor: Actor, clock: Clock, command: GiveRole) -> None:
    """Take a role away again; taking one that is not there changes nothing."""
    given = session.get(PartyRole, (command.party_id, command.product_id, command.role))
    if given is None:
        return
    session.delete(given)
    record(session, actor, clock.now(), "role.taken", stream_of("party", command.party_id),
           {"role": command.role, "product": command.product_id})
    session.flush()


def create_site(session: Session, actor: Actor, clock: Clock, command: NewSite) -> Site:
    """A new place of a party. Raises Conflict for a code or GLN in use."""
    party = _party(session, command.party_id)
    code = code_text(command.code, place="code")
    values = _site_values(session, command, None)
    if session.scalar(select(Site.id).where(Site.code == code)):
        raise Conflict("There is a site with the code “%(text)s” already.", code="code-in-use", place="code",
                       text=code)
    site = Site(id=new_id(clock.now()), party_id=party.id, code=code, **values)
    session.add(site)
    record(session, actor, clock.now(), "site.created", stream_of("site", site.id),
           {"party": party.id, "code": code, **values})
    session.flush()
    return site


def change_site(session: Session, actor: Actor, clock: Clock, command: ChangeSite) -> Site:
    """Change name, GLN, zone or city of a site."""
    site = session.get(Site, command.site_id)
    if site is None:
        raise NotFound("There is no such site.", place="site_id")
    expect_revision(site, command.revision)
    if command.site.code.strip() != site.code or command.site.party_id != site.party_id:
        raise Conflict("Code and owner of a site cannot change: events name the site by them.", code="fixed-field",
                       place="code")
    after = _site_values(session, command.site, site.id)
    before = {name: getattr(site, name) for name in after}
    for name, value in after.items():
        setattr(site, name, value)
    record(session, actor, clock.now(), "site.changed", stream_of("site", site.id), {
        "before": {name: value for name, value in before.items() if value != after[name]},
        "after": {name: value for name, value in after.items() if value != before[name]}})
    session.flush()
    return site


def _party(session: Session, party_id: str) -> Party:
    party = session.get(Party, party_id)
    if party is None:
        raise NotFound("There is no such partner.", place="party_id")
    return party


def _known_role(role: str) -> str:
    if role not in set(PartyRoleName):
        raise InvalidInput("“%(role)s” is no role of a partner.", code="unknown-role", place="role", role=role)
    return str(role)


def _free_gln(session: Session, model: type[Party] | type[Site], gln: str | None, own_id: str | None) -> str | None:
    if gln is None or not gln.strip():
        return None
    checked = checked_gln(gln.strip(), place="gln")
    holder = session.scalar(select(model.id).where(model.gln == checked))
    if holder is not None and holder != own_id:
        raise Conflict("GLN %(gln)s is in use already.", code="gln-in-use", place="gln", gln=checked)
    return checked


def _party_values(session: Session, command: NewParty, own_id: str | None) -> dict[str, object]:
    required_text(command.name_zh, place="name_zh")
    required_text(command.name_en, place="name_en")
    texts = {name: short_text(getattr(command, name), size, place=name) for name, size in _PARTY_TEXTS.items()}
    if not _COUNTRY.fullmatch(command.country):
        raise InvalidInput("A country is two capital letters, as CN.", code="bad-country", place="country")
    return {**texts, **_identifiers(command), "country": command.country,
            "gln": _free_gln(session, Party, command.gln, own_id)}


def _identifiers(command: NewParty) -> dict[str, str]:
    found = {name: getattr(command, name).strip().upper() for name in IDENTIFIERS}
    for name, pattern in IDENTIFIERS.items():
        if found[name] and not pattern.fullmatch(found[name]):
            raise InvalidInput("“%(text)s” is not written as this number is: %(example)s.", code="bad-identifier",
                               place=name, text=found[name][:40], example=_EXAMPLES[name])
    return found


def _contact_values(command: NewContact, place: str) -> dict[str, object]:
    required_text(command.name, place=place + "name")
    texts = {name: short_text(getattr(command, name), size, place=place + name)
             for name, size in _CONTACT_TEXTS.items()}
    if texts["email"] and not _EMAIL.fullmatch(texts["email"]):
        raise InvalidInput("“%(email)s” is not an e-mail address.", code="bad-email", place=place + "email",
                           email=texts["email"])
    mobile = checked_text_number(command.mobile, place=place + "mobile")
    if command.notice_way not in set(NoticeWay):
        raise InvalidInput("Notices go by mail, by text message, or by all ways.", code="bad-way",
                           place=place + "notice_way")
    if command.gets_recalls and not (texts["email"] or texts["phone"] or mobile):
        raise InvalidInput("Whoever gets recall notices needs an e-mail address or a telephone number.",
                           code="unreachable", place=place + "email")
    if command.language not in _LANGUAGES:
        raise InvalidInput("The language is zh or en.", code="bad-language", place=place + "language")
    return {**texts, "mobile": mobile, "notice_way": command.notice_way, "language": command.language,
            "gets_recalls": command.gets_recalls}


def _site_values(session: Session, command: NewSite, own_id: str | None) -> dict[str, object]:
    required_text(command.name_zh, place="name_zh")
    required_text(command.name_en, place="name_en")
    texts = {name: short_text(getattr(command, name), size, place=name)
             for name, size in (("name_zh", 200), ("name_en", 200), ("city", 80))}
    try:
        ZoneInfo(command.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput("“%(zone)s” is no time zone; write it as Asia/Shanghai.", code="bad-zone",
                           place="time_zone", zone=command.time_zone) from None
    return {**texts, "time_zone": command.time_zone, "is_own": command.is_own,
            "gln": _free_gln(session, Site, command.gln, own_id)}
