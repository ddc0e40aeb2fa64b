"""Which facts of an adverse event the rules ask for, and which authorities. Pure."""
from __future__ import annotations

from collections.abc import Collection, Iterable

from traceapp.complaint.seriousness import SeriousnessCriterion
from traceapp.rules import Kind, Role, Trigger

from .states import Expectedness

# Source: Union and EEA agreement; one market for devices, medicines and cosmetics.
_EUROPE = frozenset((
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT",
    "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO"))
# What people and the European Union itself write for the codes of ISO 3166.
_WRITTEN = {"UK": "GB", "EL": "GR"}
_SERIOUS = {Trigger.death, Trigger.serious_injury, Trigger.serious_unexpected}


def iso_code(country: str) -> str:
    """The code of ISO 3166 for two letters that people write."""
    return _WRITTEN.get(country, country)


def jurisdiction_of(country: str) -> str:
    """The authority of a country: a country of the European market reports to Europe's rules."""
    code = iso_code(country)
    return "EU" if code in _EUROPE else code


def countries_of(jurisdiction: str) -> frozenset[str]:
    """The countries whose authority this is."""
    return _EUROPE if jurisdiction == "EU" else frozenset({jurisdiction})


def triggers_of(criteria: Collection[str], *, could_harm: bool,
                expectedness: str = Expectedness.unknown) -> frozenset[Trigger]:
    """What happened, as rules ask for it. What nobody has stated to be expected counts as unexpected. Harm that could
    have been (`could_harm`), or of which nobody knows, could be serious when it happens again."""
    found = set() if expectedness == Expectedness.expected else {
        Trigger.serious_unexpected if criteria else Trigger.unexpected}
    if SeriousnessCriterion.death in criteria:
        found.add(Trigger.death)
    if set(criteria) - {SeriousnessCriterion.death}:
        found.add(Trigger.serious_injury)
    if not criteria:
        found.add(Trigger.could_be_serious if could_harm else Trigger.not_serious)
    return frozenset(found)


def seen_from(jurisdiction: str, happened_in: str, triggers: frozenset[Trigger]) -> frozenset[Trigger]:
    """The same for one authority: China has a rule of its own for what happened abroad."""
    if jurisdiction == "CN" and happened_in != "CN" and triggers & (_SERIOUS | {Trigger.could_be_serious}):
        return frozenset({Trigger.overseas_serious})
    return triggers


def kinds_of(product_kind: str | None) -> frozenset[Kind]:
    """The kind of product; none for what is not known or not sold as such, so that rules for any kind match."""
    return frozenset({Kind(product_kind)}) if product_kind in set(Kind) else frozenset()


def roles_of(roles: Iterable[str]) -> frozenset[Role]:
    """What we are for a product; a house that says nothing answers for it."""
    return frozenset(Role(role) for role in roles if role in set(Role)) or frozenset({Role.registrant})
