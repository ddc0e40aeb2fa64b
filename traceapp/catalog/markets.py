"""Where a product is sold: its registrations, and the market at home. Reads."""
from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from .model import Party, PartyRole, PartyRoleName, Registration, Site

_NAMED = (PartyRoleName.registrant, PartyRoleName.brand_owner, PartyRoleName.contract_manufacturer,
          PartyRoleName.importer, PartyRoleName.representative)


def home_market(session: Session) -> str:
    """The country where we are."""
    return session.scalar(select(Party.country).join(Site, Site.party_id == Party.id).where(Site.is_own)
                          .order_by(Site.code).limit(1)) or "CN"


def own_parties(session: Session) -> frozenset[str]:
    """The parties whose places are ours."""
    return frozenset(session.scalars(select(Site.party_id).where(Site.is_own)))


def registration_by_id(session: Session, registration_id: str) -> Registration | None:
    """The registration, or None."""
    return session.get(Registration, registration_id)


def registrations_of(session: Session, product_id: str) -> list[Registration]:
    """Every registration of a product by market, those that ended too."""
    return list(session.scalars(select(Registration).where(Registration.product_id == product_id)
                                .order_by(Registration.market, Registration.number, Registration.id)))


def sold_by(session: Session, product_ids: Iterable[str], on: date) -> list[Registration]:
    """The registrations under which products had come to a market by a day. One whose sale has ended counts: what was
    sold is still in use."""
    return list(session.scalars(
        select(Registration).where(Registration.product_id.in_(sorted(set(product_ids))),
                                   or_(Registration.marketed_from.is_(None), Registration.marketed_from <= on))
        .order_by(Registration.market, Registration.number, Registration.id)))


def parties_to_name(session: Session, also: Iterable[str | None] = ()) -> list[Party]:
    """Whom a registration may name, by code: active parties in a role of the law, ourselves, and `also`."""
    held = select(PartyRole.party_id).where(PartyRole.role.in_(_NAMED))
    return list(session.scalars(select(Party).where(or_(
        Party.is_active & (Party.id.in_(held) | Party.id.in_(own_parties(session))),
        Party.id.in_([one for one in also if one]))).order_by(Party.code)))
