"""What the Chinese authority is told when a recall is decided: event report, assessment report, plan. Source: CFDA
Order 29 (2017) and its forms."""
from __future__ import annotations

from . import answer_readers as told
from . import readers as read
from .cn_parts import ANNEX_1, article, contacts, endorsements, models, product_head, registration
from .dossier import RecallDossier
from .fields import FieldGroup, FileField, FileKind, Origin

_RULES = frozenset({"CN-MR-04"})
_ASSESSED, _REPORT, _PLAN = article("十一"), article("十七"), article("十七")


def _identification(dossier: RecallDossier, language: str) -> str:
    return read.joined((read.batches(dossier, language), read.made_dates(dossier, language)), language, "\n")


def _assessed(dossier: RecallDossier, language: str) -> str:
    said = (read.degree("seriousness")(dossier, language), read.degree("likelihood")(dossier, language),
            dossier.hazard.get("conclusion", ""))
    words = ("伤害程度", "发生概率", "结论")
    return "\n".join(f"{word}：{text}" for word, text in zip(words, said, strict=True) if text)


def _measures(dossier: RecallDossier, language: str) -> str:
    """What is done, how deep, until when; nothing before the depth was set."""
    depth = read.depth(dossier, language)
    if not depth:
        return ""
    until = read.moment(dossier.answer_by, language)
    return read.joined((f"召回范围：{depth}", f"答复期限：{until}" if until else "", dossier.action.get(language, ""),
                        dossier.remedy.get(language, "")), language, "\n")


_EVENT = (
    FileField("usage", "", "产品的适用范围", "What the product is for", ANNEX_1, Origin.registration, read.usage),
    FileField("countries", "", "涉及地区和国家", "Regions and countries concerned", ANNEX_1, Origin.ledger,
              read.countries),
    FileField("models", "", "涉及产品型号、规格", "Models and specifications concerned", ANNEX_1, Origin.registration,
              models),
    FileField("produced", "", "涉及产品生产（或进口中国）数量", "Number produced (or imported into China)", ANNEX_1,
              Origin.scope, read.figures("made")),
    FileField("sold", "", "涉及产品在中国的销售数量", "Number sold in China", ANNEX_1, Origin.ledger,
              read.figures("at_home")),
    FileField("identification", "", "识别信息（如批号）", "Identification (as batch numbers)", ANNEX_1, Origin.scope,
              _identification, table="lots"),
    FileField("reason", "", "召回原因简述（含投诉信息）", "Reason in short, with complaints", ANNEX_1, Origin.case,
              lambda dossier, language: read.joined((dossier.reason, read.harms(dossier, language)), language, "\n")),
    FileField("harm", "", "伤害程度评估和再次发生的可能性", "How grave the harm, and how likely again", ANNEX_1,
              Origin.evaluation, _assessed),
    FileField("correction", "", "纠正行动简述（对拥有者、使用者的建议和措施）",
              "Corrective action in short, with advice to holders and users", ANNEX_1, Origin.case, read.actions),
    FileField("schedule", "", "实施计划及完成情况", "Plan of the action and how far it is", ANNEX_1, Origin.notices,
              told.telling))

EVENT = FileKind(
    "cn_event", "CN", "医疗器械召回事件报告表", "Recall event report (China)", ANNEX_1, ("zh",), _RULES, (
        FieldGroup("产品与单位", "Product and units", product_head(ANNEX_1) + contacts(ANNEX_1)),
        FieldGroup("召回事件", "The recall", _EVENT), FieldGroup("报告", "Report", endorsements(ANNEX_1))))

_FACTORS = (
    FileField("conformity", "（一）", "是否符合强制性标准、经注册或者备案的产品技术要求",
              "Whether it meets mandatory standards and the registered technical requirements", _ASSESSED,
              Origin.person),
    FileField("occurred", "（二）", "使用中是否发生过故障或者伤害", "Whether faults or harm occurred in use", _ASSESSED,
              Origin.events, read.harms),
    FileField("explained", "（三）", "现有使用环境下是否会造成伤害，有无文献、研究、试验或者验证可以解释",
              "Whether it harms as it is used now, and what explains it", _ASSESSED, Origin.evaluation,
              read.hazard("conditions")),
    FileField("populations", "（四）", "伤害所涉及的地区范围和人群特点", "Regions and populations concerned", _ASSESSED,
              Origin.evaluation, lambda dossier, language: read.joined((
                  dossier.hazard.get("populations", ""), read.countries(dossier, language)), language)
              if dossier.hazard else ""),
    FileField("seriousness", "（五）", "对人体健康造成的伤害程度", "How grave the harm is", _ASSESSED,
              Origin.evaluation, read.degree("seriousness")),
    FileField("likelihood", "（六）", "伤害发生的概率", "How likely the harm is", _ASSESSED, Origin.evaluation,
              read.degree("likelihood")),
    FileField("consequences", "（七）", "发生伤害的短期和长期后果", "Consequences, short and long", _ASSESSED,
              Origin.evaluation, lambda dossier, language: read.joined((
                  dossier.hazard.get("consequences", ""), dossier.hazard.get("long_term", "")), language, "\n")),
    FileField("others", "（八）", "其他可能造成伤害的因素", "Other factors", _ASSESSED, Origin.evaluation,
              lambda dossier, language: read.joined((
                  dossier.hazard.get("detectability", ""), dossier.hazard.get("mitigation", "")), language, "\n"),
              is_required=False))

_ASSESSMENT = (
    FileField("product", "（一）", "召回医疗器械名称", "Name of the product", _REPORT, Origin.scope,
              read.product_names),
    FileField("registration", "（一）", "注册证或者备案凭证编码", "Number of registration or filing", _REPORT,
              Origin.registration, registration),
    FileField("models", "（一）", "型号、规格", "Models and specifications", _REPORT, Origin.registration, models),
    FileField("batches", "（一）", "批次", "Batches", _REPORT, Origin.scope, _identification, table="lots"),
    FileField("reason", "（二）", "实施召回的原因", "Reason for the recall", _REPORT, Origin.case,
              lambda dossier, language: read.joined((dossier.reason, read.discovery(dossier, language)), language,
                                                    "\n")),
    FileField("result", "（三）", "调查评估结果", "Result of investigation and assessment", _REPORT, Origin.evaluation,
              _assessed),
    FileField("grade", "（四）", "召回分级", "Class of the recall", _REPORT, Origin.case, read.grade("CN")),
    FileField("signed", "", "评估签署", "Signatures of the evaluation", _REPORT, Origin.evaluation, read.signers))

ASSESSMENT = FileKind(
    "cn_assessment", "CN", "调查评估报告", "Investigation and assessment report (China)", article("十七"), ("zh",),
    _RULES, (
        FieldGroup("召回的基本情况", "The recall", _ASSESSMENT[:5]),
        FieldGroup("评估的主要内容", "Factors of the assessment", _FACTORS),
        FieldGroup("结果与分级", "Result and class", _ASSESSMENT[5:])))

_PLANNED = (
    FileField("produced", "（一）", "生产情况", "Number produced", _PLAN, Origin.scope, read.figures("made")),
    FileField("sold", "（一）", "销售情况", "Number sold", _PLAN, Origin.scope, read.figures("shipped")),
    FileField("to_recall", "（一）", "拟召回的数量（含库存）", "Number to be recalled, with own stock", _PLAN,
              Origin.scope, read.figures("shipped", "in_stock")),
    FileField("batches", "（一）", "批次", "Batches", _PLAN, Origin.scope, _identification, table="lots"),
    FileField("consignees", "（一）", "销售去向", "Where it was sold to", _PLAN, Origin.ledger, read.countries,
              table="consignees"),
    FileField("measures", "（二）", "召回措施的具体内容（范围、时限）", "Measures, scope and time limits", _PLAN,
              Origin.case, _measures),
    FileField("organisation", "（二）", "实施的组织", "Who organises it", _PLAN, Origin.house, read.firm_contact),
    FileField("publication", "（三）", "召回信息的公布途径与范围", "How and how widely it is published", _PLAN,
              Origin.person),
    FileField("expected", "（四）", "召回的预期效果", "Expected effect", _PLAN, Origin.person),
    FileField("disposal", "（五）", "召回后的处理措施", "What happens to what comes back", _PLAN, Origin.person))

PLAN = FileKind(
    "cn_plan", "CN", "召回计划", "Recall plan (China)", article("十七"), ("zh",), _RULES, (
        FieldGroup("产品与单位", "Product and units", product_head(_PLAN) + contacts(_PLAN)),
        FieldGroup("计划", "Plan", _PLANNED)))
