"""What the Chinese files of a recall have in common. Source: CFDA Order 29 (2017) and its forms; the numbers of its
articles and annexes are not verified (see `places`)."""
from __future__ import annotations

from . import readers as read
from .dossier import RecallDossier
from .fields import FileField, Origin
from .places import ORDER_29

ANNEX_1, ANNEX_2 = f"{ORDER_29}附件 1", f"{ORDER_29}附件 2"


def article(number: str) -> str:
    """An article of the order."""
    return f"{ORDER_29}第{number}条"


def registration(dossier: RecallDossier, language: str) -> str:
    """The numbers of registration or filing in China."""
    return read.joined((read.registered("number", "CN")(dossier, language),
                        *(one.number for one in dossier.products if dossier.home == "CN")), language)


def models(dossier: RecallDossier, language: str) -> str:
    """Models and specifications."""
    return read.joined((read.registered("model", "CN")(dossier, language),
                        read.registered("specification", "CN")(dossier, language)), language)


def product_head(source: str) -> tuple[FileField, ...]:
    """Product, number of registration, producer."""
    return (
        FileField("product", "", "产品名称", "Name of the product", source, Origin.scope, read.product_names),
        FileField("registration", "", "注册证或者备案凭证编码", "Number of registration or filing", source,
                  Origin.registration, registration),
        FileField("producer", "", "生产企业", "Producer", source, Origin.registration,
                  lambda dossier, language: read.party("manufacturer", "CN")(dossier, language)
                  or read.firm(dossier, language)))


def contacts(source: str) -> tuple[FileField, ...]:
    """Who is responsible in China, and who conducts the recall."""
    return (
        FileField("responsible", "", "中国境内负责单位、负责人及联系方式（含手机号码）",
                  "Responsible unit in China, responsible person, with mobile number", source, Origin.person),
        FileField("recall_contact", "", "召回工作联系人和联系方式", "Who conducts the recall, and how to reach them",
                  source, Origin.house, read.firm_contact))


def endorsements(source: str) -> tuple[FileField, ...]:
    """The foot of the form; signed and stamped on paper."""
    return (
        FileField("reporter", "", "报告单位（盖章）", "Reporting unit (stamp)", source, Origin.house, read.firm),
        FileField("head", "", "负责人（签字）", "Responsible person (signature)", source, Origin.person,
                  is_signed=True),
        FileField("reporter_name", "", "报告人（签字）", "Reporter (signature)", source, Origin.house,
                  read.plainly("owner"), is_signed=True),
        FileField("report_date", "", "报告日期", "Date of the report", source, Origin.case,
                  lambda dossier, language: read.day(dossier.at, language)))
