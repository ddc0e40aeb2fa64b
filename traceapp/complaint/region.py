"""Where something happened, as far as a complaint says: the one order in which that is judged.

First what the reporter said, where a country or a region of China can be read in it; then the consignee, as those who
took the goods; else it is unknown.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from babel import Locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, PartyRole, PartyRoleName
from traceapp.trace.model import ShipmentLine

from .model import Complaint

# The regions of China, as texts name them: a word in Chinese, a word in English.
_REGIONS = {
    "北京": "beijing", "天津": "tianjin", "河北": "hebei", "山西": "shanxi", "内蒙古": "inner mongolia",
    "辽宁": "liaoning", "吉林": "jilin", "黑龙江": "heilongjiang", "上海": "shanghai", "江苏": "jiangsu",
    "浙江": "zhejiang", "安徽": "anhui", "福建": "fujian", "江西": "jiangxi", "山东": "shandong", "河南": "henan",
    "湖北": "hubei", "湖南": "hunan", "广东": "guangdong", "广西": "guangxi", "海南": "hainan", "重庆": "chongqing",
    "四川": "sichuan", "贵州": "guizhou", "云南": "yunnan", "西藏": "tibet", "陕西": "shaanxi", "甘肃": "gansu",
    "青海": "qinghai", "宁夏": "ningxia", "新疆": "xinjiang"}
# Places with authorities of their own.
_APART = {"香港": "HK", "hong kong": "HK", "澳门": "MO", "macao": "MO", "macau": "MO", "台湾": "TW", "taiwan": "TW"}
_BREAK = re.compile(r"[,，;；/、·()（）]")
_CHINA = re.compile(r"^(?:中国|china|p\.?r\.?c\.?)\s*", re.IGNORECASE)
_SHORT = {"usa": "US", "u.s.a.": "US", "u.s.": "US", "uk": "GB", "u.k.": "GB", "england": "GB", "korea": "KR"}


class Source(StrEnum):
    """Who said where it was."""

    reporter = "reporter"
    consignee = "consignee"
    unknown = "unknown"


@dataclass(frozen=True, slots=True)
class Region:
    """A country of two letters and, in China, the region; both empty where nobody said."""

    country: str
    region: str
    source: Source


def region_of(session: Session, complaint: Complaint) -> Region:
    """Where it happened, by the reporter, else by the consignee, else unknown."""
    country, region = read_place(complaint.place)
    if country:
        return Region(country, region, Source.reporter)
    party = session.get(Party, complaint.consignee_id) if complaint.consignee_id else None
    if party is None:
        return Region("", "", Source.unknown)
    return Region(*party_region(party), Source.consignee)


def place_of(session: Session, complaint_id: str | None) -> Region:
    """The same of a complaint by its id; unknown where there is none."""
    complaint = session.scalars(select(Complaint).where(Complaint.id == complaint_id)).first()
    return region_of(session, complaint) if complaint else Region("", "", Source.unknown)


def was_shipped_there(session: Session, lot_key: str, region: Region) -> bool | None:
    """Whether any of a batch went to a region; None where that cannot be said: nobody said where, none of it left yet,
    or a distributor took some and may have sold it on."""
    took = list(session.scalars(select(Party).where(Party.id.in_(
        select(ShipmentLine.consignee_id).where(ShipmentLine.lot_key == lot_key)))))
    if region.source is Source.unknown or not took:
        return None
    places = {party_region(party) for party in took}
    if any(country == region.country and (not region.region or there in ("", region.region))
           for country, there in places):
        return True
    sells_on = select(PartyRole.party_id).where(PartyRole.party_id.in_([party.id for party in took]),
                                                PartyRole.role == PartyRoleName.distributor)
    return None if session.scalar(sells_on.limit(1)) is not None else False


def was_sent_to(session: Session, lot_key: str, consignee_id: str) -> bool:
    """Whether a consignee got any of a batch."""
    return session.scalar(select(ShipmentLine.lot_key).where(
        ShipmentLine.lot_key == lot_key, ShipmentLine.consignee_id == consignee_id).limit(1)) is not None


def read_place(text: str) -> tuple[str, str]:
    """(country, region of China) that a text names; empty for what cannot be read with certainty."""
    for part in _BREAK.split(text):
        plain = " ".join(part.split())
        rest = _CHINA.sub("", plain)
        if apart := next((code for name, code in _APART.items() if rest.lower().startswith(name)), ""):
            return apart, ""
        if region := _named(rest):
            return "CN", region
        if rest != plain:
            return "CN", ""
        if country := _countries().get(plain.lower()) or _SHORT.get(plain.lower()):
            return country, ""
    return "", ""


def english_region(region: str) -> str:
    """A region of China as English texts name it."""
    return _REGIONS.get(region, region).title()


def _named(text: str) -> str:
    """The region that a text begins with in Chinese, or names as a word in English."""
    words = f" {text.lower()} "
    return next((zh for zh, en in _REGIONS.items() if text.startswith(zh) or f" {en} " in words), "")


def party_region(party: Party) -> tuple[str, str]:
    """(country, region of China) of a party; without a region where it is elsewhere, or not one that is known."""
    return party.country, _named(party.region) if party.country == "CN" else ""


@cache
def _countries() -> dict[str, str]:
    return {name.lower(): code for language in ("en", "zh") for code, name in Locale(language).territories.items()
            if len(code) == 2 and code.isalpha() and code != "CN"}
