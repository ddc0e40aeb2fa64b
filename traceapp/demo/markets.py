"""Where the plaster is sold beside its home, with whom there. Numbers and people are made up."""
from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from traceapp.catalog.markets import registrations_of
from traceapp.catalog.model import Party, Product
from traceapp.catalog.parties import NewParty, create_party
from traceapp.catalog.registrations import (
    MARKETS_CHANGED,
    ChangeRegistration,
    NewRegistration,
    change_registration,
    register_product,
)
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.worklist.work import claim_work, finish_work

_SOLD_FOR = timedelta(days=3 * 365 - 34)


def sell(session: Session, actor: Actor, clock: Clock, maker: Party, product: Product) -> None:
    """The product in China in full, in the United States and in Europe."""
    since = clock.now().date() - _SOLD_FOR
    (home,) = registrations_of(session, product.id)
    agent = create_party(session, actor, clock, NewParty(
        "AGENT-US", "美国代理（示例）", "US Agent (demo)", country="US", roles=("representative",)))
    representative = create_party(session, actor, clock, NewParty(
        "REP-EU", "欧盟授权代表（示例）", "EU Representative (demo)", country="DE",
        srn="DE-AR-000000001", roles=("representative",)))
    change_registration(session, actor, clock, ChangeRegistration(home.id, _named(
        maker, home.market, since, number=home.number, risk_class=home.risk_class, brand="青禾",
        common_name=product.name_zh, model="CK-20", specification="72 mm × 19 mm，20 片/盒", language="zh",
        category="14-10 创面敷料", first_registered_on=since)))
    register_product(session, actor, clock, product.id, _named(
        maker, "US", since, number="D000000 (demo)", risk_class="I", brand="Qinghe",
        common_name="Adhesive bandage", fda_product_code="KGX", language="en", representative_id=agent.id))
    register_product(session, actor, clock, product.id, _named(
        maker, "EU", since, number="DEMO-SRN-0001", basic_udi_di="9520426CKDEMO", risk_class="I", brand="Qinghe",
        common_name="Adhesive plaster", language="en", representative_id=representative.id))
    session.flush()
    for row in claim_work(session, clock, MARKETS_CHANGED, 10, 60):  # nobody has complained yet
        finish_work(session, clock, row)


def _named(maker: Party, market: str, since: date, **more: str | date) -> NewRegistration:
    return NewRegistration(market=market, holder_id=maker.id, manufacturer_id=maker.id, origin="CN",
                           marketed_from=since, **more)  # type: ignore[arg-type]
