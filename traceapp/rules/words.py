"""What rules ask for: kinds of product, roles of a party, what happened; and the words by which people mean them."""
from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from traceapp.core.errors import InvalidInput


class Kind(StrEnum):
    device = "device"
    ivd = "ivd"
    drug = "drug"
    biologic = "biologic"
    cosmetic = "cosmetic"
    natural_health_product = "natural_health_product"


class Role(StrEnum):
    """What a party is for a product. `registrant` answers for it to the authority, whatever the law there calls it:
    holder (MAH), manufacturer, applicant, sponsor, responsible person."""

    registrant = "registrant"
    contract_manufacturer = "contract_manufacturer"
    importer = "importer"
    representative = "representative"
    distributor = "distributor"
    user_facility = "user_facility"
    authority = "authority"


class Trigger(StrEnum):
    """What happened. The number behind a recall is its class."""

    death = "death"
    serious_injury = "serious_injury"
    serious_unexpected = "serious_unexpected"
    unexpected = "unexpected"
    could_be_serious = "could_be_serious"
    suspected_malfunction = "suspected_malfunction"
    not_serious = "not_serious"
    overseas_serious = "overseas_serious"
    group_event = "group_event"
    group_event_case = "group_event_case"
    public_health_threat = "public_health_threat"
    large_impact = "large_impact"
    rise_of_not_serious = "rise_of_not_serious"
    new_information = "new_information"
    death_evaluation = "death_evaluation"
    serious_evaluation = "serious_evaluation"
    final_report = "final_report"
    periodic_report = "periodic_report"
    remedial_action_needed = "remedial_action_needed"
    distribution_fault = "distribution_fault"
    safety_action = "safety_action"
    correction_begun = "correction_begun"
    correction_extended = "correction_extended"
    recall_decided_1 = "recall_decided_1"
    recall_decided_2 = "recall_decided_2"
    recall_decided_3 = "recall_decided_3"
    recall_planned = "recall_planned"
    recall_begun_1 = "recall_begun_1"
    recall_begun_2 = "recall_begun_2"
    recall_begun_3 = "recall_begun_3"
    recall_completed = "recall_completed"
    tracking_request_before_patient = "tracking_request_before_patient"
    tracking_request_with_patient = "tracking_request_with_patient"
    authority_request = "authority_request"
    complaint_at_authority = "complaint_at_authority"
    mediation_begun = "mediation_begun"


_ROLE_WORDS = {
    "mah": Role.registrant, "manufacturer": Role.registrant, "applicant": Role.registrant, "sponsor": Role.registrant,
    "responsible person": Role.registrant, "recalling firm": Role.registrant, "holder": Role.registrant,
    "filer": Role.registrant, "dmah": Role.registrant, "生产企业": Role.registrant, "注册人": Role.registrant,
    "备案人": Role.registrant, "持有人": Role.registrant, "agent": Role.representative, "ukrp": Role.representative,
    "authorised representative": Role.representative, "代理人": Role.representative, "进口商": Role.importer,
    "hospital": Role.user_facility, "user": Role.user_facility, "医疗机构": Role.user_facility,
    "使用单位": Role.user_facility, "seller": Role.distributor, "dealer": Role.distributor,
    "经营企业": Role.distributor, "contract maker": Role.contract_manufacturer,
    "受托生产企业": Role.contract_manufacturer, "market regulator": Role.authority}
_KIND_WORDS = {"medical device": Kind.device, "医疗器械": Kind.device, "体外诊断试剂": Kind.ivd, "药品": Kind.drug,
               "medicine": Kind.drug, "化妆品": Kind.cosmetic}
_RECALL = (Trigger.recall_decided_1, Trigger.recall_decided_2, Trigger.recall_decided_3)
_TRIGGER_WORDS: dict[str, tuple[Trigger, ...]] = {
    "死亡": (Trigger.death,), "严重伤害": (Trigger.serious_injury,), "serious": (Trigger.serious_injury,),
    "malfunction": (Trigger.could_be_serious,), "potential": (Trigger.could_be_serious,),
    "可能导致严重伤害": (Trigger.could_be_serious,), "other": (Trigger.not_serious,),
    "non serious": (Trigger.not_serious,), "群体事件": (Trigger.group_event,), "group": (Trigger.group_event,),
    "recall": _RECALL, "recall decided": _RECALL, "召回": _RECALL, "recall class 1": _RECALL[:1],
    "recall class 2": _RECALL[1:2], "recall class 3": _RECALL[2:], "recall class i": _RECALL[:1],
    "recall class ii": _RECALL[1:2], "recall class iii": _RECALL[2:], "fsca": (Trigger.safety_action,),
    "一级召回": _RECALL[:1], "二级召回": _RECALL[1:2], "三级召回": _RECALL[2:]}
_Word = TypeVar("_Word", bound=StrEnum)


def role_of(word: str) -> Role:
    """The role that somebody means. Raises InvalidInput for a word that no rule has."""
    return _meant(Role, word, _ROLE_WORDS, "actor")


def kinds_of(word: str) -> tuple[Kind, ...]:
    """The kinds of product that somebody means; `device/IVD` means both. Raises InvalidInput."""
    return tuple(_meant(Kind, part, _KIND_WORDS, "kind") for part in word.split("/"))


def triggers_of(word: str) -> tuple[Trigger, ...]:
    """What happened, as somebody says it. Raises InvalidInput for a word that no rule has."""
    found = _TRIGGER_WORDS.get(_plain(word))
    return found if found is not None else (_meant(Trigger, word, {}, "trigger"),)


def _plain(word: str) -> str:
    return " ".join(word.strip().lower().replace("_", " ").replace("-", " ").split())


def _meant(words: type[_Word], word: str, more: Mapping[str, _Word], place: str) -> _Word:
    plain = _plain(word)
    try:
        return more[plain] if plain in more else words(plain.replace(" ", "_"))
    except ValueError:
        raise InvalidInput("“%(word)s” is not known here. Known: %(known)s.", code=f"unknown-{place}", place=place,
                           word=word[:60], known=", ".join((*words, *more))) from None
