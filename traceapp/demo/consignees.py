"""Who gets goods: invented hospitals, clinics, pharmacies, salons and distributors in real cities."""
from __future__ import annotations

import re

from traceapp.gs1 import check_digit

from .acts import Consignee
from .chance import chance
from .tables import COMPANY_PREFIX, cities, names

ROUND_DAYS = 10
# (kind, Chinese, English, share of all)
_KINDS = (("hospital", "医院", "Hospital", 30), ("clinic", "门诊部", "Clinic", 34),
          ("pharmacy", "大药房", "Pharmacy", 22), ("beauty", "护肤工坊", "Skin Care Workshop", 10),
          ("distributor", "医药配送", "Medical Supply", 14))
_ROLES = {"hospital": "user_facility", "clinic": "user_facility", "pharmacy": "distributor",
          "beauty": "user_facility", "distributor": "distributor"}
_WITHOUT_MAIL, _WITH_MOBILE = 17, 2


def role_of(consignee: Consignee) -> str:
    """What the consignee is for our products."""
    return _ROLES[consignee.kind]


def make_consignees(seed: int, scale: float) -> tuple[Consignee, ...]:
    """About 110 at scale 1, never fewer than 30; every seventeenth has no e-mail address and must be telephoned."""
    dice = chance(seed, "consignees")
    pairs = [(city, name) for city in cities() for name in names()]
    dice.shuffle(pairs)
    found: list[Consignee] = []
    factor = min(max(scale, 0.3), len(pairs) / 111)
    for kind, kind_zh, kind_en, share in _KINDS:
        for _ in range(max(4, round(share * factor))):
            (region, city, city_en), (name_zh, name_en) = pairs[len(found)]
            number = len(found) + 1
            slug = re.sub("[^a-z]", "", f"{name_en}{city_en}".lower())
            found.append(Consignee(
                code=f"{kind[0].upper()}{number:03d}", kind=kind, name_zh=f"{city}{name_zh}{kind_zh}",
                name_en=f"{name_en} {kind_en} {city_en}", region=region, city=city,
                address=f"{city}示例路 {dice.randint(1, 300)} 号",
                gln=gln(1000 + number) if kind == "hospital" else None,
                email="" if number % _WITHOUT_MAIL == 0 else f"quality@{slug}.example", phone=f"000-0000-{number:04d}",
                # No country has the code 999.
                mobile=f"+999 0000 {number:04d}" if number % _WITH_MOBILE == 0 else "",
                language="en" if number % 9 == 0 else "zh", rhythm=dice.randrange(ROUND_DAYS)))
    return tuple(found)


def gln(number: int) -> str:
    """A GLN of the prefix for demonstrations."""
    body = f"{COMPANY_PREFIX}{number:05d}"
    return body + check_digit(body)
