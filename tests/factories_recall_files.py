"""A recall case as files for authorities are filled from it."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal as D

from traceapp.export.case_report import Organisation
from traceapp.export.recall_files.dossier import (
    Checks,
    ConsigneeLine,
    DossierLot,
    DossierProduct,
    Harm,
    MarketEntry,
    RecallDossier,
    Signed,
    Telling,
    UnitFigures,
)
from traceapp.export.recall_files.rendering import Consignees

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
FIRM = Organisation("清禾敷料", "Qinghe Dressings", "CN", "江苏", "Suzhou", "1 Canal Road", "Li Wen", "0512-1111",
                    "quality@maker.example", {"fei": "1234567", "srn": "CN-MF-000000001"})


def make_dossier(**changes: object) -> RecallDossier:
    """A case in which everything is known that a case can hold, and two consignees."""
    market = MarketEntry("p1", "US", "K123456", "II", "Softplast", "adhesive bandage", "S1", "10 cm", "SP-10",
                         "06901234500011", manufacturer=FIRM)
    return replace(RecallDossier(
        reference="RC-2611-AAAA", at=AT, state="executing", recall_class="II", is_drill=False,
        title={"zh": "创可贴致敏", "en": "Plaster causes allergic reactions"},
        risk={"zh": "皮肤红肿", "en": "Red and swollen skin"}, action={"zh": "停止使用", "en": "Stop using it"},
        remedy={"zh": "退款", "en": "Refund"}, reason="14 complaints where 3 were expected", contact="0512-2222",
        opened_at=AT, firm=FIRM, trigger="signal S-1", awareness_at=AT, decided_at=AT, decision="recall",
        approved_at=AT, answer_by=AT, depth="user", scope_hash="ab" * 32, owner="Li Wen",
        lots=(DossierLot("P-1", "https://id.example/01/06901234500011/10/P-1", "06901234500011", "p1", "创可贴",
                         "Plaster", D(1000), D(450), D(550), "EA", date(2026, 2, 10), date(2028, 2, 10),
                         (("A0001", "A0900"),)),),
        products=(DossierProduct("p1", "PLASTER", "创可贴", "Plaster", "保护伤口", "Protects wounds",
                                 "06901234500011", "苏械注准1"),),
        markets=(market, replace(market, jurisdiction="CN"), replace(
            market, jurisdiction="EU", emdn="M04", basic_udi_di="B1", notified_body="0123", representative=FIRM)),
        figures=(UnitFigures("EA", D(1000), D(450), D(550), D(100), D(200), D(150), D(0), D(100), D(550)),),
        countries=(("CN", 2),), told=Telling(2, 2, 1, 2, 1, AT, AT, (("e-mail", 2), ("telephone", 1)), (("第二医院", "Hospital Two"),)),
        checks=Checks("C", None, 1, 1, 1, 1, 1, 1, 0.7, 0.9), harm=Harm(3, 1, 0, 14, ("AE-1",), ("1234567-2026-00001",)),
        hazard={"harm_so_far": "14 people with blisters", "conditions": "worn overnight", "populations": "children",
                "seriousness": "moderate", "likelihood": "occasional", "consequences": "swollen skin",
                "conclusion": "take it back"},
        signatures=(Signed("Li Wen", "evaluated_quality", AT, "cd" * 32),), capas=("CA-1 Glue",),
        letter={"zh": "紧急：召回通知", "en": "URGENT: recall notice"}), **changes)  # type: ignore[arg-type]


def make_consignees(count: int) -> Consignees:
    """So many lines of the ledger."""
    def lines() -> Iterator[ConsigneeLine]:
        for number in range(count):
            yield ConsigneeLine(
                f"C{number:05d}", f"诊所{number}", f"Clinic {number}", "", "CN", "江苏", "Suzhou", f"{number} Main Road",
                "215000", "0512-3333", "P-1", "EA", D(5), ((date(2026, 3, 1), D(6)), (date(2026, 3, 9), D(-1))), AT,
                "sent", None, None, None, None)
    return Consignees(count, lines)
