"""The report of a field safety corrective action in Europe. Source: MDR art. 87(1)(b) and (8), and the form of the
European Commission."""
from __future__ import annotations

from . import answer_readers as told
from . import readers as read
from .dossier import RecallDossier
from .fields import FieldGroup, FileField, FileKind, Origin

_EU, _LAW = "EU", "MDR art. 87, FSCA form"
_S = tuple(f"{_LAW} section {number}" for number in range(8))


def _type(dossier: RecallDossier, language: str) -> str:
    """First, follow-up or final, by what was made before and whether the case is closed."""
    words = (("首次报告", "后续报告", "最终报告") if language == "zh" else
             ("Initial report", "Follow-up report", "Final report"))
    if dossier.closed_at:
        return words[2]
    return words[1] if dossier.version > 1 else words[0]


def _reason(dossier: RecallDossier, language: str) -> str:
    return read.joined((dossier.reason, read.discovery(dossier, language)), language, "\n")


_RECONCILED = (
    ("发运", "shipped", read.figures("shipped")), ("退回", "returned", read.figures("returned")),
    ("销毁", "destroyed", read.figures("destroyed")), ("纠正", "corrected", read.figures("corrected")),
    ("已用", "used", read.figures("used")), ("转交", "passed on", read.figures("passed_on")),
    ("未核清", "not accounted for", told.open_units))


def _progress(dossier: RecallDossier, language: str) -> str:
    """Who was told, and where the units are; nothing before there are consignees."""
    heard = told.telling(dossier, language)
    if not heard:
        return ""
    return read.joined((heard, *(f"{zh if language == 'zh' else en} {of(dossier, language)}"
                                for zh, en, of in _RECONCILED)), language)


_ADMINISTRATIVE = (
    FileField("authority", "1", "主管机关名称、地址", "Competent authority, name and address", _S[1], Origin.person),
    FileField("report_type", "1", "报告类型", "Type of report", _S[1], Origin.case, _type),
    FileField("report_date", "1", "报告日期", "Date of this report", _S[1], Origin.case,
              lambda dossier, language: read.day(dossier.at, language)),
    FileField("manufacturer_reference", "1", "制造商编号", "Reference of the manufacturer", _S[1], Origin.case,
              read.plainly("reference")),
    FileField("authority_reference", "1", "主管机关给的 FSCA 编号", "FSCA reference of the authority", _S[1],
              Origin.person, is_required=False),
    FileField("incident_reference", "1", "相关事件编号和协调机关", "Incident numbers and coordinating authority", _S[1],
              Origin.events, lambda dossier, language: read.joined(dossier.harm.references, language) + read.others(
                  dossier.harm.events - len(dossier.harm.references), "例", language),
              is_required=False),
    FileField("other_authorities", "1", "同时报告的其他主管机关", "Other authorities that the report was sent to",
              _S[1],
              Origin.person),
    FileField("submitter", "2", "报告人身份", "Status of the submitter", _S[2], Origin.house,
              lambda _dossier, language: "制造商" if language == "zh" else "Manufacturer"))
_PARTIES = (
    FileField("manufacturer", "3", "制造商：名称、地址", "Manufacturer: name and address", _S[3], Origin.registration,
              lambda dossier, language: read.party("manufacturer", _EU)(dossier, language)
              or read.firm(dossier, language)),
    FileField("srn", "3", "制造商 SRN", "Single registration number of the manufacturer", _S[3], Origin.house,
              lambda dossier, _language: dossier.firm.ids.get("srn", "")),
    FileField("manufacturer_contact", "3", "制造商联系人、电话、电子邮件", "Contact person, telephone, e-mail", _S[3],
              Origin.house, read.firm_contact),
    FileField("representative", "4", "授权代表：名称、地址", "Authorised representative: name and address", _S[4],
              Origin.registration, read.party("representative", _EU)),
    FileField("representative_contact", "4", "授权代表联系人、电话、电子邮件",
              "Contact person of the representative, telephone, e-mail", _S[4], Origin.registration,
              read.party("representative", _EU, read.contact)),
    FileField("national_contact", "5", "国家联络点", "National contact point", _S[5], Origin.person,
              is_required=False))
_DEVICE = (
    FileField("device_class", "6", "器械类别", "Class of the device", _S[6], Origin.registration,
              read.registered("risk_class", _EU)),
    FileField("nomenclature", "6", "命名系统与代码（EMDN）", "Nomenclature system and code (EMDN)", _S[6],
              Origin.registration, read.registered("emdn", _EU)),
    FileField("commercial_name", "6", "商品名", "Commercial name", _S[6], Origin.registration,
              lambda dossier, language: read.registered("brand", _EU)(dossier, language)
              or read.product_names(dossier, language)),
    FileField("udi", "6", "UDI-DI、型号、货号、批号", "UDI-DI, model, catalogue number, lots", _S[6], Origin.scope,
              read.identifiers(_EU), table="lots"),
    FileField("basic_udi", "6", "基本 UDI-DI", "Basic UDI-DI", _S[6], Origin.registration,
              read.registered("basic_udi_di", _EU)),
    FileField("serials", "6", "序列号", "Serial numbers", _S[6], Origin.scope, read.serials, is_required=False),
    FileField("software", "6", "软件版本", "Software version", _S[6], Origin.person, is_required=False),
    FileField("dates", "6", "生产日期、有效期", "Dates of manufacture and expiry", _S[6], Origin.scope,
              read.made_dates),
    FileField("accessories", "6", "附件或配套器械", "Accessories or associated devices", _S[6], Origin.person,
              is_required=False),
    FileField("notified_body", "6", "公告机构编号", "Notified body", _S[6], Origin.registration,
              read.registered("notified_body", _EU)))
_ACTION = (
    FileField("background", "7", "背景与采取 FSCA 的原因", "Background and reason for the FSCA", _S[7], Origin.case,
              _reason),
    FileField("risk", "7", "风险分析相关部分", "Relevant parts of the risk analysis", _S[7], Origin.evaluation,
              lambda dossier, language: read.joined((dossier.hazard.get("consequences", ""),
                                                     dossier.hazard.get("conclusion", "")), language, "\n")),
    FileField("action", "7", "措施说明及理由（纠正、预防）", "Description and justification of the action", _S[7],
              Origin.case, lambda dossier, language: read.joined((dossier.decision, read.actions(dossier, language)),
                                                                 language, "\n")),
    FileField("advice", "7", "对经销商和使用者的建议", "Advice on actions by distributor and user", _S[7], Origin.case,
              read.text("action")),
    FileField("progress", "7", "FSCA 进展及核对数据（最终报告必填）",
              "Progress with reconciliation data (mandatory for the final report)", _S[7], Origin.ledger, _progress,
              is_required=False),
    FileField("schedule", "7", "实施时间表", "Time schedule", _S[7], Origin.case,
              lambda dossier, language: read.moment(dossier.answer_by, language)),
    FileField("notice", "7", "现场安全通知（FSN）文本", "Text of the field safety notice", _S[7], Origin.notices,
              read.letter),
    FileField("notice_state", "7", "FSN 状态（草案或最终）", "State of the FSN: draft or final", _S[7], Origin.case,
              lambda dossier, language: {"zh": ("草案", "最终"), "en": ("draft", "final")}[language][
                  dossier.approved_at is not None]),
    FileField("countries", "7", "受影响的国家", "Countries affected", _S[7], Origin.ledger, read.countries),
    FileField("comments", "7", "备注", "Comments", _S[7], Origin.person, is_required=False))

FSCA = FileKind(
    "eu_fsca", _EU, "现场安全纠正措施报告（FSCA）", "Field safety corrective action report (FSCA)", "MDR art. 87",
    ("en",),
    frozenset({"EU-MD-04"}), (
        FieldGroup("行政信息", "Administrative information and submitter", _ADMINISTRATIVE),
        FieldGroup("制造商与授权代表", "Manufacturer, representative, contact point", _PARTIES),
        FieldGroup("器械", "Device", _DEVICE), FieldGroup("FSCA 说明", "Description of the FSCA", _ACTION)))
