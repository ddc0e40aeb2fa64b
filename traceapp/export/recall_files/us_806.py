"""The report of a correction or removal. Source: 21 CFR 806.10(c)."""
from __future__ import annotations

from . import answer_readers as told
from . import readers as read
from .dossier import RecallDossier
from .fields import FieldGroup, FileField, FileKind, Origin

_US = "US"


def _l(number: str) -> tuple[str, str]:
    return f"(c)({number})", f"21 CFR 806.10(c)({number})"


def _common_name(dossier: RecallDossier, language: str) -> str:
    return read.joined((read.registered("common_name", _US)(dossier, language), read.product_names(dossier, language)),
                       language)


def _manufacturer(dossier: RecallDossier, language: str) -> str:
    """Name, address, telephone and contact of each manufacturer that is not the reporting firm."""
    others = [one.manufacturer for one in dossier.markets if one.jurisdiction == _US
              and one.manufacturer not in (None, dossier.firm)]
    return read.joined((read.joined((read.organisation(one, language), read.contact(one, language)), language)
                        for one in others), language, "\n")


FIELDS = (
    FileField("registration_number", "(c)(1)", "企业登记编号（7 位或 FEI，无则 7 个零）",
              "Registration number (seven digits, or FEI; seven zeros where there is none)", _l("1")[1], Origin.house,
              lambda dossier, _language: dossier.firm.ids.get("fei", "")),
    FileField("report_date", "(c)(1)", "报告日期", "Date of the report", _l("1")[1], Origin.case,
              lambda dossier, language: read.day(dossier.at, language)),
    FileField("sequence_number", "(c)(1)", "顺序号", "Sequence number (001 for the first report of the firm)",
              _l("1")[1], Origin.person),
    FileField("report_type", "(c)(1)", "报告类型（C 纠正或 R 移除）", "Report type (C correction, R removal)",
              _l("1")[1], Origin.person),
    FileField("firm", "(c)(2)", "制造商或进口商：名称、地址", "Manufacturer or importer: name and address", _l("2")[1],
              Origin.house, read.firm),
    FileField("firm_phone", "(c)(2)", "制造商或进口商：电话", "Manufacturer or importer: telephone", _l("2")[1],
              Origin.house, lambda dossier, _language: dossier.firm.phone or dossier.contact),
    FileField("responsible", "(c)(2)", "负责人：姓名、职务、地址、电话",
              "Person responsible for conducting the action: name, title, address, telephone", _l("2")[1],
              Origin.person),
    FileField("brand", "(c)(3)", "商品名", "Brand name", _l("3")[1], Origin.registration,
              read.registered("brand", _US)),
    FileField("common_name", "(c)(3)", "通用名、分类名", "Common, classification or usual name", _l("3")[1],
              Origin.registration, _common_name),
    FileField("intended_use", "(c)(3)", "预期用途", "Intended use", _l("3")[1], Origin.registration, read.usage),
    FileField("marketing_status", "(c)(4)", "上市状态（510(k)、PMA 编号或修正案前器械）",
              "Marketing status: 510(k) or PMA number, or preamendments device", _l("4")[1], Origin.registration,
              read.registered("number", _US)),
    FileField("listing_number", "(c)(4)", "器械列名编号；无登记编号的，说明是否曾登记",
              "Device listing number; without an establishment registration: whether the firm ever registered",
              _l("4")[1], Origin.person),
    FileField("identification", "(c)(5)", "UDI 或 DI、型号、货号与批号", "UDI or DI, model, catalogue number and lots",
              _l("5")[1], Origin.scope, read.identifiers(_US), table="lots"),
    FileField("serials", "(c)(5)", "序列号范围", "Serial numbers", _l("5")[1], Origin.scope, read.serials,
              is_required=False),
    FileField("manufacturer", "(c)(6)", "制造商（与报告人不同时）：名称、地址、电话、联系人",
              "Manufacturer, where another than the reporter: name, address, telephone, contact", _l("6")[1],
              Origin.registration, _manufacturer, is_required=False),
    FileField("events", "(c)(7)", "引发报告的事件", "Events giving rise to the report", _l("7")[1], Origin.case,
              lambda dossier, language: read.joined((dossier.reason, read.discovery(dossier, language)), language,
                                                    "\n")),
    FileField("actions", "(c)(7)", "已采取和将采取的措施", "Actions taken and expected to be taken", _l("7")[1],
              Origin.case, read.actions),
    FileField("injuries", "(c)(8)", "疾病或伤害；医疗器械报告编号",
              "Illness or injuries; medical device report numbers",
              _l("8")[1], Origin.events, read.harms),
    FileField("total_number", "(c)(9)", "纠正或移除涉及的总数（生产）",
              "Total number of devices manufactured that are subject to the action", _l("9")[1], Origin.scope,
              read.figures("made")),
    FileField("distributed_number", "(c)(9)", "其中已分销；每批数量见批次表",
              "Number distributed; the number of each lot stands in the table of lots", _l("9")[1], Origin.scope,
              read.figures("shipped")),
    FileField("dates", "(c)(10)", "生产日期、有效期", "Dates of manufacture and expiry", _l("10")[1], Origin.scope,
              read.made_dates),
    FileField("consignees", "(c)(11)", "全部收货单位：名称、地址、电话、日期和数量",
              "All consignees: names, addresses, telephones, dates and numbers distributed", _l("11")[1],
              Origin.ledger, lambda dossier, _language: str(dossier.told.consignees or ""), table="consignees"),
    FileField("communications", "(c)(12)", "关于纠正或移除的通信副本",
              "Copy of the communications about the action", _l("12")[1], Origin.notices, read.letter),
    FileField("other_recipients", "(c)(12)", "(c)(11) 之外的收件人姓名和地址",
              "Names and addresses of recipients not listed under (c)(11)", _l("12")[1], Origin.notices, told.passed,
              is_required=False),
    FileField("not_available", "(c)(13)", "暂缺信息：原因及提交时间",
              "Information not immediately available: why, and when it will be submitted", _l("13")[1], Origin.person,
              is_required=False))

KIND = FileKind(
    "us_806", _US, "纠正或移除报告（21 CFR 806.10）", "Report of a correction or removal (21 CFR 806.10)",
    "21 CFR 806.10(c)", ("en",), frozenset({"US-MD-06", "US-MD-07"}), (
        FieldGroup("报告", "Report", FIELDS[:7]), FieldGroup("器械", "Device", FIELDS[7:15]),
        FieldGroup("事件与措施", "Events and actions", FIELDS[15:18]),
        FieldGroup("数量与日期", "Numbers and dates", FIELDS[18:21]),
        FieldGroup("收货单位与通信", "Consignees and communications", FIELDS[21:])))
