"""The field safety notice to users in Europe, in both languages. Source: MDR art. 89(8)."""
from __future__ import annotations

from . import readers as read
from .dossier import RecallDossier
from .fields import FieldGroup, FileField, FileKind, Origin

_EU, _LAW = "EU", "MDR art. 89(8)"


def _type(dossier: RecallDossier, language: str) -> str:
    if dossier.version > 1 or dossier.scope_number > 1:
        return "更新" if language == "zh" else "Update"
    return "新通知" if language == "zh" else "New"


def _earlier(dossier: RecallDossier, language: str) -> str:
    """Which version was made before, and on which day where the file is read."""
    if dossier.earlier is None:
        return ""
    name, made_at = dossier.earlier
    return f"{name}, {read.day(made_at, language)}"


_DEVICES = (
    FileField("reference", "", "FSN 编号", "FSN reference", _LAW, Origin.case, read.plainly("reference")),
    FileField("date", "", "日期", "Date", _LAW, Origin.case, lambda dossier, language: read.day(dossier.at, language)),
    FileField("fsn_type", "", "通知类型", "Type of notice", _LAW, Origin.case, _type),
    FileField("earlier", "", "更新时：前一通知的编号和日期", "For an update: reference and date of the notice before",
              _LAW,
              Origin.case, _earlier, is_required=False),
    FileField("attention", "", "收件人", "For the attention of", _LAW, Origin.person),
    FileField("device", "", "器械名称", "Commercial name of the device", _LAW, Origin.registration,
              lambda dossier, language: read.joined((read.registered("brand", _EU)(dossier, language),
                                                     read.product_names(dossier, language)), language)),
    FileField("purpose", "", "主要临床用途", "Primary clinical purpose", _LAW, Origin.registration, read.usage),
    FileField("udi", "", "UDI-DI、型号、货号、批号", "UDI-DI, model, catalogue number, lots", _LAW, Origin.scope,
              read.identifiers(_EU), table="devices"),
    FileField("serials", "", "序列号范围", "Serial number ranges", _LAW, Origin.scope, read.serials,
              is_required=False))
_REASON = (
    FileField("problem", "", "问题说明", "Description of the problem", _LAW, Origin.case, read.text("title")),
    FileField("hazard", "", "可能造成的伤害", "Hazard that gives rise to the action", _LAW, Origin.case,
              read.text("risk")),
    FileField("probability", "", "问题发生的可能性", "Probability of the problem arising", _LAW, Origin.evaluation,
              read.degree("likelihood")),
    FileField("patients", "", "对患者和使用者的预期风险", "Predicted risk to patients and users", _LAW,
              Origin.evaluation, read.degree("seriousness")),
    FileField("background", "", "问题的背景", "Background of the issue", _LAW, Origin.person, is_required=False))
_USERS = (
    FileField("user_action", "", "使用者要做什么", "Action to be taken by the user", _LAW, Origin.case,
              read.text("action")),
    FileField("deadline", "", "何时之前", "By when", _LAW, Origin.case,
              lambda dossier, language: read.moment(dossier.answer_by, language)),
    FileField("reply", "", "是否须答复", "Is a reply required?", _LAW, Origin.case,
              lambda dossier, language: ("是，没有库存也请答复" if language == "zh" else
                                         "Yes, also where there is no stock left")),
    FileField("follow_up", "", "对患者的随访建议", "Recommendations for patients, follow-up", _LAW, Origin.person),
    FileField("maker_action", "", "制造商采取的措施", "Action taken by the manufacturer", _LAW, Origin.case,
              read.text("remedy")),
    FileField("patients_told", "", "是否须告知患者或非专业使用者",
              "Is the notice to be passed on to patients or lay users?",
              _LAW, Origin.case, lambda dossier, language: "" if not dossier.depth else (
                  ("是", "Yes") if dossier.depth in ("consumer", "patient") else ("否", "No"))[language != "zh"]))
_GENERAL = (
    FileField("manufacturer", "", "制造商名称、地址", "Manufacturer: name and address", _LAW, Origin.house, read.firm),
    FileField("srn", "", "制造商 SRN", "Single registration number of the manufacturer", _LAW, Origin.house,
              lambda dossier, _language: dossier.firm.ids.get("srn", "")),
    FileField("representative", "", "授权代表", "Authorised representative", _LAW, Origin.registration,
              read.party("representative", _EU), is_required=False),
    FileField("contact", "", "联系方式", "Whom to ask", _LAW, Origin.case, read.plainly("contact")),
    FileField("authority_told", "", "主管机关是否已获知", "Has the competent authority been told?", _LAW,
              Origin.person),
    FileField("signature", "", "签发人", "Name and signature", _LAW, Origin.case, read.plainly("owner"),
              is_signed=True),
    FileField("pass_on", "", "转发", "Passing on", _LAW, Origin.case, lambda _dossier, language: (
        "请将本通知转给贵单位内需要知道的人员，以及受影响产品转交到的单位。" if language == "zh" else
        "Pass this notice on to all who need to know within your organisation, and to every organisation to which "
        "affected devices were passed on.")))

FSN = FileKind(
    "eu_fsn", _EU, "现场安全通知（FSN）", "Urgent field safety notice (FSN)", _LAW, ("en", "zh"),
    frozenset({"EU-MD-07"}), is_for_users=True, groups=(
        FieldGroup("受影响的器械", "Affected devices", _DEVICES), FieldGroup("原因", "Reason for the action", _REASON),
        FieldGroup("措施", "Action to mitigate the risk", _USERS),
        FieldGroup("一般信息", "General information", _GENERAL)))
