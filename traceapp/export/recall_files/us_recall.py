"""What FDA is told of a recall that a firm begins, and the status reports after it. Source: 21 CFR 7.46(a), 7.53(b)."""
from __future__ import annotations

from . import answer_readers as told
from . import readers as read
from .dossier import RecallDossier
from .fields import FieldGroup, FileField, FileKind, Origin


def _risk(dossier: RecallDossier, language: str) -> str:
    told = (("Seriousness", read.degree("seriousness")(dossier, language)),
            ("Likelihood", read.degree("likelihood")(dossier, language)),
            *((name, dossier.hazard.get(key, "")) for key, name in (
                ("populations", "Populations"), ("consequences", "Consequences"), ("conclusion", "Conclusion"))))
    return read.joined((f"{name}: {text}" for name, text in told if text), language, "\n")


def _strategy(dossier: RecallDossier, language: str) -> str:
    """Depth, level of checks, and what is asked; nothing before the depth was set."""
    depth = read.depth(dossier, language)
    if not depth:
        return ""
    level = f"effectiveness checks level {dossier.checks.level}" if dossier.checks.level else ""
    return read.joined((read.grade("US")(dossier, language), f"depth: {depth}", level,
                        dossier.action.get(language, "")), language, "\n")


INITIAL = (
    FileField("identity", "(a)(1)", "产品", "Identity of the product", "21 CFR 7.46(a)(1)", Origin.scope,
              read.identifiers("US"), table="lots"),
    FileField("reason", "(a)(2)", "移除或纠正的原因", "Reason for the removal or correction", "21 CFR 7.46(a)(2)",
              Origin.case, read.plainly("reason")),
    FileField("discovery", "(a)(2)", "发现缺陷的日期与情形", "Date and circumstances of the discovery",
              "21 CFR 7.46(a)(2)", Origin.case, read.discovery),
    FileField("risk", "(a)(3)", "风险评价", "Evaluation of the risk", "21 CFR 7.46(a)(3)", Origin.evaluation, _risk),
    FileField("produced", "(a)(4)", "生产总量和/或生产期间", "Total amount produced, timespan of production",
              "21 CFR 7.46(a)(4)", Origin.scope,
              lambda dossier, language: read.joined((read.figures("made")(dossier, language),
                                                     read.made_dates(dossier, language)), language)),
    FileField("distributed", "(a)(5)", "估计在分销渠道中的总量",
              "Total amount estimated to be in distribution channels",
              "21 CFR 7.46(a)(5)", Origin.ledger, read.figures("shipped")),
    FileField("distribution", "(a)(6)", "分销信息：直接客户数及名单",
              "Distribution: number of direct accounts and their identity", "21 CFR 7.46(a)(6)", Origin.ledger,
              lambda dossier, language: read.joined((str(dossier.told.consignees or ""),
                                                     read.countries(dossier, language)), language),
              table="consignees"),
    FileField("communication", "(a)(7)", "召回通知副本或拟发文本",
              "Copy of the recall communication, issued or proposed",
              "21 CFR 7.46(a)(7)", Origin.notices, read.letter),
    FileField("strategy", "(a)(8)", "召回策略", "Proposed strategy", "21 CFR 7.46(a)(8)", Origin.case, _strategy),
    FileField("official", "(a)(9)", "联系人：姓名、电话", "Firm official to be contacted: name and telephone",
              "21 CFR 7.46(a)(9)", Origin.house, read.firm_contact),
    FileField("firm", "(a)", "召回企业：名称、地址", "Recalling firm: name and address", "21 CFR 7.46(a)", Origin.house,
              read.firm))

STATUS = (
    FileField("notified", "(b)(1)", "已通知的收货单位数、日期与方式",
              "Number of consignees notified; date and method", "21 CFR 7.53(b)(1)", Origin.notices, told.telling),
    FileField("responded", "(b)(2)", "已答复数及收到通知时的库存",
              "Number responding and quantity on hand when the notice was received", "21 CFR 7.53(b)(2)",
              Origin.ledger, told.answered),
    FileField("silent", "(b)(3)", "未答复数（名单应要求提供）",
              "Number that did not respond (identity on request)", "21 CFR 7.53(b)(3)", Origin.ledger, told.silent),
    FileField("returned", "(b)(4)", "各收货单位退回或纠正的数量",
              "Number returned or corrected by each consignee contacted", "21 CFR 7.53(b)(4)", Origin.ledger,
              read.recovered, table="consignees"),
    FileField("accounted", "(b)(4)", "已核清的数量", "Quantity accounted for", "21 CFR 7.53(b)(4)", Origin.ledger,
              told.accounted),
    FileField("unaccounted", "(b)(4)", "去向不明的数量", "Quantity not accounted for", "21 CFR 7.53(b)(4)",
              Origin.ledger, told.open_units, is_required=False),
    FileField("checks", "(b)(5)", "有效性核查的次数与结果", "Number and results of effectiveness checks",
              "21 CFR 7.53(b)(5)", Origin.checks, told.checks),
    FileField("completion", "(b)(6)", "预计完成时间", "Estimated time frame for completion", "21 CFR 7.53(b)(6)",
              Origin.person))

_HEAD = (
    FileField("recall", "", "召回编号与产品", "Recall and product", "21 CFR 7.53(b)", Origin.case,
              lambda dossier, language: read.joined((dossier.reference, dossier.title.get(language, ""),
                                                     read.batches(dossier, language)), language, "\n")),
    FileField("firm", "", "召回企业与联系人", "Recalling firm and contact", "21 CFR 7.53(b)", Origin.house,
              lambda dossier, language: read.joined((read.firm(dossier, language),
                                                     read.firm_contact(dossier, language)), language)))

KIND_INITIAL = FileKind(
    "us_746", "US", "企业自行召回的告知（21 CFR 7.46）", "Firm-initiated recall (21 CFR 7.46)", "21 CFR 7.46(a)",
    ("en",), frozenset({"US-RC-01"}), (
        FieldGroup("召回企业", "Recalling firm", INITIAL[9:]),
        FieldGroup("产品与原因", "Product and reason", INITIAL[:4]),
        FieldGroup("数量与分销", "Amounts and distribution", INITIAL[4:7]),
        FieldGroup("通知与策略", "Communication and strategy", INITIAL[7:9])))
KIND_STATUS = FileKind(
    "us_status", "US", "召回状态报告（21 CFR 7.53）", "Recall status report (21 CFR 7.53)", "21 CFR 7.53(b)", ("en",),
    frozenset({"US-RC-02"}), (
        FieldGroup("召回", "Recall", _HEAD), FieldGroup("通知与答复", "Notification and responses", STATUS[:3]),
        FieldGroup("退回与核清", "Returns and reconciliation", STATUS[3:6]),
        FieldGroup("核查与完成", "Checks and completion", STATUS[6:])))
