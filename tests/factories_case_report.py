"""Cases as report forms read them: one complete device case, to be changed field by field."""
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from traceapp.export.case_report import (
    Assessment,
    CaseReport,
    CodedTerm,
    Event,
    Organisation,
    PartialDate,
    Patient,
    ReportedLot,
    ReportedProduct,
    Reporter,
    ReportHead,
    ReportKind,
    SimilarPeriod,
    Use,
)

HOLDER = Organisation(
    name_zh="苏州清舒医疗用品有限公司", name_en="Suzhou Qingshu Medical Supplies Co., Ltd.", country="CN", region="江苏",
    city="苏州", address="苏州工业园区星湖街 218 号 3 幢", contact_name="周敏", phone="0512-6288 0000",
    email="vigilance@example.com", ids={"srn": "CN-MF-000012345"})
HOSPITAL = Organisation(name_zh="无锡市第二人民医院", name_en="Wuxi No. 2 People's Hospital", country="CN", region="江苏",
                        city="无锡", address="无锡市中山路 68 号", contact_name="沈洁", phone="0510-8270 1111")
PROCESS = ("护士按说明书清洁创面后，将敷料贴敷于患者左小腿创面，边缘按压 30 秒固定。约 26 小时后换药时发现敷料边缘脱落，"
           "创面周围皮肤出现红肿、水疱约 3 cm×4 cm，患者自述灼痛。立即停止使用，生理盐水冲洗，外用糖皮质激素软膏，"
           "3 天后红肿消退，10 天后痊愈。")


def coded(annex: str, code: str, zh: str, en: str) -> CodedTerm:
    """A term of the IMDRF lists."""
    return CodedTerm("imdrf", code, zh, en, annex, "2025")


def device_case() -> CaseReport:
    """A hydrocolloid dressing that came loose and blistered the skin of a patient in hospital."""
    head = ReportHead(
        kind=ReportKind.initial, reference="AE-2611-7F3K2M", version=1,
        created_at=datetime(2026, 11, 20, 2, 30, tzinfo=UTC), awareness_at=datetime(2026, 11, 10, 1, 15, tzinfo=UTC),
        latest_awareness_at=datetime(2026, 11, 10, 1, 15, tzinfo=UTC), sender=HOLDER,
        report_number="3205202600000417", receiver="江苏省药品不良反应监测中心", authority="NMPA", jurisdiction="CN",
        rule_ids=("CN-MD-02",), expected_next_on=date(2026, 12, 20), recall_references=("RC-2611-AB12CD",),
        worldwide_id="CN-QINGSHU-AE26117F3K2M")
    return CaseReport(
        head, _patient(), _event(),
        ReportedProduct(
            code="HCD-1010", kind="device", name_zh="水胶体敷料", name_en="Hydrocolloid dressing", brand="清舒",
            common_name="Dressing, hydrocolloid", registration_number="苏械注准20232140123", holder=HOLDER,
            manufacturer=HOLDER, risk_class="II", category="14-10 创面敷料", origin="境内", model="HCD",
            specification="10 cm×10 cm", catalogue_number="HCD-1010-10",
            ids={"udi_di": "06901234567892", "basic_udi_di": "6901234HCDXY", "emdn": "M04040102"},
            markets=("CN", "DE", "GB")),
        ReportedLot(number="B26031501", uri="urn:traceapp:lot:HCD-1010:B26031501",
                    udi="(01)06901234567892(10)B26031501(17)290314", made_on=date(2026, 3, 15),
                    expires_on=date(2029, 3, 14), units_made=Decimal(48000), units_shipped=Decimal(41250), unit="片",
                    within_specification=True, inspections=("180° 剥离强度：1.2 N/cm，合格", "无菌：合格")),
        _use(), Reporter(qualification="other_professional", occupation="护士", name="沈洁", phone="0510-8270 1111",
                         email="shen.jie@example.org", organisation=HOSPITAL, country="CN", also_told_authority=True,
                         facility_report_number="WX2-2026-118"),
        _assessment(), similar=_similar(), similar_basis="同一产品族，IMDRF 代码 A0501 或 E1703")


def _patient() -> Patient:
    return Patient(subject_id="S-01HZX", name="欧阳丽华", initials="OYLH", record_number="ZY20261108-0731",
                   born_on=PartialDate(date(1958, 4, 12)), age=Decimal(68), age_unit="a", age_band="65+", sex="female",
                   weight_kg=Decimal("61.5"), height_cm=Decimal(158), ethnicity="汉族", history="2 型糖尿病 12 年，下肢静脉性溃疡",
                   earlier_reactions="无", family_reactions="无", intended_treatment="下肢静脉性溃疡创面护理")


def _event() -> Event:
    return Event(
        reactions=(coded("E", "E1703", "水疱", "Blister"), coded("E", "E171601", "皮肤发红", "Redness")),
        seriousness=("intervention",), outcome="recovered", began_on=PartialDate(date(2026, 11, 8)),
        ended_on=PartialDate(date(2026, 11, 18)), country="CN", region="江苏", place_kind="institution",
        place_name="无锡市第二人民医院 伤口门诊", harm="敷料周围皮肤红肿、水疱约 3 cm×4 cm，伴灼痛", fault="敷料边缘脱落，黏性不足",
        narrative="患者欧阳丽华（住院号 ZY20261108-0731）使用水胶体敷料 26 小时后局部红肿、起水疱，家属电话 139 0000 1234。",
        tests="创面细菌培养阴性", patients_affected=1, is_expected=False)


def _use() -> Use:
    return Use(purpose="覆盖创面、吸收渗液、促进愈合", began_on=PartialDate(date(2026, 11, 7)),
               ended_on=PartialDate(date(2026, 11, 8)), operator="professional", process=PROCESS,
               combined="生理盐水；未合并使用其他药品", is_available=True, is_reused=False, device_location="已寄回生产企业")


def _assessment() -> Assessment:
    return Assessment(
        causality="probable", device_relation="related", investigation="已现场调查并检测留样 20 片，剥离强度为标准下限的 105%。",
        cause_kind="product", cause="该批胶层配比偏差使边缘黏性下降，渗液浸渍皮肤导致水疱。",
        problem_codes=(coded("A", "A0501", "脱离", "Detachment of device or device component"),),
        investigation_codes=(coded("B", "B01", "实物检测", "Testing of actual/suspected device"),),
        finding_codes=(coded("C", "C0601", "材料不当", "Improper material"),),
        conclusion_codes=(coded("D", "D02", "原因可追溯到制造", "Cause traced to manufacturing"),),
        health_impact_codes=(coded("F", "F2303", "需要药物治疗", "Medication required"),),
        component_codes=(coded("G", "G07001", "胶黏剂", "Adhesive"),), preliminary_comments="样品已回收，正在检测。",
        first_handling="停用该批敷料并封存库存，通知医院更换批次", measures="对同批产品启动二级召回，调整胶层配比工艺参数",
        remedial_actions=("recall",), needs_risk_evaluation=True, risk_evaluation_due_on=date(2027, 1, 10))


def _similar() -> tuple[SimilarPeriod, ...]:
    rows = ((2026, 4, 41250), (2025, 2, 96000), (2024, 1, 88000), (2023, 0, 51000))
    return tuple(SimilarPeriod(year, region, incidents if region != "EEA" else incidents // 2,
                               Decimal(units if region == "world" else units // 3))
                 for region in ("CN", "EEA", "world") for year, incidents, units in rows)


def changed(case: CaseReport, **places: Any) -> CaseReport:
    """The case with other values: `event__harm=""` changes `case.event.harm`."""
    for place, value in places.items():
        part, _, name = place.partition("__")
        case = replace(case, **{part: replace(getattr(case, part), **{name: value}) if name else value})
    return case


def drug_case() -> CaseReport:
    """A medicated plaster after which a patient fainted; the reaction is known and serious."""
    case = device_case()
    product = ReportedProduct(
        code="GT-0505", kind="drug", name_zh="辣椒碱贴剂", name_en="Capsaicin plaster", brand="舒络", common_name="辣椒碱",
        registration_number="国药准字H20263001", holder=HOLDER, manufacturer=HOLDER, origin="境内", specification="5 cm×5 cm",
        dose_form="贴剂", substances=("辣椒碱",), markets=("CN",))
    other = ReportedProduct(code="X1", kind="drug", name_zh="阿司匹林肠溶片", name_en="Aspirin tablets", is_suspect=False)
    return replace(
        case, product=product,
        event=replace(case.event, seriousness=("hospitalised",), outcome="recovering", fault="", harm="晕厥，血压 85/50 mmHg",
                      reactions=(CodedTerm("own", "collapse", "昏倒或休克", "Collapse or shock"),), is_expected=True,
                      narrative="贴用 40 分钟后头晕、晕厥，血压 85/50 mmHg，揭去贴剂、平卧补液后 2 小时血压 118/72 mmHg。"),
        patient=replace(case.patient, intended_treatment="膝骨关节炎", earlier_reactions="青霉素皮疹（2009 年）",
                        family_reactions="无"),
        use=Use(purpose="膝关节疼痛", began_on=PartialDate(date(2026, 11, 8)), ended_on=PartialDate(date(2026, 11, 8)),
                dose=Decimal(1), dose_unit="贴", route="外用贴敷", frequency="每日 1 次", action_taken="drug_withdrawn",
                dechallenge="abated", rechallenge="not_done", combined="阿司匹林肠溶片 100 mg 每日 1 次"),
        assessment=replace(case.assessment, causality="probable", five_item=("yes", "yes", "yes", "unknown", "no"),
                           five_item_result="probable", device_relation="", first_handling="揭去贴剂，平卧，静脉补液",
                           problem_codes=()),
        other_products=((other, ReportedLot(), Use(purpose="冠心病二级预防")),))


def cosmetic_case() -> CaseReport:
    """A serum that reddened and swelled a face."""
    case = device_case()
    product = ReportedProduct(
        code="SR-30", kind="cosmetic", name_zh="透明质酸精华液", name_en="Hyaluronic serum", brand="清舒",
        registration_number="苏G妆网备字2026001234", holder=HOLDER, manufacturer=HOLDER, origin="境内", specification="30 mL")
    own = (CodedTerm("own", "itching", "瘙痒", "Itching"), CodedTerm("own", "redness", "皮肤发红", "Redness"),
           CodedTerm("own", "delayed_healing", "伤口不愈合", "Wound does not heal"))
    return replace(
        case, product=product, lot=replace(case.lot, number="S26090203"),
        event=replace(case.event, reactions=own, seriousness=(), outcome="recovered", body_sites=("face", "cheek", "eye"),
                      fault="", harm="面颊、眼周潮红伴瘙痒", place_kind="home", place_name="",
                      narrative="早晚各用一次，第 3 天面颊、眼周潮红、瘙痒，停用并冷敷 5 天后消退。"),
        assessment=replace(case.assessment, causality="possible", preliminary_comments="考虑化妆品接触性皮炎",
                           first_handling="停用，冷敷，外用保湿霜"))


def european_case() -> CaseReport:
    """The dressing as it is sold in Germany, with a representative and a notified body; harm in Munich."""
    case = device_case()
    maker = replace(HOLDER, postcode="215021")
    representative = Organisation(name_en="Example EU Rep GmbH", country="DE", city="Hamburg", address="Musterweg 1",
                                  contact_name="Anna Beispiel", phone="+49 40 0000 00", email="rep@example.com",
                                  ids={"srn": "DE-AR-000000123"}, postcode="20095")
    facility = Organisation(name_en="Klinikum Beispiel", country="DE", city="München", address="Beispielstr. 5")
    product = replace(case.product, risk_class="IIb", representative=representative, holder=maker, manufacturer=maker,
                      ids={**case.product.ids, "notified_body": "0123", "certificate": "MDR 700001"})
    similar = tuple(replace(one, region="DE") if one.region == "CN" else one for one in case.similar)
    return replace(
        case, head=replace(case.head, sender=maker, receiver="BfArM", authority="DE-CA-001", jurisdiction="EU",
                           report_number="", rule_ids=("EU-MD-02",)),
        product=product, similar=similar,
        event=replace(case.event, country="DE", region="Bayern", language="en", narrative="The edge of the dressing came "
                      "loose after 26 hours. The skin around it was red with a blister of 3 cm x 4 cm."),
        use=replace(case.use, device_location="returned"),
        reporter=replace(case.reporter, country="DE", organisation=facility, name="Eva Muster", phone="+49 89 0000 00"))
