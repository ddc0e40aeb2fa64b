"""Tables of what is made, of what, by whom, where. Small; copied to every node of a distributed database."""
from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from traceapp.db import Base, Revisioned, UtcTime, enum_check


class ProductKind(StrEnum):
    device = "device"
    drug = "drug"
    cosmetic = "cosmetic"
    ivd = "ivd"
    material = "material"


class PackagingLevelName(StrEnum):
    unit = "unit"
    inner = "inner"
    case = "case"
    pallet = "pallet"


class PartyRoleName(StrEnum):
    registrant = "registrant"
    brand_owner = "brand_owner"
    contract_manufacturer = "contract_manufacturer"
    importer = "importer"
    representative = "representative"
    distributor = "distributor"
    user_facility = "user_facility"
    supplier = "supplier"
    carrier = "carrier"
    authority = "authority"


class NoticeWay(StrEnum):
    all = "all"
    mail = "mail"
    text = "text"


class Party(Revisioned, Base):
    """A company, hospital or authority. By `fei` (FEI or CFN), `srn` (EUDAMED), `duns` and `e2b_sender` authorities
    know it in reports."""

    __tablename__ = "party"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    gln: Mapped[str | None] = mapped_column(String(13), unique=True)
    country: Mapped[str] = mapped_column(String(2))
    region: Mapped[str] = mapped_column(String(80), default="")
    city: Mapped[str] = mapped_column(String(80), default="")
    address: Mapped[str] = mapped_column(String(300), default="")
    postcode: Mapped[str] = mapped_column(String(15), default="")
    fei: Mapped[str] = mapped_column(String(10), default="")
    srn: Mapped[str] = mapped_column(String(20), default="")
    duns: Mapped[str] = mapped_column(String(9), default="")
    e2b_sender: Mapped[str] = mapped_column(String(60), default="")
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    contacts: Mapped[list[PartyContact]] = relationship(back_populates="party", order_by="PartyContact.id")
    roles: Mapped[list[PartyRole]] = relationship(back_populates="party", order_by="PartyRole.role")
    sites: Mapped[list[Site]] = relationship(back_populates="party", order_by="Site.code")


class PartyContact(Base):
    """Whom to write to at a party; recall notices go to those with `gets_recalls`. `mobile` takes text messages, in
    E.164; `notice_way` is what they want: every way that there is, mail alone, text messages alone."""

    __tablename__ = "party_contact"
    __table_args__ = (enum_check("notice_way", NoticeWay),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    duty: Mapped[str] = mapped_column(String(120), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    mobile: Mapped[str] = mapped_column(String(16), default="")
    notice_way: Mapped[str] = mapped_column(String(4), default=NoticeWay.all)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    gets_recalls: Mapped[bool] = mapped_column(Boolean, default=True)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    party: Mapped[Party] = relationship(back_populates="contacts")


class PartyRole(Base):
    """What a party is for a product; `product_id` is `*` where it holds for all."""

    __tablename__ = "party_role"
    __table_args__ = (enum_check("role", PartyRoleName),)

    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    product_id: Mapped[str] = mapped_column(String(32), primary_key=True, default="*")
    role: Mapped[str] = mapped_column(String(24), primary_key=True)
    party: Mapped[Party] = relationship(back_populates="roles")


class Site(Revisioned, Base):
    """A place with a time zone: plant, warehouse, ward."""

    __tablename__ = "site"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    gln: Mapped[str | None] = mapped_column(String(13), unique=True)
    time_zone: Mapped[str] = mapped_column(String(60), default="Asia/Shanghai")
    city: Mapped[str] = mapped_column(String(80), default="")
    is_own: Mapped[bool] = mapped_column(Boolean, default=False)
    party: Mapped[Party] = relationship(back_populates="sites")


class Product(Revisioned, Base):
    """A product or a material. `identity_uri` is the URI of its class: the Digital Link of its unit's GTIN, or a
    private URN where it has none; lots are named below it. Storage limits are in °C and percent of relative humidity;
    out of them for `storage_allowed_minutes` is no excursion. `balance_tolerance`: percent by which in and out of a
    lot may differ. `registration_number` and `risk_class` are those of its registration at home, kept here for pages
    that are read often."""

    __tablename__ = "product"
    __table_args__ = (enum_check("kind", ProductKind),
                      CheckConstraint("shelf_life_days IS NULL OR shelf_life_days > 0", name="shelf_life_is_positive"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    identity_uri: Mapped[str] = mapped_column(String(300), unique=True)
    unit: Mapped[str] = mapped_column(String(3))
    registration_number: Mapped[str] = mapped_column(String(80), default="")
    risk_class: Mapped[str] = mapped_column(String(20), default="")
    shelf_life_days: Mapped[int | None] = mapped_column(Integer)
    storage_zh: Mapped[str] = mapped_column(String(300), default="")
    storage_en: Mapped[str] = mapped_column(String(300), default="")
    storage_min_c: Mapped[Decimal | None]
    storage_max_c: Mapped[Decimal | None]
    storage_min_rh: Mapped[Decimal | None]
    storage_max_rh: Mapped[Decimal | None]
    storage_allowed_minutes: Mapped[int] = mapped_column(Integer, default=0)
    balance_tolerance: Mapped[Decimal] = mapped_column(default=Decimal(0))
    usage_zh: Mapped[str] = mapped_column(String(2000), default="")
    usage_en: Mapped[str] = mapped_column(String(2000), default="")
    contact_phone: Mapped[str] = mapped_column(String(40), default="")
    recipe_output: Mapped[Decimal | None]
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    levels: Mapped[list[PackagingLevel]] = relationship(back_populates="product", order_by="PackagingLevel.units")
    recipe: Mapped[list[RecipeLine]] = relationship(
        back_populates="product", order_by="RecipeLine.position", foreign_keys="RecipeLine.product_id")


class PackagingLevel(Base):
    """One GTIN of a product: how many of the product's own units one such pack holds."""

    __tablename__ = "packaging_level"
    __table_args__ = (enum_check("level", PackagingLevelName),
                      CheckConstraint("units > 0", name="units_is_positive"))

    gtin: Mapped[str] = mapped_column(String(14), primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id"), index=True)
    level: Mapped[str] = mapped_column(String(8))
    units: Mapped[Decimal]
    product: Mapped[Product] = relationship(back_populates="levels")


class RecipeLine(Base):
    """What `Product.recipe_output` units of a product take of one material; `loss` is the expected share lost."""

    __tablename__ = "recipe_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_is_positive"),
                      CheckConstraint("loss >= 0 AND loss < 1000000", name="loss_is_a_share"))

    product_id: Mapped[str] = mapped_column(ForeignKey("product.id"), primary_key=True)
    material_id: Mapped[str] = mapped_column(ForeignKey("product.id"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    quantity: Mapped[Decimal]
    loss: Mapped[Decimal]
    product: Mapped[Product] = relationship(back_populates="recipe", foreign_keys=[product_id])
    material: Mapped[Product] = relationship(foreign_keys=[material_id])


class Registration(Revisioned, Base):
    """A product in one market, as the authority there knows it. `market` is a country, or EU for all of Europe;
    `marketed_to` is the last day on which it was sold there."""

    __tablename__ = "registration"
    __table_args__ = (UniqueConstraint("product_id", "market", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id"))
    market: Mapped[str] = mapped_column(String(2))
    number: Mapped[str] = mapped_column(String(80), default="")
    risk_class: Mapped[str] = mapped_column(String(20), default="")
    holder_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"))
    manufacturer_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"))
    representative_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"))
    brand: Mapped[str] = mapped_column(String(200), default="")
    common_name: Mapped[str] = mapped_column(String(200), default="")
    model: Mapped[str] = mapped_column(String(120), default="")
    specification: Mapped[str] = mapped_column(String(300), default="")
    catalogue_number: Mapped[str] = mapped_column(String(80), default="")
    udi_di: Mapped[str] = mapped_column(String(40), default="")
    basic_udi_di: Mapped[str] = mapped_column(String(40), default="")
    fda_product_code: Mapped[str] = mapped_column(String(3), default="")
    emdn: Mapped[str] = mapped_column(String(20), default="")
    gmdn: Mapped[str] = mapped_column(String(10), default="")
    notified_body: Mapped[str] = mapped_column(String(4), default="")
    certificate_number: Mapped[str] = mapped_column(String(50), default="")
    category: Mapped[str] = mapped_column(String(120), default="")
    origin: Mapped[str] = mapped_column(String(2), default="")
    marketed_from: Mapped[date | None]
    marketed_to: Mapped[date | None]
    first_registered_on: Mapped[date | None]
    language: Mapped[str] = mapped_column(String(8), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)
