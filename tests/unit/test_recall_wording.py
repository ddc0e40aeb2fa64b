"""A recall text says what can happen; words that play it down are refused by name and place."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.core.errors import InvalidInput
from traceapp.recall.wording import refuse_softeners, softeners, softening_words


@pytest.mark.parametrize(("text", "word"), [
    ("This is a voluntary recall.", "voluntary"),
    ("We are Voluntarily withdrawing it.", "Voluntarily"),
    ("As a precautionary measure", "precautionary"),
    ("as a precaution", "precaution"),
    ("a discretionary step", "discretionary"),
    ("In rare cases a rash occurs", "rare"),
    ("in specific situations", "in specific situations"),
    ("in very few cases", "in very few cases"),
    ("No accidents have been reported.", "No accidents have been reported"),
    ("There are no known injuries", "no known injuries"),
    ("out of an abundance of caution", "out of an abundance of caution"),
    ("just in case", "just in case"),
    ("ＶＯＬＵＮＴＡＲＹ recall", "VOLUNTARY"),
    ("volun\u200btary", "voluntary"),
    ("本次为自愿召回", "自愿"),
    ("自 愿召回", "自愿"),
    ("我们主动召回该批次", "主动召回"),
    ("预防性措施", "预防性"),
    ("以防万一", "以防万一"),
    ("出于谨慎考虑", "出于谨慎考虑"),
    ("极少数人会过敏", "极少数"),
    ("个别情况下会红肿", "个别情况"),
    ("未收到任何伤害报告", "未收到任何伤害"),
    ("在特定情况下", "在特定情况下"),
    ("a pre\u2011cautionary step", "pre-cautionary"),
    ("volu\u200entary", "voluntary"),
    ("a preventive measure", "preventive measure"),
    ("on our own initiative", "own initiative"),
    ("in certain circumstances", "in certain circumstances"),
    ("in a limited number of cases", "in a limited number of cases"),
    ("We have received no reports of injuries.", "no reports of injuries"),
    ("Nobody has been hurt.", "Nobody has been hurt"),
    ("We are not aware of any reactions.", "not aware of any reactions"),
    ("The risk is very low.", "risk is very low"),
    ("自願召回", "自願"),
    ("本公司主动对上述批次实施召回", "主动对上述批次实施召回"),
    ("出于预防考虑", "出于预防考虑"),
    ("出于对您负责的谨慎态度", "出于对您负责的谨慎态度"),
    ("偶见皮疹", "偶见"),
    ("目前没有收到因使用该产品导致伤害的报告", "没有收到因使用该产品导致伤害"),
    ("未造成人员伤害", "未造成人员伤害"),
    ("暂无不良事件", "暂无不良事件"),
    ("没有人受伤", "没有人受伤"),
    ("发生概率极低", "概率极低"),
])
def test_a_softening_word_is_found(text: str, word: str) -> None:
    assert [found.word for found in softening_words(text)] == [word]


@pytest.mark.parametrize("text", [
    "Stop using it. The skin can blister.", "involuntary movement of the hand", "Compare the number on the pack.",
    "停止使用，皮肤可能起水疱。", "请预防感染", "Infections were reported by 14 people.", "rarefied", "", "请主动联系我们",
    "If you have had no reaction, stop using it all the same.", "如未出现不良反应，也请停用", "即使没有发生不良反应，也请退回",
    "请主动配合召回", "无法使用时请避免造成伤害", "没有收到本通知的单位请联系我们", "无论是否出现不良反应，都请停用",
])
def test_a_plain_text_passes(text: str) -> None:
    assert softening_words(text) == ()


def test_the_refusal_names_each_field_and_its_words() -> None:
    with pytest.raises(InvalidInput) as refused:
        refuse_softeners({"title_en": "Recall", "risk_en": "rare and voluntary", "action_zh": "自愿退回"})
    assert refused.value.code == "softening-word"
    assert refused.value.place == "risk_en"
    assert refused.value.errors.keys() == {"risk_en", "action_zh"}
    assert "rare, voluntary" in refused.value.errors["risk_en"]
    assert "自愿" in refused.value.errors["action_zh"]


def test_every_rule_has_a_language_a_reason_and_a_source() -> None:
    assert softeners()
    for rule in softeners():
        assert rule.language in ("zh", "en")
        assert rule.why
        assert rule.source


@given(before=st.text(alphabet="abc 停用，.", max_size=20), after=st.text(alphabet="abc 停用，.", max_size=20))
def test_a_softening_word_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert any(found.word == "以防万一" for found in softening_words(f"{before}以防万一{after}"))
    assert any(found.word == "voluntary" for found in softening_words(f"{before} voluntary {after}"))
