"""Use cases of the link registry: register, change, withdraw. What is registered: `link_texts`, `anchors`."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.audit import record, stream_of
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import name_key, new_id
from traceapp.db import expect_revision
from traceapp.gs1 import Gs1Error, Parsed, parse_anything
from traceapp.identity.policy import permit

from .anchors import Anchor, held_anchor, registrable_anchor
from .link_texts import checked_contexts, checked_href, checked_languages, checked_media_type
from .link_types import LIVE, registrable_type
from .model import DefaultUse, Link
from .resolution import is_ours

PERMISSION = "link.write"
MOST_LINKS = 60
_LONGEST_ANCHOR = 1000


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link as it shall be. `anchor` is a Digital Link, AIs in brackets or a GTIN; `default_use` see DefaultUse."""

    anchor: str
    link_type: str
    href: str
    title: str
    media_type: str = ""
    languages: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    default_use: str = DefaultUse.no


@dataclass(frozen=True, slots=True)
class ChangeLink:
    """The whole of a link as it shall be; what it hangs on stays."""

    link_id: str
    link: NewLink
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class WithdrawLink:
    """The end of a link, with its reason."""

    link_id: str
    reason: str
    revision: int | None = None


def read_anchor(text: str, *, place: str = "anchor") -> Anchor:
    """The thing that a text names. Raises InvalidInput, at `place`, for one that no link may hang on."""
    return registrable_anchor(_read(text, place), place=place)


def read_code(text: str, *, place: str = "code") -> Anchor:
    """The thing that a scanned or typed code names, whatever else stands in it. Raises InvalidInput at `place`."""
    return held_anchor(_read(text, place), place=place)


def _read(text: str, place: str) -> Parsed:
    try:
        return parse_anything(short_text(text, _LONGEST_ANCHOR, place=place))
    except Gs1Error as error:
        error.place = place
        raise


def register_link(session: Session, actor: Actor, clock: Clock, command: NewLink, *, own_root: str) -> Link:
    """One more link for a thing. Raises InvalidInput for what breaks a rule, Conflict for the same link twice and for
    a thing whose key would be left without a default link."""
    permit(actor, PERMISSION)
    anchor = read_anchor(command.anchor)
    values = _values(session, anchor, command, own_root)
    present = _live(session, anchor)
    if len(present) >= MOST_LINKS:
        raise Conflict("This code has %(most)d links already. Withdraw one first.", code="too-many-links",
                       place="anchor", most=MOST_LINKS)
    _refuse_same(present, values, None)
    values["default_use"] = _guaranteed(session, anchor, present, str(values["default_use"]))
    now = clock.now()
    _take_over(session, actor, clock, present, values, None)
    link = Link(anchor_key=anchor.key, id=new_id(now), anchor=anchor.uri, key=anchor.key_uri, created_at=now, **values)
    session.add(link)
    record(session, actor, now, "link.registered", stream_of("links", anchor.key),
           {"link": link.id, "anchor": anchor.uri, **values})
    session.flush()
    return link


def change_link(session: Session, actor: Actor, clock: Clock, command: ChangeLink, *, own_root: str) -> Link:
    """Change where a link leads or how it is described. Raises as `register_link`, Stale for an older version."""
    permit(actor, PERMISSION)
    link = _standing(session, command.link_id)
    expect_revision(link, command.revision)
    anchor = read_anchor(command.link.anchor)
    if anchor.uri != link.anchor:
        raise Conflict("A link stays at its code. Register a new one for %(anchor)s.", code="fixed-field",
                       place="anchor", anchor=anchor.uri)
    after = _values(session, anchor, command.link, own_root)
    present = _live(session, anchor)
    _refuse_same(present, after, link.id)
    if link.default_use == DefaultUse.default and after["default_use"] != DefaultUse.default:
        _refuse_orphans(session, link, is_ending=False)
    _take_over(session, actor, clock, present, after, link.id)
    before = {name: getattr(link, name) for name in after}
    for name, value in after.items():
        setattr(link, name, value)
    record(session, actor, clock.now(), "link.changed", stream_of("links", link.anchor_key), {
        "link": link.id, "before": {name: value for name, value in before.items() if value != after[name]},
        "after": {name: value for name, value in after.items() if value != before[name]}})
    session.flush()
    return link


def withdraw_link(session: Session, actor: Actor, clock: Clock, command: WithdrawLink) -> Link:
    """End a link. Raises Conflict for the default link on which others of the same key still depend."""
    permit(actor, PERMISSION)
    link = _standing(session, command.link_id)
    expect_revision(link, command.revision)
    reason = short_text(required_text(command.reason, place="reason"), 1000, place="reason")
    if link.default_use == DefaultUse.default:
        _refuse_orphans(session, link, is_ending=True)
    now = clock.now()
    link.withdrawn_at, link.withdrawn_by, link.withdrawal_reason = now, actor.id, reason
    record(session, actor, now, "link.withdrawn", stream_of("links", link.anchor_key),
           {"link": link.id, "anchor": link.anchor, "href": link.href, "reason": reason})
    session.flush()
    return link


def _standing(session: Session, link_id: str) -> Link:
    link = session.scalar(select(Link).where(Link.id == link_id))
    if link is None:
        raise NotFound("There is no such link.", place="link_id")
    if link.withdrawn_at is not None:
        raise Conflict("This link has been withdrawn.", code="withdrawn", place="link_id")
    return link


def _live(session: Session, anchor: Anchor) -> list[Link]:
    return list(session.scalars(select(Link).where(
        Link.anchor_key == anchor.key, Link.withdrawn_at.is_(None)).order_by(Link.id)))


def _values(session: Session, anchor: Anchor, command: NewLink, own_root: str) -> dict[str, object]:
    """The columns that a command states, checked."""
    if command.default_use not in set(DefaultUse):
        raise InvalidInput("“%(text)s” is no use of a link.", code="unknown-use", place="default_use",
                           text=command.default_use[:20])
    link_type = registrable_type(command.link_type)
    if link_type in LIVE and is_ours(session.connection(), anchor):
        raise InvalidInput("Whether our own products are recalled and safe is answered live by this service; no other "
                           "address can take its place.", code="live-link", place="link_type")
    return {"link_type": link_type, "href": checked_href(command.href, own_root),
            "title": short_text(required_text(command.title, place="title"), 200, place="title"),
            "media_type": checked_media_type(command.media_type), "languages": checked_languages(command.languages),
            "contexts": checked_contexts(command.contexts), "default_use": str(command.default_use)}


def _refuse_same(present: list[Link], values: dict[str, object], own_id: str | None) -> None:
    same = ("link_type", "href", "media_type", "languages", "contexts")
    for link in present:
        if link.id != own_id and all(getattr(link, name) == values[name] for name in same):
            raise Conflict("This very link is there already.", code="same-link", place="href")


def _guaranteed(session: Session, anchor: Anchor, present: list[Link], wanted: str) -> str:
    """How the new link is used as a default: the first of a foreign key is its default. Raises Conflict for a thing
    below a key that has none. Source: GS1-Conformant Resolver Standard 1.2.1, 2.5.8."""
    if wanted == DefaultUse.default and anchor.is_key or is_ours(session.connection(), anchor):
        return wanted
    at_key = present if anchor.is_key else list(session.scalars(select(Link).where(
        Link.anchor_key == name_key(anchor.key_uri), Link.withdrawn_at.is_(None))))
    if any(link.default_use == DefaultUse.default for link in at_key):
        return wanted
    if anchor.is_key:
        return DefaultUse.default
    raise Conflict("Register a link for %(key)s itself first: every code below it needs somewhere to lead.",
                   code="no-default", place="anchor", key=anchor.key_uri)


def _take_over(session: Session, actor: Actor, clock: Clock, present: list[Link], values: dict[str, object],
               own_id: str | None) -> None:
    """A code has one default link: a new one takes the place of the former."""
    if values["default_use"] != DefaultUse.default:
        return
    for link in present:
        if link.id != own_id and link.default_use == DefaultUse.default:
            link.default_use = DefaultUse.no
            record(session, actor, clock.now(), "link.changed", stream_of("links", link.anchor_key), {
                "link": link.id, "before": {"default_use": "default"}, "after": {"default_use": "no"}})
    session.flush()


def _refuse_orphans(session: Session, link: Link, *, is_ending: bool) -> None:
    """Refuse to take away the default link of a foreign key while other links of that key stand."""
    anchor = read_anchor(link.anchor)
    if not anchor.is_key or is_ours(session.connection(), anchor):
        return
    others = session.scalar(select(func.count()).select_from(Link).where(
        Link.key == link.key, Link.withdrawn_at.is_(None), Link.id != link.id)) or 0
    if others or not is_ending:
        raise Conflict("This is the default link. Mark another link of %(key)s as the default first.",
                       code="default-in-use", place="default_use", key=link.key)
