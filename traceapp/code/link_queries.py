"""Reads of the link registry."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.queries import contains
from traceapp.core.errors import NotFound
from traceapp.db.page import Order, Page, page_of

from .link_types import LINK_TYPES, local_name
from .links import read_anchor, read_code
from .model import Link


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """`text` looks into addresses, titles and what links hang on; `anchor` names one thing, `key` a key with all below
    it, each as a Digital Link, AIs in brackets or a GTIN."""

    text: str = ""
    anchor: str = ""
    key: str = ""
    link_type: str | None = None
    with_withdrawn: bool = False
    after: str | None = None
    limit: int = 50


def link_page(session: Session, wanted: LinkFilter) -> Page[Link]:
    """Links, the newest first. Raises InvalidInput for an anchor or key that is none."""
    found = select(Link)
    text = wanted.text.strip()
    if text:
        found = found.where(or_(*(column.ilike(contains(text), escape="\\")
                                  for column in (Link.href, Link.title, Link.anchor))))
    if wanted.anchor.strip():
        found = found.where(Link.anchor_key == read_anchor(wanted.anchor).key)
    if wanted.key.strip():
        found = found.where(Link.key == read_code(wanted.key, place="key").key_uri)
    if wanted.link_type:
        name = local_name(wanted.link_type) or wanted.link_type
        found = found.where(Link.link_type == (name if name in LINK_TYPES else ""))
    if not wanted.with_withdrawn:
        found = found.where(Link.withdrawn_at.is_(None))
    return page_of(session, found, Order(Link.created_at, Link.id, descending=True), wanted.after, wanted.limit)


def links_of_key(session: Session, keys: tuple[str, ...], limit: int = 500) -> tuple[Link, ...]:
    """The standing links of these keys (canonical URIs) and of everything below them, key by key."""
    return tuple(session.scalars(select(Link).where(Link.key.in_(keys), Link.withdrawn_at.is_(None))
                                 .order_by(Link.key, Link.anchor, Link.link_type, Link.id).limit(limit)))


def link_by_id(session: Session, link_id: str) -> Link:
    """The link, withdrawn or not. Raises NotFound."""
    link = session.scalar(select(Link).where(Link.id == link_id))
    if link is None:
        raise NotFound("There is no such link.", place="link_id")
    return link
